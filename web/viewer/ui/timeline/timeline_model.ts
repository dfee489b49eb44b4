/**
 * TimelineModel: what can be watched and when it was: the replay of one stream, the recordings and the
 * present on one axis, which counts microseconds of the host's clock since it started. Plain data and
 * look-ups; at most `RECORDINGS_MAX` recordings.
 */

import type { PlaybackSource, TimeRange } from "../../playback/playback_messages.ts";

/** Recordings on one timeline, the newest. */
export const RECORDINGS_MAX = 200;
/** A drag through a recording stops at each part of it. */
const RECORDING_PART_US = 1_000_000;
/** Of a length that nobody knows yet. */
const VIEW_US_DEFAULT = 30_000_000;
const SECOND_US = 1_000_000;

/** One stream's part of the answer to GET /api/replay. */
export interface ReplayReport {
  readonly id: number;
  readonly isPaused: boolean;
  readonly limits: { readonly seconds: number; readonly bytes: number; readonly share: number };
  readonly span:
    | { readonly startUs: number; readonly endUs: number; readonly bytes: number }
    | null;
  readonly segments: readonly { readonly startUs: number; readonly bytes: number }[];
  readonly gaps: readonly {
    readonly cause: "blanked" | "paused";
    readonly fromUs: number;
    readonly toUs: number | null;
  }[];
}

/** The answer to GET /api/replay. */
export interface ReplayAnswer {
  readonly isOn: boolean;
  readonly nowUs: number | null;
  readonly wallClockOffsetUs: number | null;
  readonly streams: readonly ReplayReport[];
}

/** A recording as GET /api/recordings lists it. */
export interface RecordingRow {
  readonly id: string;
  readonly streamId: number;
  readonly startedMs: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly bytes: number;
}

/** Something on the axis that can be watched. */
export interface WatchableSpan extends TimeRange {
  readonly kind: "replay" | "recording";
  readonly source: PlaybackSource;
  /** Axis minus the capture time of the source. */
  readonly offsetUs: number;
}

/** Where nothing is to be seen. */
export interface TimelineGap extends TimeRange {
  readonly cause: "blanked" | "paused" | "shortened";
}

/** A time in a source. */
export interface SourceTime {
  readonly source: PlaybackSource;
  readonly timeUs: number;
  readonly axisUs: number;
}

/** What there is to watch. */
export class TimelineModel {
  #streamId = 0;
  #report: ReplayReport | undefined;
  #recordings: readonly WatchableSpan[] = [];
  #hostMinusPageUs: number | undefined;
  #wallClockOffsetUs = 0;
  #viewUs: number | undefined;

  /** The stream that is watched. */
  get streamId(): number {
    return this.#streamId;
  }

  set streamId(id: number) {
    if (id === this.#streamId) return;
    this.#streamId = id;
    this.#report = undefined;
    this.#recordings = [];
  }

  /** What the host said of the replay last. */
  get report(): ReplayReport | undefined {
    return this.#report;
  }

  /** True when times are known. */
  get isReady(): boolean {
    return this.#hostMinusPageUs !== undefined;
  }

  /** Takes an answer that was asked for at `askedMs` and came at `cameMs` of the page's clock. */
  takeReplay(answer: ReplayAnswer, askedMs: number, cameMs: number): void {
    this.#report = answer.streams.find(({ id }) => id === this.#streamId);
    if (answer.nowUs === null || answer.wallClockOffsetUs === null) return;
    this.#hostMinusPageUs = answer.nowUs - (askedMs + cameMs) / 2 * 1000;
    this.#wallClockOffsetUs = answer.wallClockOffsetUs;
  }

  /** Takes the list of recordings. */
  takeRecordings(rows: readonly RecordingRow[]): void {
    this.#recordings = rows.filter(({ streamId }) => streamId === this.#streamId)
      .toSorted((a, b) => b.startedMs - a.startedMs).slice(0, RECORDINGS_MAX)
      .map((row) => {
        const fromUs = row.startedMs * 1000 - this.#wallClockOffsetUs;
        return {
          kind: "recording",
          ...{ fromUs, toUs: fromUs + (row.endUs - row.startUs), offsetUs: fromUs - row.startUs },
          source: {
            key: `recording ${row.id}`,
            framesPath: `/api/recordings/${row.id}/frames`,
            isLive: false,
          },
        };
      });
  }

  /** The present, at `pageMs` of the page's clock. */
  nowUs(pageMs: number): number {
    return Math.round((this.#hostMinusPageUs ?? 0) + pageMs * 1000);
  }

  /** Wall clock of a time on the axis, milliseconds since 1970. */
  wallMs(axisUs: number): number {
    return (axisUs + this.#wallClockOffsetUs) / 1000;
  }

  /** The replay, as it is at `nowUs`; undefined while nothing is held. */
  replay(nowUs: number): WatchableSpan | undefined {
    const report = this.#report;
    if (report?.span == null) return undefined;
    return {
      kind: "replay",
      fromUs: Math.min(nowUs, report.span.startUs),
      toUs: Math.max(nowUs, report.span.startUs),
      offsetUs: 0,
      source: {
        key: `replay ${report.id}`,
        framesPath: `/api/replay/frames?stream=${report.id}`,
        isLive: true,
      },
    };
  }

  /** Everything that can be watched, oldest first; the replay comes last. */
  spans(nowUs: number): readonly WatchableSpan[] {
    const replay = this.replay(nowUs);
    const recordings = this.#recordings.toSorted((a, b) => a.fromUs - b.fromUs);
    return replay === undefined ? recordings : [...recordings, replay];
  }

  /** Where nothing is to be seen, and what of the replay's length memory did not allow. */
  gaps(nowUs: number): readonly TimelineGap[] {
    const report = this.#report;
    if (report === undefined) return [];
    const gaps: TimelineGap[] = report.gaps.map(({ cause, fromUs, toUs }) => {
      return { cause, fromUs, toUs: toUs ?? nowUs };
    });
    const wholeUs = nowUs - report.limits.seconds * SECOND_US;
    const startUs = report.span?.startUs ?? nowUs;
    if (report.limits.share < 1 && startUs > wholeUs) {
      gaps.push({ cause: "shortened", fromUs: wholeUs, toUs: startUs });
    }
    return gaps;
  }

  /** How much of the axis is shown; undefined for as long as the replay is. */
  set viewUs(lengthUs: number | undefined) {
    this.#viewUs = lengthUs;
  }

  /** The part of the axis that is shown. */
  view(nowUs: number): TimeRange {
    const replayUs = (this.#report?.limits.seconds ?? 0) * SECOND_US || VIEW_US_DEFAULT;
    return { fromUs: nowUs - (this.#viewUs ?? replayUs), toUs: nowUs };
  }

  /** From the oldest that can be watched to now. */
  wholeUs(nowUs: number): number {
    const oldestUs = Math.min(...this.spans(nowUs).map(({ fromUs }) => fromUs), nowUs);
    return nowUs - oldestUs;
  }

  /** What was on the screen at a time, or else at the nearest one that can be watched. */
  at(axisUs: number, nowUs: number): SourceTime | undefined {
    let best: { readonly span: WatchableSpan; readonly axisUs: number } | undefined;
    for (const span of this.spans(nowUs)) {
      const nearestUs = Math.min(span.toUs, Math.max(span.fromUs, axisUs));
      const isNearer = best === undefined ||
        Math.abs(nearestUs - axisUs) <= Math.abs(best.axisUs - axisUs);
      if (isNearer) best = { span, axisUs: nearestUs };
    }
    if (best === undefined) return undefined;
    const { source, offsetUs } = best.span;
    return { source, timeUs: best.axisUs - offsetUs, axisUs: best.axisUs };
  }

  /** The keyframe that such a time is decoded from. */
  keyframeAt(axisUs: number, nowUs: number): SourceTime | undefined {
    const found = this.at(axisUs, nowUs);
    if (found === undefined) return undefined;
    const { source, timeUs } = found;
    const segments = this.#report?.segments ?? [];
    const startUs = source.isLive
      ? segments.findLast((segment) => segment.startUs <= timeUs)?.startUs ?? segments[0]?.startUs
      : this.#partStartUs(source, timeUs);
    if (startUs === undefined) return undefined;
    return { source, timeUs: startUs, axisUs: found.axisUs - timeUs + startUs };
  }

  /** Axis minus the capture time of a source; undefined for one that is not there. */
  offsetUs(sourceKey: string, nowUs: number): number | undefined {
    return this.spans(nowUs).find(({ source }) => source.key === sourceKey)?.offsetUs;
  }

  /** True while more than the replay is shown. */
  get isLongView(): boolean {
    return this.#viewUs !== undefined;
  }

  /** Path and file name of a clip of a range. */
  clip(
    { fromUs, toUs }: TimeRange,
    nowUs: number,
  ): { readonly path: string; readonly name: string } {
    const replay = this.replay(nowUs);
    const recording = this.#recordings.find((span) => span.fromUs <= fromUs && span.toUs > fromUs);
    const isHeld = replay !== undefined && fromUs >= replay.fromUs;
    const offsetUs = isHeld ? 0 : recording?.offsetUs ?? 0;
    const from = Math.max(0, Math.round(fromUs - offsetUs));
    const query = `from=${from}&to=${Math.round(toUs - offsetUs)}`;
    const of = !isHeld && recording !== undefined
      ? `recording=${recording.source.key.split(" ")[1]}`
      : `stream=${this.#streamId}`;
    const at = new Date(this.wallMs(fromUs)).toISOString().slice(0, 19).replace(/[:T]/g, "-");
    return { path: `/api/clips?${query}&${of}`, name: `wavry-${at}.mp4` };
  }

  /** Bytes of the replay in a range, as far as segments tell. */
  bytesIn({ fromUs, toUs }: TimeRange): number {
    const segments = this.#report?.segments ?? [];
    return segments.reduce((sum, { startUs, bytes }, index) => {
      const endUs = segments[index + 1]?.startUs ?? startUs + SECOND_US;
      return startUs < toUs && endUs > fromUs ? sum + bytes : sum;
    }, 0);
  }

  #partStartUs(source: PlaybackSource, timeUs: number): number {
    const span = this.#recordings.find((other) => other.source.key === source.key);
    const startUs = (span?.fromUs ?? 0) - (span?.offsetUs ?? 0);
    return startUs + Math.floor((timeUs - startUs) / RECORDING_PART_US) * RECORDING_PART_US;
  }
}
