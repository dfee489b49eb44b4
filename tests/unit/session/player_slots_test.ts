import fc from "fast-check";
import t from "tap";
import { PlayerSlots, RESERVE_US } from "../../../src/session/player_slots.ts";

const SECOND = 1_000_000;

t.test("PlayerSlots plugs pads into the first free slot, once", (t) => {
  const slots = new PlayerSlots();
  t.equal(slots.claim("ana", 0, 0), 0);
  t.equal(slots.claim("ben", 0, 0), 1);
  t.equal(slots.claim("ana", 1, 0), 2, "a second pad of the same person");
  t.equal(slots.claim("ana", 0, 0), 0, "the same pad again");
  t.equal(slots.claim("carl", 3, 0), 3);
  t.equal(slots.claim("dora", 0, 0), undefined, "full");
  t.ok(slots.releaseAll("ben"));
  t.equal(slots.claim("dora", 0, 0), 1);
  t.same(slots.taken.map(({ slot, personId, pad }) => `${slot} ${personId} ${pad}`), [
    "0 ana 0",
    "1 dora 0",
    "2 ana 1",
    "3 carl 3",
  ]);
  t.end();
});

t.test("a slot waits for the person who left, and no longer than it says", (t) => {
  const slots = new PlayerSlots();
  for (const id of ["ana", "ben"]) slots.claim(id, 0, 0);
  t.ok(slots.leave("ana", SECOND));
  t.notOk(slots.leave("ana", 2 * SECOND), "once");
  t.equal(slots.find("ana", 0), undefined, "nothing plays there");
  t.equal(slots.deadlineUs, SECOND + RESERVE_US);
  t.equal(slots.claim("carl", 0, 2 * SECOND), 2, "it is not free");
  t.equal(slots.claim("ana", 0, 3 * SECOND), 0, "the same browser comes back");
  t.equal(slots.deadlineUs, undefined);
  slots.leave("ana", 4 * SECOND);
  t.equal(slots.claim("ana", 2, 5 * SECOND), 0, "with another pad, where it was");
  slots.leave("ana", 4 * SECOND);
  t.notOk(slots.advance(4 * SECOND + RESERVE_US - 1));
  t.ok(slots.advance(4 * SECOND + RESERVE_US));
  t.equal(slots.claim("dora", 0, 5 * SECOND + RESERVE_US), 0);
  t.end();
});

t.test("a pad that is unplugged keeps its place for a while, a right that ends does not", (t) => {
  const slots = new PlayerSlots();
  slots.claim("ana", 0, 0);
  slots.claim("ana", 1, 0);
  t.ok(slots.unplug("ana", 0, 0));
  t.notOk(slots.unplug("ana", 0, 0));
  t.equal(slots.claim("ana", 0, SECOND), 0);
  slots.unplug("ana", 1, SECOND);
  t.ok(slots.releaseAll("ana"));
  t.same(slots.taken, []);
  t.notOk(slots.releaseAll("ana"));
  t.end();
});

t.test("two slots change places", (t) => {
  const slots = new PlayerSlots();
  for (const id of ["ana", "ben"]) slots.claim(id, 0, 0);
  t.same(slots.move(0, 1), ["ben", "ana"].reverse());
  t.equal(slots.find("ana", 0), 1);
  t.same(slots.move(1, 3), ["ana"], "into a free one");
  t.equal(slots.find("ana", 0), 3);
  for (const [from, to] of [[0, 0], [0, 4], [-1, 0], [1.5, 0]] as const) {
    t.equal(slots.move(from, to), undefined, `${from} to ${to}`);
  }
  t.end();
});

t.test("slots are unique, whatever people do", (t) => {
  const action = fc.record({
    waitUs: fc.integer({ min: 0, max: 20 * SECOND }),
    kind: fc.constantFrom("claim", "releaseAll", "unplug", "leave", "move"),
    person: fc.constantFrom("a", "b", "c"),
    pad: fc.integer({ min: 0, max: 3 }),
    slot: fc.integer({ min: 0, max: 3 }),
    toSlot: fc.integer({ min: 0, max: 3 }),
  });
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      const slots = new PlayerSlots();
      let nowUs = 0;
      for (const { waitUs, kind, person, pad, slot, toSlot } of actions) {
        nowUs += waitUs;
        const free = 4 - slots.taken.length;
        if (kind === "claim") {
          const got = slots.claim(person, pad, nowUs);
          if (got === undefined && free > 0) throw new Error("A free slot was not given");
          if (got !== undefined && slots.find(person, pad) !== got) throw new Error("Not found");
        } else if (kind === "releaseAll") slots.releaseAll(person);
        else if (kind === "unplug") slots.unplug(person, pad, nowUs);
        else if (kind === "leave") slots.leave(person, nowUs);
        else slots.move(slot, toSlot);
        slots.advance(nowUs);
        const { taken } = slots;
        const there = taken.filter(({ reservedUntilUs }) => reservedUntilUs === undefined);
        const pads = there.map(({ personId, pad }) => `${personId} ${pad}`);
        if (new Set(pads).size !== pads.length) throw new Error(`A pad is twice: ${pads}`);
        if (new Set(taken.map(({ slot }) => slot)).size !== taken.length) throw new Error("Twice");
        if (taken.some(({ reservedUntilUs = Infinity }) => reservedUntilUs <= nowUs)) {
          throw new Error("Kept for too long");
        }
      }
    }))
  );
  t.end();
});
