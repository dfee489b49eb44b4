/** Tests of web/producer/device_class.ts. */

import t from "tap";
import {
  deviceClassOf,
  pictureBounds,
  processingPolicy,
} from "../../../../web/producer/device_class.ts";
import type { DeviceFacts } from "../../../../web/producer/device_class.ts";

const DESKTOP: DeviceFacts = { isTouch: false, screenSide: 1080 };
const PHONE: DeviceFacts = { isTouch: true, screenSide: 390 };
const unplugged = (level: number) => ({ isCharging: false, level });

t.test("deviceClassOf tells machines by what they offer", (t) => {
  t.equal(deviceClassOf(DESKTOP), "desktop");
  t.equal(deviceClassOf({ ...DESKTOP, battery: { isCharging: true, level: 0.1 } }), "desktop");
  t.equal(deviceClassOf({ ...DESKTOP, battery: unplugged(1) }), "laptop_on_battery");
  t.equal(deviceClassOf(PHONE), "phone");
  t.equal(deviceClassOf({ isTouch: true, screenSide: 1024 }), "desktop", "a tablet is no phone");
  t.end();
});

t.test("pictureBounds follows the choice, and a phone's limits above it", (t) => {
  t.same(pictureBounds(DESKTOP, "auto"), { width: 1920, height: 1080, fps: 30 });
  t.same(pictureBounds(DESKTOP, "1080p60"), { width: 1920, height: 1080, fps: 60 });
  const battery = unplugged(0.9);
  t.same(pictureBounds({ ...DESKTOP, battery }, "auto"), { width: 1280, height: 720, fps: 30 });
  t.same(pictureBounds(PHONE, "auto"), { width: 960, height: 540, fps: 24 });
  t.same(pictureBounds(PHONE, "1080p60"), { width: 1280, height: 720, fps: 30 });
  t.end();
});

t.test("processingPolicy gives a phone less time, and saves a battery that runs low", (t) => {
  const wish = { fps: 30, qualityMax: 1 };
  const desktop = processingPolicy(DESKTOP, wish);
  const phone = processingPolicy(PHONE, wish);
  t.ok(phone.budgetShare < desktop.budgetShare, "more frames are dropped");
  t.same(processingPolicy({ ...PHONE, battery: unplugged(0.5) }, wish), phone);
  t.match(processingPolicy({ ...PHONE, battery: unplugged(0.1) }, wish), {
    targetFps: 15,
    qualityMax: 0.6,
  });
  t.equal(processingPolicy(DESKTOP, { fps: 30, qualityMax: 0.5 }).qualityMax, 0.5);
  t.end();
});
