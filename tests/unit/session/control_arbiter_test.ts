import fc from "fast-check";
import t from "tap";
import { ControlArbiter, IDLE_US, RETURN_US } from "../../../src/session/control_arbiter.ts";

const SECOND = 1_000_000;

/** People who are all there from the start, the first of them holding. */
function arbiterOf(...ids: string[]): ControlArbiter {
  const arbiter = new ControlArbiter("exclusive");
  for (const id of ids) arbiter.join(id, 0);
  return arbiter;
}

t.test("who is alone always has control", (t) => {
  const arbiter = new ControlArbiter("exclusive");
  t.notOk(arbiter.accepts("ana"), "who is not there has none");
  t.same(arbiter.join("ana", 0), { released: undefined });
  t.ok(arbiter.accepts("ana"));
  arbiter.advance(IDLE_US);
  t.ok(arbiter.view(IDLE_US).isIdle);
  t.ok(arbiter.accepts("ana"), "and rests as long as they like");
  t.same(arbiter.moved("ana", 2 * IDLE_US), { released: undefined });
  t.notOk(arbiter.view(2 * IDLE_US).isIdle);
  t.same(arbiter.leave("ana", 2 * IDLE_US), { released: "ana" });
  t.same(arbiter.view(0), { holder: undefined, askers: [], isIdle: false, idleUs: 0 });
  t.end();
});

t.test("the second waits until control is handed over", (t) => {
  const arbiter = arbiterOf("ana", "ben");
  t.notOk(arbiter.accepts("ben"));
  arbiter.moved("ana", SECOND);
  t.same(arbiter.request("ben", SECOND), { released: undefined });
  t.equal(arbiter.request("ben", SECOND), undefined, "once is enough");
  t.same(arbiter.view(SECOND).askers, ["ben"]);
  t.equal(arbiter.give("carl", undefined, SECOND), undefined, "nobody gives what is another's");
  t.equal(arbiter.give("ana", "carl", SECOND), undefined, "nor to who is not there");
  t.same(arbiter.give("ana", undefined, SECOND), { released: "ana" });
  t.equal(arbiter.holder, "ben");
  t.same(arbiter.view(SECOND).askers, []);
  t.equal(arbiter.give("ben", undefined, SECOND), undefined, "nobody waits");
  t.same(arbiter.give("ben", "ana", SECOND), { released: "ben" }, "to a person, asked or not");
  t.end();
});

t.test("who rests gives way to who asks, at once or when rest begins", (t) => {
  const resting = arbiterOf("ana", "ben");
  resting.advance(IDLE_US);
  t.same(resting.request("ben", IDLE_US + 1), { released: "ana" });
  const busy = arbiterOf("ana", "ben", "carl");
  busy.moved("ana", 5 * SECOND);
  busy.request("carl", 6 * SECOND);
  busy.request("ben", 7 * SECOND);
  t.equal(busy.deadlineUs, 15 * SECOND);
  t.equal(busy.advance(15 * SECOND - 1), undefined);
  t.same(busy.advance(15 * SECOND), { released: "ana" });
  t.equal(busy.holder, "carl", "first come first");
  t.same(busy.view(15 * SECOND).askers, ["ben"]);
  t.notOk(busy.view(15 * SECOND).isIdle, "with ten seconds of their own");
  t.end();
});

t.test("when the holder leaves, who waits follows, else who came first", (t) => {
  const asked = arbiterOf("ana", "ben", "carl");
  asked.request("carl", 0);
  t.same(asked.leave("ana", 1), { released: "ana" });
  t.equal(asked.holder, "carl");
  asked.join("ana", 2);
  t.equal(asked.holder, "carl", "what was asked for stays");
  const unasked = arbiterOf("ana", "ben", "carl");
  unasked.leave("ana", 0);
  t.equal(unasked.holder, "ben");
  t.same(unasked.join("ana", RETURN_US - 1), { released: "ben" }, "a reload costs nothing");
  unasked.leave("ana", 0);
  t.equal(unasked.request("ben", 1), undefined, "who has it now wants it");
  t.same(unasked.join("ana", 2), { released: undefined });
  t.equal(unasked.holder, "ben");
  const late = arbiterOf("ana", "ben");
  late.leave("ana", 0);
  late.join("ana", RETURN_US);
  t.equal(late.holder, "ben");
  t.same(late.leave("nobody", 0), undefined);
  t.end();
});

t.test("an admin takes, a person who waits stops waiting", (t) => {
  const arbiter = arbiterOf("ana", "ben", "eve");
  arbiter.request("ben", 0);
  arbiter.request("eve", 0);
  t.same(arbiter.give("ben", undefined, 0), { released: undefined });
  t.same(arbiter.view(0).askers, ["eve"]);
  t.same(arbiter.take("eve", 0), { released: "ana" });
  t.same(arbiter.view(0).askers, [], "who has it does not wait");
  t.equal(arbiter.take("eve", 0), undefined);
  t.equal(arbiter.take("nobody", 0), undefined);
  t.end();
});

t.test("shared control takes everybody's hands", (t) => {
  const arbiter = new ControlArbiter("shared");
  for (const id of ["ana", "ben"]) arbiter.join(id, 0);
  t.ok(arbiter.accepts("ana") && arbiter.accepts("ben"));
  t.notOk(arbiter.accepts("carl"));
  t.equal(arbiter.holder, undefined);
  t.equal(arbiter.request("ben", 0), undefined);
  t.equal(arbiter.take("ben", 0), undefined);
  t.equal(arbiter.deadlineUs, undefined);
  t.same(arbiter.leave("ana", 0), { released: undefined });
  t.notOk(arbiter.accepts("ana"));
  t.end();
});

const PEOPLE = ["a", "b", "c", "d"] as const;
const person = fc.constantFrom(...PEOPLE);
const action = fc.record({
  waitUs: fc.integer({ min: 0, max: 6 * SECOND }),
  kind: fc.constantFrom("join", "leave", "request", "give", "giveTo", "take", "input"),
  by: person,
  to: person,
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Does one thing; who was released, as the arbiter says. */
function act(arbiter: ControlArbiter, { kind, by, to }: Action, nowUs: number) {
  switch (kind) {
    case "join":
      return arbiter.join(by, nowUs);
    case "leave":
      return arbiter.leave(by, nowUs);
    case "request":
      return arbiter.request(by, nowUs);
    case "give":
      return arbiter.give(by, undefined, nowUs);
    case "giveTo":
      return arbiter.give(by, to, nowUs);
    case "take":
      return arbiter.take(by, nowUs);
    case "input":
      return arbiter.accepts(by) ? arbiter.moved(by, nowUs) : undefined;
  }
}

/** What must hold at any time. */
function check(arbiter: ControlArbiter, nowUs: number): void {
  const { holder, askers, isIdle } = arbiter.view(nowUs);
  const { members } = arbiter;
  const fail = (what: string) => {
    throw new Error(`${what}: holder ${holder}, askers ${askers}, members ${[...members]}`);
  };
  if ((holder === undefined) !== (members.size === 0)) fail("exactly one holds");
  if (holder !== undefined && !members.has(holder)) fail("who holds is there");
  if (askers.some((id) => !members.has(id))) fail("who waits is there");
  if (new Set(askers).size !== askers.length) fail("nobody waits twice");
  if (holder !== undefined && askers.includes(holder)) fail("who holds does not wait");
  if (isIdle && askers.length > 0) fail("nobody rests while another waits");
  if (PEOPLE.filter((id) => arbiter.accepts(id)).length > 1) fail("one pair of hands");
}

t.test("exactly one holds, whatever people do, and a change names who lost", (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const arbiter = new ControlArbiter("exclusive");
      let nowUs = 0;
      for (const next of actions) {
        nowUs += next.waitUs;
        for (const run of [() => arbiter.advance(nowUs), () => act(arbiter, next, nowUs)]) {
          const before = arbiter.holder;
          const change = run();
          const hasMoved = before !== arbiter.holder;
          if (hasMoved && change?.released !== before) throw new Error("Not told who lost it");
          if (!hasMoved && change?.released !== undefined) throw new Error("Nobody lost it");
          check(arbiter, nowUs);
        }
      }
    }))
  );
  t.end();
});

t.test("nobody starves: in their order all get it while holders rest at last", (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const arbiter = new ControlArbiter("exclusive");
      let nowUs = 0;
      for (const next of actions) {
        nowUs += next.waitUs;
        arbiter.advance(nowUs);
        const before = arbiter.view(nowUs).askers;
        act(arbiter, next, nowUs);
        const after = arbiter.view(nowUs).askers;
        const stayed = before.filter((id) => after.includes(id));
        // Who comes later never gets before who was there.
        if (after.slice(0, stayed.length).join() !== stayed.join()) throw new Error("Overtaken");
      }
      const waiting = arbiter.view(nowUs).askers;
      for (const id of waiting) {
        nowUs = Math.max(nowUs, arbiter.deadlineUs ?? nowUs);
        arbiter.advance(nowUs);
        if (arbiter.holder !== id) throw new Error(`${id} did not get it`);
      }
    }))
  );
  t.end();
});
