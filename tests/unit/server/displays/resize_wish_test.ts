/** Tests of src/server/displays/resize_wish.ts and of the size that a wish becomes. */

import fc from "fast-check";
import t from "tap";
import { PATIENCE_US, QUIET_US, ResizeWish } from "../../../../src/server/displays/resize_wish.ts";
import { fitScreen } from "../../../../src/server/displays/screen_control.ts";

t.test("ResizeWish gives the newest wish after it stood, once", (t) => {
  const wish = new ResizeWish<string>();
  t.equal(wish.deadline, undefined);
  t.equal(wish.pull(0), undefined);
  wish.push("a", 1000);
  wish.push("b", 2000);
  t.equal(wish.deadline, 2000 + QUIET_US);
  t.equal(wish.pull(1999 + QUIET_US), undefined, "too early");
  t.equal(wish.pull(2000 + QUIET_US), "b");
  t.equal(wish.pull(9e9), undefined, "once");
  t.equal(wish.deadline, undefined);
  t.end();
});

t.test("ResizeWish is carried out though wishes never end", (t) => {
  const wish = new ResizeWish<number>();
  const done: number[] = [];
  for (let nowUs = 0; nowUs < 10 * PATIENCE_US; nowUs += 10_000) {
    wish.push(nowUs, nowUs);
    const due = wish.pull(nowUs);
    if (due !== undefined) done.push(due);
  }
  t.equal(done.length, 9, "once a second");
  t.ok(done.every((at, index) => at - (done[index - 1] ?? at) <= PATIENCE_US + 20_000));
  t.end();
});

t.test("fitScreen keeps proportions, limits and even sides", (t) => {
  const max = { width: 2560, height: 1600 };
  const fit = (width: number, height: number) => fitScreen({ width, height }, max, 240);
  t.same(fit(1281, 721), { width: 1280, height: 720 });
  t.same(fit(5120, 2880), { width: 2560, height: 1440 }, "a large window, in its proportions");
  t.same(fit(1000, 3200), { width: 500, height: 1600 });
  t.same(fit(100, 100), { width: 240, height: 240 }, "nothing can be used below that");
  t.same(fit(8192, 1), { width: 2560, height: 240 });
  t.same(fitScreen({ width: 800, height: 600 }, { width: 201, height: 100 }, 240), {
    width: 200,
    height: 100,
  }, "a limit below that is one");
  const side = fc.integer({ min: 1, max: 8192 });
  t.doesNotThrow(() =>
    fc.assert(fc.property(side, side, (width, height) => {
      const size = fit(width, height);
      return size.width % 2 === 0 && size.height % 2 === 0 && size.width >= 240 &&
        size.height >= 240 && size.width <= max.width && size.height <= max.height;
    }))
  );
  t.end();
});
