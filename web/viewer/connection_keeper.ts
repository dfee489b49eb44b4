/**
 * ConnectionKeeper: keeps one connection alive: asks for a ticket, has the worker connect, and after
 * a loss does it again with growing pauses, for as long as the page is visible. It owns one timer and
 * is the only place where the viewer's state changes.
 */

import type { SessionOutcome } from "../shared/session_client.ts";
import type { EndedNotice, StreamState } from "./worker_messages.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import { retryPauseMs } from "../shared/retry_pause.ts";
import type { MissingFeature, ViewerState } from "./viewer_state.ts";

/** A connection that showed pictures this long counts as good: the pauses start small again. */
const STABLE_MS = 5000;

/** What the keeper works with. */
export interface KeeperParts {
  /** Asks the host's API. */
  readonly open: () => Promise<SessionOutcome>;
  /** Has the worker connect; replaces a connection that is open. */
  readonly connect: (info: ConnectInfo) => void;
  readonly disconnect: (isQuit: boolean) => void;
  readonly isVisible: () => boolean;
  readonly changed: (state: ViewerState) => void;
  readonly setTimer: (run: () => void, waitMs: number) => number;
  readonly clearTimer: (timer: number) => void;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** Moves the viewer through its states. */
export class ConnectionKeeper {
  readonly #parts: KeeperParts;
  #state: ViewerState = { name: "connecting", attempt: 1 };
  #attempt = 0;
  #round = 0;
  #timer: number | undefined;
  #isWaitingForPage = false;
  #hasPlayed = false;
  #playingSinceMs: number | undefined;
  #streamState: StreamState = "starting";
  #streamReason = "";
  #hasPicture = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  get state(): ViewerState {
    return this.#state;
  }

  /** Begins, or begins again after the end. */
  start(): void {
    this.#attempt = 0;
    this.#hasPlayed = false;
    this.#try();
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
    this.#try();
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
    this.#playingSinceMs ??= this.#parts.nowMs();
    this.#showStream();
  }

  /** The connection is over. */
  disconnected(ended: EndedNotice | undefined): void {
    if (!this.#isTrying()) return;
    const sinceMs = this.#playingSinceMs;
    this.#playingSinceMs = undefined;
    if (sinceMs !== undefined && this.#parts.nowMs() - sinceMs >= STABLE_MS) this.#attempt = 0;
    if (ended !== undefined && !ended.retry) {
      this.#stop();
      const { reason, message, streams } = ended;
      const named = streams === undefined ? {} : { streams };
      this.#set({ name: "ended", reason, message, ...named });
      return;
    }
    this.#retryLater();
  }

  async #try(): Promise<void> {
    this.#stop();
    const round = this.#round;
    this.#attempt++;
    this.#showTrying();
    const outcome = await this.#parts.open();
    if (round !== this.#round) return;
    if (outcome.kind === "ready") this.#parts.connect(outcome.info);
    else if (outcome.kind === "unreachable") this.#retryLater();
    else this.#set({ name: "refused", cause: outcome.cause });
  }

  #retryLater(): void {
    this.#stop();
    this.#showTrying();
    if (!this.#parts.isVisible()) {
      this.#isWaitingForPage = true;
      return;
    }
    const pauseMs = retryPauseMs(this.#attempt, this.#parts.random());
    this.#timer = this.#parts.setTimer(() => this.#try(), pauseMs);
  }

  #showTrying(): void {
    const attempt = Math.max(1, this.#attempt);
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
    this.#round++;
    this.#isWaitingForPage = false;
    if (this.#timer !== undefined) this.#parts.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #set(state: ViewerState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
