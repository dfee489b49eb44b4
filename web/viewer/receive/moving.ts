/**
 * Moving: the bundle that looks after the way to the host once a picture is shown: it moves the session
 * when the way is gone or a better one is there, and says what people should know of it.
 */

import { RungMover } from "../../transport/rung_mover.ts";
import type { MovedSession } from "../../transport/rung_mover.ts";
import type { RungPlan } from "../../transport/diallers.ts";
import type { Rung } from "../../transport/ladder.ts";
import type { Attempt } from "./attempt.ts";
import { SessionMoves } from "./session_moves.ts";
import type { WayParts } from "./session_moves.ts";

const NAMES: Readonly<Record<Rung, string>> = { quic: "QUIC", webrtc: "WebRTC", tcp: "TCP" };

/** What it works with. */
export interface MovingParts extends WayParts {
  plan(): RungPlan;
  isVisible(): boolean;
}

/** What is said of a way that comes into use after `before`; undefined: nothing. */
export function transportNotice(
  rung: Rung,
  isBlocked: boolean,
  before: Rung | undefined,
): string | undefined {
  if (rung === before) return undefined;
  if (rung === "quic") return before === undefined ? undefined : "Connected over QUIC again";
  const why = isBlocked && rung === "tcp" ? ": this network blocks UDP" : "";
  return isBlocked || before !== undefined ? `Connected over ${NAMES[rung]}${why}` : undefined;
}

/** Looks after the way of one viewer. */
export class Moving {
  readonly moves: SessionMoves;
  readonly #parts: MovingParts;
  #attempt: Attempt | undefined;
  #session: MovedSession | undefined;
  #rung: Rung | undefined;

  constructor(parts: MovingParts) {
    this.#parts = parts;
    this.moves = new SessionMoves(parts);
    const { clock, post, webrtc, plan, isVisible } = parts;
    const force = plan().force;
    new RungMover({
      ...{ clock, isVisible, webrtc },
      // What worked last is of no interest any more.
      plan: force === undefined ? {} : { force },
      move: (connection, info, isGone) => this.moves.move(connection, info, isGone),
      session: () => this.#current(),
      searching: (isSearching) => {
        const notice = isSearching ? "The host is silent: looking for another way" : undefined;
        post({ type: "transport", rung: undefined, notice });
      },
    });
  }

  /** A picture came over this way. */
  works(rung: Rung): void {
    const hasQuic = this.#parts.plan().force === undefined && typeof WebTransport !== "undefined";
    const notice = transportNotice(rung, hasQuic && rung !== "quic", this.#rung);
    this.#rung = rung;
    this.#parts.post({ type: "transport", rung, notice });
  }

  /** The connection in use, the same object for as long as it is. */
  #current(): MovedSession | undefined {
    const attempt = this.#parts.current();
    const { link, rung, info } = attempt ?? {};
    if (attempt === this.#attempt && link !== undefined) return this.#session;
    this.#attempt = attempt;
    this.#session = link === undefined || rung === undefined || info === undefined ? undefined : {
      ...{ rung, ways: info },
      get heardUs() {
        return link.heardUs;
      },
      ask: () => link.probe(),
    };
    return this.#session;
  }
}
