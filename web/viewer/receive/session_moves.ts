/**
 * SessionMoves: carries a viewer's session from one connection to another without a gap in the picture
 * and without a lost end of a key: the new one takes over at its first frame; input goes to the old one
 * until the page says that it means the new one, which sends it when the host has let go of the rest.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { Connection } from "../../../src/transport/connection.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { ConnectInfo } from "../../shared/connect_info.ts";
import type { WantedWays } from "../../transport/diallers.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { Attempt } from "./attempt.ts";
import type { FrameDecoder } from "./stream_player.ts";
import { Successor } from "./successor.ts";
import type { ViewerLink } from "./viewer_link.ts";

/** Longest wait for records on their way over the old connection, beside one and a half round trips. */
const RECORDS_MS_MAX = 300;
const RECORDS_MS_MIN = 20;

/** What it asks of the worker. */
export interface SessionMovesParts {
  /** The connection in use. */
  current(): Attempt | undefined;
  newAttempt(info: ConnectInfo): Attempt;
  /** Says hello over a connection and asks for the picture. */
  open(
    attempt: Attempt,
    connection: Connection,
    hello: { readonly stream: string; readonly follows: string | undefined },
  ): Promise<void>;
  /** `attempt` is the one in use from now on; what the host said to it so far follows. */
  adopt(attempt: Attempt, messages: readonly ServerMessage[]): void;
}

/** What looks after the ways of a viewer works with. */
export interface WayParts extends SessionMovesParts, Pick<WantedWays, "webrtc"> {
  readonly clock: Clock;
  post(message: WorkerMessage): void;
}

/** Moves sessions. */
export class SessionMoves {
  readonly #parts: SessionMovesParts;
  #successor: Successor | undefined;
  /** Of the connection before, until the page knows that input goes to another one. */
  #leaving: ViewerLink | undefined;
  #before: { readonly sessionId: string | undefined; readonly graceMs: number } | undefined;

  constructor(parts: SessionMovesParts) {
    this.#parts = parts;
  }

  /** Goes on over `connection`; true when it is in use, false when nothing changed. Never rejects. */
  async move(connection: Connection, info: ConnectInfo, isGone: boolean): Promise<boolean> {
    const before = this.#parts.current();
    // One move after the other: the page has not said yet that it knows of the last one.
    if (before === undefined || this.#leaving !== undefined) {
      connection.close(0, "Superseded");
      return false;
    }
    this.drop();
    const { streamId, sessionId } = before;
    const attempt = this.#parts.newAttempt({ ...info, streamId });
    attempt.inputFree = Promise.withResolvers<void>();
    const successor = new Successor(attempt, isGone, () => this.drop());
    this.#successor = successor;
    try {
      const stream = String(streamId);
      await this.#parts.open(attempt, connection, { stream, follows: sessionId });
    } catch {
      if (this.#successor === successor) this.drop();
      connection.close(0, "Not needed");
    }
    return await successor.settled;
  }

  /** True for the connection that is on its way in. */
  isNext(attempt: Attempt): boolean {
    return attempt === this.#successor?.attempt;
  }

  /** Takes what the host says to the connection that is on its way in. */
  take(message: ServerMessage): void {
    if (this.#successor?.take(message) === false) this.drop();
  }

  /** The decoder as the player of a connection sees it. */
  decoderOf(attempt: Attempt, decoder: FrameDecoder): FrameDecoder {
    const successor = this.#successor;
    if (attempt !== successor?.attempt) return decoder;
    return successor.decoder(decoder, () => this.#succeed(successor));
  }

  /** Gives up the connection that is on its way in. */
  drop(): void {
    const successor = this.#successor;
    this.#successor = undefined;
    successor?.attempt.player?.close();
    successor?.attempt.link?.close(0, "Not needed");
    successor?.settle(false);
  }

  /** Where input goes while the page does not know of the connection in use yet. */
  get inputLink(): ViewerLink | undefined {
    return this.#leaving;
  }

  /** What the page sends from now on is for the connection in use. */
  async inputMoved(): Promise<void> {
    const leaving = this.#leaving;
    const before = this.#before;
    const attempt = this.#parts.current();
    this.#leaving = undefined;
    leaving?.endInput();
    if (before?.sessionId === undefined) attempt?.inputFree?.resolve();
    else {
      // The last records are to be read before the host ends the session that they are for.
      if (before.graceMs > 0) await new Promise((done) => setTimeout(done, before.graceMs));
      attempt?.link?.send({ type: "take_over", sessionId: before.sessionId });
    }
    leaving?.close(0, "The session goes on over another connection");
  }

  /** Everything ends. */
  close(): void {
    this.drop();
    this.#leaving?.close(0, "Superseded");
    this.#leaving = undefined;
  }

  #succeed(successor: Successor): void {
    const before = this.#parts.current();
    if (this.#successor !== successor || before === undefined) return;
    this.#successor = undefined;
    this.#leaving = before.link;
    const rttMs = (before.clockOffset.rttUsMin ?? 0) / 1000;
    const graceMs = Math.min(RECORDS_MS_MAX, RECORDS_MS_MIN + rttMs * 1.5);
    this.#before = { sessionId: before.sessionId, graceMs: successor.isForGone ? 0 : graceMs };
    before.player?.close();
    successor.settle(true);
    this.#parts.adopt(successor.attempt, successor.messages);
  }
}
