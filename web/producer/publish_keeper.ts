/**
 * PublishKeeper: keeps one publication connected: asks for a ticket, dials, and after a loss does it
 * again with growing pauses until somebody stops it or the host refuses. It lives in the worker, whose
 * timers go on while the page is hidden.
 */

import { type AttemptParts, ConnectionAttempts } from "../shared/connection_attempts.ts";

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
export interface PublishKeeperParts extends AttemptParts {
  /** Ends what an earlier `connect` began. */
  readonly disconnect: () => void;
  readonly changed: (state: LinkState) => void;
}

const REFUSALS = {
  link: "This page needs the link of a session: open it from the viewer",
  origin: "The host does not answer to the address of this page",
} as const;

/** Moves a publication through its states. */
export class PublishKeeper {
  readonly #parts: PublishKeeperParts;
  #state: LinkState = { name: "off" };
  readonly #attempts: ConnectionAttempts;
  #wasLive = false;

  constructor(parts: PublishKeeperParts) {
    this.#parts = parts;
    this.#attempts = new ConnectionAttempts(parts, {
      trying: () => this.#showTrying(),
      unreachable: () => this.#retryLater(),
      refused: (cause) => this.#set({ name: "refused", message: REFUSALS[cause] }),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Begins, or begins again. */
  start(): void {
    this.#wasLive = false;
    this.#attempts.begin();
  }

  /** Somebody ends it, or nothing is there to publish any more. */
  stop(message = ""): void {
    this.#attempts.cancel();
    this.#parts.disconnect();
    this.#set(message === "" ? { name: "off" } : { name: "ended", message });
  }

  /** The host takes the pictures. */
  live(): void {
    if (!this.isActive) return;
    this.#wasLive = true;
    this.#attempts.good();
    this.#set({ name: "live" });
  }

  /** The connection is over. */
  ended(end: AttemptEnd): void {
    if (!this.isActive) return;
    this.#attempts.lost();
    if (end.retry) return this.#retryLater();
    this.#attempts.cancel();
    this.#parts.disconnect();
    this.#set({ name: end.isRefusal === true ? "refused" : "ended", message: end.message });
  }

  /** True while it is connected, or tries to be. */
  get isActive(): boolean {
    return ["connecting", "live", "reconnecting"].includes(this.#state.name);
  }

  #retryLater(): void {
    this.#attempts.cancel();
    this.#showTrying();
    this.#attempts.later();
  }

  #showTrying(): void {
    const name = this.#wasLive ? "reconnecting" : "connecting";
    this.#set({ name, attempt: this.#attempts.number });
  }

  #set(state: LinkState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#parts.changed(state);
  }
}
