/**
 * session_cycles: viewers that come, watch and go, many times: whatever the way they leave, the host
 * must end up with the descriptors and the memory that it had. The viewers are bare QUIC clients, so
 * that a thousand cycles take a minute or two.
 */

import { distributionOf, slopeOf } from "../measure/distribution.ts";
import type { Host } from "../measure/host.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import {
  countDescriptors,
  partOf,
  type ProcessInfo,
  processTree,
  readMemory,
} from "../measure/process_usage.ts";
import { RawViewer, readCertificate } from "../measure/raw_viewer.ts";
import { wait } from "../measure/wait.ts";
import { startHostRig } from "../measure/rig.ts";
import { atMost } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";

/** Caches, compiled code and pools fill up during the first cycles. */
const SETTLED_AFTER = 200;
const CYCLES_PER_LOOK = 10;
/** Looks whose lowest value counts as one point: the collector's saw-tooth lies between. */
const LOOKS_PER_POINT = 5;
/** Growth per cycle that a run may prove, in KiB; a session that is kept would be some 100. */
const GROWTH_LIMIT_KIB = 1;
/** Every so many cycles the viewer stays until video has come. All ask for it, but a host that is
 * asked without end makes a keyframe every other second only. */
const WATCHING_CYCLES = 20;
const DATAGRAMS_WATCHED = 3;
const CYCLE_TIMEOUT_MS = 15_000;
const SETTLE_MS = 3000;
const SIZE = { width: 640, height: 360 };
const PARTS = ["server", "media"] as const;

interface Options {
  cycles: number;
}

/** What a process held after some cycles. */
interface Look {
  readonly cycle: number;
  readonly descriptors: number;
  readonly anonymousKiB: number;
}

type Looks = Record<(typeof PARTS)[number], Look[]>;

/** Connect and disconnect, many times. */
export const sessionCycles: Scenario<Options> = {
  name: "session_cycles",
  summary: "descriptors and memory of the host over many connects and disconnects",
  options: {
    cycles: wholeNumberOption("--cycles <n>", "connects and disconnects", {
      min: 1,
      max: 1_000_000,
      fallback: 1000,
    }),
  },
  deadlineSeconds: ({ cycles }) => 120 + cycles,
  async run(run) {
    await using group = new ProcessGroup(run.signal);
    const { host, stateDirectory } = await startHostRig(
      group,
      { ...SIZE, content: "scroll", fps: 30, seed: run.seed },
      run.signal,
    );
    const certChainPem = await readCertificate(stateDirectory);
    const looks: Looks = { server: [], media: [] };
    const cycleMs: number[] = [];
    for (let cycle = 1; cycle <= run.options.cycles; cycle++) {
      const startMs = performance.now();
      await within(CYCLE_TIMEOUT_MS, run.signal, runCycle(host, certChainPem, cycle));
      cycleMs.push(performance.now() - startMs);
      if (cycle % CYCLES_PER_LOOK === 0) look(host, cycle, looks);
      if (cycle % 100 === 0) run.log(describeLooks(cycle, looks));
    }
    await wait(SETTLE_MS, run.signal);
    look(host, run.options.cycles, looks);
    return evaluate(run, looks, cycleMs);
  },
};

/** One viewer; every third leaves in another way. */
async function runCycle(host: Host, certChainPem: string, cycle: number): Promise<void> {
  const viewer = await RawViewer.connect(host, certChainPem);
  await viewer.play(0, cycle % WATCHING_CYCLES === 0 ? DATAGRAMS_WATCHED : 0);
  if (cycle % 3 === 0) viewer.vanish();
  else if (cycle % 3 === 1) await viewer.quit();
  else viewer.client.close(0, "");
  await viewer.client.closed;
}

async function within(timeoutMs: number, signal: AbortSignal, work: Promise<void>): Promise<void> {
  const abort = new AbortController();
  const late = wait(timeoutMs, AbortSignal.any([signal, abort.signal])).then(() => {
    throw new Error(`Cannot finish a cycle within ${timeoutMs} ms`);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    late.catch(() => {});
    abort.abort();
  }
}

function look(host: Host, cycle: number, looks: Looks): void {
  const tree = processTree(host.program.pid);
  for (const part of PARTS) {
    const found: ProcessInfo | undefined = tree.find((info) => partOf(info) === part);
    const memory = found && readMemory(found.pid);
    const descriptors = found && countDescriptors(found.pid);
    if (memory === undefined || descriptors === undefined) continue;
    looks[part].push({ cycle, descriptors, anonymousKiB: memory.anonymousBytes / 1024 });
  }
}

function describeLooks(cycle: number, looks: Looks): string {
  const parts = PARTS.map((part) => {
    const last = looks[part].at(-1);
    const mebibytes = ((last?.anonymousKiB ?? 0) / 1024).toFixed(1);
    return `${part} ${last?.descriptors} descriptors, ${mebibytes} MiB`;
  });
  return `${cycle} cycles: ${parts.join("; ")}`;
}

/** Lowest memory of every few looks after the first cycles, as points for a line. */
export function lowerEnvelope(looks: readonly Look[]): [cycle: number, kib: number][] {
  const settled = looks.filter(({ cycle }) => cycle > SETTLED_AFTER);
  const points: [number, number][] = [];
  for (let start = 0; start + LOOKS_PER_POINT <= settled.length; start += LOOKS_PER_POINT) {
    const some = settled.slice(start, start + LOOKS_PER_POINT);
    const lowest = some.reduce((a, b) => b.anonymousKiB < a.anonymousKiB ? b : a);
    points.push([lowest.cycle, lowest.anonymousKiB]);
  }
  return points;
}

function evaluate(run: ScenarioRun<Options>, looks: Looks, cycleMs: readonly number[]) {
  const values: Record<string, { value: number; unit: string }> = {};
  const checks = [];
  for (const part of PARTS) {
    const settled = looks[part].find(({ cycle }) => cycle >= SETTLED_AFTER) ?? looks[part][0];
    const last = looks[part].at(-1);
    const { slope, margin } = slopeOf(lowerEnvelope(looks[part]));
    const more = last === undefined || settled === undefined
      ? undefined
      : last.descriptors - settled.descriptors;
    values[`${part} descriptors, end`] = { value: last?.descriptors ?? 0, unit: "" };
    values[`${part} memory after ${SETTLED_AFTER}`] = {
      value: (settled?.anonymousKiB ?? 0) / 1024,
      unit: "MiB",
    };
    values[`${part} memory, end`] = { value: (last?.anonymousKiB ?? 0) / 1024, unit: "MiB" };
    values[`${part} growth a cycle`] = { value: slope, unit: "KiB" };
    if (margin < Infinity) {
      values[`${part} growth, 95 % margin`] = { value: margin, unit: "KiB" };
    }
    checks.push(atMost(`${part}: descriptors more than after ${SETTLED_AFTER}`, more, 0));
    // What the collector has not got to yet scatters more than a leak of a byte would show.
    const proven = margin === Infinity ? 0 : Math.max(0, slope - margin);
    checks.push(atMost(`${part}: proven growth a cycle, KiB`, proven, GROWTH_LIMIT_KIB));
  }
  return {
    results: {
      distributions: { "connect, watch, leave": distributionOf(cycleMs, "ms") },
      values,
      notes: [
        `Memory is anonymous resident memory; growth is a line through the lowest of every ` +
        `${LOOKS_PER_POINT} looks, and proven is its lower 95 % bound, after ${SETTLED_AFTER} of ${run.options.cycles} cycles`,
      ],
    },
    checks,
  };
}
