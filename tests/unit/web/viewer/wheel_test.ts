/** Tests of web/viewer/input/wheel.ts. */

import t from "tap";
import { WheelMeter } from "../../../../web/viewer/input/wheel.ts";

t.test("WheelMeter makes 120 units of a notch, however the browser counts", (t) => {
  const notch = (motion: Partial<Parameters<WheelMeter["push"]>[0]>) =>
    new WheelMeter().push({ deltaX: 0, deltaY: 0, deltaMode: 0, ...motion });
  t.same(notch({ deltaY: 100, wheelDeltaY: -120 }), { x: 0, y: 120 });
  t.same(notch({ deltaY: 66.7, wheelDeltaY: -120 }), { x: 0, y: 120 }, "zoomed page");
  t.same(notch({ deltaY: -100 }), { x: 0, y: -120 });
  t.same(notch({ deltaY: 3, deltaMode: 1 }), { x: 0, y: 120 });
  t.same(notch({ deltaY: -1, deltaMode: 2 }), { x: 0, y: -360 });
  t.same(notch({ deltaX: 100, wheelDeltaX: -120 }), { x: 120, y: 0 });
  t.end();
});

t.test("WheelMeter keeps what is less than a unit", (t) => {
  const meter = new WheelMeter();
  let sum = 0;
  for (let step = 0; step < 100; step++) {
    sum += meter.push({ deltaX: 0, deltaY: 0.25, deltaMode: 0 }).y;
  }
  t.ok(Math.abs(sum - 30) <= 1, `${sum} units of 30`);
  t.end();
});
