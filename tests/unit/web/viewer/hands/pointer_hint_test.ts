/** Tests of web/viewer/input/pointer_hint.ts, with a simulated clock. */

import t from "tap";
import { PointerHint } from "../../../../../web/viewer/input/pointer_hint.ts";

/** Moves every 16 ms; gives the times at which it told. */
function move(hint: PointerHint, fromMs: number, toMs: number, isTaken = true): number[] {
  const told = [];
  for (let ms = fromMs; ms < toMs; ms += 16) if (hint.moved(isTaken, ms)) told.push(ms);
  return told;
}

t.test("PointerHint tells of a program that wants the mouse, once in a while", (t) => {
  const hint = new PointerHint();
  t.same(move(hint, 0, 1200), []);
  t.same(move(hint, 1200, 5000), [1200]);
  t.same(move(hint, 5000, 100_000), []);
  t.equal(move(hint, 100_000, 200_000).length, 1);
  t.end();
});

t.test("PointerHint does not tell of editors, pauses and pointers that are there", (t) => {
  const hint = new PointerHint();
  t.same(move(hint, 0, 5000, false), []);
  for (let ms = 10_000; ms < 60_000; ms += 1000) {
    t.same([...move(hint, ms, ms + 100), ...move(hint, ms + 100, ms + 200, false)], []);
  }
  for (let ms = 70_000; ms < 90_000; ms += 1000) if (hint.moved(true, ms)) t.fail("a pause");
  t.end();
});
