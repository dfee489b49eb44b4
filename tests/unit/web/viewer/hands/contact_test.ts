/** Tests of what touches the picture itself: pens, several fingers, and how motion is counted. */

import t from "tap";
import { penOf, touchOf } from "../../../../../src/wire/contact.ts";
import { parseTouchMotion } from "../../../../../src/wire/contact.ts";
import { parseInputEvent } from "../../../../../src/wire/input.ts";
import { InputSender } from "../../../../../web/viewer/input/input_sender.ts";
import { MotionMeter } from "../../../../../web/viewer/input/motion_meter.ts";
import { MultiTouch } from "../../../../../web/viewer/input/multi_touch.ts";
import { PenTracker } from "../../../../../web/viewer/input/pen.ts";
import type { PenEvent } from "../../../../../web/viewer/input/pen.ts";

const locate = (clientX: number, clientY: number) => ({ x: clientX * 10, y: clientY * 10 });

function setUp() {
  const said: string[] = [];
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) {
      const event = parseInputEvent(record);
      const { kind, down } = event;
      if (kind === "pen") {
        const { isNear, isEraser, buttons, x, y, pressure, tiltX, tiltY } = penOf(event);
        const flags = `${isNear ? "near" : "gone"}${isEraser ? " eraser" : ""} ${buttons}`;
        said.push(`pen ${down} ${flags} ${x},${y} ${pressure} ${tiltX},${tiltY}`);
      } else if (kind === "touch") {
        const { id, x, y, pressure } = touchOf(event);
        said.push(`touch ${id} ${down} ${x},${y} ${pressure}`);
      } else {
        said.push(`${kind} ${event.code}`);
      }
    }
    if (datagram !== undefined) {
      const { id, x, y } = parseTouchMotion(datagram);
      said.push(`move ${id} ${x},${y}`);
    }
  });
  sender.begin(0);
  return { sender, said };
}

function pen(type: string, values: Partial<PenEvent> = {}): PenEvent {
  return {
    ...{ type, clientX: 10, clientY: 20, buttons: 0, pressure: 0, tiltX: 0, tiltY: 0 },
    ...values,
  };
}

t.test("PenTracker sends every report of a stroke", (t) => {
  const { sender, said } = setUp();
  const tracker = new PenTracker(sender, locate);
  tracker.push(pen("pointermove"));
  tracker.push(pen("pointerdown", { buttons: 1, pressure: 0.5, tiltX: 30, tiltY: -45.4 }));
  const together = [1, 2, 3].map((step) =>
    pen("pointermove", { clientX: 10 + step, buttons: 1, pressure: 1 })
  );
  const moved = pen("pointermove", { clientX: 13, buttons: 1, pressure: 1 });
  t.equal(tracker.push({ ...moved, getCoalescedEvents: () => together }), 3);
  tracker.push(pen("pointerup", { clientX: 13 }));
  tracker.push(pen("pointerleave", { clientX: 13 }));
  t.same(said, [
    "pen false near 0 100,200 0 0,0",
    "pen true near 0 100,200 2048 30,-45",
    "pen true near 0 110,200 4095 0,0",
    "pen true near 0 120,200 4095 0,0",
    "pen true near 0 130,200 4095 0,0",
    "pen false near 0 130,200 0 0,0",
    "pen false gone 0 130,200 0 0,0",
  ]);
  said.length = 0;
  tracker.push(pen("pointerleave"));
  t.same(said, [], "a pen that is gone does not go");
  t.end();
});

t.test("PenTracker knows the eraser and the buttons at the side", (t) => {
  const { sender, said } = setUp();
  const tracker = new PenTracker(sender, locate);
  tracker.push(pen("pointerdown", { buttons: 32, pressure: 0.25 }));
  tracker.push(pen("pointermove", { buttons: 2 }));
  tracker.push(pen("pointermove", { buttons: 2, pressure: 0.1, tiltX: 95 }));
  tracker.push(pen("pointercancel", { buttons: 1, pressure: 1 }));
  t.same(said, [
    "pen true near eraser 0 100,200 1024 0,0",
    "pen false near 1 100,200 0 0,0",
    "pen true near 1 100,200 410 90,0",
    "pen false gone 0 100,200 0 0,0",
  ]);
  t.end();
});

const finger = (type: string, pointerId: number, clientX: number) => {
  return { type, pointerId, clientX, clientY: 5, pressure: 0.5 };
};

t.test("MultiTouch gives each finger one of ten numbers while it touches", (t) => {
  const { sender, said } = setUp();
  const touches = new MultiTouch(sender, locate);
  touches.push(finger("pointerdown", 71, 1));
  touches.push(finger("pointerdown", 72, 2));
  touches.push(finger("pointermove", 72, 3));
  touches.push(finger("pointerup", 71, 4));
  touches.push(finger("pointerdown", 73, 5));
  touches.push(finger("pointermove", 99, 5));
  touches.push(finger("pointercancel", 72, 3));
  t.same(said.splice(0), [
    "touch 0 true 10,50 2048",
    "touch 1 true 20,50 2048",
    "move 1 30,50",
    "touch 0 false 10,50 0",
    "touch 0 true 50,50 2048",
    "touch_cancel 1",
  ]);
  for (let id = 100; id < 120; id++) touches.push(finger("pointerdown", id, 1));
  t.equal(said.length, 9, "no more than ten");
  touches.cancel();
  t.equal(said.filter((one) => one.startsWith("touch_cancel")).length, 10);
  touches.cancel();
  t.equal(said.length, 19, "once");
  t.end();
});

t.test("MultiTouch says once more where fingers rest", async (t) => {
  const { sender, said } = setUp();
  const touches = new MultiTouch(sender, locate);
  touches.push(finger("pointerdown", 1, 1));
  touches.push(finger("pointermove", 1, 2));
  touches.push(finger("pointermove", 1, 3));
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 60);
  await promise;
  t.same(said.slice(1), ["move 0 20,50", "move 0 30,50", "touch 0 true 30,50 2048"]);
  touches.cancel();
});

t.test("MotionMeter counts what waits from the first event on", (t) => {
  const meter = new MotionMeter();
  meter.report(1, 100);
  meter.report(3, 101);
  meter.sent(102.5);
  meter.report(1, 110);
  meter.sent(130);
  meter.sent(140);
  t.same(meter.take(), { reports: 5, sent: 2, waitMsMax: 20, late: 1 });
  meter.report(1, 200);
  meter.drop();
  meter.sent(900);
  t.same(meter.take(), { reports: 1, sent: 0, waitMsMax: 0, late: 0 });
  t.end();
});
