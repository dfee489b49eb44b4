/** Tests of src/capture/video_source.ts, with a real X server. */

import t from "tap";
import { ProcessGroup } from "../../../bench/measure/process_group.ts";
import { startXScreen } from "../../../bench/measure/x_screen.ts";
import {
  PATTERN_HEIGHT,
  PATTERN_WIDTH,
  resolveVideoSource,
} from "../../../src/capture/video_source.ts";

const PATTERN = {
  source: "pattern" as const,
  display: "",
  width: 0,
  height: 0,
  framebufferShmId: -1,
};

t.test("resolveVideoSource gives the pattern any size, made even", async (t) => {
  t.strictSame(await resolveVideoSource(PATTERN), {
    source: { kind: "pattern" },
    width: PATTERN_WIDTH,
    height: PATTERN_HEIGHT,
    region: { width: PATTERN_WIDTH, height: PATTERN_HEIGHT },
  });
  const odd = await resolveVideoSource({ ...PATTERN, width: 641, height: 361 });
  t.match(odd, { width: 640, height: 360 });
  await t.rejects(resolveVideoSource({ ...PATTERN, width: 1 }), {
    name: "RangeError",
    message: `Cannot capture a picture of 1x${PATTERN_HEIGHT}`,
  });
  await t.rejects(resolveVideoSource({ ...PATTERN, height: 8193 }), { name: "RangeError" });
});

t.test("resolveVideoSource takes the size of the display and cuts to it", async (t) => {
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const content = { width: 800, height: 600, content: "still" as const, fps: 1, seed: 1 };
  const { display } = await startXScreen(group, content, signal);
  const request = { ...PATTERN, source: "x11" as const, display };
  t.strictSame(await resolveVideoSource(request), {
    source: { kind: "x11", display },
    width: 800,
    height: 600,
    region: { width: 0, height: 0 },
  }, "a whole screen is followed");
  const cut = await resolveVideoSource({ ...request, width: 640, height: 2000 });
  t.match(cut, { width: 640, height: 600, region: { width: 640, height: 600 } });
  const monitor = await resolveVideoSource({ ...request, monitor: "DP-1", width: 640 });
  t.match(monitor, { source: { monitor: "DP-1" }, region: { width: 0, height: 0 } });
  const shared = await resolveVideoSource({ ...request, framebufferShmId: 7 });
  t.match(shared.source, { kind: "x11", display, framebufferShmId: 7 });
});

t.test("resolveVideoSource says that a display does not answer", async (t) => {
  const request = { ...PATTERN, source: "x11" as const, display: ":9876" };
  await t.rejects(resolveVideoSource(request), { name: "NativeError" });
});
