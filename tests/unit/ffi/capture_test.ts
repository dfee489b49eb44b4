/** What the native library tells about a machine: displays, back-ends, clock, freshness of its build. */

import t from "tap";
import { displayInfo, monotonicUs, nativeCandidates } from "../../../ffi/mod.ts";
import { buildNative } from "../../../ffi/build.ts";
import { encoderName } from "../../../ffi/mod.ts";
import { Xvfb } from "../../native/xvfb.ts";

await buildNative();

t.test("buildNative is quick and builds nothing when it is fresh", async (t) => {
  const before = performance.now();
  t.equal(await buildNative(), false);
  t.ok(performance.now() - before < 500, "without starting a compiler");
});

t.test("displayInfo describes a display and reports one that is not there", async (t) => {
  await using server = await Xvfb.start({ width: 802, height: 600 });
  t.match(await displayInfo(server.display), {
    width: 802,
    height: 600,
    depth: 24,
    hasShm: true,
    hasDamage: true,
    hasFixes: true,
    hasTest: true,
  });
  await t.rejects(displayInfo(":59999"), { name: "NativeError", message: /":59999"/ });
});

t.test("nativeCandidates lists every back-end in its order", async (t) => {
  const list = await nativeCandidates();
  const names = (kind: string) => list.filter((one) => one.kind === kind).map((one) => one.name);
  t.same(names("capture"), ["xvfb-framebuffer", "x11-shm", "pattern"]);
  t.same(names("convert"), ["libyuv", "portable"]);
  t.same(names("encode"), ["x264", "openh264"]);
  t.same(names("input"), ["xtest", "uinput"]);
  t.same(names("encode").map((_, index) => encoderName(index)), names("encode"), "same order");
  t.ok(list.every((one) => one.detail !== ""), "each with a version or a reason");
});

t.test("monotonicUs is the host's clock and goes forward", async (t) => {
  const first = monotonicUs();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const passedUs = monotonicUs() - first;
  t.ok(passedUs >= 19_000 && passedUs < 2_000_000, `${passedUs} us`);
  const uptime = Number((await Deno.readTextFile("/proc/uptime")).split(" ")[0]) * 1e6;
  t.ok(Math.abs(uptime - monotonicUs()) < 60e6, "counted from the start of the host");
});
