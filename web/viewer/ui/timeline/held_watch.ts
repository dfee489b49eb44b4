/**
 * HeldWatch: asks the host what it holds, once a second while somebody looks, and tells what must not
 * be shown any more. It owns one timer; at most one question is open.
 */

import type { TimeRange } from "../../playback/playback_messages.ts";
import { fetchRecordings, fetchReplay } from "./replay_client.ts";
import type { TimelineModel } from "./timeline_model.ts";

const POLL_MS = 1000;
/** Recordings change more slowly. */
const RECORDING_POLLS = 5;

/** What a watch tells. */
export interface HeldWatchHandlers {
  /** True while somebody looks. */
  isWanted(): boolean;
  changed(): void;
  /** What was blanked on the host, of the source called `sourceKey`. */
  blanked(sourceKey: string, ranges: readonly TimeRange[]): void;
}

/** Keeps a model up to date. */
export class HeldWatch {
  readonly #model: TimelineModel;
  readonly #handlers: HeldWatchHandlers;
  #polls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #blanked = "[]";
  #isClosed = false;

  constructor(model: TimelineModel, handlers: HeldWatchHandlers) {
    this.#model = model;
    this.#handlers = handlers;
  }

  /** Asks now, for recordings as well, and goes on for as long as somebody looks. */
  start(): void {
    this.#polls = 0;
    this.#poll();
  }

  /** Asks once what the replay holds. */
  async ask(): Promise<void> {
    const askedMs = performance.now();
    const { streamId } = this.#model;
    const answer = await fetchReplay(streamId);
    if (answer === undefined || streamId !== this.#model.streamId) return;
    this.#model.takeReplay(answer, askedMs, performance.now());
    this.#lookForBlanked();
  }

  /** Asks no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #poll(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.#handlers.isWanted() || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#poll(), POLL_MS);
    const wantsRecordings = this.#polls++ % RECORDING_POLLS === 0;
    await this.ask();
    if (wantsRecordings) {
      const { streamId } = this.#model;
      const rows = await fetchRecordings(streamId);
      if (streamId === this.#model.streamId) this.#model.takeRecordings(rows);
    }
    if (!this.#isClosed) this.#handlers.changed();
  }

  /** What somebody blanked must not be shown from what was read before. */
  #lookForBlanked(): void {
    const { report } = this.#model;
    const ranges = (report?.gaps ?? []).filter(({ cause }) => cause === "blanked")
      .map(({ fromUs, toUs }) => ({ fromUs, toUs: toUs ?? fromUs }));
    const text = JSON.stringify(ranges);
    if (text === this.#blanked || report === undefined) return;
    this.#blanked = text;
    this.#handlers.blanked(`replay ${report.id}`, ranges);
  }
}
