/**
 * Timeline handle: what the viewer and its timeline, a bundle of its own, know of each other. Types
 * only.
 */

import type { PlaybackCommand, PlaybackEvent } from "../playback/playback_messages.ts";

/** What the timeline needs of the viewer. */
export interface TimelineParts {
  /** Where its elements go. */
  readonly root: HTMLElement;
  /** The picture. */
  readonly stage: HTMLElement;
  readonly streamId: number;
  send(command: PlaybackCommand): void;
  /** Shows one line of text for a moment. */
  notice(text: string): void;
  /** Something else than the present is shown, or no longer. */
  pastChanged(isPast: boolean): void;
  opened(isOpen: boolean): void;
  /** The person may play, not only watch. */
  mayControl(): boolean;
}

/** The timeline, once it is loaded. */
export interface TimelineHandle {
  readonly isPast: boolean;
  open(takesFocus: boolean): void;
  back(seconds: number): Promise<void>;
  take(event: PlaybackEvent): void;
  setStream(streamId: number): void;
  /** Since when the stream is recorded; undefined while it is not. */
  setRecording(startedMs: number | undefined): void;
  setVisible(isVisible: boolean): void;
  /** A key went down; true when it meant something. */
  key(event: KeyboardEvent): boolean;
  close(): void;
}
