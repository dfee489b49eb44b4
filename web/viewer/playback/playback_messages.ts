/**
 * Playback messages: what the page's timeline and the player in the worker say to each other, inside of
 * the worker's messages. Types only: neither bundle grows by them while the timeline is closed.
 */

/** Where frames come from: a stream's replay, or a recording. */
export interface PlaybackSource {
  /** Tells sources apart. */
  readonly key: string;
  /** Path of its frame stream, to which `atUs` and more are added. */
  readonly framesPath: string;
  /** Goes on through the live edge. */
  readonly isLive: boolean;
}

/** Rates that can be played; negative ones go back. */
export const PLAYBACK_RATES = [0.25, 0.5, 1, 2, 4] as const;

/** A span of capture time, microseconds. */
export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/** From the page to the player. Times are capture times in microseconds. */
export type PlaybackCommand =
  /**
   * Shows what was on the screen at `timeUs`. A rough seek is one of a drag: `timeUs` is that of a
   * keyframe, and the newest of those that wait is enough.
   */
  | {
    readonly do: "seek";
    readonly source: PlaybackSource;
    readonly timeUs: number;
    readonly isRough: boolean;
    /** Plays on from there at this rate; 0 rests. */
    readonly rate: number;
  }
  | { readonly do: "play"; readonly rate: number }
  | { readonly do: "pause" }
  | { readonly do: "step"; readonly frames: 1 | -1 }
  /** What was read of a span must not be shown again: it was blanked on the host. */
  | { readonly do: "forget"; readonly sourceKey: string; readonly range: TimeRange }
  | { readonly do: "loop"; readonly range: TimeRange | undefined }
  /** Back to the live picture, at once. */
  | { readonly do: "live" }
  | {
    readonly do: "thumbnail";
    readonly id: number;
    readonly source: PlaybackSource;
    readonly timeUs: number;
    /** Of the picture that is wanted, in pixels. */
    readonly width: number;
  }
  | { readonly do: "cancel_thumbnails" };

/** Something that happened by itself. */
export type PlaybackNotice =
  /** What was asked for went to make room; the oldest that is held is shown. */
  | "evicted"
  /** What was asked for was overwritten; what follows is shown. */
  | "blanked"
  /** There is nothing before this. */
  | "start"
  /** A recording is over. */
  | "end"
  /** Playback reached the present and is live again. */
  | "caught_up"
  /** Nothing is held. */
  | "nothing_held"
  /** Too many read at once, or the host does not answer. */
  | "busy"
  | "unreachable"
  /** This browser cannot decode it. */
  | "undecodable";

/** What the player does. */
export interface PlaybackState {
  readonly mode: "live" | "paused" | "playing";
  readonly sourceKey: string;
  /** Where it stands: capture time of what is shown, or while playing the time that has come. */
  readonly timeUs: number;
  /** Of the picture that is shown; undefined before the first. */
  readonly frameId: number | undefined;
  readonly rate: number;
  /** What was asked for is not on the screen yet. */
  readonly isWaiting: boolean;
}

/** From the player to the page. */
export type PlaybackEvent =
  | { readonly event: "state"; readonly state: PlaybackState }
  | { readonly event: "notice"; readonly notice: PlaybackNotice }
  /** `bitmap` is absent when there is none to be had. */
  | {
    readonly event: "thumbnail";
    readonly id: number;
    readonly bitmap: ImageBitmap | undefined;
  };
