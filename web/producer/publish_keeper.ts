/**
 * PublishKeeper: keeps one publication connected: asks for a ticket, dials, and after a loss does it
 * again with growing pauses until somebody stops it or the host refuses. It lives in the worker, whose
 * timers go on while the page is hidden. It owns one timer.
 */

import { retryPauseMs } from "../shared/retry_pause.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import type { SessionOutcome } from "../shared/session_client.ts";

/** A connection that held this long counts as good: the pauses start small again. */
const STABLE_MS = 5000;

/** How the publication is connected. */
export type LinkState =
  | { readonly name: "off" }
  | { readonly name: "connecting"; readonly attempt: number }
  /** The host takes pictures. */
  | { readonly name: "live" }
  | { readonly name: "reconnecting"; readonly attempt: number }
  /** It is over; `message` says why, in words for people. */
  | { readonly name: "ended"; readonly message: string }
  /** No session, or no right to publish. */
  | { readonly name: "refused"; readonly message: string };

/** What a connection attempt ends with. */
export interface AttemptEnd {
  readonly message: string;
  /** False: the host does not want it again. */
  readonly retry: boolean;
  /** The host refused it: it may not, or there is no room. */
  readonly isRefusal?: boolean;
}

/** What a keeper works with. */
export interface PublishKeeperParts {
  readonly open: () => Promise<SessionOutcome>;
  /** Dials and begins; `disconnect` ends what an earlier call began. */
  readonly connect: (info: ConnectInfo) => void;
  readonly disconnect: () => void;
  readonly changed: (state: LinkState) => void;
  readonly setTimer: (run: () => void, waitMs: number) => number;
  readonly clearTimer: (timer: number) => void;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

const REFUSALS = {
  link: "This page needs the link of a session: open it from the viewer",
  origin: "The host does not answer to the address of this page",
} as const;

/** Moves a publication through its states. */
export class PublishKeeper {
  readonly #parts: PublishKeeperParts;
  #state: LinkState = { name: "off" };
  #attempt = 0;
  #round = 0;
  #timer: number | undefined;
  #liveSinceMs: number | undefined;
  #wasLive = false;

  constructor(parts: PublishKeeperParts) {
    this.#parts = parts;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Begins, or begins again. */
  start(): void {
    this.#cancel();
    this.#attempt = 0;
    this.#wasLive = false;
    this.#try();
  }

  /** Somebody ends it, or nothing is there to publish any more. */
  stop(message = ""): void {
    this.#cancel();
    this.#parts.disconnect();
    this.#set(message === "" ? { name: "off" } : { name: "ended", message });
  }

  /** The host takes the pictures. */
  live(): void {
    if (!this.isActive) return;
    this.#wasLive = true;
    this.#liveSinceMs ??= this.#parts.nowMs();
    this.#set({ name: "live" });
  }

  /** The connection is over. */
  ended(end: AttemptEnd): void {
    if (!this.isActive) return;
    const sinceMs = this.#liveSinceMs;
    this.#liveSinceMs = undefined;
    if (sinceMs !== undefined && this.#parts.nowMs() - sinceMs >= STABLE_MS) this.#attempt = 0;
    if (end.retry) return this.#retryLater();
    this.#cancel();
    this.#parts.disconnect();
    this.#set({ name: end.isRefusal === true ? "refused" : "ended", message: end.message });
  }

  /** True while it is connected, or tries to be. */
  get isActive(): boolean {
    return ["connecting", "live", "reconnecting"].includes(this.#state.name);
  }

  async #try(): Promise<void> {
    this.#cancel();
    const round = this.#round;
    this.#attempt++;
    this.#showTrying();
    const outcome = await this.#parts.open();
    if (round !== this.#round) return;
    if (outcome.kind === "ready") this.#parts.connect(outcome.info);
    else if (outcome.kind === "unreachable") this.#retryLater();
    else this.#set({ name: "refused", message: REFUSALS[outcome.cause] });
  }

  #retryLater(): void {
    this.#cancel();
    this.#showTrying();
    const pauseMs = retryPauseMs(this.#attempt, this.#parts.random());
    this.#timer = this.#parts.setTimer(() => this.#try(), pauseMs);
  }

  #showTrying(): void {
    const attempt = Math.max(1, this.#attempt);
    this.#set({ name: this.#wasLive ? "reconnecting" : "connecting", attempt });
  }

  #cancel(): void {
    this.#round++;
    if (this.#timer !== undefined) this.#parts.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #set(state: LinkState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
