/**
 * Successor: a connection that is about to take the place of the one in use. Until its first frame can
 * be decoded, the old one's picture goes on; what the host says meanwhile is kept for then, within a
 * bound. It then is the connection in use, and no frame of the old one follows.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type { Attempt } from "./attempt.ts";
import type { FrameDecoder } from "./stream_player.ts";

/** Messages that a host says at the beginning, with room for what happens meanwhile. */
const MESSAGES_MAX = 512;
/** How long its picture may take: longer, and it is no better way. */
export const SUCCESSION_MS_MAX = 5000;

/** A connection on its way in. */
export class Successor {
  readonly attempt: Attempt;
  /** Nothing is to be expected of the connection before. */
  readonly isForGone: boolean;
  /** What the host said to it so far. */
  readonly messages: ServerMessage[] = [];
  readonly #settled = Promise.withResolvers<boolean>();
  readonly #timer: ReturnType<typeof setTimeout>;
  #isWelcome = false;
  #isSettled = false;

  /** `expired` is called when its picture takes too long. */
  constructor(attempt: Attempt, isForGone: boolean, expired: () => void) {
    this.attempt = attempt;
    this.isForGone = isForGone;
    this.#timer = setTimeout(expired, SUCCESSION_MS_MAX);
  }

  /** Resolves with true when it is in use, with false when it never will be. */
  get settled(): Promise<boolean> {
    return this.#settled.promise;
  }

  /** Keeps what the host says; false when it sends it away or says too much. */
  take(message: ServerMessage): boolean {
    if (message.type === "ended" || this.messages.length >= MESSAGES_MAX) return false;
    if (message.type === "welcome") this.#isWelcome = true;
    this.messages.push(message);
    return true;
  }

  /** It is in use from now on, or given up. */
  settle(isInUse: boolean): void {
    clearTimeout(this.#timer);
    this.#isSettled = true;
    this.#settled.resolve(isInUse);
  }

  /** The decoder as its player sees it; `begin` is called before its first frame. */
  decoder(decoder: FrameDecoder, begin: () => void): FrameDecoder {
    const isReady = () => this.#isSettled || this.#isWelcome;
    return {
      get isReady() {
        return decoder.isReady && isReady();
      },
      get depth() {
        return decoder.depth;
      },
      push: (record, referenceDistance, payload) => {
        if (!this.#isSettled) begin();
        return decoder.push(record, referenceDistance, payload);
      },
    };
  }
}
