/**
 * BareFloor: what the memory of a host could not be less than with this runtime and this encoder: two
 * processes of the runtime that do nothing, and a bare loop in C that captures and encodes a screen.
 */

import { buildTestProgram } from "../../ffi/build.ts";
import type { ProcessGroup } from "./process_group.ts";
import { fileBytesOnce, readResidentMemory } from "./resident_pages.ts";
import { wait } from "./wait.ts";

const LOOK_MS = 250;

/** Bytes, each page once. */
export interface BareFloor {
  readonly oneRuntimeBytes: number;
  readonly twoRuntimesBytes: number;
  /** Most that the bare loop had: capture, one frame, encoder. */
  readonly encoderBytes: number;
}

/** What the bare loop encodes. */
export interface BareFloorOptions {
  readonly display: string;
  readonly fps: number;
  /** For each of both measurements. */
  readonly seconds: number;
}

/** Measures it; nothing else of the host may run. */
export async function measureBareFloor(
  group: ProcessGroup,
  options: BareFloorOptions,
  signal: AbortSignal,
): Promise<BareFloor> {
  const runtimes = [1, 2].map((number) =>
    group.start({
      name: `bare runtime ${number}`,
      command: Deno.execPath(),
      args: ["eval", "--quiet", "setInterval(() => {}, 1e6)"],
    })
  );
  await wait(options.seconds * 1000, signal);
  const pids = runtimes.map(({ pid }) => pid);
  const twoRuntimesBytes = bytesOnce(pids);
  const oneRuntimeBytes = bytesOnce(pids.slice(0, 1));
  for (const runtime of runtimes) await runtime.end("SIGKILL");
  return {
    oneRuntimeBytes,
    twoRuntimesBytes,
    encoderBytes: await bareLoop(group, options, signal),
  };
}

async function bareLoop(
  group: ProcessGroup,
  { display, fps, seconds }: BareFloorOptions,
  signal: AbortSignal,
): Promise<number> {
  const loop = group.start({
    name: "bare loop",
    command: await buildTestProgram("bare_loop"),
    args: ["--display", display, "--fps", String(fps), "--seconds", String(seconds)],
  });
  let most = 0;
  while (!loop.hasEnded) {
    if (readResidentMemory(loop.pid) !== undefined) most = Math.max(most, bytesOnce([loop.pid]));
    await wait(LOOK_MS, signal);
  }
  if (await loop.ended !== 0) throw new Error(`Cannot run the bare loop\n${loop.recentOutput}`);
  return most;
}

/** Bytes of some processes, each page once; kernel's shares where pages cannot be seen. */
export function bytesOnce(pids: readonly number[]): number {
  const memory = pids.map(readResidentMemory);
  const files = fileBytesOnce(pids);
  return memory.reduce(
    (sum, one) => sum + (files === undefined ? one?.pssBytes ?? 0 : one?.ownPssBytes ?? 0),
    files ?? 0,
  );
}
