/**
 * Two displays of one host in real tabs: each tab shows its own, one changes over, hands reach the
 * display that is looked at, and what ends one display, or the process of both, ends no session.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { mediaProcessId, TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const WIDTH = 640;
const HEIGHT = 360;
/** The markers of the second display count from here; those of the first never get there. */
const SECOND_FRAME = 5_000_000;
const LIST = "wavry-viewer select#display";

/** Keys and buttons that the contents saw, by display. */
const seen: string[][] = [[], []];
const group = new ProcessGroup();

function startScreen(index: number) {
  return startXScreen(group, {
    ...{ width: WIDTH, height: HEIGHT, content: "scroll", fps: 30, seed: index + 1 },
    ...index === 0 ? {} : { firstFrame: SECOND_FRAME },
    respond: true,
    onInput: (line) => {
      const { type, name, button, down } = JSON.parse(line);
      if (type === "key" || type === "button") seen[index]!.push(`${name ?? button} ${down}`);
    },
  }, new AbortController().signal);
}

const screens = [await startScreen(0), await startScreen(1)];
const host = await HostProcess.start([
  ...["--display", screens[0]!.display, "--display", screens[1]!.display],
  ...["--display-names", "Left,Right", "--keep-warm", "0"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

async function open(query: string): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/${query}`, {
    cookie,
    size: { width: 900, height: 600 },
  });
  await viewer.waitForState("playing");
  return viewer;
}

/** Which displays the pictures of the next 500 ms came from. */
async function shown(viewer: ViewerPage): Promise<string[]> {
  const { frames } = await viewer.measure(500, 1);
  const names = frames.flatMap(({ marker, outcome }) => {
    if (outcome !== "presented" || !marker) return [];
    return marker.frame >= SECOND_FRAME ? ["Right"] : ["Left"];
  });
  return [...new Set(names)];
}

/** Waits until the tab shows pictures of that display and of no other. */
async function shows(viewer: ViewerPage, name: string): Promise<string> {
  return await until(
    async () => {
      const names = await shown(viewer);
      return names.length === 1 && names[0] === name ? name : undefined;
    },
    `pictures of ${name}`,
    15_000,
  );
}

/** Sessions in the order of their beginning; a tab that was closed may stay for some seconds. */
async function viewers(): Promise<{ id: string; streamId: number }[]> {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).viewers;
}

async function choose(viewer: ViewerPage, name: string): Promise<void> {
  await viewer.page.locator(LIST).selectOption({ label: name });
}

t.test("each tab shows the display that its address names, and the host tells both", async (t) => {
  t.match(
    host.out,
    /Shows {4}Left: display :\d+, 640x360.*\nShows {4}Right: display :\d+, 640x360/,
  );
  const left = await open("");
  const right = await open("?stream=right");
  t.equal(await shows(left, "Left"), "Left");
  t.equal(await shows(right, "Right"), "Right");
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.match(stats.streams, [
    { id: 0, name: "Left", state: "running", viewers: 1 },
    { id: 1, name: "Right", state: "running", viewers: 1 },
  ]);
  t.same((await viewers()).map(({ streamId }) => streamId).sort(), [0, 1]);
  t.equal(stats.media.process.streams.length, 2, "one encoder for each, whoever watches");
  for (const viewer of [left, right]) {
    t.same(viewer.complaints, []);
    await viewer.close();
  }
});

t.test("a tab changes its display without a new session, and its keys go along", async (t) => {
  const viewer = await open("");
  const { page } = viewer;
  await shows(viewer, "Left");
  const newest = async () => (await viewers()).at(-1)!;
  const session = (await newest()).id;
  await page.locator(".stage").focus();
  await page.keyboard.press("a");
  await until(() => seen[0]!.includes("a false"), "a key on the left");
  t.same(seen[1], []);

  // By keys alone: to the toolbar, to the list, one down.
  await viewer.press("Control+Shift+KeyM");
  await page.keyboard.press("ArrowLeft");
  // The shortcut's own modifiers reached the display before it was known as one.
  await until(() => seen[0]!.includes("Shift_L false"), "the modifiers to be released");
  const before = seen[0]!.length;
  t.equal(await page.evaluate("document.activeElement.id"), "display");
  t.equal(await page.locator('label[for="display"]').textContent(), "Display");
  await page.keyboard.press("ArrowDown");
  await shows(viewer, "Right");
  t.match(page.url(), /\?stream=Right$/);
  t.equal(await page.locator(LIST).inputValue(), "1");
  await page.locator(".stage").focus();
  await page.keyboard.press("b");
  await page.mouse.click(450, 300);
  await until(() => seen[1]!.includes("1 false"), "a click on the right");
  t.same(seen[1], ["b true", "b false", "1 true", "1 false"]);
  t.equal(seen[0]!.length, before, "none of it on the left");

  await choose(viewer, "Left");
  await choose(viewer, "Right");
  await choose(viewer, "Left");
  await shows(viewer, "Left");
  await page.locator(".stage").focus();
  await page.keyboard.press("c");
  await until(() => seen[0]!.includes("c false"), "a key on the left again");
  t.match(await newest(), { id: session, streamId: 0 }, "the same session");
  const { memory, viewers: all } = await (await host.call("GET", "/api/stats", { cookie })).json();
  const senders = memory.owners.find(({ owner }: { owner: string }) => owner === "packet");
  t.ok(senders.live <= all.length, `${senders.live} senders of ${all.length} viewers`);
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("the list of displays is labelled and readable, dark and light", async (t) => {
  const viewer = await open("?stream=1");
  for (const colorScheme of ["dark", "light"] as const) {
    await viewer.page.emulateMedia({ colorScheme });
    await viewer.press("Control+Shift+KeyM");
    await viewer.page.locator(LIST).focus();
    await viewer.page.waitForTimeout(300);
    t.same(await viewer.accessibilityViolations(), [], colorScheme);
    t.ok(await viewer.screenshot(`displays_${colorScheme}`) > 1000);
  }
  await viewer.close();
  const size = { width: 390, height: 760 };
  const phone = await browser.open(`${host.origin}/`, { cookie, size, isPhone: true });
  await phone.waitForState("playing");
  await phone.page.locator(".toolbar .grip").focus();
  await phone.page.waitForTimeout(300);
  for (const control of await phone.page.locator(".bar select, .bar .tool:visible").all()) {
    const { x, y, width, height } = (await control.boundingBox())!;
    const isInside = x >= 0 && x + width <= size.width && y >= 0;
    t.ok(isInside && height >= 44, `${x},${y} ${width}x${height}`);
  }
  await phone.screenshot("displays_phone");
  await phone.close();
});

t.test("a display that is not there is refused with those that are", async (t) => {
  const viewer = await browser.open(`${host.origin}/?stream=Middle`, { cookie });
  await viewer.waitForState("ended");
  const panel = viewer.page.locator(".panel");
  t.match(await panel.textContent(), /That display is not there.*"Middle".*Left, Right/);
  t.same(await panel.locator("button").allTextContents(), ["Left", "Right"]);
  t.same(await viewer.accessibilityViolations(), []);
  await viewer.screenshot("displays_unknown");
  await panel.getByRole("button", { name: "Right" }).click();
  await viewer.waitForState("playing");
  await shows(viewer, "Right");
  t.match(viewer.page.url(), /\?stream=Right$/);
  await viewer.close();
});

t.test("the end of the media process ends neither display nor session", async (t) => {
  const tabs = [await open(""), await open("?stream=Right")];
  await shows(tabs[0]!, "Left");
  await shows(tabs[1]!, "Right");
  const sessions = async () => (await viewers()).map(({ id }) => id).slice(-2);
  const before = await sessions();
  const pid = await mediaProcessId(host);
  Deno.kill(pid, "SIGKILL");
  await until(async () => await mediaProcessId(host) !== pid, "another media process");
  await shows(tabs[0]!, "Left");
  await shows(tabs[1]!, "Right");
  t.same(await sessions(), before, "the same sessions");
  for (const tab of tabs) await tab.close();
});

t.test("a display that ends leaves the other one alone, and its viewer can go there", async (t) => {
  const tabs = [await open(""), await open("?stream=Right")];
  const [left, right] = tabs as [ViewerPage, ViewerPage];
  await shows(right, "Right");
  await left.measure(0);
  Deno.kill(screens[1]!.server.pid, "SIGKILL");
  await right.waitForState("reconnecting");
  await right.page.locator(".panel", { hasText: "The picture is gone" }).waitFor();
  const times: number[] = [];
  await until(
    async () => {
      const { frames } = await left.take();
      times.push(...frames.map(({ presentedUs }) => presentedUs).filter((us) => us > 0));
      return times.length > 15;
    },
    "pictures of the other one",
    20_000,
  );
  const gaps = times.slice(1).map((us, index) => us - times[index]!);
  t.ok(Math.max(...gaps) < 5_000_000, `${Math.max(...gaps)} us between two of them`);
  await right.page.locator(".toolbar .grip").focus();
  await choose(right, "Left");
  await right.waitForState("playing");
  await shows(right, "Left");
  t.match(await (await host.call("GET", "/api/health")).json(), { status: "ok" });
  for (const tab of tabs) await tab.close();
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});
