/**
 * climb: carries a Ladder out: dials its rungs when their time comes, gives back the first connection
 * that is ready and closes every other one, whenever it gets ready. One timer; nothing is left behind.
 */

import type { Clock } from "../../src/core/clock.ts";
import { TransportError } from "../../src/core/errors.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { Ladder } from "./ladder.ts";
import type { Rung } from "./ladder.ts";

/** Opens one connection over a rung. Rejects when that is not possible. */
export type Dialler = () => Promise<Connection>;

/** What to climb with. */
export interface ClimbOptions {
  /** The rungs in the order in which they begin; each has its dialler. */
  readonly order: readonly Rung[];
  readonly diallers: Readonly<Partial<Record<Rung, Dialler>>>;
  readonly clock: Clock;
  /** When the first rung was dialled, where its dialler only waits for that; default: now. */
  readonly startedUs?: number;
  /** Ends the climb; whatever gets ready later is closed. */
  readonly signal?: AbortSignal;
}

/** What came of a climb. */
export interface Climbed {
  readonly rung: Rung;
  readonly connection: Connection;
  /** Rungs that were dialled, in their order, and why those failed that did. */
  readonly dialled: readonly Rung[];
  readonly failures: ReadonlyMap<Rung, string>;
}

/** Climbs. Rejects with TransportError when no rung can be used. */
export function climb(options: ClimbOptions): Promise<Climbed> {
  const { order, diallers, clock, signal, startedUs = clock.nowUs() } = options;
  const ladder = new Ladder(order.filter((rung) => diallers[rung] !== undefined), startedUs);
  const failures = new Map<Rung, string>();
  const { promise, resolve, reject } = Promise.withResolvers<Climbed>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const settle = () => {
    if (ladder.outcome === "racing") return;
    clearTimeout(timer);
    signal?.removeEventListener("abort", abandon);
    if (ladder.outcome !== "won") reject(noWay(failures));
  };
  const abandon = () => {
    ladder.giveUp();
    settle();
  };
  const dial = async (rung: Rung) => {
    try {
      const connection = await diallers[rung]!();
      if (!ladder.ready(rung)) return connection.close(0, "Another way was faster");
      resolve({ rung, connection, dialled: ladder.dialled, failures });
    } catch (error) {
      failures.set(rung, error instanceof Error ? error.message : String(error));
      ladder.failed(rung, clock.nowUs());
      if (ladder.outcome === "racing") advance();
    }
    settle();
  };
  const advance = () => {
    clearTimeout(timer);
    const nowUs = clock.nowUs();
    for (let rung = ladder.pull(nowUs); rung !== undefined; rung = ladder.pull(nowUs)) {
      void dial(rung);
    }
    const { deadlineUs } = ladder;
    if (deadlineUs === undefined) return;
    timer = setTimeout(advance, Math.max(0, (deadlineUs - nowUs) / 1000));
  };

  signal?.addEventListener("abort", abandon);
  if (signal?.aborted === true) ladder.giveUp();
  else advance();
  settle();
  return promise;
}

function noWay(failures: ReadonlyMap<Rung, string>): TransportError {
  const tried = [...failures].map(([rung, message]) => `${rung}: ${message}`).join("; ");
  const message = `Cannot reach the host${tried === "" ? "" : ` (${tried})`}`;
  return new TransportError(message, { reason: failures.size === 0 ? "unavailable" : "refused" });
}
