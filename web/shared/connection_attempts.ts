/**
 * ConnectionAttempts: tries to reach a host, one try at a time, and again after a pause. Pauses double
 * up to a limit and vary, so that the viewers and publishers of one host do not come back all at
 * once. It owns one timer; the keepers of the pages say what a try means.
 */

import type { ConnectInfo } from "./connect_info.ts";
import type { SessionOutcome } from "./session_client.ts";

/** First pause before another try. */
export const RETRY_MS_MIN = 250;
/** Longest pause; it doubles up to here. */
export const RETRY_MS_MAX = 5000;
/** A connection that was good for this long begins anew: pauses start small again. */
const STABLE_MS = 5000;
/** Pauses vary by this share. */
const JITTER = 0.25;

/** The pause before the try after try `attempt`, which counts from 1; `random` is 0 to 1. */
export function retryPauseMs(attempt: number, random: number): number {
  const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.max(0, attempt - 1));
  return pauseMs * (1 + JITTER * (2 * random - 1));
}

/** What attempts work with. */
export interface AttemptParts {
  /** Asks the host's API. */
  readonly open: () => Promise<SessionOutcome>;
  /** Dials; replaces a connection that is open. */
  readonly connect: (info: ConnectInfo) => void;
  readonly setTimer: (run: () => void, waitMs: number) => number;
  readonly clearTimer: (timer: number) => void;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** What becomes of a try, unless it connects. */
export interface AttemptHandlers {
  trying(): void;
  unreachable(): void;
  refused(cause: Extract<SessionOutcome, { readonly kind: "refused" }>["cause"]): void;
}

/** The tries of one connection. */
export class ConnectionAttempts {
  readonly #parts: AttemptParts;
  readonly #handlers: AttemptHandlers;
  #count = 0;
  #round = 0;
  #timer: number | undefined;
  #goodSinceMs: number | undefined;

  constructor(parts: AttemptParts, handlers: AttemptHandlers) {
    this.#parts = parts;
    this.#handlers = handlers;
  }

  /** Number of this try, from 1. */
  get number(): number {
    return Math.max(1, this.#count);
  }

  /** Begins with the first try. */
  begin(): void {
    this.#count = 0;
    this.next();
  }

  /** Tries at once. Never rejects. */
  async next(): Promise<void> {
    this.cancel();
    const round = this.#round;
    this.#count++;
    this.#handlers.trying();
    const outcome = await this.#parts.open();
    if (round !== this.#round) return;
    if (outcome.kind === "ready") this.#parts.connect(outcome.info);
    else if (outcome.kind === "unreachable") this.#handlers.unreachable();
    else this.#handlers.refused(outcome.cause);
  }

  /** Tries after a pause. */
  later(): void {
    this.cancel();
    const pauseMs = retryPauseMs(this.#count, this.#parts.random());
    this.#timer = this.#parts.setTimer(() => this.next(), pauseMs);
  }

  /** Nothing comes of a try that is under way, or waits. */
  cancel(): void {
    this.#round++;
    if (this.#timer !== undefined) this.#parts.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** The connection does what it is for. */
  good(): void {
    this.#goodSinceMs ??= this.#parts.nowMs();
  }

  /** The connection is over. */
  lost(): void {
    const sinceMs = this.#goodSinceMs;
    this.#goodSinceMs = undefined;
    if (sinceMs !== undefined && this.#parts.nowMs() - sinceMs >= STABLE_MS) this.#count = 0;
  }
}
