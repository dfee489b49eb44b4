/**
 * Memory run: one host from its start to after its last viewer, looked at all the time: no viewer,
 * viewers one after the other, warm-up, the measured span, further viewers, and nobody any more. Then
 * the floor of the machine, once the host is gone.
 */

import { startAnswerProbe } from "../measure/answer_probe.ts";
import { type BareFloor, measureBareFloor } from "../measure/bare_floor.ts";
import { GC_TRACE_ENV, GcTrace } from "../measure/gc_trace.ts";
import { type Host, printBudget } from "../measure/host.ts";
import { type HostLook, type HostMetricsReading, HostSampler } from "../measure/host_sampler.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { processAgeMs } from "../measure/process_usage.ts";
import { wait } from "../measure/wait.ts";
import { startHostRig } from "../measure/rig.ts";
import { type ScenarioRun, sidesOf } from "../scenario.ts";
import type { MemoryOptions } from "./memory_options.ts";
import { MemoryViewers } from "./memory_viewers.ts";

/** The parts of a run that no option sets, in seconds. */
export interface MemoryRunTimes {
  /** How long capture goes on without a viewer. */
  readonly keepWarm: number;
  /** Until what a start or an end leaves to be collected is gone, and looks at what is left. */
  readonly idle: number;
  /** For each viewer that joins. */
  readonly join: number;
  /** Between two looks. */
  readonly look: number;
  /** For each part of the floor. */
  readonly floor: number;
}

/** Those of a measurement. */
export const MEMORY_RUN_TIMES: MemoryRunTimes = {
  ...{ keepWarm: 5, idle: 26, join: 12, look: 2, floor: 6 },
};
/** Least room for viewers: the default of the host. */
const MAX_VIEWERS = 8;
const PROGRESS_SECONDS = 60;

/** Where the measured span begins or ends. */
export interface SpanEdge {
  readonly seconds: number;
  readonly metrics: HostMetricsReading;
  /** Age of each process, which is the time of its collections. */
  readonly serverAgeMs: number;
  readonly mediaAgeMs: number;
}

/** Everything that a run saw. */
export interface MemoryRun {
  readonly looks: readonly HostLook[];
  readonly missedLooks: number;
  readonly start: SpanEdge;
  readonly end: SpanEdge;
  /** Processes of the measured span. */
  readonly serverPid: number;
  readonly mediaPid: number;
  readonly trace: GcTrace;
  /** What the host said at the end of all. */
  readonly last: HostMetricsReading;
  /** What `--print-budget` says of this configuration. */
  readonly budget: string;
  readonly viewersLost: number;
  readonly furtherViewers: number;
  /** Most bytes that the receiving path of a viewer held; undefined for browsers. */
  readonly receiveBytes: number | undefined;
  /** Times of the server process to answer a request within the measured span. */
  readonly answersMs: readonly number[];
  readonly floor: BareFloor;
}

/** Runs it. */
export async function runMemory(
  run: ScenarioRun<MemoryOptions>,
  times = MEMORY_RUN_TIMES,
): Promise<MemoryRun> {
  const { options, signal, log } = run;
  await using group = new ProcessGroup(signal);
  const { fps, content } = options;
  const trace = new GcTrace();
  const maxViewers = Math.max(MAX_VIEWERS, options.viewers + options.further);
  const hostArgs = [
    ...["--bitrate", String(options.bitrate), "--max-viewers", String(maxViewers)],
    ...["--keep-warm", String(times.keepWarm)],
  ];
  const { screen, host, stateDirectory } = await startHostRig(group, {
    ...{ ...sidesOf(options.size), content, fps, seed: run.seed, hostArgs },
    program: {
      ...(options.skipGc ? {} : { env: GC_TRACE_ENV }),
      onLine: (line) => trace.push(line),
    },
  }, signal);
  const looked = await lookAtRun(run, { group, host, stateDirectory }, times);
  await host.program.end();
  log("host ended; the floor of this machine");
  const place = { display: screen.display, fps, seconds: times.floor };
  const floor = await measureBareFloor(group, place, signal);
  const budget = await printBudget([...hostArgs, "--fps", String(fps), "--size", options.size]);
  return { ...looked, trace, budget, furtherViewers: options.further, floor };
}

async function lookAtRun(
  run: ScenarioRun<MemoryOptions>,
  parts: { group: ProcessGroup; host: Host; stateDirectory: string },
  times: MemoryRunTimes,
) {
  const { options, signal } = run;
  const sampler = await HostSampler.start(parts.host, {
    stateDirectory: parts.stateDirectory,
    phase: "idle",
    lookMs: times.look * 1000,
    onLook: progressOf(run.log),
  });
  parts.group.defer(() => Promise.resolve(sampler.close()));
  const answersMs: number[] = [];
  startAnswerProbe(parts.group, `${parts.host.origin}/api/health`, (ms) => {
    if (sampler.phase === "measured") answersMs.push(ms);
  });
  const viewers = new MemoryViewers({
    ...parts,
    kind: options.browser ? "browser" : "raw",
    signal,
  });
  const seconds = (count: number) => wait(count * 1000, signal);
  await seconds(times.idle);
  for (let viewer = 1; viewer <= options.viewers; viewer++) {
    sampler.phase = `viewer ${viewer}`;
    await viewers.join(sidesOf(options.size));
    await seconds(times.join);
  }
  sampler.phase = "warm-up";
  await seconds(options.warmUp);
  const start = await edgeOf(sampler);
  sampler.phase = "measured";
  await seconds(options.minutes * 60);
  const end = await edgeOf(sampler);
  const last = sampler.looks.at(-1)!;
  for (let viewer = 1; viewer <= options.further; viewer++) {
    sampler.phase = `further ${viewer}`;
    await viewers.join(sidesOf(options.size));
    await seconds(times.join);
  }
  const { lost, receiveBytes } = viewers;
  sampler.phase = "after";
  await viewers.leave();
  await seconds(times.idle);
  const lastMetrics = await sampler.readMetrics();
  sampler.close();
  return {
    looks: sampler.looks,
    missedLooks: sampler.missed,
    ...{ start, end, last: lastMetrics },
    serverPid: last.server.pid,
    mediaPid: last.media.pid,
    viewersLost: lost,
    receiveBytes,
    answersMs,
  };
}

async function edgeOf(sampler: HostSampler): Promise<SpanEdge> {
  const look = sampler.looks.at(-1);
  if (look === undefined) throw new Error("Cannot go on: the host's processes were not seen");
  const ageOf = (pid: number) => processAgeMs(pid) ?? Infinity;
  return {
    seconds: sampler.seconds,
    metrics: await sampler.readMetrics(),
    serverAgeMs: ageOf(look.server.pid),
    mediaAgeMs: ageOf(look.media.pid),
  };
}

/** Says how it goes at each change of phase and once a minute. */
function progressOf(log: (line: string) => void): (look: HostLook) => void {
  let phase = "";
  let nextSeconds = 0;
  return (look) => {
    if (look.phase === phase && look.seconds < nextSeconds) return;
    phase = look.phase;
    nextSeconds = look.seconds + PROGRESS_SECONDS;
    const mb = (bytes: number | undefined) => bytes === undefined ? "-" : (bytes / 1e6).toFixed(1);
    log(
      `${look.seconds.toFixed(0).padStart(5)} s ${phase}: ${mb(look.onceBytes)} MB once, ` +
        `rss ${mb(look.rssBytes)}, pss ${mb(look.pssBytes)}, ${look.descriptors} descriptors`,
    );
  };
}
