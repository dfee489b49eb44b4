/** Tests of src/core/ring.ts. */

import t from "tap";
import { Ring } from "../../../src/core/ring.ts";

t.test("Ring keeps the newest entries in order and reports what it drops", (t) => {
  const ring = new Ring<number>(3);
  t.equal(ring.push(1), undefined);
  ring.push(2);
  ring.push(3);
  t.equal(ring.push(4), 1);
  t.equal(ring.dropped, 1);
  t.equal(ring.size, 3);
  t.equal(ring.at(0), 2);
  t.equal(ring.at(2), 4);
  t.equal(ring.at(3), undefined);
  t.same([ring.shift(), ring.shift(), ring.shift(), ring.shift()], [2, 3, 4, undefined]);
  t.end();
});

t.test("Ring holds undefined-free state after clear", (t) => {
  const ring = new Ring<string>(2);
  ring.push("a");
  ring.clear();
  t.equal(ring.size, 0);
  t.equal(ring.shift(), undefined);
  ring.push("b");
  t.equal(ring.at(0), "b");
  t.end();
});

t.test("Ring refuses a capacity that is no positive whole number", (t) => {
  for (const capacity of [0, -1, 1.5, NaN]) {
    t.throws(() => new Ring(capacity), { message: new RegExp(String(capacity)) });
  }
  t.end();
});
