/** Tests of web/transport/climb.ts: every loser is closed, whenever it gets ready. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { TransportError } from "../../../../src/core/errors.ts";
import type { Connection } from "../../../../src/transport/connection.ts";
import { climb } from "../../../../web/transport/climb.ts";
import { RUNGS } from "../../../../web/transport/ladder.ts";
import type { Rung } from "../../../../web/transport/ladder.ts";
import { seededRandom } from "../../../seeded.ts";

/** A rung whose dial a test ends by hand. */
class HandDial {
  readonly #result = Promise.withResolvers<Connection>();
  readonly #rung: Rung;
  dials = 0;
  closes = 0;
  isReady = false;

  constructor(rung: Rung) {
    this.#rung = rung;
    // Of those that are never dialled nobody hears.
    this.#result.promise.catch(() => {});
  }

  readonly dial = () => {
    this.dials++;
    return this.#result.promise;
  };

  ready(): void {
    this.isReady = true;
    const close = () => void this.closes++;
    this.#result.resolve({ transport: this.#rung, close } as unknown as Connection);
  }

  fail(): void {
    this.#result.reject(new TransportError(`no ${this.#rung}`, { reason: "refused" }));
  }
}

function hands(): Record<Rung, HandDial> {
  return { quic: new HandDial("quic"), webrtc: new HandDial("webrtc"), tcp: new HandDial("tcp") };
}

function diallersOf(dials: Record<Rung, HandDial>) {
  return { quic: dials.quic.dial, webrtc: dials.webrtc.dial, tcp: dials.tcp.dial };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

t.test("climb gives the first connection that is ready and closes the others", async (t) => {
  const dials = hands();
  const clock = new ManualClock();
  const climbing = climb({ order: RUNGS, diallers: diallersOf(dials), clock });
  t.equal(dials.quic.dials, 1);
  t.equal(dials.webrtc.dials, 0, "its head start runs");
  dials.quic.fail();
  await turn();
  t.equal(dials.webrtc.dials, 1, "a failure needs no head start");
  dials.webrtc.fail();
  await turn();
  dials.tcp.ready();
  const { rung, connection, dialled, failures } = await climbing;
  t.equal(rung, "tcp");
  t.equal(connection.transport, "tcp");
  t.same(dialled, RUNGS);
  t.same([...failures.keys()], ["quic", "webrtc"]);
  t.equal(dials.tcp.closes, 0);
});

t.test("climb says what failed, and that nothing is there to try", async (t) => {
  const dials = hands();
  const clock = new ManualClock();
  const climbing = climb({ order: ["quic", "tcp"], diallers: diallersOf(dials), clock });
  dials.quic.fail();
  dials.tcp.fail();
  await t.rejects(climbing, { message: /quic: no quic; tcp: no tcp/, reason: "refused" });
  await t.rejects(climb({ order: RUNGS, diallers: {}, clock }), {
    message: "Cannot reach the host",
    reason: "unavailable",
  });
});

t.test("climb that is given up closes what gets ready later", async (t) => {
  const dials = hands();
  const abort = new AbortController();
  const clock = new ManualClock();
  const diallers = diallersOf(dials);
  const climbing = climb({ order: RUNGS, diallers, clock, signal: abort.signal });
  const rejected = t.rejects(climbing, TransportError);
  abort.abort();
  await rejected;
  dials.quic.ready();
  await turn();
  t.equal(dials.quic.closes, 1);
  t.equal(dials.tcp.dials, 0);
  const late = climb({ order: RUNGS, diallers, clock, signal: abort.signal });
  await t.rejects(late, TransportError);
});

t.test("climb closes every loser, in whatever order rungs end", async (t) => {
  const random = seededRandom("climb");
  const wrong: string[] = [];
  for (let run = 0; run < 60; run++) {
    const dials = hands();
    const clock = new ManualClock();
    const order = [...RUNGS].sort(() => random.next() - 0.5);
    // The clock stands still and each failure is at once: all rungs are dialled one after the other.
    const climbing = climb({ order, diallers: diallersOf(dials), clock }).catch(() => undefined);
    for (const rung of [...RUNGS].sort(() => random.next() - 0.5)) {
      if (random.next() < 0.5) dials[rung].ready();
      else dials[rung].fail();
      if (random.next() < 0.5) await turn();
    }
    const climbed = await climbing;
    await turn();
    for (const rung of RUNGS) {
      const isWinner = climbed?.rung === rung;
      const { dials: dialled, closes, isReady } = dials[rung];
      const closesDue = dialled === 1 && isReady && !isWinner ? 1 : 0;
      if (dialled > 1 || closes !== closesDue) wrong.push(`${rung} of run ${run}`);
    }
    const isPossible = RUNGS.some((rung) => dials[rung].isReady);
    if ((climbed !== undefined) !== isPossible) wrong.push(`the end of run ${run}`);
  }
  t.same(wrong, []);
});
