/**
 * Monitors of a host in a real tab: a screen that changes its size in mid-stream, monitors that come
 * and go, a virtual screen that takes the size of the window, and a real one that keeps its own. One
 * session lasts through all of it.
 */
// timeout: 150 s

import t from "tap";
import { stagingFrameBytes } from "../../src/core/picture_layout.ts";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { addMonitor, moveMonitor, removeMonitor, ScreenControl } from "../native/screen_control.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const WIDTH = 1080;
const HEIGHT = 400;
/** Half of the screen, and the smallest that the marker of the content fits into. */
const HALF = WIDTH / 2;
const RESIZES = 50;
const PICTURE = "document.querySelector('canvas.picture')";
/** Without advice on whole pages: what is open here is a part of one. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const LIST = "wavry-viewer select#display";

/** Positions of clicks that the content saw. */
const clicks: { x: number; y: number }[] = [];
const group = new ProcessGroup();
const { display } = await startXScreen(group, {
  ...{ width: WIDTH, height: HEIGHT, content: "scroll", fps: 20, seed: 1, respond: true },
  onInput: (line) => {
    const { type, down, x, y } = JSON.parse(line);
    if (type === "button" && down === true) clicks.push({ x, y });
  },
}, new AbortController().signal);
const screen = new ScreenControl(display);
const host = await HostProcess.start([
  ...["--display", display, "--displays", "1", "--size", "640x400", "--max-size", "1200x800"],
  // The replay asks for keyframes of its own.
  ...["--display-names", "Real,Virtual", "--replay", "0", "--keep-warm", "0", "--fps", "30"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await screen.end();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

interface StreamReport {
  readonly reason: string;
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly viewers: number;
  readonly keyframes: number;
  readonly keyframeRequests: number;
  readonly invalidations: number;
  readonly failures: number;
  readonly restarts: number;
  readonly facts: { readonly width: number; readonly height: number } | null;
}

interface HostStats {
  readonly streams: readonly StreamReport[];
  readonly viewers: readonly { readonly id: string; readonly streamId: number }[];
  readonly media: {
    readonly process: {
      readonly streams: readonly {
        streamId: number;
        pool: { inUse: number; frameBytes: number };
      }[];
      readonly native: readonly { type: string; live: number; liveBytes: number }[];
    };
  };
}

async function stats(): Promise<HostStats> {
  return await (await host.call("GET", "/api/stats", { cookie })).json();
}

async function open(query: string): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/${query}`, {
    cookie,
    size: { width: 900, height: 600 },
  });
  await viewer.waitForState("playing");
  return viewer;
}

async function pictureSize(viewer: ViewerPage): Promise<string> {
  return await viewer.page.evaluate(`${PICTURE}.width + "x" + ${PICTURE}.height`) as string;
}

async function becomes(viewer: ViewerPage, size: string): Promise<string> {
  let last = "";
  try {
    return await until(
      async () => {
        last = await pictureSize(viewer);
        return last === size ? last : undefined;
      },
      `a picture of ${size}`,
      10_000,
    );
  } catch {
    return last;
  }
}

/** What the menu offers; a host's displays come first. */
async function offered(viewer: ViewerPage): Promise<string[]> {
  return await viewer.page.locator(`${LIST} option`).allTextContents();
}

async function choose(viewer: ViewerPage, name: string): Promise<void> {
  // The toolbar is folded away until it is asked for.
  await viewer.press("Control+Shift+KeyM");
  await viewer.page.locator(LIST).selectOption({ label: name });
}

t.test("a screen's size changes in mid-stream: one keyframe, and nothing else", async (t) => {
  const viewer = await open("?stream=Real");
  t.equal(await becomes(viewer, `${WIDTH}x${HEIGHT}`), `${WIDTH}x${HEIGHT}`);
  const before = await stats();
  await viewer.page.evaluate(`document.querySelector("wavry-viewer").startMeasurement({
    marker: true,
  })`);
  t.match(await screen.size(900, 300), { isDone: true });
  t.equal(await becomes(viewer, "900x300"), "900x300");
  t.match(await screen.size(WIDTH, HEIGHT), { isDone: true });
  t.equal(await becomes(viewer, `${WIDTH}x${HEIGHT}`), `${WIDTH}x${HEIGHT}`);
  await viewer.page.waitForTimeout(300);
  const { frames } = await viewer.take();
  const after = await stats();
  const [was, is] = [before.streams[0]!, after.streams[0]!];
  // A machine that is busy loses packets, which may cost keyframes of its own.
  const repairs = is.keyframeRequests + is.invalidations - was.keyframeRequests - was.invalidations;
  const keyframes = is.keyframes - was.keyframes;
  t.ok(keyframes >= 2 && keyframes <= 2 + repairs, `${keyframes} keyframes, ${repairs} repairs`);
  t.same([is.failures, is.restarts], [was.failures, was.restarts], "no failure, no restart");
  t.equal(after.viewers[0]?.id, before.viewers[0]?.id, "the same session");
  const lost = frames.filter(({ outcome }) => outcome === "lost").length;
  t.ok(lost === 0 || repairs > 0, "no frame is lost in the decoder");
  t.ok(frames.filter(({ keyframe }) => keyframe).length >= 2, "and the tab saw those keyframes");
  t.ok(frames.some(({ outcome, marker }) => outcome === "presented" && marker), "which are right");

  await viewer.page.mouse.click(899, 300);
  await until(() => clicks.length > 0, "a click at the right edge");
  const { x, y } = clicks.pop()!;
  t.ok(x > WIDTH - 4 && Math.abs(y - HEIGHT / 2) < 4, `the pointer goes along: ${x},${y}`);
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("monitors are streams of their own that come and go", async (t) => {
  const viewer = await open("?stream=Real");
  const session = (await stats()).viewers.at(-1)!.id;
  await addMonitor(display, "Left", [HALF, HEIGHT, 0, 0]);
  await addMonitor(display, "Right", [HALF, HEIGHT, HALF, 0]);
  await until(async () => (await offered(viewer)).includes("Real Right"), "the new monitors");
  t.same(await offered(viewer), ["Real", "Virtual", "Real Left", "Real Right"]);

  await choose(viewer, "Real Right");
  t.equal(await becomes(viewer, `${HALF}x${HEIGHT}`), `${HALF}x${HEIGHT}`);
  clicks.length = 0;
  await viewer.page.mouse.click(450, 300);
  await until(() => clicks.length > 0, "a click on the right monitor");
  const { x, y } = clicks.pop()!;
  t.ok(Math.abs(x - HALF * 1.5) < 4 && Math.abs(y - HEIGHT / 2) < 4, `in its middle: ${x},${y}`);

  // Its place on the screen is the host's to change.
  await moveMonitor(display, "Right", [HALF - 40, HEIGHT - 40, HALF + 40, 40]);
  t.equal(await becomes(viewer, `${HALF - 40}x${HEIGHT - 40}`), `${HALF - 40}x${HEIGHT - 40}`);

  const second = await open(`?stream=${encodeURIComponent("Real Left")}`);
  t.equal(await becomes(second, `${HALF}x${HEIGHT}`), `${HALF}x${HEIGHT}`, "another tab");
  const { streams } = await until(
    async () => {
      const now = await stats();
      return now.media.process.streams.length === 2 ? now : undefined;
    },
    "one encoder for each that is watched",
    30_000,
  );
  t.same(streams.map(({ name }) => name), ["Real", "Virtual", "Real Left", "Real Right"]);
  await second.close();

  await removeMonitor(display, "Right");
  await until(async () => !(await offered(viewer)).includes("Real Right"), "it to be gone");
  // The one that ran ends first; that the monitor is away shows when it is tried again.
  await until(async () => {
    const { state, reason } = (await stats()).streams[3]!;
    return state === "failed" && reason.includes('monitor "Right" is not plugged in');
  }, "its stream to end with the monitor");
  await addMonitor(display, "Right", [HALF, HEIGHT, HALF, 0]);
  t.equal(await becomes(viewer, `${HALF}x${HEIGHT}`), `${HALF}x${HEIGHT}`, "it comes back");
  t.equal((await stats()).viewers.find(({ id }) => id === session)?.streamId, 3);
  for (const name of ["Left", "Right"]) await removeMonitor(display, name);
  await until(async () => (await offered(viewer)).length === 2, "whole displays alone");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("a virtual screen has the size of the window, a real one keeps its own", async (t) => {
  const viewer = await open("?stream=Virtual&fit=1");
  t.equal(await becomes(viewer, "900x600"), "900x600");
  await viewer.page.setViewportSize({ width: 1001, height: 700 });
  t.equal(await becomes(viewer, "1000x700"), "1000x700", "even, after the window");
  await viewer.page.setViewportSize({ width: 1800, height: 1000 });
  t.equal(await becomes(viewer, "1200x666"), "1200x666", "no larger than --max-size");

  await viewer.press("Control+Alt+Shift+KeyD");
  const fit = viewer.page.locator("#fit-display");
  await fit.waitFor();
  t.ok(await fit.isChecked());
  t.same(await viewer.accessibilityViolations(RULES), []);
  await viewer.screenshot("displays");
  await fit.click();
  t.notMatch(viewer.page.url(), /fit=1/, "the address follows the switch");
  await viewer.page.setViewportSize({ width: 900, height: 600 });

  // The row of the real display.
  await viewer.page.locator(".displays button[aria-label='Show Real']").click();
  t.equal(await becomes(viewer, `${WIDTH}x${HEIGHT}`), `${WIDTH}x${HEIGHT}`);
  await until(async () => await fit.isDisabled(), "the switch to know");
  t.match(await viewer.page.locator("#fit-hint").textContent(), /real display/);
  t.equal(
    await viewer.page.locator(".displays a[aria-label='Open Virtual in a new tab']")
      .getAttribute("href"),
    `${host.origin}/?stream=Virtual`,
  );
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("displays side by side are streams of one session, and a click takes one", async (t) => {
  const viewer = await open("?stream=Real");
  const { page } = viewer;
  await viewer.press("Control+Alt+Shift+KeyD");
  await page.locator("#side-by-side").click();
  const side = "document.querySelector('.side-view canvas')";
  const sideSize = () => page.evaluate(`${side}.width + "x" + ${side}.height`) as Promise<string>;
  const virtual = (await stats()).streams[1]!.facts!;
  const size = `${virtual.width}x${virtual.height}`;
  t.equal(await until(async () => await sideSize() === size && size, "a picture beside"), size);
  t.equal(await pictureSize(viewer), `${WIDTH}x${HEIGHT}`, "the other one stays");
  // A tab that was closed may stay for a moment, and the media process reports once a second.
  const both = await until(
    async () => {
      const now = await stats();
      return now.viewers.length === 1 && now.media.process.streams.length === 2 ? now : undefined;
    },
    "one session with two streams",
    30_000,
  );
  t.same(both.streams.slice(0, 2).map(({ viewers }) => viewers), [1, 1], "encoded once each");
  t.same(await viewer.accessibilityViolations(RULES), []);
  await viewer.screenshot("displays_side_by_side");
  await page.locator(".displays button[aria-label='Close']").click();

  await page.locator(".side-view").click();
  t.equal(await becomes(viewer, size), size, "it is controlled now");
  await until(
    async () => await sideSize() === `${WIDTH}x${HEIGHT}`,
    "the other one beside it",
    30_000,
  );
  const { frames } = await viewer.measure(500, 1);
  t.ok(frames.some(({ outcome }) => outcome === "presented"), "its pictures go on");
  t.equal((await stats()).viewers[0]?.streamId, 1);
  await viewer.press("Control+Alt+Shift+KeyD");
  await page.locator("#side-by-side").click();
  await until(async () => (await stats()).streams[0]!.viewers === 0, "one stream alone");
  t.notOk(await page.locator(".side-views").isVisible());
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test(`${RESIZES} changes of size leave nothing behind`, async (t) => {
  const viewer = await open("?stream=Real");
  await becomes(viewer, `${WIDTH}x${HEIGHT}`);
  // The counters come once a second.
  await viewer.page.waitForTimeout(1100);
  const before = await stats();
  const session = before.viewers.at(-1)!.id;
  for (let at = 0; at < RESIZES; at++) await screen.size(500 + (at * 46) % 500, 200 + at * 4);
  await screen.size(WIDTH, HEIGHT);
  t.equal(await becomes(viewer, `${WIDTH}x${HEIGHT}`), `${WIDTH}x${HEIGHT}`);
  const { media: { process }, streams, viewers } = await until(
    async () => {
      const now = await stats();
      const [stream, ...others] = now.media.process.streams;
      const isFull = stream?.pool.frameBytes === stagingFrameBytes(WIDTH, HEIGHT);
      return isFull && others.length === 0 ? now : undefined;
    },
    "the counters of the next second",
    30_000,
  );
  const live = ({ native }: typeof process) =>
    Object.fromEntries(native.map((one) => [one.type, one.live]));
  const [was, is] = [live(before.media.process), live(process)];
  for (const type of ["stream", "capture", "convert", "segment", "encoder", "frame"]) {
    t.ok(is[type]! <= was[type]! + (type === "encoder" ? 2 : 0), `${type}: ${is[type]}`);
  }
  t.ok(process.streams[0]!.pool.inUse <= 1, "no lease stays");
  t.match(streams[0], { state: "running" });
  t.ok(viewers.some(({ id }) => id === session), "the same session");
  t.same(viewer.complaints, []);
  await viewer.close();
});
