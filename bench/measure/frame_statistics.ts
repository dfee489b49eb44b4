/**
 * Frame statistics: from the viewer's frame records, each joined with the host's part, to the time
 * that every stage took. Host times are the host's monotonic clock; viewer times are the page's and
 * are moved by the clock offset, whose error is at most half of the shortest round trip.
 */

import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";

/** Names of the stages in the order of the sentence, then the totals. */
export const STAGES = [
  "grab",
  "convert",
  "encode to first slice",
  "encode",
  "send",
  "network",
  "reorder",
  "decode",
  "present",
  "capture -> decoded",
  "draw -> decoded",
  "capture -> presented",
  "draw -> presented",
] as const;
/** One of `STAGES`. */
export type Stage = (typeof STAGES)[number];

/** One answered clock probe, in microseconds. */
export interface ClockSample {
  readonly rttUs: number;
  /** Host clock minus page clock. */
  readonly offsetUs: number;
}

/** What is counted, not timed. */
export interface FrameCounts {
  /** Frames decoded. */
  decoded: number;
  presented: number;
  /** Drawings of the content of which no decoded frame shows anything. */
  droppedContent: number;
  /** Decoded frames that show the same drawing as the one before. */
  repeated: number;
  /** Frames that the host encoded and the viewer never decoded. */
  lostFrames: number;
  /** Decoded but replaced by a newer one before they were drawn. */
  superseded: number;
  misread: number;
  /** Drawn when a frame two intervals newer or more was already decoded. */
  shownStale: number;
  /** Frames without the host's part or without a marker: left out of the stages they lack. */
  incomplete: number;
}

/** Samples by stage, in milliseconds. */
export type StageSamples = Record<Stage, number[]>;

/** The sample with the shortest round trip. Throws when there is none. */
export function bestClockSample(samples: readonly ClockSample[]): ClockSample {
  const first = samples[0];
  if (first === undefined) throw new Error("Cannot relate the clocks: no probe was answered");
  return samples.reduce((best, sample) => sample.rttUs < best.rttUs ? sample : best, first);
}

/** Microseconds from a 32-bit time to a later 64-bit time of the same clock. */
export function sinceTruncated(laterUs: number, truncatedUs: number): number {
  const difference = (Math.round(laterUs) % 2 ** 32 - truncatedUs + 2 ** 32) % 2 ** 32;
  return difference > 2 ** 31 ? difference - 2 ** 32 : difference;
}

/** Time of every stage of the frames that were decoded. `offsetUs` is host minus page clock. */
export function stageSamples(frames: readonly FrameRecord[], offsetUs: number): StageSamples {
  const samples = Object.fromEntries(
    STAGES.map((stage) => [stage, [] as number[]]),
  ) as StageSamples;
  const add = (stage: Stage, us: number) => samples[stage].push(us / 1000);
  for (const frame of frames) {
    if (frame.decodedUs === 0) continue;
    const presented = frame.presentedUs !== 0;
    const { host, marker } = frame;
    add("reorder", frame.readyUs - frame.lastDatagramUs);
    add("decode", frame.decodedUs - frame.readyUs);
    if (presented) add("present", frame.presentedUs - frame.decodedUs);
    if (host !== undefined) {
      const { captureTimeUs, grabUs, convertUs, firstSliceUs, encodeUs, sendUs } = host;
      add("grab", grabUs);
      add("convert", convertUs);
      add("encode to first slice", firstSliceUs);
      add("encode", encodeUs);
      add("send", sendUs - grabUs - convertUs - encodeUs);
      add("network", frame.lastDatagramUs + offsetUs - captureTimeUs - sendUs);
      add("capture -> decoded", frame.decodedUs + offsetUs - captureTimeUs);
      if (presented) add("capture -> presented", frame.presentedUs + offsetUs - captureTimeUs);
    }
    if (marker && frame.repeated !== true) {
      add("draw -> decoded", sinceTruncated(frame.decodedUs + offsetUs, marker.drawTimeUs));
      if (presented) {
        add("draw -> presented", sinceTruncated(frame.presentedUs + offsetUs, marker.drawTimeUs));
      }
    }
  }
  return samples;
}

/** Counts over all frames; `fps` gives the interval. */
export function countFrames(frames: readonly FrameRecord[], fps: number): FrameCounts {
  const decoded = frames.filter((frame) => frame.decodedUs !== 0);
  const counts: FrameCounts = {
    decoded: decoded.length,
    presented: decoded.filter((frame) => frame.presentedUs !== 0).length,
    droppedContent: 0,
    repeated: decoded.filter((frame) => frame.repeated === true).length,
    lostFrames: frames.length - decoded.length,
    superseded: frames.filter((frame) => frame.outcome === "superseded").length,
    misread: decoded.filter((frame) => frame.marker === null).length,
    shownStale: countStale(decoded, 2e6 / fps),
    incomplete: decoded.filter((frame) => frame.host === undefined || !frame.marker).length,
  };
  let previous: FrameRecord | undefined;
  for (const frame of decoded) {
    if (previous !== undefined) counts.lostFrames += gap(previous.frameId, frame.frameId, 2 ** 32);
    if (previous?.marker && frame.marker) {
      counts.droppedContent += gap(previous.marker.frame, frame.marker.frame, 2 ** 24);
    }
    if (frame.marker !== null) previous = frame;
  }
  // Frames that came but were not decoded lie in the gaps as well.
  counts.lostFrames -= Math.min(counts.lostFrames, frames.length - decoded.length);
  return counts;
}

/** Numbers left out between two that count up and wrap at `modulus`; 0 when it went back. */
function gap(before: number, after: number, modulus: number): number {
  const step = (after - before + modulus) % modulus;
  return step > 1 && step < modulus / 2 ? step - 1 : 0;
}

/** Frames whose drawing began although one captured `olderUs` later was out of the decoder. */
function countStale(decoded: readonly FrameRecord[], olderUs: number): number {
  const events = [
    ...decoded.map((frame) => ({ atUs: frame.decodedUs, frame, isDraw: false })),
    ...decoded.filter((frame) => frame.drawUs !== 0)
      .map((frame) => ({ atUs: frame.drawUs, frame, isDraw: true })),
  ].sort((a, b) => a.atUs - b.atUs || Number(a.isDraw) - Number(b.isDraw));
  let newestUs = -Infinity;
  let stale = 0;
  for (const { frame, isDraw } of events) {
    if (!isDraw) newestUs = Math.max(newestUs, frame.captureTimeUs);
    else if (newestUs - frame.captureTimeUs >= olderUs) stale++;
  }
  return stale;
}
