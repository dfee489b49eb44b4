/** Tests of src/server/rungs/host_moves.ts: only what is one's own is ended, and before the answer. */

import t from "tap";
import { HostMoves } from "../../../../src/server/rungs/host_moves.ts";
import type { FeatureSession } from "../../../../src/session/session_feature.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";

function setup() {
  const events: string[] = [];
  const session = (id: string, browserSessionId: string) => ({
    id,
    browserSessionId,
    end: (reason: string, _message: string, retry: boolean) => {
      events.push(`${id} ends with ${reason}${retry ? " and comes back" : ""}`);
    },
    send: (framed: Uint8Array) => {
      const message = parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES));
      events.push(`${id} hears ${message.type} ${"sessionId" in message ? message.sessionId : ""}`);
    },
  });
  const all = [session("old", "anna"), session("other", "ben"), session("new", "anna")];
  const moves = new HostMoves({ sessions: () => all });
  const feature = moves.makeSession(all[2] as unknown as FeatureSession);
  const takeOver = (sessionId: string) => feature.onMessage({ type: "take_over", sessionId }, 0);
  return { events, moves, takeOver, feature };
}

t.test("HostMoves ends the session that is followed before it says so", (t) => {
  const { events, moves, takeOver, feature } = setup();
  t.same(feature.messages, ["take_over"]);
  takeOver("old");
  t.same(events, ["old ends with quit", "new hears taken_over old"]);
  t.same(moves.report(), { sessions: 1 });
  t.end();
});

t.test("HostMoves ends nobody else's session, nor the one that asks, and says no more of it", (t) => {
  for (const id of ["other", "new", "gone"]) {
    const { events, moves, takeOver } = setup();
    takeOver(id);
    t.same(events, [`new hears taken_over ${id}`]);
    t.same(moves.report(), { sessions: 0 });
  }
  t.end();
});
