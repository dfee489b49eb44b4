/**
 * Picture flow: how the picture moved on the screen of a viewer, from its frame records: freezes,
 * the time to move again, and the rate. Times are the page's clock; a pause of the source itself is
 * no freeze.
 */

import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";

/** A time without a new picture although the source moved. */
export interface Freeze {
  /** When the last picture before it was drawn. */
  readonly atUs: number;
  /** From then to the next picture, without what the source itself paused. */
  readonly lengthUs: number;
  /** Frame after which it stood still. */
  readonly frameId: number;
  /** Longest time in it without a frame that became whole: what the path had to do with it. */
  readonly readyGapUs: number;
}

/** A span of the page's clock. */
export interface Span {
  readonly startUs: number;
  readonly endUs: number;
}

/** Frames that were drawn in `span`, in the order of drawing. */
export function drawnFrames(frames: readonly FrameRecord[], span: Span): FrameRecord[] {
  return frames
    .filter(({ presentedUs }) => presentedUs >= span.startUs && presentedUs < span.endUs)
    .toSorted((a, b) => a.presentedUs - b.presentedUs);
}

/** Freezes longer than `longerThanUs` in `span`; a picture that never comes is one to its end. */
export function findFreezes(
  frames: readonly FrameRecord[],
  span: Span,
  { longerThanUs, intervalUs }: { longerThanUs: number; intervalUs: number },
): Freeze[] {
  const drawn = drawnFrames(frames, span);
  const freezes: Freeze[] = [];
  const readyTimes = frames.map(({ readyUs }) => readyUs).toSorted((a, b) => a - b);
  const note = (frame: FrameRecord | undefined, next: FrameRecord | undefined) => {
    const atUs = frame?.presentedUs ?? span.startUs;
    const endUs = next?.presentedUs ?? span.endUs;
    const lengthUs = endUs - atUs - sourcePauseUs(frame, next, intervalUs);
    if (lengthUs <= longerThanUs) return;
    const ready = { startUs: frame?.readyUs ?? atUs, endUs: next?.readyUs ?? endUs };
    const readyGapUs = longestGapUs(readyTimes, ready);
    freezes.push({ atUs, lengthUs, frameId: frame?.frameId ?? 0, readyGapUs });
  };
  note(undefined, drawn[0]);
  for (const [index, frame] of drawn.entries()) note(frame, drawn[index + 1]);
  return freezes;
}

/** Longest time in `span` without any of `times`, which are sorted. */
function longestGapUs(times: readonly number[], { startUs, endUs }: Span): number {
  let longestUs = 0;
  let lastUs = startUs;
  for (const timeUs of [...times.filter((us) => us > startUs && us < endUs), endUs]) {
    longestUs = Math.max(longestUs, timeUs - lastUs);
    lastUs = timeUs;
  }
  return longestUs;
}

/** By how much the source itself paused between two frames; 0 when it made one in between. */
function sourcePauseUs(
  frame: FrameRecord | undefined,
  next: FrameRecord | undefined,
  intervalUs: number,
): number {
  if (frame === undefined || next?.frameId !== ((frame.frameId + 1) >>> 0)) return 0;
  return Math.max(0, next.captureTimeUs - frame.captureTimeUs - intervalUs);
}

/**
 * Microseconds from `fromUs` until the picture moves: until a picture is drawn that another one
 * follows within `withinUs`. Undefined when that never happens.
 */
export function timeToMoveUs(
  frames: readonly FrameRecord[],
  fromUs: number,
  withinUs: number,
): number | undefined {
  const drawn = drawnFrames(frames, { startUs: fromUs, endUs: Infinity });
  const index = drawn.findIndex((frame, at) => {
    const next = drawn[at + 1];
    return next !== undefined && next.presentedUs - frame.presentedUs <= withinUs;
  });
  const first = drawn[index];
  return first === undefined ? undefined : first.presentedUs - fromUs;
}

/** Bits a second of the frames that arrived in `span`. */
export function rateBps(frames: readonly FrameRecord[], span: Span): number {
  let bytes = 0;
  for (const { lastDatagramUs, bytes: size } of frames) {
    if (lastDatagramUs >= span.startUs && lastDatagramUs < span.endUs) bytes += size;
  }
  return bytes * 8e6 / (span.endUs - span.startUs);
}

/**
 * Microseconds from `fromUs` to the end of the first `windowUs` in which frames arrived at
 * `wantedBps` or more; undefined when there is none before `endUs`.
 */
export function timeToRateUs(
  frames: readonly FrameRecord[],
  { startUs: fromUs, endUs }: Span,
  { wantedBps, windowUs }: { wantedBps: number; windowUs: number },
): number | undefined {
  const stepUs = windowUs / 10;
  for (let startUs = fromUs; startUs + windowUs <= endUs; startUs += stepUs) {
    if (rateBps(frames, { startUs, endUs: startUs + windowUs }) >= wantedBps) {
      return startUs + windowUs - fromUs;
    }
  }
  return undefined;
}
