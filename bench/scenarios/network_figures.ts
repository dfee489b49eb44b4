/**
 * Network figures: from what was seen of one profile to the figures of its report: how the picture
 * moved, how late it was, what the repairs cost, what waited at the bottleneck.
 */

import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { bestClockSample, stageSamples } from "../measure/frame_statistics.ts";
import {
  drawnFrames,
  findFreezes,
  type Freeze,
  rateBps,
  timeToMoveUs,
  timeToRateUs,
} from "../measure/picture_flow.ts";
import { hasStall } from "../measure/stall_watch.ts";
import type { Value } from "../report/report.ts";
import type { NetworkMeasurement } from "./network_run.ts";

/** A picture that stands longer is a freeze that a person may see, or surely sees. */
export const FREEZE_US = 50_000;
export const LONG_FREEZE_US = 100_000;
/** How long after a step of the bottleneck its queue may be anything. */
export const SETTLE_US = 2_000_000;
/** Share of the rate before a step that counts as back. */
export const RATE_BACK_SHARE = 0.9;
const RATE_WINDOW_US = 1_000_000;
/** Frames that were whole so close to each other arrived in time: what is late, is so in the browser. */
const READY_INTERVALS = 2.4;

/** Figures of one profile. */
export interface NetworkFigures {
  readonly distributions: Record<string, Distribution>;
  readonly values: Record<string, Value>;
  /** Those that come from the path: not of a machine that stalled, nor of decoder or drawing. */
  readonly freezes: readonly Freeze[];
  /** From capture to drawing, of every picture that was drawn, in milliseconds. */
  readonly latency: Distribution;
  readonly longFreezes: number;
  readonly keyframes: number;
  /** Most bytes that repairs may have been of all that was sent. */
  readonly repairShare: number;
  /** Wait at the bottleneck from two seconds after each step, in milliseconds. */
  readonly queueDelay: Distribution | undefined;
  /** From the end of each hole until the picture moved, the longest; Infinity when it never did. */
  readonly moveAfterHoleMs: number | undefined;
  /** From the last step until the rate was back; Infinity when it never was. */
  readonly rateBackMs: number | undefined;
}

/** The figures of a measurement of a stream of `fps`. */
export function networkFigures(measured: NetworkMeasurement, fps: number): NetworkFigures {
  const { report, span, relay, packets } = measured;
  const { offsetUs } = bestClockSample(report.probes);
  const drawn = drawnFrames(report.frames, span);
  const samples = stageSamples(drawn, offsetUs);
  const latency = distributionOf(samples["capture -> presented"], "ms");
  const all = findFreezes(report.frames, span, {
    longerThanUs: FREEZE_US,
    intervalUs: 1e6 / fps,
  });
  // A machine that gives nobody a turn stops every picture, whatever the path does.
  const unstalled = all.filter(({ atUs, lengthUs }) => {
    return !hasStall(measured.stalls, atUs, atUs + lengthUs);
  });
  const freezes = unstalled.filter((freeze) => freeze.readyGapUs > READY_INTERVALS * 1e6 / fps);
  const longFreezes = freezes.filter(({ lengthUs }) => lengthUs > LONG_FREEZE_US).length;
  const keyframes = report.frames.filter(({ keyframe }) => keyframe).length;
  const repairs = (measured.host["repairsSent"] ?? NaN) +
    (measured.host["reactiveRepairsSent"] ?? 0);
  const packetBytes = packets.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  const repairShare = repairs * packetBytes / relay.down.bytes;
  const queueDelay = queueDelayOf(measured);
  const moveAfterHoleMs = moveAfterHole(measured);
  const rateBackMs = rateBack(measured);
  const seconds = (span.endUs - span.startUs) / 1e6;
  const optional = (name: string, value: number | undefined, unit: string) =>
    value === undefined ? {} : { [name]: { value, unit } };
  const values: Record<string, Value> = {
    "pictures drawn": { value: drawn.length / seconds, unit: "1/s" },
    "freezes over 50 ms": { value: freezes.length, unit: "" },
    "freezes over 100 ms": { value: longFreezes, unit: "" },
    "freezes while the machine stalled": { value: all.length - unstalled.length, unit: "" },
    "freezes of decoder or drawing": { value: unstalled.length - freezes.length, unit: "" },
    "longest freeze": { value: longestMs(freezes), unit: "ms" },
    "keyframes": { value: keyframes, unit: "" },
    "bit rate": { value: rateBps(report.frames, span) / 1e6, unit: "Mbit/s" },
    "packets lost on the link": { value: relay.down.lost / relay.down.packets * 100, unit: "%" },
    "packets that found the queue full": { value: relay.down.queueFull, unit: "" },
    "packets the relay refused": { value: relay.down.refused + relay.up.refused, unit: "" },
    "packets the relay was late with": { value: relay.late, unit: "" },
    "repairs, share of bytes at most": { value: repairShare * 100, unit: "%" },
    ...optional("picture moves after a hole", moveAfterHoleMs, "ms"),
    ...optional("rate is back after", rateBackMs, "ms"),
    ...prefixed("host", measured.host),
    ...prefixed("CPU", measured.cpu, "% of a core"),
  };
  const distributions = {
    "capture -> drawn": latency,
    "quantiser": distributionOf(drawn.flatMap(({ host }) => host?.qp ?? []), ""),
    ...(queueDelay === undefined ? {} : { "wait at the bottleneck": queueDelay }),
  };
  return {
    ...{ distributions, values, freezes, latency, longFreezes, keyframes, repairShare },
    ...{ queueDelay, moveAfterHoleMs, rateBackMs },
  };
}

/** Where the frame that ended a freeze had been, in milliseconds: host, way, wait for others, browser. */
export function storyOf(freeze: Freeze, { report }: NetworkMeasurement): string {
  const { offsetUs } = bestClockSample(report.probes);
  const endUs = freeze.atUs + freeze.lengthUs;
  const frame = report.frames.find(({ presentedUs }) => presentedUs >= Math.floor(endUs));
  if (frame?.host === undefined) return "";
  const { captureTimeUs, sendUs } = frame.host;
  const parts: Record<string, number> = {
    "host": sendUs,
    "first packet": frame.firstDatagramUs + offsetUs - captureTimeUs - sendUs,
    "last packet": frame.lastDatagramUs + offsetUs - captureTimeUs - sendUs,
    "held": frame.readyUs - frame.lastDatagramUs,
    "browser": frame.presentedUs - frame.readyUs,
  };
  return Object.entries(parts).map(([name, us]) => `${name} ${Math.round(us / 1000)}`).join(", ");
}

function longestMs(freezes: readonly Freeze[]): number {
  return freezes.reduce((longest, { lengthUs }) => Math.max(longest, lengthUs), 0) / 1000;
}

function prefixed(
  prefix: string,
  numbers: Readonly<Record<string, number>>,
  unit = "",
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [`${prefix} ${name}`, { value, unit }]),
  );
}

function queueDelayOf({ packets, profile }: NetworkMeasurement): Distribution | undefined {
  if (profile.stepsUs.length === 0) return undefined;
  const settling = [0, ...profile.stepsUs];
  const samples = packets
    .filter(({ outcome }) => outcome !== "queue_full")
    .filter(({ timeUs }) => settling.every((us) => timeUs < us || timeUs >= us + SETTLE_US))
    .map(({ queueDelayUs }) => queueDelayUs / 1000);
  return distributionOf(samples, "ms");
}

function moveAfterHole({ report, profile, span }: NetworkMeasurement): number | undefined {
  const endsUs = [...profile.holesEndUs, ...profile.rebindsUs];
  if (endsUs.length === 0) return undefined;
  const times = endsUs.map((endUs) => {
    return timeToMoveUs(report.frames, span.startUs + endUs, FREEZE_US) ?? Infinity;
  });
  return Math.max(...times) / 1000;
}

function rateBack({ report, profile, span }: NetworkMeasurement): number | undefined {
  const [first, last] = [profile.stepsUs[0], profile.stepsUs.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const before = rateBps(report.frames, {
    startUs: span.startUs + Math.min(SETTLE_US, first / 2),
    endUs: span.startUs + first,
  });
  const backUs = timeToRateUs(
    report.frames,
    { startUs: span.startUs + last, endUs: span.endUs },
    { wantedBps: before * RATE_BACK_SHARE, windowUs: RATE_WINDOW_US },
  );
  return (backUs ?? Infinity) / 1000;
}
