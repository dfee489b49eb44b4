/**
 * RungMover: moves a session between the ways to its host while it runs: carries out what RungWatch
 * decides. A connection that it dials gets a ticket of its own from this browser's session; at most one
 * dial and one connection that waits are there at a time.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { SessionClient } from "../shared/session_client.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import { climb } from "./climb.ts";
import type { Climbed } from "./climb.ts";
import { diallersOf } from "./diallers.ts";
import type { HostWays, WantedWays } from "./diallers.ts";
import { orderOf, RUNGS, rungsAbove } from "./ladder.ts";
import type { Rung } from "./ladder.ts";
import { RungWatch, WATCH_INTERVAL_US } from "./rung_watch.ts";

/** The connection in use. */
export interface MovedSession {
  readonly rung: Rung;
  /** When the host was last heard. */
  readonly heardUs: number;
  readonly ways: HostWays;
  /** Asks the host for a sign of life. */
  ask(): void;
}

/** What a mover works with. */
export interface RungMoverParts extends Pick<WantedWays, "plan" | "webrtc"> {
  readonly clock: Clock;
  /** The connection in use; undefined while there is none. */
  session(): MovedSession | undefined;
  isVisible(): boolean;
  /**
   * Goes on over another connection; resolves with true when it is in use, false when nothing changed.
   * `isGone`: nothing is to be expected of the one before. Never rejects.
   */
  move(connection: Connection, info: ConnectInfo, isGone: boolean): Promise<boolean>;
  /** Another way is looked for because this one is silent, or no longer. */
  searching(isSearching: boolean): void;
}

/** Looks after the connection of a viewer. */
export class RungMover {
  readonly #parts: RungMoverParts;
  readonly #watch = new RungWatch();
  readonly #tickets = new SessionClient(undefined);
  readonly #timer: ReturnType<typeof setInterval>;
  #abort: AbortController | undefined;
  #standby: { readonly climbed: Climbed; readonly info: ConnectInfo } | undefined;
  #session: MovedSession | undefined;
  #isSearching = false;

  constructor(parts: RungMoverParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.look(), WATCH_INTERVAL_US / 1000);
  }

  /** Looks now; the interval calls it. */
  look(): void {
    const { clock, isVisible, plan } = this.#parts;
    const session = this.#parts.session();
    const nowUs = clock.nowUs();
    if (session !== this.#session) this.#begin(session, nowUs);
    if (session === undefined) return;
    const offered = Object.keys(diallersOf(session.ways, this.#parts)) as Rung[];
    const step = this.#watch.look({
      ...{ rung: session.rung, heardUs: session.heardUs, isVisible: isVisible() },
      hasOther: plan.force === undefined && offered.some((rung) => rung !== session.rung),
      hasBetter: plan.force === undefined &&
        offered.some((rung) => rungsAbove(session.rung).includes(rung)),
      ...{ isStandby: this.#standby !== undefined, isBusy: this.#abort !== undefined },
    }, nowUs);
    switch (step) {
      case "rest":
        return this.#setSearching(false);
      case "ask":
        return session.ask();
      case "standby":
        this.#setSearching(true);
        // Where UDP is gone, what needs none is the quickest to be there.
        return void this.#dial(RUNGS.filter((rung) => rung !== session.rung), session, "tcp");
      case "move":
        return void this.#move(true);
      case "drop":
        this.#drop();
        return this.#setSearching(false);
      case "better":
        return void this.#climb(session);
    }
  }

  /** Ends; a connection that waits is closed. */
  close(): void {
    clearInterval(this.#timer);
    this.#begin(undefined, 0);
  }

  #begin(session: MovedSession | undefined, nowUs: number): void {
    this.#session = session;
    this.#abort?.abort();
    this.#abort = undefined;
    this.#drop();
    this.#setSearching(false);
    if (session !== undefined) this.#watch.begin(session.rung, nowUs);
  }

  async #climb(session: MovedSession): Promise<void> {
    await this.#dial(rungsAbove(session.rung), session);
    if (this.#standby !== undefined && session === this.#session) await this.#move(false);
  }

  /** Dials some of the rungs and fetches a ticket; both are kept when both are there. */
  async #dial(rungs: readonly Rung[], session: MovedSession, first?: Rung): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const { clock } = this.#parts;
    const diallers = diallersOf(session.ways, { ...this.#parts, rungs });
    try {
      const climbed = await climb({
        order: orderOf(Object.keys(diallers) as Rung[], first),
        ...{ diallers, clock, signal: abort.signal },
      });
      const outcome = await this.#tickets.open();
      if (outcome.kind !== "ready" || abort !== this.#abort) {
        return climbed.connection.close(0, "Not needed");
      }
      this.#standby = { climbed, info: outcome.info };
    } catch {
      // No other way either; the watch tries again.
    } finally {
      if (abort === this.#abort) this.#abort = undefined;
    }
  }

  async #move(isGone: boolean): Promise<void> {
    const standby = this.#standby;
    if (standby === undefined) return;
    const abort = new AbortController();
    this.#standby = undefined;
    this.#abort = abort;
    await this.#parts.move(standby.climbed.connection, standby.info, isGone);
    if (abort === this.#abort) this.#abort = undefined;
  }

  #drop(): void {
    this.#standby?.climbed.connection.close(0, "Not needed");
    this.#standby = undefined;
  }

  #setSearching(isSearching: boolean): void {
    if (isSearching === this.#isSearching) return;
    this.#isSearching = isSearching;
    this.#parts.searching(isSearching);
  }
}
