/**
 * Files between a real Chromium and a real host: dragged onto the picture, chosen, taken, refused, and
 * gone on with after the host was killed; names that are traps; screens as people see them.
 */
// timeout: 150 s

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { digestOf } from "./file_sender.ts";
import { TestBrowser, type ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const random = seededRandom("files end to end");
const scratch = await Deno.makeTempDir({ prefix: "wavry-files-" });
const folder = `${scratch}/drop`;
const ARGS = [
  ...["--source", "pattern", "--size", "640x360", "--files", "both", "--files-folder", folder],
  ...["--files-bytes", "2MB", "--files-quota", "8MB"],
];
const TRAP = "<img src=x onerror=globalThis.isTrapped=1>.txt";

let lastSentMs = -Infinity;
let host = await HostProcess.start(ARGS);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await Deno.remove(scratch, { recursive: true });
});
const { cookie } = await host.join("player");

async function open(options: Parameters<TestBrowser["open"]>[1] = {}): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/`, { cookie, ...options });
  await viewer.waitForState("playing");
  // The button comes with the right to use it.
  await viewer.page.waitForSelector('[data-action="files"]:not([hidden])', { state: "attached" });
  return viewer;
}

/** A file of the machine in front of the browser. */
async function localFile(name: string, bytes: number): Promise<{ path: string; digest: string }> {
  const content = random.bytes(bytes);
  await Deno.writeFile(`${scratch}/${name}`, content);
  return { path: `${scratch}/${name}`, digest: digestOf(content).toHex() };
}

/** Drags files from the desktop, as the browser's own machinery sees it. */
async function drag(viewer: ViewerPage, files: string[], steps: readonly string[]): Promise<void> {
  const session = await viewer.page.context().newCDPSession(viewer.page);
  for (const type of steps) {
    await session.send("Input.dispatchDragEvent", {
      type: type as "dragEnter",
      ...{ x: 400, y: 300 },
      data: { items: [], files, dragOperationsMask: 1 },
    });
  }
  await session.detach();
}

async function digestInFolder(name: string): Promise<string> {
  return digestOf(await Deno.readFile(`${folder}/${name}`)).toHex();
}

/** The host believes the sum of the folder for 5 s. */
function sumIsOld(): Promise<boolean> {
  return until(() => performance.now() - lastSentMs > 5100, "the sum to be old", 10_000);
}

const row = (state: string) => `.sent-files .file[data-state="${state}"]`;

t.test("a file dropped onto the picture is on the host, byte by byte", async (t) => {
  const viewer = await open();
  const { path, digest } = await localFile("holiday photo.bin", 300_000);
  await drag(viewer, [path], ["dragEnter", "dragOver"]);
  await viewer.page.waitForSelector(".drop-target:not([hidden])");
  t.match(await viewer.page.textContent(".drop-target"), /Drop to send to /);
  await viewer.screenshot("files_drop_target");
  await drag(viewer, [path], ["drop"]);
  await viewer.page.waitForSelector(row("sending"));
  await viewer.screenshot("files_sending");
  await viewer.page.waitForSelector(row("done"));
  t.equal(await digestInFolder("holiday photo.bin"), digest);
  t.ok(await viewer.page.isHidden(".drop-target"));
  await drag(viewer, [path], ["dragEnter"]);
  await viewer.page.waitForSelector(".drop-target:not([hidden])");
  await drag(viewer, [path], ["dragCancel"]);
  await viewer.page.waitForSelector(".drop-target", { state: "hidden" });
  await drag(viewer, [path], ["dragEnter", "dragOver", "drop"]);
  const second = await until(
    () => digestInFolder("holiday photo (2).bin").catch(() => undefined),
    "the second",
    20_000,
  );
  t.equal(second, digest, "nothing is replaced");
  lastSentMs = performance.now();
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("the panel is reached by keys, and its names are text", async (t) => {
  await Deno.writeTextFile(`${folder}/${TRAP}`, "trap");
  await Deno.writeTextFile(`${folder}/invoice \u202efdp.exe`, "turned");
  await Deno.writeTextFile(`${folder}/.hidden`, "hidden");
  await Deno.symlink("/etc/passwd", `${folder}/link`);
  const viewer = await open();
  await viewer.press("Control+Alt+Shift+KeyF");
  await viewer.page.waitForSelector(".host-files .file");
  const names = await viewer.page.locator(".host-files .file-name").allTextContents();
  t.ok(names.includes(TRAP), "shown as it is written");
  t.ok(names.includes("invoice \ufffdfdp.exe"), "what turns a name around is seen");
  t.notOk(names.some((name) => name === ".hidden" || name === "link"));
  t.equal(await viewer.page.evaluate("globalThis.isTrapped"), undefined);
  t.equal(
    await viewer.page.evaluate("document.activeElement.textContent"),
    "Choose files",
    "the focus is in it",
  );
  t.same(await viewer.accessibilityViolations(), []);
  await viewer.page.emulateMedia({ colorScheme: "dark" });
  await viewer.screenshot("files_panel_dark");
  t.same(await viewer.accessibilityViolations(), []);
  await viewer.press("Escape");
  t.ok(await viewer.page.isHidden(".files"));
  t.ok(await viewer.page.evaluate(`document.activeElement.classList.contains("stage")`));
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("a file of the host comes down under its name, with its bytes", async (t) => {
  const content = random.bytes(500_000);
  await Deno.writeFile(`${folder}/Größe & "Maß".bin`, content);
  const viewer = await open();
  await viewer.press("Control+Alt+Shift+KeyF");
  const link = viewer.page.locator(".host-files a", { has: viewer.page.locator("svg") });
  await viewer.page.waitForSelector(`.host-files a[aria-label^="Download Größe"]`);
  t.ok(await link.count() > 1);
  const downloading = viewer.page.waitForEvent("download");
  await viewer.page.click(`.host-files a[aria-label^="Download Größe"]`);
  const download = await downloading;
  t.equal(download.suggestedFilename(), "Größe & _Maß_.bin");
  const path = await download.path();
  t.equal(digestOf(await Deno.readFile(path)).toHex(), digestOf(content).toHex());
  t.equal(await viewer.state(), "playing", "the picture stays");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("what is too large, and what there is no room for, is said", async (t) => {
  const viewer = await open({ size: { width: 390, height: 844 }, isPhone: true });
  await viewer.page.evaluate(`document.querySelector('[data-action="files"]').click()`);
  await viewer.page.waitForSelector(".files .file-choose");
  const small = await localFile("small.bin", 1000);
  const large = await localFile("large.bin", 2_000_001);
  await Deno.writeFile(`${folder}/filler.bin`, new Uint8Array(6_300_000));
  await sumIsOld();
  const full = await localFile("full.bin", 900_000);
  await viewer.page.setInputFiles(".files input", [large.path, full.path, small.path]);
  await viewer.page.waitForSelector(`${row("failed")} >> nth=1`);
  const states = await viewer.page.locator(".sent-files .file").allInnerTexts();
  t.match(states[0], /Larger than the 2 MB that .* takes/);
  t.match(states[1], /The folder on .* is full/);
  await viewer.page.waitForSelector(row("done"));
  await viewer.screenshot("files_phone");
  t.same(await viewer.accessibilityViolations(), []);
  await Deno.remove(`${folder}/filler.bin`);
  lastSentMs = performance.now();
  await viewer.close();
});

t.test("a file goes on where it was when the host was killed and came back", async (t) => {
  const viewer = await open();
  const { path, digest } = await localFile("long.bin", 1_300_000);
  await sumIsOld();
  await viewer.press("Control+Alt+Shift+KeyF");
  await viewer.page.setInputFiles(".files input", [path]);
  const parts = `${folder}/.wavry-parts`;
  const partBytes = async () => {
    let most = 0;
    for await (const { name } of Deno.readDir(parts)) {
      if (name.endsWith(".part")) most = Math.max(most, (await Deno.stat(`${parts}/${name}`)).size);
    }
    return most;
  };
  await until(async () => await partBytes() > 300_000, "some of it", 30_000);
  const { stateDir, port } = host;
  await host.stop("SIGKILL", true);
  const kept = await partBytes();
  await viewer.page.waitForSelector(row("offline"), { timeout: 15_000 });
  await viewer.screenshot("files_offline");
  t.notOk([...Deno.readDirSync(folder)].some(({ name }) => name.startsWith("long")));
  host = await HostProcess.start(ARGS, { stateDir, port });
  await viewer.page.waitForSelector(row("done"), { timeout: 30_000 });
  t.equal(await digestInFolder("long.bin"), digest);
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  const { bytesReceived } = stats.features.files;
  t.equal(bytesReceived, 1_300_000 - kept, "only what was missing was sent");
  t.equal(await partBytes(), 0);
  await viewer.close();
});
