/**
 * FaultGuard: the last net of the process. A promise that nobody caught, or an error thrown into the
 * event loop, is counted and logged as an error and does not end the sessions of everybody.
 */

import type { Logger } from "../../core/log.ts";

/** Faults that are logged one by one; more are only counted. */
const MAX_LOGGED = 100;

/** Counts what nobody caught. */
export class FaultGuard {
  readonly #log: Logger;
  #faults = 0;
  readonly #onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    this.#note("Unhandled rejection", event.reason);
  };
  readonly #onError = (event: ErrorEvent) => {
    event.preventDefault();
    this.#note("Uncaught error", event.error);
  };

  /** Guards this process from now on. */
  constructor(log: Logger) {
    this.#log = log;
    globalThis.addEventListener("unhandledrejection", this.#onRejection);
    globalThis.addEventListener("error", this.#onError);
  }

  /** Faults so far; each is a defect of this program. */
  get faults(): number {
    return this.#faults;
  }

  /** Guards no longer. */
  close(): void {
    globalThis.removeEventListener("unhandledrejection", this.#onRejection);
    globalThis.removeEventListener("error", this.#onError);
  }

  #note(what: string, error: unknown): void {
    this.#faults++;
    if (this.#faults > MAX_LOGGED) return;
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    this.#log.error(what, { message, faults: this.#faults });
  }
}
