/**
 * Privacy: what whoever controls the host may do about what it holds: stop and go on holding, and
 * blank what lies between the marks. Blanking cannot be undone, so it takes a second press.
 */

import type { TimeRange } from "../../playback/playback_messages.ts";
import { wish } from "./replay_client.ts";
import { spanText } from "./time_text.ts";
import type { TimelineModel } from "./timeline_model.ts";

/** How long a first press waits for the second. */
const CONFIRM_MS = 4000;

/** What it needs of the timeline. */
export interface PrivacyParts {
  readonly model: TimelineModel;
  /** What is marked, on the timeline's axis. */
  marked(): TimeRange | undefined;
  notice(text: string): void;
  /** The host was asked: what it holds is to be looked up again. */
  changed(): void;
}

/** Pauses and blanks a replay. */
export class Privacy {
  readonly #parts: PrivacyParts;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PrivacyParts) {
    this.#parts = parts;
  }

  /** True while the host holds nothing new. */
  get isPaused(): boolean {
    return this.#parts.model.report?.isPaused === true;
  }

  /** True after a first press. */
  get isArmed(): boolean {
    return this.#timer !== undefined;
  }

  /** What is marked and held, which a press would blank. */
  range(presentUs: number): TimeRange | undefined {
    const held = this.#parts.model.replay(presentUs);
    const marked = this.#parts.marked();
    if (held === undefined || marked === undefined) return undefined;
    const fromUs = Math.round(Math.max(held.fromUs, marked.fromUs));
    const toUs = Math.round(Math.min(held.toUs, marked.toUs));
    return fromUs < toUs ? { fromUs, toUs } : undefined;
  }

  /** Stops holding, or goes on. */
  async togglePause(): Promise<void> {
    const { model, notice, changed } = this.#parts;
    const { isPaused } = this;
    const outcome = await wish(`/api/replay/${isPaused ? "resume" : "pause"}`, {
      stream: model.streamId,
    });
    const done = isPaused ? "The replay goes on" : "Replay paused: nothing new is held";
    notice(outcome.ok ? done : outcome.message);
    changed();
  }

  /** The first press asks, the second blanks. */
  async blank(presentUs: number): Promise<void> {
    const { model, notice, changed } = this.#parts;
    const range = this.range(presentUs);
    if (range === undefined) {
      this.#disarm();
      return notice("Mark what to blank, with in and out");
    }
    const length = spanText((range.toUs - range.fromUs) / 1e6);
    if (!this.isArmed) {
      this.#timer = setTimeout(() => {
        this.#disarm();
        changed();
      }, CONFIRM_MS);
      return notice(`Press again to blank ${length} for good`);
    }
    this.#disarm();
    const outcome = await wish("/api/replay/blank", { stream: model.streamId, ...range });
    notice(outcome.ok ? `Blanked ${length}` : outcome.message);
    changed();
  }

  /** Ends its timer. */
  close(): void {
    this.#disarm();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
