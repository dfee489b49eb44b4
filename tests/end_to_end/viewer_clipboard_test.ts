/**
 * The clipboard in a real browser: what a program of the host copies lands in the browser's clipboard,
 * what is pasted is on the host before the keys that paste it, nothing goes in circles, and where the
 * browser wants a click there is something to click.
 */
// timeout: 120 s

import t from "tap";
import { XSelection } from "../clipboard/x_selection.ts";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const UNICODE = "grün, \u4f60\u597d, \u{1f469}\u200d\u{1f680}\nzwei";

const group = new ProcessGroup();
const seen: { type: string; name?: string; down?: boolean }[] = [];
const screen = await startXScreen(group, {
  ...{ width: 800, height: 600, content: "still", fps: 30, seed: 1 },
  onInput: (line) => seen.push(JSON.parse(line)),
}, new AbortController().signal);
const programs = new XSelection(screen.display);
const host = await HostProcess.start(["--display", screen.display, "--clipboard", "both"]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await programs.close();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

async function open(permissions: string[], options: { before?: string } = {}): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/`, {
    ...{ cookie, size: { width: 800, height: 600 }, ...options },
  });
  await viewer.page.context().grantPermissions(permissions, { origin: host.origin });
  await viewer.waitForState("playing");
  await viewer.page.waitForSelector(`[data-action="clipboard"]:not([hidden])`, {
    state: "attached",
  });
  await viewer.page.mouse.click(400, 300);
  return viewer;
}

const readText = (viewer: ViewerPage) =>
  viewer.page.evaluate("navigator.clipboard.readText().catch(String)") as Promise<string>;

/** A picture that the page draws, as PNG with a byte behind it that no encoder makes. */
async function picture(viewer: ViewerPage): Promise<Uint8Array> {
  const bytes = await viewer.page.evaluate(`(async () => {
    const canvas = new OffscreenCanvas(64, 48);
    canvas.getContext("2d").fillStyle = "#f08";
    canvas.getContext("2d").fillRect(8, 8, 20, 20);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  })()`) as number[];
  return Uint8Array.of(...bytes, 0);
}

/** Size of the picture in the browser's clipboard. */
function readSize(viewer: ViewerPage): Promise<string | undefined> {
  return viewer.page.evaluate(`(async () => {
    const [item] = await navigator.clipboard.read();
    if (!item.types.includes("image/png")) return undefined;
    const bitmap = await createImageBitmap(await item.getType("image/png"));
    return bitmap.width + "x" + bitmap.height;
  })()`) as Promise<string | undefined>;
}

t.test("what the host copies lands in the browser's clipboard", async (t) => {
  const viewer = await open(["clipboard-read", "clipboard-write"]);
  await programs.copy(UNICODE);
  await until(async () => await readText(viewer) === UNICODE, "the text");
  t.pass("text");
  await programs.copy(await picture(viewer), "image/png");
  const size = await until(() => readSize(viewer), "the picture");
  t.equal(size, "64x48", "a picture");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("what is pasted is on the host before the key", async (t) => {
  const viewer = await open(["clipboard-read", "clipboard-write"]);
  await viewer.page.evaluate(`navigator.clipboard.writeText("from here\\r\\nand there")`);
  const from = seen.length;
  await viewer.page.keyboard.press("Control+KeyV");
  await until(() => seen.slice(from).find(({ name, down }) => name === "v" && down), "the key");
  t.ok((await programs.targets()).includes("UTF8_STRING"), "the clipboard is owned by then");
  t.equal(await programs.pasteText(), "from here\nand there");
  const names = () => seen.slice(from).filter(({ type }) => type === "key");
  await until(() => names().filter(({ down }) => !down).length === 2, "the ends of the keys");
  t.same(names().map(({ name, down }) => `${name} ${down}`), [
    "Control_L true",
    "v true",
    "v false",
    "Control_L false",
  ]);
  await viewer.close();
});

t.test("what came from the host does not go back to it", async (t) => {
  const viewer = await open(["clipboard-read", "clipboard-write"]);
  await programs.copy("round and round");
  await until(async () => await readText(viewer) === "round and round", "the text");
  const owned = async () =>
    (await (await host.call("GET", "/api/stats", { cookie })).json())
      .features.clipboard.screens[0];
  const before = await owned();
  // Chromium encodes pictures anew, so that they are not the bytes that came.
  await programs.copy(await picture(viewer), "image/png");
  await until(async () => (await owned()).toViewers > before.toViewers, "the picture");
  await until(() => readSize(viewer), "it in the clipboard");
  for (let time = 0; time < 3; time++) {
    await viewer.page.evaluate(`globalThis.dispatchEvent(new Event("focus"))`);
    await viewer.page.waitForTimeout(60);
  }
  await viewer.page.keyboard.press("Control+KeyC");
  const after = await owned();
  t.same([after.viewerOffers, after.hostOffers], [before.viewerOffers, before.hostOffers + 1]);
  await viewer.close();
});

t.test("a browser that wants a click gets a button, and a person reads what is open", async (t) => {
  const viewer = await open([], {
    // As Firefox and Safari have it: no name for the permission, and a gesture each time.
    before: `Permissions.prototype.query = () => Promise.reject(new TypeError("no such name"));`,
  });
  await programs.copy("click me");
  const { page } = viewer;
  const offer = page.locator(".clipboard-offer");
  await offer.waitFor({ state: "visible" });
  t.equal(await offer.locator("span").textContent(), "The host copied text");
  await viewer.screenshot("clipboard_offer");
  t.same(await viewer.accessibilityViolations(), []);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], {
    origin: host.origin,
  });
  await offer.locator("button", { hasText: "Copy from host" }).click();
  await until(async () => await readText(viewer) === "click me", "the text");
  t.notOk(await offer.isVisible());
  await page.mouse.move(400, 4);
  await page.locator(`[data-action="clipboard"]`).click();
  const panel = page.getByRole("dialog", { name: "Clipboard" });
  await panel.waitFor({ state: "visible" });
  await page.mouse.move(20, 500);
  t.match(await panel.textContent(), /Copied: text\./);
  t.match(await panel.textContent(), /text up to 1 MB and a picture up to 16 MB/);
  await viewer.screenshot("clipboard_panel");
  await page.emulateMedia({ colorScheme: "dark" });
  await viewer.screenshot("clipboard_panel_dark");
  t.same(await viewer.accessibilityViolations(), []);
  await page.setViewportSize({ width: 390, height: 844 });
  await viewer.screenshot("clipboard_panel_phone");
  t.same(await viewer.accessibilityViolations(), []);
  await page.evaluate(`navigator.clipboard.writeText("sent on purpose")`);
  await panel.getByRole("button", { name: "Send to host" }).click();
  await until(async () => await programs.pasteText() === "sent on purpose", "it on the host");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  t.ok(await page.evaluate(`document.activeElement.classList.contains("stage")`), "keys go on");
  await viewer.close();
});
