/**
 * Replay report: what a viewer's timeline is told of one stream's replay: its limits, its segments and
 * where nothing is to be seen. As long as the replay at most: a segment is a second or more.
 */

import type { ReplayBuffer } from "../../replay/replay_buffer.ts";
import type { StreamReplay } from "./stream_replay.ts";

/** What is told of one replay; times are microseconds of the host's clock. */
export interface ReplayReport {
  readonly id: number;
  readonly isPaused: boolean;
  /** `share` of the limits holds while memory is short. */
  readonly limits: { readonly seconds: number; readonly bytes: number; readonly share: number };
  /** Null while nothing is held. */
  readonly span: {
    readonly startUs: number;
    readonly endUs: number;
    readonly frames: number;
    readonly bytes: number;
  } | null;
  /** Each begins with a keyframe; oldest first. */
  readonly segments: readonly {
    readonly startUs: number;
    readonly frames: number;
    readonly bytes: number;
  }[];
  /** Where nothing is to be seen, oldest first; null for the end of what lasts. */
  readonly gaps: readonly {
    readonly cause: "blanked" | "paused";
    readonly fromUs: number;
    readonly toUs: number | null;
  }[];
}

/** What is told of `replay`. */
export function describeReplay(replay: StreamReplay): ReplayReport {
  const { buffer, limits, share, isPaused, pauses } = replay;
  const span = buffer?.span;
  const paused = pauses.map(({ fromUs, toUs }) => {
    return { cause: "paused" as const, fromUs, toUs: toUs ?? null };
  });
  const blanked = (buffer?.blankedRanges ?? []).map((range) => {
    return { cause: "blanked" as const, ...range };
  });
  return {
    id: replay.streamId,
    isPaused,
    limits: { seconds: limits.seconds, bytes: limits.bytes, share },
    span: span === undefined
      ? null
      : { startUs: span.startUs, endUs: span.endUs, frames: span.frames, bytes: span.bytes },
    segments: buffer === undefined ? [] : segmentsOf(buffer),
    gaps: [...blanked, ...paused].toSorted((a, b) => a.fromUs - b.fromUs),
  };
}

function segmentsOf(buffer: ReplayBuffer): ReplayReport["segments"] {
  return buffer.segments.map(({ firstSerial, startUs }, index) => {
    const endSerial = buffer.segments[index + 1]?.firstSerial ?? buffer.endSerial;
    return {
      startUs,
      frames: endSerial - firstSerial,
      bytes: buffer.bytesOf(firstSerial, endSerial),
    };
  });
}
