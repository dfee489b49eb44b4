/** Tests of web/viewer/monitors/monitor_map.ts: layouts, and any layout that a host may send. */

import fc from "fast-check";
import t from "tap";
import type { ScreenDescription } from "../../../../../src/wire/monitor_messages.ts";
import {
  describeMonitor,
  mapScreen,
  screenOf,
  streamsBeside,
} from "../../../../../web/viewer/monitors/monitor_map.ts";

const NOTHING = { isResizable: false, maxWidth: 0, maxHeight: 0 };

function screen(
  streamId: number,
  [width, height]: readonly [number, number],
  monitors: readonly (readonly [number, number, number, number, number?])[],
): ScreenDescription {
  return {
    ...{ streamId, width, height, ...NOTHING },
    monitors: monitors.map(([x, y, w, h, own], index) => ({
      ...{ name: `DP-${index}`, x, y, width: w, height: h },
      ...{ isPrimary: index === 0, refreshMilliHz: 59_950 },
      ...own === undefined ? {} : { streamId: own },
    })),
  };
}

t.test("mapScreen draws monitors where they are", (t) => {
  const map = mapScreen(screen(0, [3000, 2000], [[0, 0, 2000, 1000], [2000, 500, 1000, 1500, 4]]));
  t.equal(map.aspect, 1.5);
  t.match(map.tiles, [
    { left: 0, top: 0, width: 200 / 3, height: 50, name: "DP-0", isPrimary: true },
    { left: 200 / 3, top: 25, width: 100 / 3, height: 75, name: "DP-1", streamId: 4 },
  ]);
  t.equal(map.tiles[0]?.details, "2000 × 1000, 60 Hz");
  const whole = mapScreen(screen(0, [3000, 1000], [[0, 0, 3000, 1000], [0, 0, 1500, 1000, 2]]));
  t.same(whole.tiles.map(({ name }) => name), ["DP-1"], "what is all of it hides no part");
  t.equal(mapScreen(screen(0, [300, 100], [[0, 0, 300, 100]])).tiles.length, 1);
  t.equal(describeMonitor({ width: 1, height: 2, refreshMilliHz: 0 }), "1 × 2", "no rate is told");
  t.end();
});

t.test("mapScreen keeps whatever a host says inside of its drawing", (t) => {
  const place = fc.integer({ min: -32_768, max: 32_767 });
  const side = fc.integer({ min: 0, max: 32_767 });
  const size = fc.integer({ min: 0, max: 8192 });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        ...[size, size] as const,
        fc.array(fc.tuple(place, place, side, side), { maxLength: 16 }),
        (width, height, monitors) => {
          const { aspect, tiles } = mapScreen(screen(0, [width, height], monitors));
          const isInside = tiles.every((tile) => {
            return tile.left >= 0 && tile.top >= 0 && tile.width > 0 && tile.height > 0 &&
              tile.left + tile.width < 100.001 && tile.top + tile.height < 100.001;
          });
          return Number.isFinite(aspect) && aspect > 0 && isInside;
        },
      ),
    )
  );
  t.end();
});

t.test("streamsBeside shows no pixel twice", (t) => {
  const screens = [
    screen(0, [200, 100], [[0, 0, 100, 100, 2], [100, 0, 100, 100, 3]]),
    screen(1, [100, 100], [[0, 0, 100, 100]]),
  ];
  const streams = ["Real", "Virtual", "Left", "Right"].map((name, id) => ({ id, name }));
  const beside = (streamId: number | undefined) =>
    streamsBeside(streams, screens, streamId).map(({ name }) => name);
  t.same(beside(0), ["Virtual"], "whole displays");
  t.same(beside(1), ["Real"]);
  t.same(beside(2), ["Virtual", "Right"], "a monitor, and what is not of its screen");
  t.same(beside(3), ["Virtual", "Left"]);
  t.same(streamsBeside(streams, [], 0).length, 3, "a host that tells no screens");
  t.same(streamsBeside([], screens, 0), []);
  t.end();
});

t.test("screenOf finds the screen of a stream and of a monitor's stream", (t) => {
  const screens = [
    screen(0, [200, 100], [[0, 0, 100, 100, 2], [100, 0, 100, 100]]),
    screen(1, [100, 100], []),
  ];
  t.equal(screenOf(screens, 0), screens[0]);
  t.equal(screenOf(screens, 2), screens[0]);
  t.equal(screenOf(screens, 1), screens[1]);
  t.equal(screenOf(screens, 3), undefined);
  t.equal(screenOf(screens, undefined), undefined, "not one that has no stream of its own");
  t.end();
});
