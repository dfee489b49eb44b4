/**
 * The host's pointer in the browser, on real pixels: colours, alpha and hotspot of its image, the size
 * of the picture, hidden and large ones; it is drawn where the hand is, and nothing of it is in the
 * video.
 */
// timeout: 120 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { PointerClient } from "../native/pointer_client.ts";
import type { PointerImage } from "../native/pointer_client.ts";
import { HostProcess, until } from "./host_process.ts";

const WIDTH = 1280;
const HEIGHT = 720;
/** The root window's colour. */
const GROUND = [32, 96, 160] as const;

const group = new ProcessGroup();
const signal = new AbortController().signal;
const server = group.start({
  name: "Xvfb",
  command: "Xvfb",
  args: [
    ...["-displayfd", "1", "-screen", "0", `${WIDTH}x${HEIGHT}x24`],
    ...["-noreset", "-nolisten", "tcp", "-shmem"],
  ],
});
const [, number] = await server.waitForLine(/^(\d+)$/, { timeoutMs: 10_000, signal });
const display = `:${number}`;
await setRoot("-solid", `#${GROUND.map((part) => part.toString(16)).join("")}`);
const program = await PointerClient.start(display);
const host = await HostProcess.start(["--display", display]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await program[Symbol.asyncDispose]();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

async function setRoot(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("xsetroot", {
    args: ["-display", display, ...args],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function open(size: { width: number; height: number }, isPhone = false) {
  const viewer = await browser.open(`${host.origin}/`, { cookie, size, isPhone });
  await viewer.waitForState("playing");
  return viewer;
}

/** The style of the browser's own cursor, once it matches. */
async function cursorStyle(viewer: ViewerPage, wanted: RegExp): Promise<string> {
  return await until(async () => {
    const style = await viewer.page.evaluate(
      `document.querySelector(".stage").style.cursor`,
    ) as string;
    return wanted.test(style) ? style : undefined;
  }, `a cursor like ${wanted}`);
}

/** Pixels of the pointer's own canvas, once there is one of that size. */
async function pointerPixels(viewer: ViewerPage, side: number, points: number[][]) {
  return await until(async () =>
    await viewer.page.evaluate(`(() => {
      const canvas = document.querySelector(".cursor");
      if (canvas.width !== ${side}) return undefined;
      const context = canvas.getContext("2d");
      return ${JSON.stringify(points)}.map(([x, y]) =>
        [...context.getImageData(x, y, 1, 1).data]);
    })()`) as number[][] | undefined, `a pointer of ${side} pixels`);
}

/** Red above, green below, half through at the left, nothing in the first row. */
const MARKED: PointerImage = {
  side: 48,
  hotspot: [5, 9],
  pixel: (x, y) => {
    if (y === 0) return [0, 0, 0, 0];
    const alpha = x < 24 ? 128 : 255;
    return y < 24 ? [255, 0, 0, alpha] : [0, 255, 0, alpha];
  },
};
const POINTS = [[40, 10], [40, 40], [10, 10], [10, 0]];

function isClose(actual: readonly number[], expected: readonly number[], limit: number): boolean {
  return actual.every((value, index) => Math.abs(value - (expected[index] ?? 0)) <= limit);
}

t.test("the pointer has its colours, its alpha and its hotspot", async (t) => {
  await program.show(MARKED);
  const viewer = await open({ width: WIDTH, height: HEIGHT });
  await viewer.page.mouse.move(300, 300);
  const style = await cursorStyle(viewer, /^url\("blob:.*"\) 5 9, default$/);
  t.match(style, "blob:");
  const pixels = await pointerPixels(viewer, 48, POINTS);
  const expected = [[255, 0, 0, 255], [0, 255, 0, 255], [255, 0, 0, 128], [0, 0, 0, 0]];
  pixels.forEach((pixel, index) => {
    t.ok(isClose(pixel, expected[index]!, 1), `${pixel} at ${POINTS[index]}`);
  });
  await viewer.close();
});

t.test("nothing of the pointer is in the video, wherever it goes", async (t) => {
  await program.show(MARKED);
  const viewer = await open({ width: WIDTH, height: HEIGHT });
  const places = [[200, 200], [640, 360], [1000, 500], [64, 64]] as const;
  for (const [x, y] of places) {
    await viewer.page.mouse.move(x, y);
    await viewer.page.waitForTimeout(60);
  }
  // A change of the ground makes new pictures while the pointer is there.
  await setRoot("-solid", "#a06020");
  const around = places.flatMap(([x, y]) => [[x, y], [x + 20, y + 10], [x + 20, y + 30]] as const);
  const pixels = await until(async () => {
    const now = await viewer.pixels(around);
    return now.every((pixel) => isClose(pixel, [160, 96, 32], 12)) ? now : undefined;
  }, "a picture of the ground alone");
  t.equal(pixels.length, 12);
  await setRoot("-solid", "#2060a0");
  await viewer.close();
});

t.test("the pointer goes with the size of the picture", async (t) => {
  await program.show(MARKED);
  const half = await open({ width: WIDTH / 2, height: HEIGHT / 2 });
  await half.page.mouse.move(100, 100);
  await cursorStyle(half, /^url\("blob:.*"\) 3 5, default$/);
  const [red] = await pointerPixels(half, 24, [[20, 6]]);
  t.ok(isClose(red!, [255, 0, 0, 255], 1), "half the size");
  await half.close();
  const phone = await open({ width: 640, height: 360 }, true);
  await phone.page.mouse.move(100, 100);
  await cursorStyle(phone, /^image-set\(url\("blob:.*"\) (?:2x|2dppx)\) 3 5, default$/);
  const [sharp] = await pointerPixels(phone, 48, [[40, 10]]);
  t.ok(isClose(sharp!, [255, 0, 0, 255], 1), "and all pixels that the display has");
  await phone.close();
});

t.test("a pointer that a program hides is hidden, and comes back", async (t) => {
  const viewer = await open({ width: WIDTH, height: HEIGHT });
  await viewer.page.mouse.move(300, 300);
  await program.show({ ...MARKED, pixel: () => [0, 0, 0, 0] });
  t.equal(await cursorStyle(viewer, /^none$/), "none");
  await program.show(MARKED);
  t.match(await cursorStyle(viewer, /^url/), "blob:");
  await viewer.press("Control+Alt+Shift+KeyC");
  t.equal(await cursorStyle(viewer, /^none$/), "none", "and a person may hide it too");
  await viewer.close();
});

t.test("a pointer larger than browsers allow follows the hand at its size", async (t) => {
  // 256 pixels a side: sent as 128 that stand for two each.
  await program.show({
    side: 256,
    hotspot: [128, 64],
    pixel: (x) => x < 128 ? [255, 0, 0, 255] : [0, 0, 255, 255],
  });
  const viewer = await open({ width: WIDTH, height: HEIGHT });
  await viewer.page.mouse.move(500, 300);
  await cursorStyle(viewer, /^none$/);
  const [red, blue] = await pointerPixels(viewer, 256, [[60, 200], [200, 10]]);
  t.ok(isClose(red!, [255, 0, 0, 255], 1), `${red}`);
  t.ok(isClose(blue!, [0, 0, 255, 255], 1), `${blue}`);
  const box = async () =>
    await viewer.page.evaluate(`(() => {
      const { x, y, width } = document.querySelector(".cursor").getBoundingClientRect();
      return [x, y, width];
    })()`) as number[];
  for (const [x, y] of [[500, 300], [700, 420]] as const) {
    await viewer.page.mouse.move(x, y);
    t.same(
      await until(async () => {
        const [left, top, width] = await box();
        return left === x - 128 && top === y - 64 ? [left, top, width] : undefined;
      }, "the pointer under the hand"),
      [x - 128, y - 64, 256],
    );
  }
  t.ok(await viewer.screenshot("cursor_large") > 1000);
  t.same(viewer.complaints, []);
  await viewer.close();
});

/** Where the drawn pointer's tip is on the page, or undefined while none is drawn. */
async function drawnTip(viewer: ViewerPage, [hotspotX, hotspotY]: readonly [number, number]) {
  return await viewer.page.evaluate(`(() => {
    const canvas = document.querySelector(".cursor");
    if (canvas.hidden) return undefined;
    const { x, y } = canvas.getBoundingClientRect();
    return [x + ${hotspotX}, y + ${hotspotY}];
  })()`) as [number, number] | undefined;
}

/** Waits until the drawn pointer's tip is at a point of the page. */
async function drawnAt(viewer: ViewerPage, x: number, y: number) {
  return await until(async () => {
    const tip = await drawnTip(viewer, MARKED.hotspot);
    return tip !== undefined && Math.hypot(tip[0] - x, tip[1] - y) <= 2 ? tip : undefined;
  }, `a pointer at ${x},${y}`);
}

t.test("who only watches sees the pointer go where the player puts it", async (t) => {
  await program.show(MARKED);
  const player = await open({ width: WIDTH, height: HEIGHT });
  const watcher = await browser.open(`${host.origin}/`, {
    cookie: (await host.join("viewer")).cookie,
    size: { width: WIDTH, height: HEIGHT },
  });
  await watcher.waitForState("playing");
  for (const [x, y] of [[300, 200], [900, 500], [20, 700]] as const) {
    await player.page.mouse.move(x, y);
    t.ok(await drawnAt(watcher, x, y), `${x},${y}`);
  }
  t.equal(await drawnTip(player, MARKED.hotspot), undefined, "the player has the pointer itself");
  t.ok(await watcher.screenshot("cursor_watcher") > 1000);
  await watcher.close();
  await player.close();
});

t.test("a pointer that a program holds is drawn where it is held", async (t) => {
  const viewer = await open({ width: WIDTH, height: HEIGHT });
  await viewer.page.mouse.move(640, 360);
  await cursorStyle(viewer, /^url/);
  await program.confine(600, 300, 100, 100);
  await viewer.page.mouse.move(660, 380);
  await viewer.page.mouse.move(1000, 350, { steps: 8 });
  // The right edge of the rectangle, as far as the pointer goes.
  t.ok(await drawnAt(viewer, 699, 350));
  t.equal(await cursorStyle(viewer, /^none$/), "none");
  await program.free();
  await viewer.page.mouse.move(1010, 360, { steps: 4 });
  t.match(await cursorStyle(viewer, /^url/), "blob:", "and is the hand's again");
  t.equal(await drawnTip(viewer, MARKED.hotspot), undefined);
  await viewer.close();
});
