/**
 * Tests of src/server/displays/host_monitors.ts: which streams there are after which layouts, and what
 * becomes of wishes that are many, absurd or not to be had.
 */

import t from "tap";
import { monotonicClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { defaultConfig } from "../../../../src/server/config/config.ts";
import type { DisplaySources } from "../../../../src/server/displays/display_sources.ts";
import { HostMonitors } from "../../../../src/server/displays/host_monitors.ts";
import type { ScreenLayout } from "../../../../src/server/displays/screen_control.ts";
import type { HostFeatureContext } from "../../../../src/server/host_feature.ts";
import { StreamSet } from "../../../../src/server/streams/stream_set.ts";
import type { FeatureSession } from "../../../../src/session/session_feature.ts";
import { parseServerMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import { LENGTH_PREFIX_BYTES } from "../../../../src/wire/framing.ts";

type Size = { readonly width: number; readonly height: number };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const messageOf = (framed: Uint8Array) => parseServerMessage(framed.subarray(LENGTH_PREFIX_BYTES));

/** A host with a real display and a virtual one. */
class Bench {
  readonly said: ServerMessage[] = [];
  readonly heard: ServerMessage[] = [];
  readonly resized: (Size & { dpi: number })[] = [];
  readonly shown = new Map<number, string>();
  readonly restarts: number[] = [];
  readonly layouts = new Map<number, ScreenLayout>();
  refusal = "";
  readonly screens = {
    onLayout: (_id: number, _layout: ScreenLayout): void => {},
    layout: (id: number) => this.layouts.get(id),
    isVirtual: (id: number) => id === 1,
    maxSize: (id: number) => id === 1 ? { width: 1600, height: 1000 } : undefined,
    showMonitor: (id: number, _screenId: number, name: string) => this.shown.set(id, name),
    resize: async (_id: number, size: Size, dpi: number) => {
      await pause(5);
      this.resized.push({ ...size, dpi });
      return { ...size, isDone: this.refusal === "", why: this.refusal };
    },
  };
  readonly streams = new StreamSet({
    ...{ names: ["Real", "Virtual"], bitrateBps: 1e6, fps: 60, controller: "trend" },
    ...{ keepWarmMs: 0, clock: monotonicClock, log: silentLogger },
    port: {
      start: (id) => this.restarts.push(id),
      ...{ stop() {}, requestKeyframe() {}, setRate() {}, invalidate() {}, sendInput() {} },
    },
    audience: { broadcast() {}, tell() {}, releaseInput() {} },
  });
  readonly monitors: HostMonitors;
  readonly session: ReturnType<HostMonitors["makeSession"]>;

  constructor(maxMonitors = 4) {
    const context: Partial<HostFeatureContext> = {
      config: defaultConfig({ maxMonitors }),
      ...{ log: silentLogger, clock: monotonicClock },
      streams: () => this.streams,
      screens: () => this.screens as unknown as DisplaySources,
      broadcast: (framed) => void this.said.push(messageOf(framed)),
    };
    this.monitors = new HostMonitors(context as HostFeatureContext);
    const session: Partial<FeatureSession> = {
      send: (framed) => void this.heard.push(messageOf(framed)),
    };
    this.session = this.monitors.makeSession(session as FeatureSession);
  }

  layOut(id: number, [width, height]: readonly [number, number], names: readonly string[]): void {
    const part = Math.floor(width / Math.max(1, names.length));
    const layout = {
      ...{ width, height },
      monitors: names.map((name, index) => ({
        ...{ name, x: index * part, y: 0, width: part, height },
        ...{ primary: index === 0, refreshMilliHz: 4e9 },
      })),
    };
    this.layouts.set(id, layout);
    this.screens.onLayout(id, layout);
  }

  want(streamId: number, width: number, height: number, scale = 1): void {
    const message = { type: "resize_display", streamId, width, height, scale } as const;
    this.session.onMessage(message, monotonicClock.nowUs());
  }

  get offered(): string[] {
    const list = this.streams.listMessage;
    return list.type === "stream_list" ? list.streams.map(({ id, name }) => `${id} ${name}`) : [];
  }
}

t.test("HostMonitors has a stream for each part of a real display, by its name", (t) => {
  const bench = new Bench();
  t.same(bench.monitors.greeting(), [], "nothing is known yet");
  bench.layOut(0, [1920, 1080], ["DP-1"]);
  t.same(bench.offered, ["0 Real", "1 Virtual"], "one monitor is the screen");
  bench.layOut(0, [3840, 1080], ["DP-1", "HDMI-1"]);
  t.same(bench.offered, ["0 Real", "1 Virtual", "2 Real DP-1", "3 Real HDMI-1"]);
  t.same([...bench.shown], [[2, "DP-1"], [3, "HDMI-1"]]);
  const [list, monitors] = bench.said.slice(-2);
  t.match(list, { type: "stream_list", streams: { length: 4 } });
  t.match(monitors, {
    type: "monitor_list",
    screens: [{
      ...{ streamId: 0, width: 3840, height: 1080, isResizable: false, maxWidth: 0 },
      monitors: [
        { name: "DP-1", x: 0, streamId: 2, refreshMilliHz: 10_000_000 },
        { name: "HDMI-1", x: 1920, streamId: 3 },
      ],
    }],
  });
  t.same(messageOf(bench.monitors.greeting()[0]!), monitors, "as a new viewer is told");

  bench.layOut(0, [3840, 1080], ["DP-1", "DP-2"]);
  t.same(
    bench.offered,
    ["0 Real", "1 Virtual", "2 Real DP-1", "4 Real DP-2"],
    "one goes, one comes",
  );
  bench.layOut(0, [3840, 1080], ["HDMI-1", "DP-1"]);
  t.same(bench.offered, ["0 Real", "1 Virtual", "2 Real DP-1", "3 Real HDMI-1"], "one comes back");
  bench.layOut(1, [1280, 720], ["a", "b"]);
  t.equal(bench.offered.length, 4, "a virtual screen is one");
  bench.monitors.close();
  t.end();
});

t.test("HostMonitors restarts what is watched when its monitor is back", (t) => {
  const bench = new Bench();
  bench.layOut(0, [2000, 1000], ["A", "B"]);
  bench.streams.get(3)!.warm();
  t.same(bench.restarts, [3]);
  bench.layOut(0, [1000, 1000], ["A"]);
  t.same(bench.restarts, [3]);
  bench.layOut(0, [2000, 1000], ["A", "B"]);
  t.same(bench.restarts, [3, 3], "at once, and only that one");
  bench.streams.close();
  t.end();
});

t.test("HostMonitors has no more streams than it may, whatever is plugged in", (t) => {
  const none = new Bench(0);
  none.layOut(0, [2000, 1000], ["A", "B"]);
  t.same(none.offered, ["0 Real", "1 Virtual"]);
  const bench = new Bench(12);
  for (let turn = 0; turn < 40; turn++) bench.layOut(0, [2000, 1000], [`A${turn}`, `B${turn}`]);
  t.equal(bench.streams.all.length, 14);
  t.equal(bench.offered.length, 2, "those that are gone are not offered");
  bench.layOut(0, [2000, 1000], ["A0", "B0"]);
  t.equal(bench.offered.length, 4);
  const twins = new Bench();
  twins.layOut(0, [3000, 1000], ["x", "X", "?"]);
  t.equal(new Set(twins.offered.map((name) => name.slice(2).toLowerCase())).size, 5);
  t.end();
});

t.test("HostMonitors carries out the last of many wishes, fitted, and answers", async (t) => {
  const bench = new Bench();
  bench.layOut(1, [640, 400], ["screen"]);
  for (let turn = 0; turn < 200; turn++) bench.want(1, 700 + turn, 500);
  t.same(bench.resized, []);
  await pause(330);
  t.same(bench.resized, [{ width: 898, height: 500, dpi: 96 }], "one of two hundred");
  t.same(bench.heard, [
    { type: "display_resized", streamId: 1, outcome: "done", width: 898, height: 500, reason: "" },
  ]);
  bench.want(1, 8192, 8192, 5);
  await pause(330);
  t.same(bench.resized[1], { width: 1000, height: 1000, dpi: 480 }, "no larger than it may be");
  bench.refusal = "the X server refused 240x240";
  bench.want(1, 1, 1, 0.5);
  await pause(330);
  t.same(bench.resized[2], { width: 240, height: 240, dpi: 48 });
  t.match(bench.heard[2], { outcome: "failed", width: 640, height: 400, reason: /refused 240/ });
  t.match(bench.monitors.report(), { resizes: 2, failures: 1, refusals: 0 });
  bench.want(1, 700, 700);
  bench.monitors.close();
  await pause(330);
  t.equal(bench.resized.length, 3, "none after the end");
});

t.test("HostMonitors refuses at once what has a size of its own", async (t) => {
  const bench = new Bench();
  bench.want(0, 800, 600);
  bench.layOut(0, [2000, 1000], ["A", "B"]);
  bench.want(0, 800, 600);
  bench.want(2, 800, 600);
  bench.want(15, 800, 600);
  t.match(bench.heard, [
    { streamId: 0, outcome: "refused", width: 0, reason: /no screen/ },
    { streamId: 0, outcome: "refused", width: 2000, height: 1000, reason: /real display/ },
    { streamId: 2, outcome: "refused", reason: /whole display/ },
    { streamId: 15, outcome: "refused", reason: /no screen/ },
  ]);
  await pause(300);
  t.same(bench.resized, []);
  t.match(bench.monitors.report(), { refusals: 4, resizes: 0 });
});
