/** Tests of src/congestion/windowed_minimum.ts. */

import fc from "fast-check";
import t from "tap";
import { WindowedMinimum } from "../../../src/congestion/windowed_minimum.ts";

const WINDOW_US = 1_000_000;
const PART_US = WINDOW_US / 20;

t.test("WindowedMinimum forgets a small value after its window", (t) => {
  const minimum = new WindowedMinimum(WINDOW_US);
  t.equal(minimum.value, undefined);
  minimum.push(10, 0);
  minimum.push(20, WINDOW_US - PART_US);
  t.equal(minimum.value, 10);
  minimum.push(30, WINDOW_US + PART_US);
  t.equal(minimum.value, 20);
  minimum.push(40, 10 * WINDOW_US);
  t.equal(minimum.value, 40, "after a long pause nothing old is left");
  minimum.clear();
  t.equal(minimum.value, undefined);
  t.throws(() => new WindowedMinimum(0), { message: "Cannot use a window of 0 us" });
  t.end();
});

t.test("WindowedMinimum is the minimum of its window, give or take one part", (t) => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: WINDOW_US }), fc.integer()), {
    minLength: 1,
    maxLength: 60,
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(steps, (pushes) => {
        const minimum = new WindowedMinimum(WINDOW_US);
        const all: { atUs: number; value: number }[] = [];
        let nowUs = 0;
        for (const [elapsedUs, value] of pushes) {
          nowUs += elapsedUs;
          minimum.push(value, nowUs);
          all.push({ atUs: nowUs, value });
          const since = (us: number) =>
            Math.min(...all.filter(({ atUs }) => atUs > us).map((one) => one.value));
          if (minimum.value! > since(nowUs - WINDOW_US + PART_US)) return false;
          if (minimum.value! < since(nowUs - WINDOW_US - PART_US)) return false;
        }
        return true;
      }),
      { seed: 1 },
    )
  );
  t.end();
});
