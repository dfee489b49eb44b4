/** Tests of web/producer/picture_plan.ts. */

import fc from "fast-check";
import t from "tap";
import { BITRATE_BPS_MIN, PicturePlan } from "../../../../web/producer/picture_plan.ts";
import type { PictureConditions } from "../../../../web/producer/picture_plan.ts";

const GOOD: PictureConditions = {
  ...{ sourceWidth: 1920, sourceHeight: 1080, fps: 30 },
  ...{ longSideMax: 1920, shortSideMax: 1080, bitrateBpsMax: 20e6 },
  ...{ wishedScale: 1, pathBps: 20e6, quality: 1 },
};

t.test("PicturePlan takes the captured picture as it is where all allow it", (t) => {
  const { width, height, fps, bitrateBps } = new PicturePlan().next(GOOD, 0);
  t.same({ width, height, fps }, { width: 1920, height: 1080, fps: 30 });
  t.ok(bitrateBps > 4e6 && bitrateBps < 10e6, `${bitrateBps} bit/s: no more than a clear picture`);
  t.end();
});

t.test("PicturePlan scales sides and bitrate by the quality", (t) => {
  const full = new PicturePlan().next(GOOD, 0);
  const less = new PicturePlan().next({ ...GOOD, quality: 0.5 }, 0);
  t.match(less, { width: 960, height: 540 });
  t.equal(less.bitrateBps, full.bitrateBps / 2);
  t.end();
});

t.test("PicturePlan keeps the shape within limits, either way round", (t) => {
  const tall = { ...GOOD, sourceWidth: 1440, sourceHeight: 2560, longSideMax: 1280 };
  t.match(new PicturePlan().next(tall, 0), { width: 720, height: 1280 });
  t.match(new PicturePlan().next({ ...GOOD, wishedScale: 0.5 }, 0), { width: 960, height: 540 });
  t.end();
});

t.test("PicturePlan makes the picture smaller on a narrow path, and larger again late", (t) => {
  const plan = new PicturePlan();
  const narrow = { ...GOOD, pathBps: 600_000 };
  const widths: number[] = [];
  for (let s = 0; s < 20; s++) widths.push(plan.next(narrow, s * 1e6).width);
  t.equal(widths[0], 1440, "one step at once");
  t.equal(widths[2], 1440, "which gets time");
  t.equal(widths.at(-1), 960, "and no further than needed");
  t.ok(plan.next(narrow, 21e6).bitrateBps <= 600_000);
  for (let s = 30; s < 50; s++) plan.next({ ...GOOD, pathBps: 1_000_000 }, s * 1e6);
  t.equal(
    plan.next({ ...GOOD, pathBps: 1_000_000 }, 50e6).width,
    960,
    "a bit more changes nothing",
  );
  for (let s = 60; s < 80; s++) plan.next(GOOD, s * 1e6);
  t.equal(plan.next(GOOD, 80e6).width, 1920);
  t.end();
});

t.test("PicturePlan yields what an encoder takes, whatever the conditions", (t) => {
  const side = fc.integer({ min: 1, max: 8192 });
  const conditions = fc.record({
    ...{ sourceWidth: side, sourceHeight: side, fps: fc.integer({ min: 1, max: 240 }) },
    ...{ longSideMax: fc.integer({ min: 64, max: 8192 }) },
    ...{ shortSideMax: fc.integer({ min: 64, max: 8192 }) },
    ...{ bitrateBpsMax: fc.integer({ min: 0, max: 1e9 }), pathBps: fc.integer({ max: 1e9 }) },
    ...{ wishedScale: fc.double({ min: 0, max: 1, noNaN: true }) },
    quality: fc.double({ min: 0.3, max: 1, noNaN: true }),
  });
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(conditions, { maxLength: 20 }), (all) => {
      const plan = new PicturePlan();
      for (const [index, one] of all.entries()) {
        const { width, height, bitrateBps } = plan.next(one, index * 4e6);
        const isEven = width % 2 === 0 && height % 2 === 0 && width >= 32 && height >= 32;
        if (!isEven) throw new Error(`${width} x ${height}`);
        if (bitrateBps < BITRATE_BPS_MIN || !Number.isInteger(bitrateBps)) throw new Error("rate");
      }
    }))
  );
  t.end();
});
