import t from "tap";
import { ManualClock, monotonicClock } from "../../../src/core/clock.ts";

t.test("ManualClock moves only when it is told to", async (t) => {
  const clock = new ManualClock(1_000);
  t.equal(clock.nowUs(), 1_000);
  t.equal(clock.nowUs(), 1_000);
  clock.advance(250);
  t.equal(clock.nowUs(), 1_250);
  clock.advance(0);
  t.equal(clock.nowUs(), 1_250);
});

t.test("ManualClock keeps integer microseconds", async (t) => {
  const clock = new ManualClock();
  clock.advance(16_666.67);
  t.equal(clock.nowUs(), 16_667);
});

t.test("ManualClock refuses to go back and says by how much", async (t) => {
  const clock = new ManualClock();
  t.throws(() => clock.advance(-1), new RangeError("Cannot advance a clock by -1 us"));
  t.throws(() => clock.advance(NaN), new RangeError("Cannot advance a clock by NaN us"));
  t.equal(clock.nowUs(), 0);
});

t.test("monotonicClock gives integers that never go back", async (t) => {
  let before = monotonicClock.nowUs();
  let wentBack = 0;
  let fractions = 0;
  for (let round = 0; round < 10_000; round++) {
    const nowUs = monotonicClock.nowUs();
    if (nowUs < before) wentBack++;
    if (!Number.isSafeInteger(nowUs)) fractions++;
    before = nowUs;
  }
  t.equal(wentBack, 0);
  t.equal(fractions, 0);
});

t.test("monotonicClock advances with real time", async (t) => {
  const startUs = monotonicClock.nowUs();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const elapsedUs = monotonicClock.nowUs() - startUs;
  t.ok(elapsedUs >= 15_000, `20 ms were ${elapsedUs} us`);
});
