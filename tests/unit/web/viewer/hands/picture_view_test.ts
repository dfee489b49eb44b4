/** Tests of web/viewer/input/picture_view.ts. */

import fc from "fast-check";
import t from "tap";
import { PictureView } from "../../../../../web/viewer/input/picture_view.ts";

const BOX = { left: 0, top: 0, width: 390, height: 844 };
const PICTURE = { width: 1280, height: 720 };

function makeView(box = BOX) {
  const view = new PictureView();
  view.place(box, PICTURE);
  return view;
}

t.test("PictureView shows all of the picture until it is magnified", (t) => {
  const view = makeView();
  t.same(view.area, { left: 0, top: 312.3125, width: 390, height: 219.375 });
  t.equal(view.transform, "");
  view.panBy(50, 50);
  t.same(view.area, { left: 0, top: 312.3125, width: 390, height: 219.375 }, "nothing to move");
  t.end();
});

t.test("PictureView keeps what is under the fingers there", (t) => {
  const view = makeView();
  view.zoomBy(2, 100, 400);
  const { left, top, width, height } = view.area;
  t.same([width, height], [780, 438.75]);
  t.equal(left, -100, "100 of 390 is 200 of 780");
  t.equal(top, (844 - 438.75) / 2, "there is still room above and below");
  view.zoomBy(4, 100, 400);
  t.equal(view.zoom, 8);
  view.zoomBy(4, 100, 400);
  t.equal(view.zoom, 8, "no further");
  t.end();
});

t.test("PictureView's transform puts the picture where it says", (t) => {
  const view = makeView({ left: 20, top: 10, width: 844, height: 390 });
  view.zoomBy(3, 400, 200);
  view.panBy(-30, 17);
  const [, x = "0", y = "0", scale = "0"] = view.transform
    .match(/^translate\((.+)px, (.+)px\) scale\((.+)\)$/) ?? [];
  // The picture at rest in its box, from the box's corner.
  const left = (844 - 390 * 1280 / 720) / 2;
  const { area } = view;
  t.ok(Math.abs(20 + left * Number(scale) + Number(x) - area.left) < 0.01, `left ${area.left}`);
  t.ok(Math.abs(10 + Number(y) - area.top) < 0.01, `top ${area.top}`);
  t.end();
});

t.test("PictureView reveals a pointer at the edge and settles when hardly magnified", (t) => {
  const view = makeView();
  view.zoomBy(4, 195, 422);
  const before = view.area;
  t.same(view.reveal(200, 400, 48), { x: 0, y: 0 });
  const moved = view.reveal(385, 400, 48);
  t.same(moved, { x: -43, y: 0 });
  t.equal(view.area.left, before.left - 43);
  view.zoomBy(0.2525, 195, 422);
  view.settle();
  t.equal(view.zoom, 1);
  t.equal(view.transform, "");
  t.end();
});

t.test("PictureView keeps its magnification when a phone is turned", (t) => {
  const view = makeView();
  view.zoomBy(3, 195, 422);
  view.place({ left: 0, top: 0, width: 844, height: 390 }, PICTURE);
  t.equal(view.zoom, 3);
  t.ok(view.area.width > 844 && view.area.height > 390);
  t.end();
});

t.test("PictureView never leaves a gap that the picture could fill", (t) => {
  const amount = fc.double({ min: -500, max: 1500, noNaN: true });
  const step = fc.oneof(
    fc.record({ factor: fc.double({ min: 0.1, max: 8, noNaN: true }), x: amount, y: amount }),
    fc.record({ x: amount, y: amount }),
    fc.record({ turned: fc.boolean() }),
  );
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const view = makeView();
        let box = BOX;
        for (const one of steps) {
          if ("turned" in one) {
            box = one.turned ? { ...BOX, width: 844, height: 390 } : BOX;
            view.place(box, PICTURE);
          } else if ("factor" in one) view.zoomBy(one.factor, one.x, one.y);
          else view.panBy(one.x, one.y);
          const { left, top, width, height } = view.area;
          const isFilled = (start: number, extent: number, room: number) =>
            extent <= room + 1e-6
              ? Math.abs(start - (room - extent) / 2) < 1e-6
              : start <= 1e-6 && start + extent >= room - 1e-6;
          if (!isFilled(left, width, box.width)) throw new Error(`gap at ${left}, ${width} wide`);
          if (!isFilled(top, height, box.height)) throw new Error(`gap at ${top}, ${height} high`);
        }
      }),
      { numRuns: 400, seed: 7 },
    );
  });
  t.end();
});
