/**
 * ConnectionKeeper: keeps one connection alive: asks for a ticket, has the worker connect, and after
 * a loss does it again with growing pauses, for as long as the page is visible. It is
 * the only place where the viewer's state changes.
 */

import { type AttemptParts, ConnectionAttempts } from "../shared/connection_attempts.ts";
import type { EndedNotice, StreamState } from "./worker_messages.ts";
import type { MissingFeature, ViewerState } from "./viewer_state.ts";

/** What the keeper works with. */
export interface KeeperParts extends AttemptParts {
  readonly disconnect: (isQuit: boolean) => void;
  readonly isVisible: () => boolean;
  readonly changed: (state: ViewerState) => void;
}

/** Moves the viewer through its states. */
export class ConnectionKeeper {
  readonly #parts: KeeperParts;
  #state: ViewerState = { name: "connecting", attempt: 1 };
  readonly #attempts: ConnectionAttempts;
  #isWaitingForPage = false;
  #hasPlayed = false;
  #streamState: StreamState = "starting";
  #streamReason = "";
  #hasPicture = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#attempts = new ConnectionAttempts(parts, {
      trying: () => this.#showTrying(),
      unreachable: () => this.#retryLater(),
      refused: (cause) => this.#set({ name: "refused", cause }),
    });
  }

  get state(): ViewerState {
    return this.#state;
  }

  /** Begins, or begins again after the end. */
  start(): void {
    this.#hasPlayed = false;
    this.#isWaitingForPage = false;
    this.#attempts.begin();
  }

  /** The person leaves. */
  quit(): void {
    this.#stop();
    this.#parts.disconnect(true);
    this.#set({ name: "ended", reason: "quit", message: "" });
  }

  /** This browser cannot show the stream. */
  cannotPlay(missing: MissingFeature, detail: string): void {
    this.#stop();
    this.#parts.disconnect(false);
    this.#set({ name: "unsupported", missing, detail });
  }

  /** The page became visible: a try that waited for it starts at once. */
  pageShown(): void {
    if (!this.#isWaitingForPage) return;
    this.#isWaitingForPage = false;
    this.#attempts.next();
  }

  /** The host said welcome. */
  connected(): void {
    if (!this.#isTrying()) return;
    this.#hasPicture = false;
    this.#streamState = "starting";
    this.#showStream();
  }

  /** The host told what its stream does. */
  streamChanged(state: StreamState, reason: string): void {
    this.#streamState = state;
    this.#streamReason = reason;
    this.#showStream();
  }

  /** A picture is on the screen. */
  pictureShown(): void {
    this.#hasPicture = true;
    this.#hasPlayed = true;
    this.#attempts.good();
    this.#showStream();
  }

  /** The connection is over. */
  disconnected(ended: EndedNotice | undefined): void {
    if (!this.#isTrying()) return;
    this.#attempts.lost();
    if (ended !== undefined && !ended.retry) {
      this.#stop();
      const { reason, message, streams } = ended;
      const named = streams === undefined ? {} : { streams };
      this.#set({ name: "ended", reason, message, ...named });
      return;
    }
    this.#retryLater();
  }

  #retryLater(): void {
    this.#stop();
    this.#showTrying();
    if (!this.#parts.isVisible()) {
      this.#isWaitingForPage = true;
      return;
    }
    this.#attempts.later();
  }

  #showTrying(): void {
    const attempt = this.#attempts.number;
    this.#set(
      this.#hasPlayed
        ? { name: "reconnecting", cause: "network", attempt, failure: "" }
        : { name: "connecting", attempt },
    );
  }

  #showStream(): void {
    if (!this.#isTrying()) return;
    const isRestarting = this.#streamState === "restarting" || this.#streamState === "failed";
    const isTold = this.#streamState === "failed" || this.#streamReason.includes("publish");
    const failure = isTold ? this.#streamReason : "";
    if (isRestarting && this.#hasPlayed) {
      this.#set({ name: "reconnecting", cause: "stream", attempt: 1, failure });
    } else if (this.#hasPicture && !isRestarting) this.#set({ name: "playing" });
    // The last picture stays until the new connection has one of its own.
    else if (this.#hasPlayed) this.#showTrying();
    else this.#set({ name: "waiting", failure });
  }

  /** True while the viewer wants to be connected. */
  #isTrying(): boolean {
    return !["refused", "ended", "unsupported"].includes(this.#state.name);
  }

  #stop(): void {
    this.#isWaitingForPage = false;
    this.#attempts.cancel();
  }

  #set(state: ViewerState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
