/** Tests of web/viewer/receive/session_moves.ts: one picture, one input, in the right order. */

import t from "tap";
import type { Connection } from "../../../../src/transport/connection.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import type { ConnectInfo } from "../../../../web/shared/connect_info.ts";
import type { Attempt } from "../../../../web/viewer/receive/attempt.ts";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { SessionMoves } from "../../../../web/viewer/receive/session_moves.ts";

const INFO = { ticket: "t", streamId: 0 } as unknown as ConnectInfo;
const RECORD = {} as FrameRecord;
const WELCOME = { type: "welcome", sessionId: "new" } as unknown as ServerMessage;

/** A viewer that has a session "old". */
class MovedViewer {
  readonly events: string[] = [];
  readonly moves: SessionMoves;
  current: Attempt;
  opened: Attempt | undefined;
  refuses = false;

  constructor(sessionId: string | undefined = "old") {
    this.current = this.attempt("old");
    if (sessionId !== undefined) this.current.sessionId = sessionId;
    this.moves = new SessionMoves({
      current: () => this.current,
      newAttempt: () => this.attempt("new"),
      open: (attempt, _connection, { stream, follows }) => {
        if (this.refuses) return Promise.reject(new Error("gone"));
        this.opened = attempt;
        this.events.push(`hello for ${stream} follows ${follows}`);
        return Promise.resolve();
      },
      adopt: (attempt, messages) => {
        this.current = attempt;
        this.events.push(`adopts with ${messages.map(({ type }) => type)}`);
      },
    });
  }

  attempt(name: string): Attempt {
    const say = (what: string) => void this.events.push(`${name} ${what}`);
    return {
      streamId: 3,
      clockOffset: { rttUsMin: 1000 },
      player: { close: () => say("player ends") },
      link: {
        close: (_code: number, reason: string) => say(`closes: ${reason}`),
        endInput: () => say("input ends"),
        send: (message: { type: string }) => say(`sends ${message.type}`),
      },
    } as unknown as Attempt;
  }

  /** A connection that is ready to be moved to. */
  move(isGone = false): Promise<boolean> {
    const connection = { close: () => this.events.push("refused") } as unknown as Connection;
    return this.moves.move(connection, INFO, isGone);
  }

  decoder() {
    const decoder = { isReady: true, depth: 2, push: () => this.events.push("frame") > 0 };
    return this.moves.decoderOf(this.opened!, decoder);
  }
}

t.test("SessionMoves changes at the first frame, after the welcome, and input after that", async (t) => {
  const viewer = new MovedViewer();
  const moved = viewer.move();
  await Promise.resolve();
  t.ok(viewer.moves.isNext(viewer.opened!));
  const decoder = viewer.decoder();
  t.equal(decoder.isReady, false, "frames wait for the welcome");
  t.equal(decoder.depth, 2);
  viewer.moves.take(WELCOME);
  t.equal(decoder.isReady, true);
  t.equal(viewer.moves.inputLink, undefined);
  decoder.push(RECORD, 0, new Uint8Array());
  t.equal(await moved, true);
  t.notOk(viewer.moves.isNext(viewer.opened!));
  t.ok(viewer.moves.inputLink, "the page still means the old one");
  decoder.push(RECORD, 1, new Uint8Array());
  await viewer.moves.inputMoved();
  t.equal(viewer.moves.inputLink, undefined);
  t.same(viewer.events, [
    ...["hello for 3 follows old", "old player ends", "adopts with welcome", "frame", "frame"],
    ...["old input ends", "new sends take_over"],
    "old closes: The session goes on over another connection",
  ]);
});

t.test("SessionMoves gives up what the host refuses, and what fails", async (t) => {
  const refused = new MovedViewer();
  const moved = refused.move();
  await Promise.resolve();
  refused.moves.take({ type: "ended" } as unknown as ServerMessage);
  t.equal(await moved, false);
  t.notOk(refused.moves.isNext(refused.opened!));
  t.same(refused.events.slice(1), ["new player ends", "new closes: Not needed"]);
  const failed = new MovedViewer();
  failed.refuses = true;
  t.equal(await failed.move(), false);
  t.ok(failed.events.includes("refused"), "its connection is closed");
  t.equal(failed.current, failed.current);
});

t.test("SessionMoves makes one move at a time, until the page knows of it", async (t) => {
  const viewer = new MovedViewer();
  const first = viewer.move();
  await Promise.resolve();
  const second = viewer.move();
  t.equal(await first, false, "the later one counts");
  await Promise.resolve();
  viewer.moves.take(WELCOME);
  viewer.decoder().push(RECORD, 0, new Uint8Array());
  t.equal(await second, true);
  t.equal(await viewer.move(), false);
  t.equal(viewer.events.at(-1), "refused");
  viewer.moves.close();
  t.equal(viewer.moves.inputLink, undefined);
});

t.test("SessionMoves frees input at once where there was no session to take over", async (t) => {
  const viewer = new MovedViewer(undefined);
  delete viewer.current.sessionId;
  const moved = viewer.move(true);
  await Promise.resolve();
  viewer.moves.take(WELCOME);
  viewer.decoder().push(RECORD, 0, new Uint8Array());
  await moved;
  viewer.current.inputFree = Promise.withResolvers<void>();
  await viewer.moves.inputMoved();
  await viewer.current.inputFree.promise;
  t.notOk(viewer.events.includes("new sends take_over"));
});
