/** Tests of web/viewer/ui/pointer_follow.ts, with a simulated clock. */

import t from "tap";
import { PointerFollow } from "../../../../web/viewer/ui/pointer_follow.ts";

const SIZE = { width: 1920, height: 1080 };
const at = (x: number, y = 1000) => ({ x, y });

t.test("PointerFollow knows its own hand, however late the host tells", (t) => {
  const follow = new PointerFollow();
  t.ok(follow.host(at(500), SIZE, 0), "nobody here has pointed yet");
  t.notOk(follow.own(at(520), 1000), "a hand that begins takes it along");
  for (let step = 1; step < 20; step++) follow.own(at(520 + 400 * step), 1000 + 16 * step);
  t.notOk(follow.host(at(520 + 400 * 3), SIZE, 1320), "a way that it went a moment ago");
  t.notOk(follow.host(at(520 + 400 * 19 + 60), SIZE, 1330), "two pixels are none");
  t.ok(follow.host(at(30_000), SIZE, 1340), "somebody else");
  t.notOk(follow.host(at(520 + 400 * 19), SIZE, 60_000), "where it rests counts for ever");
  t.end();
});

t.test("PointerFollow stays apart while a program holds the pointer and the hand goes on", (t) => {
  const follow = new PointerFollow();
  follow.own(at(1000), 0);
  let nowMs = 0;
  for (let step = 1; step <= 100; step++) {
    nowMs = 16 * step;
    follow.own(at(1000 + 300 * step), nowMs);
    follow.host(at(4000, 1000), SIZE, nowMs + 20);
  }
  t.ok(follow.isApart);
  t.ok(follow.own(at(40_000), nowMs + 30), "it does not flicker");
  t.notOk(follow.host(at(40_000), SIZE, nowMs + 60), "it is let go");
  t.end();
});

t.test("PointerFollow forgets what is too old, and all of it when asked", (t) => {
  const follow = new PointerFollow();
  for (let step = 0; step < 2000; step++) follow.own(at(step * 30), step);
  t.ok(follow.host(at(0), SIZE, 2000), "two seconds ago");
  follow.clear();
  t.notOk(follow.isApart);
  t.ok(follow.host(at(1999 * 30), SIZE, 2001));
  t.end();
});
