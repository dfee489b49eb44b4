/** Tests of web/transport/ladder.ts: one winner at most, bounded dials, head starts. */

import fc from "fast-check";
import t from "tap";
import {
  HEAD_START_US,
  Ladder,
  NEXT_START_US,
  orderOf,
  RUNGS,
  rungsAbove,
} from "../../../../web/transport/ladder.ts";
import type { Rung } from "../../../../web/transport/ladder.ts";

t.test("Ladder leaves a good network to the first rung alone", (t) => {
  const ladder = new Ladder(RUNGS, 1000);
  t.equal(ladder.pull(1000), "quic");
  t.equal(ladder.pull(1000), undefined);
  t.equal(ladder.deadlineUs, 1000 + HEAD_START_US);
  t.equal(ladder.pull(999 + HEAD_START_US), undefined, "not before its time");
  t.ok(ladder.ready("quic"));
  t.equal(ladder.winner, "quic");
  t.equal(ladder.deadlineUs, undefined);
  t.equal(ladder.pull(10 * HEAD_START_US), undefined, "nothing else is dialled");
  t.same(ladder.dialled, ["quic"]);
  t.end();
});

t.test("Ladder begins each rung a head start after the one before", (t) => {
  const ladder = new Ladder(RUNGS, 0);
  t.equal(ladder.pull(0), "quic");
  t.equal(ladder.pull(HEAD_START_US), "webrtc");
  t.equal(ladder.pull(HEAD_START_US), undefined);
  t.equal(ladder.deadlineUs, HEAD_START_US + NEXT_START_US);
  t.equal(ladder.pull(HEAD_START_US + NEXT_START_US), "tcp");
  t.ok(ladder.ready("tcp"));
  t.notOk(ladder.ready("quic"), "a loser that is ready later is to be closed");
  t.equal(ladder.winner, "tcp");
  t.end();
});

t.test("Ladder goes on at once when all that were dialled have failed", (t) => {
  const ladder = new Ladder(RUNGS, 0);
  ladder.pull(0);
  ladder.failed("quic", 20_000);
  t.equal(ladder.deadlineUs, 20_000);
  t.equal(ladder.pull(20_000), "webrtc");
  t.equal(ladder.pull(20_000), undefined, "only the next");
  t.equal(ladder.pull(20_000 + HEAD_START_US), "tcp");
  ladder.failed("tcp", 600_000);
  t.equal(ladder.outcome, "racing", "webrtc may still get ready");
  ladder.failed("webrtc", 700_000);
  t.equal(ladder.outcome, "failed");
  t.notOk(ladder.ready("quic"), "what has failed is not ready");
  t.end();
});

t.test("orderOf begins with what worked last and keeps the others in their order", (t) => {
  t.same(orderOf(["tcp", "quic", "webrtc"], undefined), RUNGS);
  t.same(orderOf(RUNGS, "tcp"), ["tcp", "quic", "webrtc"]);
  t.same(orderOf(["tcp", "webrtc"], "quic"), ["webrtc", "tcp"], "not offered: not remembered");
  t.same(new Ladder([], 0).outcome, "failed");
  t.same(rungsAbove("tcp"), ["quic", "webrtc"]);
  t.same(rungsAbove("quic"), []);
  t.end();
});

t.test("Ladder has one winner at most and dials nothing twice, whatever happens when", (t) => {
  const step = fc.record({
    waitUs: fc.integer({ min: 0, max: 2 * HEAD_START_US }),
    rung: fc.constantFrom<Rung>(...RUNGS),
    what: fc.constantFrom("ready", "failed", "nothing", "give_up"),
  });
  const property = fc.property(
    fc.shuffledSubarray([...RUNGS]),
    fc.array(step, { maxLength: 20 }),
    (order, steps) => {
      const ladder = new Ladder(order, 0);
      const dialled: Rung[] = [];
      const open = new Set<Rung>();
      let nowUs = 0;
      let winners = 0;
      for (const { waitUs, rung, what } of steps) {
        nowUs += waitUs;
        const wasRacing = ladder.outcome === "racing";
        for (let next = ladder.pull(nowUs); next !== undefined; next = ladder.pull(nowUs)) {
          if (!wasRacing) throw new Error(`${next} is dialled after the end`);
          dialled.push(next);
          open.add(next);
        }
        if (what === "ready") {
          const isWinner = ladder.ready(rung);
          if (isWinner && !open.has(rung)) throw new Error(`${rung} won without a dial`);
          if (isWinner) winners++;
          open.delete(rung);
        } else if (what === "failed") {
          ladder.failed(rung, nowUs);
          open.delete(rung);
        } else if (what === "give_up") ladder.giveUp();
        if (ladder.outcome === "failed" && open.size > 0) throw new Error("gave up too early");
        const isStuck = ladder.outcome === "racing" && open.size === 0 &&
          ladder.deadlineUs === undefined;
        if (isStuck) throw new Error("nothing goes on and nothing ends");
      }
      const isOnce = new Set(dialled).size === dialled.length;
      return winners <= 1 && isOnce && (winners === 1) === (ladder.outcome === "won");
    },
  );
  t.doesNotThrow(() => fc.assert(property, { numRuns: 2000 }));
  t.end();
});
