/** Tests of src/congestion/stream_rate.ts. */

import fc from "fast-check";
import t from "tap";
import { BITS_PER_PIXEL_MIN, StreamRate } from "../../../src/congestion/stream_rate.ts";

const OPTIONS = { maxBitrateBps: 20e6, minBitrateBps: 3e5, fps: 60, pixels: 1280 * 720 };
const FLOOR_BPS = OPTIONS.pixels * 60 * BITS_PER_PIXEL_MIN;

function budget(videoBps: number, frameRateShare = 1) {
  return { videoBps, frameRateShare };
}

/** Decides each 100 ms for some seconds. */
function run(rate: StreamRate<string>, fromSeconds: number, seconds: number) {
  for (let tenth = 0; tenth <= seconds * 10; tenth++) rate.update(fromSeconds * 1e6 + tenth * 1e5);
  return rate.target;
}

t.test("StreamRate follows one viewer, and never gives it layers", (t) => {
  const rate = new StreamRate<string>(OPTIONS);
  const full = { bitrateBps: 20e6, fps: 60, scale: 1, temporalLayers: 1 };
  t.same(rate.target, full);
  t.same(rate.update(0), full, "without viewers nothing changes");
  rate.setViewer("one", budget(7e6));
  t.equal(rate.update(1e5).bitrateBps, 7e6);
  const target = rate.target;
  rate.setViewer("one", budget(7.05e6));
  t.equal(rate.update(2e5), target, "less than 2 % is no news");
  rate.setViewer("one", budget(1e3));
  t.same([rate.update(3e5).bitrateBps, rate.layersOf("one")], [3e5, "all"]);
  rate.setViewer("one", budget(1e9));
  t.equal(rate.update(4e5).bitrateBps, 20e6);
  t.end();
});

t.test("StreamRate follows the slowest viewer down to half of the fastest", (t) => {
  const rate = new StreamRate<string>(OPTIONS);
  rate.setViewer("fast", budget(16e6));
  rate.setViewer("slow", budget(10e6));
  t.equal(rate.update(0).bitrateBps, 10e6);
  t.same([rate.layersOf("fast"), rate.layersOf("slow")], ["all", "all"]);
  rate.setViewer("slow", budget(6e6));
  t.match(rate.update(1e5), { bitrateBps: 8e6, temporalLayers: 2 });
  t.same([rate.layersOf("fast"), rate.layersOf("slow")], ["all", "base"]);
  rate.setViewer("slow", budget(3e6));
  t.match(rate.update(2e5), { bitrateBps: 8e6, temporalLayers: 1 });
  t.same([rate.layersOf("slow"), rate.layersOf("stranger")], ["keyframes", "all"]);
  rate.removeViewer("fast");
  t.match(rate.update(3e5), { bitrateBps: 3e6, temporalLayers: 1 });
  t.equal(rate.layersOf("slow"), "all", "alone it gets all at once");
  t.end();
});

t.test("StreamRate gives a viewer more frames only after 12 s with room for them", (t) => {
  const rate = new StreamRate<string>(OPTIONS);
  rate.setViewer("fast", budget(16e6));
  rate.setViewer("slow", budget(6e6));
  run(rate, 0, 1);
  t.equal(rate.layersOf("slow"), "base");
  rate.setViewer("slow", budget(9e6));
  run(rate, 1, 11);
  t.equal(rate.layersOf("slow"), "base");
  rate.setViewer("slow", budget(6e6));
  run(rate, 12.2, 1);
  rate.setViewer("slow", budget(9e6));
  run(rate, 14, 11);
  t.equal(rate.layersOf("slow"), "base", "a bad moment begins the wait anew");
  run(rate, 25, 2);
  t.equal(rate.layersOf("slow"), "all");
  t.end();
});

t.test("StreamRate thins frames, then makes them smaller, and comes back slowly", (t) => {
  const rate = new StreamRate<string>(OPTIONS);
  rate.setViewer("one", budget(FLOOR_BPS * 0.9));
  t.match(run(rate, 0, 1), { fps: 60, scale: 1 }, "a moment is borne");
  t.match(run(rate, 1, 2), { fps: 45, scale: 1 });
  t.match(run(rate, 3, 60), { fps: 45, scale: 1 }, "enough for these");
  rate.setViewer("one", budget(FLOOR_BPS * 0.29));
  t.match(run(rate, 64, 20), { fps: 30, scale: 0.75 });
  rate.setPixels(1920 * 1080);
  t.match(run(rate, 90, 20), { fps: 30, scale: 0.5 });
  rate.setPixels(OPTIONS.pixels);
  rate.setViewer("one", budget(10e6));
  t.match(run(rate, 110.5, 11), { fps: 30, scale: 0.5 });
  t.match(run(rate, 122, 60), { fps: 60, scale: 1 });
  t.end();
});

t.test("StreamRate takes the frame rate of the viewer with the best path", (t) => {
  const rate = new StreamRate<string>(OPTIONS);
  rate.setViewer("one", budget(10e6, 0.5));
  t.equal(rate.update(0).fps, 30);
  rate.setViewer("two", budget(10e6, 0.75));
  t.equal(rate.update(1e5).fps, 45);
  t.end();
});

t.test("StreamRate keeps to its rule and its bounds for any budgets", (t) => {
  const viewer = fc.record({
    id: fc.constantFrom("a", "b", "c", "d"),
    videoBps: fc.integer({ min: 0, max: 1e8 }),
    frameRateShare: fc.double({ min: 0.1, max: 1, noNaN: true }),
    stays: fc.boolean(),
    elapsedUs: fc.integer({ min: 0, max: 5e6 }),
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(viewer, { maxLength: 50 }), (steps) => {
        const rate = new StreamRate<string>(OPTIONS);
        const budgets = new Map<string, number>();
        let nowUs = 0;
        for (const { id, stays, elapsedUs, ...given } of steps) {
          if (stays) rate.setViewer(id, given);
          else rate.removeViewer(id);
          if (stays) budgets.set(id, given.videoBps);
          else budgets.delete(id);
          nowUs += elapsedUs;
          const target = rate.update(nowUs);
          if (budgets.size === 0) continue;
          const all = [...budgets.values()];
          const least = Math.max(Math.min(...all), Math.max(...all) / 2);
          const ruled = Math.min(OPTIONS.maxBitrateBps, Math.max(OPTIONS.minBitrateBps, least));
          if (Math.abs(target.bitrateBps - ruled) > ruled * 0.021 + 1) return false;
          if (target.fps < 1 || target.fps > 60) return false;
          const hasBase = [...budgets.keys()].some((one) => rate.layersOf(one) === "base");
          if (hasBase !== (target.temporalLayers === 2)) return false;
          if (budgets.size === 1 && rate.layersOf([...budgets.keys()][0]!) !== "all") return false;
        }
        return true;
      }),
      { seed: 1 },
    )
  );
  t.end();
});
