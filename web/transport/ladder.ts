/**
 * Ladder: which way to a host is tried when. The first begins at once; each further one has to wait
 * for its head start, or until those before it have failed. The first that is ready wins; whatever else
 * gets ready is closed. It does no I/O and owns no clock; each rung is dialled once at most.
 */

import type { TransportKind } from "../../src/transport/connection.ts";

/** Ways to a host, best first. */
export const RUNGS = ["quic", "webrtc", "tcp"] as const satisfies readonly TransportKind[];
/** One of `RUNGS`. */
export type Rung = (typeof RUNGS)[number];

/**
 * How long the first rung may go on alone. A handshake over QUIC takes two round trips and some work on
 * a busy machine: this lets paths of up to 200 ms be quick without another one in the way, which would
 * start a process on the host.
 */
export const HEAD_START_US = 600_000;
/** How long each further one may: something is wrong already, and a person waits. */
export const NEXT_START_US = 300_000;

/** How a climb stands. */
export type LadderOutcome = "racing" | "won" | "failed" | "given_up";

/** The rungs in the order in which they begin: `first` before the others, which keep theirs. */
export function orderOf(rungs: readonly Rung[], first: Rung | undefined): Rung[] {
  const known = RUNGS.filter((rung) => rungs.includes(rung));
  if (first === undefined || !known.includes(first)) return known;
  return [first, ...known.filter((rung) => rung !== first)];
}

/** The rungs above one. */
export function rungsAbove(rung: Rung): readonly Rung[] {
  return RUNGS.slice(0, RUNGS.indexOf(rung));
}

/** One climb. */
export class Ladder {
  readonly #order: readonly Rung[];
  /** Dialled, and neither ready nor failed. */
  readonly #open = new Set<Rung>();
  #started = 0;
  /** When the next rung begins. */
  #nextUs: number;
  #outcome: LadderOutcome = "racing";
  #winner: Rung | undefined;

  /** Begins at `nowUs` with the first of `order`, which names each rung once at most. */
  constructor(order: readonly Rung[], nowUs: number) {
    this.#order = order;
    this.#nextUs = nowUs;
    if (order.length === 0) this.#outcome = "failed";
  }

  get outcome(): LadderOutcome {
    return this.#outcome;
  }

  /** The rung that is in use from now on. */
  get winner(): Rung | undefined {
    return this.#winner;
  }

  /** Rungs that were dialled, in their order. */
  get dialled(): readonly Rung[] {
    return this.#order.slice(0, this.#started);
  }

  /** When to call `pull` again; undefined when only a rung's end changes anything. */
  get deadlineUs(): number | undefined {
    const isWaiting = this.#outcome === "racing" && this.#started < this.#order.length;
    return isWaiting ? this.#nextUs : undefined;
  }

  /** The rung to dial now, if any. */
  pull(nowUs: number): Rung | undefined {
    const { deadlineUs } = this;
    if (deadlineUs === undefined || nowUs < deadlineUs) return undefined;
    const rung = this.#order[this.#started];
    if (rung === undefined) return undefined;
    this.#started++;
    this.#open.add(rung);
    this.#nextUs += this.#started === 1 ? HEAD_START_US : NEXT_START_US;
    return rung;
  }

  /** A rung that was dialled is ready: true when it is the one to use, false when it is to be closed. */
  ready(rung: Rung): boolean {
    if (!this.#open.delete(rung) || this.#outcome !== "racing") return false;
    this.#outcome = "won";
    this.#winner = rung;
    return true;
  }

  /** A rung that was dialled cannot be used: the next one need not wait any longer. */
  failed(rung: Rung, nowUs: number): void {
    if (!this.#open.delete(rung) || this.#outcome !== "racing" || this.#open.size > 0) return;
    if (this.#started === this.#order.length) this.#outcome = "failed";
    else this.#nextUs = nowUs;
  }

  /** Nobody wants a connection any more: what gets ready later is closed. */
  giveUp(): void {
    if (this.#outcome === "racing") this.#outcome = "given_up";
  }
}
