/**
 * Machine: what a report says about the computer it ran on, since no figure means anything without
 * it: processor, load at the start, and the versions of the programs that do the work.
 */

import { cpus } from "node:os";

/** The computer and the programs of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly kernel: string;
  readonly deno: string;
  readonly chromium: string;
  /** Running processes averaged over the last minute, before the run began. */
  readonly loadAverage: number;
  /** ISO 8601 time at which the run began. */
  readonly startedAt: string;
}

/** Where the browser of the benchmarks is. */
export const CHROMIUM_PATH = Deno.env.get("WAVRY_CHROMIUM") ?? "/usr/bin/chromium";

/** Describes this machine; programs that are missing are "absent". */
export async function describeMachine(): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryMiB: Math.round(Deno.systemMemoryInfo().total / 2 ** 20),
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    chromium: await chromiumVersion(),
    loadAverage: Deno.loadavg()[0] ?? 0,
    startedAt: new Date().toISOString(),
  };
}

async function chromiumVersion(): Promise<string> {
  try {
    const { stdout } = await new Deno.Command(CHROMIUM_PATH, {
      args: ["--version"],
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout).trim().replace(/^Chromium /, "").split(" ")[0] ??
      "unknown";
  } catch {
    return "absent";
  }
}
