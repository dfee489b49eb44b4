/**
 * RungKeeper: what a viewer knows of the ways to its host: which one was asked for and which worked
 * last. What looks after the way while it plays is loaded after the first picture.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { DialOptions } from "../../transport/dial_host.ts";
import type { RungPlan, WantedWays } from "../../transport/diallers.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { Attempt } from "./attempt.ts";
import type { Moving } from "./moving.ts";
import type { SessionMoves, SessionMovesParts } from "./session_moves.ts";

const BUNDLE = "moving.js";

type MovingModule = typeof import("./moving.ts");

/** What a keeper works with. */
export interface RungKeeperParts extends SessionMovesParts, Pick<WantedWays, "webrtc"> {
  readonly clock: Clock;
  post(message: WorkerMessage): void;
}

/** Keeps the ways of one viewer. */
export class RungKeeper {
  plan: RungPlan = {};
  isVisible = true;
  readonly #parts: RungKeeperParts;
  #moving: Moving | undefined;
  #isLoading = false;

  constructor(parts: RungKeeperParts) {
    this.#parts = parts;
  }

  /** How to dial. */
  get dialOptions(): DialOptions {
    const { clock, webrtc } = this.#parts;
    return { plan: this.plan, clock, webrtc };
  }

  /** Moves the session between connections, once that is loaded. */
  get moves(): SessionMoves | undefined {
    return this.#moving?.moves;
  }

  /** A picture of a connection was drawn: that way works. */
  async works({ rung }: Attempt): Promise<void> {
    if (rung === undefined) return;
    try {
      await this.#load();
      this.#moving?.works(rung);
    } catch {
      // Tried again with the next connection; this one goes on without.
    }
  }

  async #load(): Promise<void> {
    if (this.#moving !== undefined || this.#isLoading) return;
    this.#isLoading = true;
    try {
      const { Moving } = await import(new URL(BUNDLE, self.location.href).href) as MovingModule;
      this.#moving = new Moving({
        ...this.#parts,
        plan: () => this.plan,
        isVisible: () => this.isVisible,
      });
    } finally {
      this.#isLoading = false;
    }
  }
}
