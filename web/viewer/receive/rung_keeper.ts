/**
 * RungKeeper: what a viewer knows of the ways to its host: which one was asked for and which worked
 * last. What looks after the way while it plays is loaded after the first picture.
 */

import type { DialOptions } from "../../transport/dial_host.ts";
import type { RungPlan } from "../../transport/diallers.ts";
import type { Attempt } from "./attempt.ts";
import type { Moving } from "./moving.ts";
import type { SessionMoves, WayParts } from "./session_moves.ts";

const BUNDLE = "moving.js";

type MovingModule = typeof import("./moving.ts");

/** Keeps the ways of one viewer. */
export class RungKeeper {
  plan: RungPlan = {};
  isVisible = true;
  readonly #parts: WayParts;
  #moving: Moving | undefined;
  #loading: Promise<void> | undefined;

  constructor(parts: WayParts) {
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

  /** True for a connection that is about to take the place of the one in use. */
  isNext(attempt: Attempt): boolean {
    return this.#moving?.moves.isNext(attempt) === true;
  }

  /** Sends what hands did, to where the page believes that it goes. */
  input(record?: Uint8Array<ArrayBuffer>, datagram?: Uint8Array<ArrayBuffer>): void {
    const link = this.#moving?.moves.inputLink ?? this.#parts.current()?.link;
    if (datagram !== undefined) link?.sendPointer(datagram);
    if (record !== undefined) link?.sendRecord(record);
  }

  /** A picture of a connection was drawn: that way works. */
  async works({ rung }: Attempt): Promise<void> {
    if (rung === undefined) return;
    try {
      this.#loading ??= this.#load();
      await this.#loading;
      this.#moving?.works(rung);
    } catch {
      // Tried again with the next connection; this one goes on without.
      this.#loading = undefined;
    }
  }

  async #load(): Promise<void> {
    const { Moving } = await import(new URL(BUNDLE, self.location.href).href) as MovingModule;
    this.#moving = new Moving({
      ...this.#parts,
      plan: () => this.plan,
      isVisible: () => this.isVisible,
    });
  }
}
