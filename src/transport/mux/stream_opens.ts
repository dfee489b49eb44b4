/**
 * StreamOpens: how many streams of one way an end of a MuxConnection may open still, and the calls
 * that wait for the peer to allow one more, in order, each for a bounded time.
 */

import { TransportError } from "../../core/errors.ts";
import type { MuxLimits } from "./mux_limits.ts";

/** A call that waits. */
interface WaitingOpen {
  readonly resolve: () => void;
  readonly reject: (error: TransportError) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Places for streams. */
export class StreamOpens {
  readonly #max: number;
  readonly #limits: Pick<MuxLimits, "openTimeoutMs" | "pendingOpensMax">;
  readonly #waiting = new Set<WaitingOpen>();
  #free: number;

  /** Allows `max` open streams. */
  constructor(max: number, limits: Pick<MuxLimits, "openTimeoutMs" | "pendingOpensMax">) {
    this.#max = max;
    this.#free = max;
    this.#limits = limits;
  }

  /** Takes a place; false when there is none, or others wait already. */
  take(): boolean {
    if (this.#free === 0 || this.#waiting.size > 0) return false;
    this.#free--;
    return true;
  }

  /** Waits for a place and takes it. Rejects with TransportError. */
  wait(): Promise<void> {
    const { openTimeoutMs, pendingOpensMax } = this.#limits;
    if (this.#waiting.size >= pendingOpensMax) {
      const message = `Cannot open a stream: ${pendingOpensMax} calls wait already`;
      return Promise.reject(new TransportError(message, { reason: "unavailable" }));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        const message = `Cannot open a stream: peer allows none for ${openTimeoutMs} ms`;
        reject(new TransportError(message, { reason: "timeout" }));
      }, openTimeoutMs);
      const waiting: WaitingOpen = { resolve, reject, timer };
      this.#waiting.add(waiting);
    });
  }

  /** The peer allows `count` more; false when that would be more than it ever may. */
  grant(count: number): boolean {
    if (count === 0 || this.#free + count > this.#max) return false;
    this.#free += count;
    for (const waiting of this.#waiting) {
      if (this.#free === 0) break;
      this.#free--;
      this.#waiting.delete(waiting);
      clearTimeout(waiting.timer);
      waiting.resolve();
    }
    return true;
  }

  /** Ends every wait: the connection is closed. */
  close(): void {
    for (const { reject, timer } of this.#waiting) {
      clearTimeout(timer);
      const message = "Cannot open a stream: connection is closed";
      reject(new TransportError(message, { reason: "closed" }));
    }
    this.#waiting.clear();
  }
}
