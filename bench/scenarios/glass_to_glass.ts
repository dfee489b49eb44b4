/**
 * glass_to_glass: from a drawn pixel to the decoded and the presented picture, through the real
 * host, real QUIC and a real browser, stage by stage; then the raw stages alone on the same content,
 * as the floor that the machine sets. docs/BENCHMARKS.md says what each stage means.
 */

import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import {
  bestClockSample,
  type ClockSample,
  countFrames,
  STAGES,
  stageSamples,
} from "../measure/frame_statistics.ts";
import type { FrameCounts } from "../measure/frame_statistics.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { CpuMeter, nativeCpuSeconds, partOf, processTree } from "../measure/process_usage.ts";
import { type Rig, startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";
import { type Content, CONTENTS } from "../measure/x_screen.ts";
import { measureRawStages, type RawStages } from "../raw/raw_stages.ts";
import { atLeast, atMost, type Check, type Value } from "../report/report.ts";
import {
  choiceOption,
  fpsOption,
  type Scenario,
  type ScenarioOutcome,
  type ScenarioRun,
  sidesOf,
  sizeOption,
  switchOption,
  wholeNumberOption,
} from "../scenario.ts";
import {
  CPU_RATIO_LIMIT,
  IDLE_CPU_LIMIT,
  LATENCY_LIMITS,
  TOTAL_RATIO_LIMIT,
} from "./latency_limits.ts";

/** Frames are collected so often, well before the viewer's log is full. */
const TAKE_INTERVAL_MS = 20_000;
const MAX_RAW_SECONDS = 20;
/** Share of the content's drawings that must reach the decoder when nothing is wrong. */
const DELIVERED_SHARE = 0.97;
const LIMITS_FPS = 60;
/** Ways that pictures can take; the limits are those of the first. */
const TRANSPORTS = ["quic", "webrtc", "tcp"] as const;

interface Options {
  size: string;
  fps: number;
  content: Content;
  seconds: number;
  warmUp: number;
  bitrate: number;
  replay: number;
  xshm: boolean;
  skipRaw: boolean;
  transport: (typeof TRANSPORTS)[number];
}

/** What the viewer recorded. */
interface Measured {
  readonly frames: FrameRecord[];
  readonly clock: ClockSample;
  readonly seconds: number;
  /** Processor time by part, % of one core. */
  readonly cpu: Record<string, number>;
  /** Processor time of capture, conversion and encoder, in seconds. */
  readonly nativeSeconds: number;
  readonly decoder: string;
  readonly renderer: string;
  readonly encoder: string;
}

/** Captured pixel to shown pixel. */
export const glassToGlass: Scenario<Options> = {
  name: "glass_to_glass",
  summary: "time from captured pixel to decoded and shown picture, stage by stage",
  options: {
    size: sizeOption({ width: 1280, height: 720 }),
    fps: fpsOption(),
    content: choiceOption("--content <kind>", "what the screen shows", {
      choices: CONTENTS,
      fallback: "scroll",
    }),
    seconds: wholeNumberOption("--seconds <n>", "length of the measurement", {
      min: 1,
      max: 3600,
      fallback: 20,
    }),
    warmUp: wholeNumberOption("--warm-up <n>", "seconds before it, not counted", {
      min: 0,
      max: 600,
      fallback: 4,
    }),
    bitrate: wholeNumberOption("--bitrate <kbps>", "the host's target in kbit/s", {
      min: 200,
      max: 200_000,
      fallback: 20_000,
    }),
    replay: wholeNumberOption("--replay <s>", "seconds that the host holds; 0 for none", {
      min: 0,
      max: 3600,
      fallback: 30,
    }),
    xshm: switchOption("--xshm", "hide Xvfb's framebuffer, so that capture uses MIT-SHM images"),
    skipRaw: switchOption("--skip-raw", "leave the raw stages out"),
    transport: choiceOption("--transport <kind>", "the way that pictures take", {
      choices: TRANSPORTS,
      fallback: "quic",
    }),
  },
  deadlineSeconds: ({ seconds, warmUp }) => seconds + warmUp + 3 * MAX_RAW_SECONDS + 90,
  async run(run) {
    const { size, fps, content, bitrate, replay, xshm } = run.options;
    await using group = new ProcessGroup(run.signal);
    const rig = await startRig(group, {
      ...sidesOf(size),
      content,
      fps,
      seed: run.seed,
      hideFramebuffer: xshm,
      hostArgs: ["--bitrate", String(bitrate), "--replay", `${replay}s`],
    }, run.signal);
    const measured = await measureStream(run, rig);
    const hasRaw = content !== "still" && !run.options.skipRaw;
    if (hasRaw) await rig.host.program.end();
    const raw = hasRaw
      ? await measureRawStages(group, {
        ...sidesOf(size),
        display: rig.screen.display,
        fps,
        seconds: Math.min(run.options.seconds, MAX_RAW_SECONDS),
        qp: medianQp(measured.frames),
        browser: rig.browser,
      }, run.signal)
      : undefined;
    return outcomeOf(run, measured, raw);
  },
};

async function measureStream(run: ScenarioRun<Options>, rig: Rig): Promise<Measured> {
  const { seconds, warmUp, size, transport } = run.options;
  const link = (await rig.host.newLink()).replace("/#", `/?transport=${transport}#`);
  const viewer = await ViewerPage.open(rig.browser, link, sidesOf(size));
  await viewer.firstPicture(run.signal);
  await viewer.startMeasurement();
  await wait(warmUp * 1000, run.signal);
  const probes: ClockSample[] = [...(await viewer.takeMeasurements()).probes];
  const frames: FrameRecord[] = [];
  const meter = new CpuMeter(Deno.pid, partOf);
  meter.start();
  const media = processTree(rig.host.program.pid).find((info) => partOf(info) === "media");
  const nativeBefore = nativeCpuSeconds(media?.pid ?? 0);
  const startMs = performance.now();
  let report;
  do {
    const leftMs = seconds * 1000 - (performance.now() - startMs);
    await wait(Math.max(0, Math.min(TAKE_INTERVAL_MS, leftMs)), run.signal);
    report = await viewer.takeMeasurements();
    frames.push(...report.frames);
    probes.push(...report.probes);
  } while (performance.now() - startMs < seconds * 1000);
  const cpu = meter.read();
  const nativeSeconds = nativeCpuSeconds(media?.pid ?? 0) - nativeBefore;
  const measuredSeconds = (performance.now() - startMs) / 1000;
  await viewer.close();
  return {
    frames,
    clock: bestClockSample(probes),
    seconds: measuredSeconds,
    cpu,
    nativeSeconds,
    decoder: report.decoderAcceleration,
    renderer: report.renderer,
    encoder: report.stats?.encoder ?? "unknown",
  };
}

function medianQp(frames: readonly FrameRecord[]): number {
  const qps = frames.flatMap((frame) => frame.host?.qp ?? []);
  return qps.length === 0 ? 24 : distributionOf(qps, "").p50 ?? 24;
}

function outcomeOf(
  run: ScenarioRun<Options>,
  measured: Measured,
  raw: RawStages | undefined,
): ScenarioOutcome {
  const { frames, clock } = measured;
  const samples = stageSamples(frames, clock.offsetUs);
  const distributions: Record<string, Distribution> = {
    ...Object.fromEntries(STAGES.map((stage) => [stage, distributionOf(samples[stage], "ms")])),
    "bytes a frame": distributionOf(
      frames.map((frame) => frame.bytes / 1024),
      "KiB",
    ),
    "quantiser": distributionOf(frames.flatMap((frame) => frame.host?.qp ?? []), ""),
    ...raw?.distributions,
  };
  const counts = countFrames(frames, run.options.fps);
  const total = distributions["capture -> decoded"]?.p50 ?? null;
  const encodedFrames = counts.decoded + counts.lostFrames;
  const mediaMsPerFrame = (measured.cpu.media ?? 0) / 100 * measured.seconds * 1000 / encodedFrames;
  const nativeMsPerFrame = measured.nativeSeconds * 1000 / encodedFrames;
  const values: Record<string, Value> = {
    ...countValues(counts),
    ...cpuValues(measured.cpu),
    "frame rate decoded": { value: counts.decoded / measured.seconds, unit: "1/s" },
    "bit rate": { value: bitrateOf(frames, measured.seconds), unit: "Mbit/s" },
    "clock uncertainty": { value: clock.rttUs / 2000, unit: "ms" },
    ...(encodedFrames > 0
      ? {
        "media CPU a frame": { value: mediaMsPerFrame, unit: "ms" },
        "of it native": { value: nativeMsPerFrame, unit: "ms" },
      }
      : {}),
  };
  if (raw !== undefined) {
    values["raw stages p50"] = { value: raw.sumMs, unit: "ms" };
    values["total / raw stages"] = { value: (total ?? NaN) / raw.sumMs, unit: "" };
    values["bare loop CPU a frame"] = { value: raw.cpuMsPerFrame, unit: "ms" };
    values["media CPU / bare loop"] = { value: mediaMsPerFrame / raw.cpuMsPerFrame, unit: "" };
    values["native CPU / bare loop"] = { value: nativeMsPerFrame / raw.cpuMsPerFrame, unit: "" };
  }
  const notes = [
    `Encoder ${measured.encoder}, decoder ${measured.decoder}, drawing by ${measured.renderer}`,
    `Clocks related by the shortest of all probes: error at most ${clock.rttUs / 2} us`,
    `${measured.seconds.toFixed(1)} s measured after ${run.options.warmUp} s of warm-up`,
  ];
  return {
    results: { distributions: withSamples(distributions), values, notes },
    checks: checksOf(run.options, { distributions, values, counts, cpu: measured.cpu }),
  };
}

/** Without those that have nothing to show, as most have while nothing moves. */
function withSamples(all: Record<string, Distribution>): Record<string, Distribution> {
  return Object.fromEntries(Object.entries(all).filter(([, { count }]) => count > 0));
}

function countValues(counts: FrameCounts): Record<string, Value> {
  return {
    "frames decoded": { value: counts.decoded, unit: "" },
    "frames presented": { value: counts.presented, unit: "" },
    "drawings never decoded": { value: counts.droppedContent, unit: "" },
    "drawings decoded twice": { value: counts.repeated, unit: "" },
    "frames lost": { value: counts.lostFrames, unit: "" },
    "frames superseded": { value: counts.superseded, unit: "" },
    "markers misread": { value: counts.misread, unit: "" },
    "frames shown stale": { value: counts.shownStale, unit: "" },
    "frames without host times": { value: counts.incomplete, unit: "" },
  };
}

function cpuValues(cpu: Record<string, number>): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(cpu).map(([part, value]) => [`CPU ${part}`, { value, unit: "% of a core" }]),
  );
}

function bitrateOf(frames: readonly FrameRecord[], seconds: number): number {
  return frames.reduce((sum, frame) => sum + frame.bytes, 0) * 8 / 1e6 / seconds;
}

function checksOf(
  options: Options,
  { distributions, values, counts, cpu }: {
    distributions: Record<string, Distribution>;
    values: Record<string, Value>;
    counts: FrameCounts;
    cpu: Record<string, number>;
  },
): Check[] {
  const checks = [
    atMost("markers misread", counts.misread, 0),
    atMost("frames shown stale", counts.shownStale, 0),
  ];
  if (options.content === "still") {
    const idle = (cpu.server ?? NaN) + (cpu.media ?? NaN);
    return [...checks, atMost("CPU of server and media, % of a core", idle, IDLE_CPU_LIMIT)];
  }
  const seen = counts.decoded - counts.repeated;
  checks.push(
    atLeast("share of drawings decoded", seen / (seen + counts.droppedContent), DELIVERED_SHARE),
  );
  const limit = LATENCY_LIMITS[options.size]?.[options.content];
  if (limit !== undefined && options.fps === LIMITS_FPS && options.transport === "quic") {
    const total = distributions["capture -> decoded"];
    checks.push(
      atMost("capture -> decoded p50, ms", total?.p50, limit.p50),
      atMost("capture -> decoded p99, ms", total?.p99, limit.p99),
    );
  }
  const cpuRatio = values["native CPU / bare loop"]?.value;
  if (cpuRatio !== undefined) {
    checks.push(atMost("native CPU / bare loop", cpuRatio, CPU_RATIO_LIMIT));
  }
  const totalRatio = values["total / raw stages"]?.value;
  const isRatioCase = options.size === "1920x1080" && options.content === "scroll";
  if (totalRatio !== undefined && isRatioCase) {
    checks.push(atMost("total / raw stages", totalRatio, TOTAL_RATIO_LIMIT));
  }
  return checks;
}
