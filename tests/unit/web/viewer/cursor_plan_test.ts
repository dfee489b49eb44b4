/** Tests of web/viewer/ui/cursor_plan.ts. */

import t from "tap";
import { cursorPlan, NATIVE_SIDE_MAX } from "../../../../web/viewer/ui/cursor_plan.ts";
import type { CursorImage, CursorSurroundings } from "../../../../web/viewer/ui/cursor_plan.ts";

const arrow = (values: Partial<CursorImage> = {}): CursorImage => ({
  ...{ visible: true, width: 24, height: 32, hotspotX: 3, hotspotY: 5 },
  ...{ rgba: new Uint8Array(24 * 32 * 4), ...values },
});
const around = (values: Partial<CursorSurroundings> = {}): CursorSurroundings => ({
  ...{ pictureScale: 1, pixelRatio: 1, isHiddenByUser: false, isApart: false, ...values },
});

t.test("cursorPlan takes the browser's cursor where that can be had", (t) => {
  t.same(cursorPlan(arrow(), around()), {
    ...{ kind: "native", pixelWidth: 24, pixelHeight: 32, pixelRatio: 1, hotspotX: 3, hotspotY: 5 },
  });
  t.match(cursorPlan(arrow(), around({ isApart: true })), { kind: "canvas" });
  t.same(cursorPlan(undefined, around()), { kind: "none" });
  t.end();
});

t.test("cursorPlan scales with the picture, in the display's pixels", (t) => {
  t.match(cursorPlan(arrow(), around({ pictureScale: 1.5, pixelRatio: 2 })), {
    ...{ kind: "native", pixelWidth: 72, pixelHeight: 96, hotspotX: 5, hotspotY: 8 },
  });
  const small = { pixelWidth: 12, pixelHeight: 16 };
  t.match(cursorPlan(arrow(), around({ pictureScale: 0.1 })), small, "not too small to see");
  t.match(cursorPlan(arrow(), around({ pictureScale: 9 })), { pixelWidth: 48 }, "nor huge");
  t.end();
});

t.test("cursorPlan follows with a canvas where the browser refuses the size", (t) => {
  const large = arrow({ width: NATIVE_SIDE_MAX, height: 64, hotspotX: 127, hotspotY: -4 });
  t.match(cursorPlan(large, around()), { kind: "native", hotspotX: 127, hotspotY: 0 });
  t.match(cursorPlan(large, around({ pictureScale: 1.1 })), {
    ...{ kind: "canvas", pixelWidth: 141, hotspotX: 140, hotspotY: -4 },
  });
  const shrunk = cursorPlan(arrow({ shrunk: 8 }), around());
  t.match(shrunk, { kind: "canvas", pixelWidth: 192, pixelHeight: 256, hotspotX: 24 });
  t.end();
});

t.test("cursorPlan hides what a program or a person hides", (t) => {
  const hidden = { kind: "hidden" };
  t.same(cursorPlan(arrow({ visible: false }), around()), hidden);
  t.same(cursorPlan(arrow({ rgba: new Uint8Array() }), around()), hidden);
  t.same(cursorPlan(arrow({ width: 0 }), around()), hidden);
  t.same(cursorPlan(arrow(), around({ isHiddenByUser: true })), hidden);
  t.end();
});
