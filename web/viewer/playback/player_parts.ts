/**
 * Player parts: what a player works with, as it sees it: decoder, screen, clock and the way to the
 * page. Nearly all types, so that a test can hand in parts of its own.
 */

import type { EncodedCache, FramePlace } from "./encoded_cache.ts";
import type { FeedOpener } from "./frame_feed.ts";
import type { PictureWindow, WindowPicture } from "./picture_window.ts";
import type { PlaybackCommand, PlaybackEvent } from "./playback_messages.ts";

/** A wish for another time. */
export type Seek = Extract<PlaybackCommand, { do: "seek" }>;

/** What the open feed is to find. */
export type Goal =
  | { readonly kind: "seek"; readonly seek: Seek }
  | { readonly kind: "step" }
  /** The group before the one that is shown. */
  | { readonly kind: "back" }
  | { readonly kind: "none" };

/** Nothing but what comes next. */
export const NO_GOAL: Goal = { kind: "none" };

/** The decoder as the player sees it; see GroupDecoder. */
export interface PlayerDecoder {
  readonly pending: FramePlace | undefined;
  readonly queued: number;
  show(place: FramePlace, keep?: number): void;
  cancel(): void;
}

/** The canvas as the player sees it; see PlaybackScreen. */
export interface PlayerScreen<Picture> {
  /** Shows a picture instead of the live one, and owns it. */
  show(picture: Picture, place: FramePlace): void;
  /** Goes on with the live picture after frame `frameId`; false when that would leave frames out. */
  join(frameId: number): boolean;
  /** Shows the newest live picture at once. */
  leave(): void;
}

/** What a player works with. */
export interface PlayerParts<Picture extends WindowPicture> {
  readonly cache: EncodedCache;
  readonly openFeed: FeedOpener;
  readonly decoder: PlayerDecoder;
  readonly window: PictureWindow<Picture>;
  readonly screen: PlayerScreen<Picture>;
  readonly nowUs: () => number;
  /** Calls back at the display's next tick. */
  readonly nextTick: (run: () => void) => void;
  readonly post: (event: PlaybackEvent) => void;
}
