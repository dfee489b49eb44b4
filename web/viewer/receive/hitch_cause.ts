/**
 * Hitch cause: compares the steps of the frame that ended a hitch with what these steps usually take
 * and names the one to blame. Pure arithmetic over the frames that HitchDetector keeps.
 */

import { distance32 } from "../../../src/core/sequence.ts";
import type { FrameRecord } from "./frame_record.ts";

/** Steps that can be to blame, in the order of the sentence. */
export const HITCH_CAUSES = [
  /** Grabbing and converting took long. */
  "capture",
  "encode",
  /** Packets waited: in the server's pacer, on the path, or frames were left out for its sake. */
  "queue",
  /** Packets were lost and waited for, or the references to them were repaired. */
  "loss",
  "decode",
  "present",
  /** Before the first packet arrived; the host's timings tell more, and did not come. */
  "host_or_network",
] as const;
/** One of `HITCH_CAUSES`. */
export type HitchCause = (typeof HITCH_CAUSES)[number];

/** A picture that stood still while the source moved. */
export interface Hitch {
  /** The frame that ended it. */
  readonly frameId: number;
  /** When that was drawn, and how long the picture before it had stood; microseconds. */
  readonly atUs: number;
  readonly durationUs: number;
  cause: HitchCause;
  /**
   * What the step to blame took longer than usual, and than for the picture before, microseconds;
   * 0 when what is to blame befell frames that are missing.
   */
  delayUs: number;
  /** Whole frames that were held until the lost packets were there. */
  readonly framesWaited: number;
  /** Frames in between that were not drawn because they never became whole, or were left out. */
  readonly framesMissing: number;
  /** The frame that ended it is a keyframe. */
  readonly keyframe: boolean;
}

/** A frame that is looked back on. */
export interface TrackedFrame {
  readonly record: FrameRecord;
  /** Host's clock, going on where 32 bits end. */
  readonly captureUs: number;
  /** Packets that had not come by themselves when it became whole. */
  readonly losses: number;
}

/** What to judge. */
export interface HitchEvidence {
  /** The picture that stood. */
  readonly before: TrackedFrame;
  /** The one that ended it. */
  readonly frame: TrackedFrame;
  /** All that is remembered, oldest first. */
  readonly frames: readonly TrackedFrame[];
  /** How much later than the source's own pace it was drawn. */
  readonly excessUs: number;
  /** What the host last measured as waiting on the path. */
  readonly queueDelayUs: number;
}

/** Who is to blame, and what of it can be told. */
export type Blame = Omit<Hitch, "frameId" | "atUs" | "durationUs">;

/** A step counts when it explains at least this share of the delay. */
const EXPLAINING_SHARE = 1 / 3;
/** Frames that became whole within this time of each other were held by the same gap. */
const RELEASED_TOGETHER_US = 5_000;

/** A frame whose first packet is this close to its last, with repairs in it, was made by them. */
const REPAIRED_AT_ONCE_US = 1_000;

/** Duration of one step of a frame, microseconds; undefined where it is not known. */
type Step = (frame: TrackedFrame) => number | undefined;

// Host's and viewer's clocks differ by a constant, which falls out of every comparison.
const untilFirst: Step = ({ record, captureUs }) => record.firstDatagramUs - captureUs;
const untilWhole = ({ record }: TrackedFrame) => record.readyUs - record.firstDatagramUs;
const untilDecoded: Step = ({ record }) => record.decodedUs - record.readyUs;
const untilShown: Step = ({ record }) => record.presentedUs - record.decodedUs;
const inCapture: Step = ({ record: { host } }) => host && host.grabUs + host.convertUs;
const inEncode: Step = ({ record: { host } }) => host?.encodeUs;

/** Names the step to blame for a hitch. */
export function blameFor(evidence: HitchEvidence): Blame {
  const { before, frame, frames, excessUs, queueDelayUs } = evidence;
  const between = frames.filter((other) =>
    distance32(before.record.frameId, other.record.frameId) > 0 &&
    distance32(other.record.frameId, frame.record.frameId) > 0
  );
  const steps = distance32(before.record.frameId, frame.record.frameId);
  const framesMissing = Math.max(0, steps - 1 - between.length);
  const isRecovered = (frame.record.recovered ?? 0) > 0;
  const hasLosses = isRecovered || frame.losses > before.losses;
  const blame = (cause: HitchCause, delayUs: number): Blame => ({
    cause,
    delayUs: Math.max(0, Math.round(delayUs)),
    framesWaited: cause === "loss" ? heldFrames(frame, frames) : 0,
    framesMissing,
    keyframe: frame.record.keyframe,
  });
  const sinceBefore = (step: Step) => (step(frame) ?? 0) - (step(before) ?? 0);
  let [step, delayUs] = slowest((step) =>
    // A step that is slow all the time delays every picture, and makes none of them stand.
    Math.min(growthUs(step, frame, frames), sinceBefore(step))
  );
  if (delayUs < excessUs * EXPLAINING_SHARE) {
    // This frame came as fast as any: what is to blame befell those before it.
    if (framesMissing > 0 && hasLosses) return blame("loss", 0);
    if (between.some(({ record: { outcome } }) => outcome === "skipped" || outcome === "lost")) {
      return blame("decode", 0);
    }
    if (framesMissing > 0) return blame("queue", 0);
    if (between.length > 0) return blame("present", excessUs);
    [step, delayUs] = slowest(sinceBefore);
  }
  if (step === "decode" || step === "present") return blame(step, delayUs);
  if (step === "whole") return blame(hasLosses ? "loss" : "queue", delayUs);
  const cameByRepair = isRecovered && untilWhole(frame) <= REPAIRED_AT_ONCE_US;
  const hasHole = hasLosses && (framesMissing > 0 || wasOvertaken(frame, frames));
  if (cameByRepair || hasHole) return blame("loss", delayUs);
  return blame(queueDelayUs >= delayUs / 2 ? "queue" : "host_or_network", delayUs);
}

/** Sorts a delay before the first packet by the host's timings of the frame, which have come. */
export function sortHostDelay(
  hitch: Hitch,
  frame: TrackedFrame,
  frames: readonly TrackedFrame[],
): void {
  const captureUs = growthUs(inCapture, frame, frames);
  const encodeUs = growthUs(inEncode, frame, frames);
  const [cause, delayUs] = largest([
    ["capture", captureUs],
    ["encode", encodeUs],
    ["queue", hitch.delayUs - captureUs - encodeUs],
  ]);
  hitch.cause = cause;
  hitch.delayUs = Math.max(0, Math.round(delayUs));
}

/** The middle value, or undefined when there is none. */
export function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

/** How much longer than usual a step of `frame` took; 0 where nothing is known. */
function growthUs(step: Step, frame: TrackedFrame, frames: readonly TrackedFrame[]): number {
  const own = step(frame);
  const usual = median(frames.flatMap((other) => {
    if (other === frame || other.record.presentedUs === 0) return [];
    return step(other) ?? [];
  }));
  return own === undefined || usual === undefined ? 0 : own - usual;
}

/** The step of the viewer that took longest by `measure`. */
function slowest(measure: (step: Step) => number) {
  return largest([
    ["first", measure(untilFirst)],
    ["whole", measure(untilWhole)],
    ["decode", measure(untilDecoded)],
    ["present", measure(untilShown)],
  ]);
}

function largest<Name extends string>(
  entries: readonly [readonly [Name, number], ...(readonly [Name, number])[]],
): readonly [Name, number] {
  return entries.reduce((a, b) => (b[1] > a[1] ? b : a));
}

/** Packets of a later frame came first: the path was open, so those of `frame` had been lost. */
function wasOvertaken(frame: TrackedFrame, frames: readonly TrackedFrame[]): boolean {
  return frames.some(({ record }) =>
    distance32(frame.record.frameId, record.frameId) > 0 &&
    record.firstDatagramUs < frame.record.firstDatagramUs
  );
}

/** Frames that became whole together with `frame`, that one included. */
function heldFrames(frame: TrackedFrame, frames: readonly TrackedFrame[]): number {
  return frames.filter(({ record }) =>
    distance32(frame.record.frameId, record.frameId) >= 0 &&
    record.readyUs - frame.record.readyUs <= RELEASED_TOGETHER_US
  ).length;
}
