/**
 * People in the browser: an admin and a player on one desktop: one of them controls it at a time,
 * control is asked for and handed over, an admin takes a right away and it ends at once, a link
 * carries role and rights, and a reload keeps them. What reaches the desktop is read from a real X
 * client.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

interface SeenInput {
  readonly type: string;
  readonly down?: boolean;
  readonly name?: string;
}

const WIDTH = 1280;
const HEIGHT = 720;
const seen: SeenInput[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  ...{ width: WIDTH, height: HEIGHT, content: "still", fps: 30, seed: 1 },
  onInput: (line) => seen.push(JSON.parse(line)),
}, new AbortController().signal);
const host = await HostProcess.start(["--display", screen.display, "--first-link", "admin"]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await group[Symbol.asyncDispose]();
});

async function open(cookie: string, options = {}): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/`, {
    ...{ cookie, size: { width: WIDTH, height: HEIGHT } },
    ...options,
  });
  await viewer.waitForState("playing");
  return viewer;
}

/** Waits for a key that the desktop saw after `from`. */
function arrives(name: string, down: boolean, from: number): Promise<SeenInput> {
  return until(() => {
    return seen.slice(from).find((event) => {
      return event.type === "key" && event.name === name && event.down === down;
    });
  }, `key ${name} ${down ? "down" : "up"}`);
}

async function press(viewer: ViewerPage, code: string): Promise<void> {
  await viewer.page.locator(".stage").focus();
  await viewer.page.keyboard.press(code);
}

const { cookie: adminCookie } = await host.join("player");
const admin = await open(adminCookie);
await until(() => host.links.length > 2, "the link for a player");
const joined = await host.call("POST", "/api/session", {
  body: { secret: host.links.at(-1)!.secret },
});
const guestInfo = await joined.json();
const guestCookie = joined.headers.get("set-cookie")!.split(";")[0]!;
const guest = await open(guestCookie);
const chip = (viewer: ViewerPage) => viewer.page.locator(".control-chip");

t.test("the first link makes an admin, those that follow make players", async (t) => {
  t.equal(guestInfo.role, "player");
  await admin.press("Control+Alt+Shift+KeyP");
  const panel = admin.page.locator(".people-panel");
  await panel.waitFor();
  await panel.locator(".person").nth(1).waitFor();
  t.match(await panel.locator(".person").first().innerText(), /Guest 1 \(you\)[\s\S]*Admin/);
  t.match(await panel.locator(".person").nth(1).innerText(), /Guest 2[\s\S]*Player/);
  await admin.page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
});

t.test("one controls at a time, and the other asks", async (t) => {
  const from = seen.length;
  await chip(guest).waitFor();
  t.match(await chip(guest).innerText(), /Guest 1 has control/);
  await press(guest, "KeyG");
  await press(admin, "KeyA");
  await arrives("a", false, from);
  t.notOk(seen.slice(from).some(({ name }) => name === "g"), "the guest's key went nowhere");
  await guest.page.getByRole("button", { name: "Ask for control" }).click();
  await chip(admin).waitFor();
  t.match(await chip(admin).innerText(), /Guest 2 asks for control/);
  t.match(await chip(guest).innerText(), /Waiting for Guest 1/);
  await admin.page.locator(".stage").focus();
  await admin.page.keyboard.down("KeyH");
  await arrives("h", true, from);
  const handed = seen.length;
  await admin.page.getByRole("button", { name: "Hand over" }).click();
  await arrives("h", false, from);
  await guest.page.waitForSelector(".control-chip", { state: "hidden" });
  await press(guest, "KeyG");
  await arrives("g", false, handed);
  const afterwards = seen.length;
  await press(admin, "KeyB");
  await admin.page.getByRole("button", { name: "Take it" }).click();
  await chip(guest).waitFor();
  await press(admin, "KeyC");
  await arrives("c", false, afterwards);
  t.notOk(seen.slice(afterwards).some(({ name }) => name === "b"), "not before it was taken");
});

t.test("a name is shown to all, as text", async (t) => {
  await guest.press("Control+Alt+Shift+KeyP");
  const name = guest.page.getByLabel("Your name");
  await name.fill("<b>Ana</b>\u202e");
  await name.press("Enter");
  await guest.page.keyboard.press("Escape");
  await admin.press("Control+Alt+Shift+KeyP");
  await admin.page.getByText("<b>Ana</b>", { exact: true }).waitFor();
  t.equal(await admin.page.locator(".name b").count(), 0, "nobody's name is markup");
});

t.test("an admin takes a permission away, and what is held is let go of", async (t) => {
  const card = admin.page.locator(".person").nth(1);
  await card.getByText("Rights", { exact: true }).click();
  await card.getByLabel("Hand over to <b>Ana</b>").click();
  await guest.page.waitForSelector(".control-chip", { state: "hidden" });
  const from = seen.length;
  await guest.page.locator(".stage").focus();
  await guest.page.keyboard.down("KeyK");
  await arrives("k", true, from);
  const startedMs = performance.now();
  await card.getByLabel("Keyboard").click();
  await arrives("k", false, from);
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs < 8000, `${Math.round(tookMs)} ms`);
  await guest.page.keyboard.up("KeyK");
  await press(guest, "KeyL");
  await guest.page.mouse.click(600, 300);
  await until(
    () => seen.slice(from).find(({ type, down }) => type === "button" && down === true),
    "the pointer, which stays",
  );
  t.notOk(seen.slice(from).some(({ name }) => name === "l"));
  t.equal(await guest.state(), "playing", "nothing was closed");
  await card.getByLabel("Keyboard").click();
  const back = seen.length;
  await until(async () => {
    await press(guest, "KeyM");
    return seen.slice(back).some(({ name }) => name === "m");
  }, "the keyboard, which came back");
});

t.test("a reload keeps the role, the name and what was taken away", async (t) => {
  const card = admin.page.locator(".person").nth(1);
  await card.getByLabel("Gamepads").click();
  await guest.page.reload();
  await guest.waitForState("playing");
  await guest.press("Control+Alt+Shift+KeyP");
  const me = guest.page.locator(".person.me");
  await me.waitFor();
  t.match(await me.innerText(), /<b>Ana<\/b> \(you\)[\s\S]*Player/);
  await guest.page.keyboard.press("Escape");
  const people = await until(async () => {
    const boxes = card.getByLabel("Gamepads");
    return await boxes.count() > 0 && !(await boxes.isChecked());
  }, "the same rights as before");
  t.ok(people);
});

t.test("a link carries a role and permissions", async (t) => {
  await admin.page.getByRole("radio", { name: "Play" }).check();
  await admin.page.getByText("What they may use").click();
  const invite = admin.page.locator(".invite");
  for (const bit of ["Keyboard", "Mouse and touch", "Files", "Microphone"]) {
    await invite.getByLabel(bit).uncheck();
  }
  await invite.getByRole("button", { name: "Make a link" }).click();
  await invite.locator(".code path").waitFor({ state: "attached" });
  const link = await invite.getByLabel("Link", { exact: true }).inputValue();
  t.match(link, new RegExp(`^${host.origin}/#s=[\\w-]{43}$`));
  await admin.screenshot("people");
  t.same(await admin.accessibilityViolations(), []);
  const third = await browser.open(link, { size: { width: 390, height: 844 }, isPhone: true });
  await third.waitForState("playing");
  const stored = JSON.parse(
    await until(async () => {
      const text = await Deno.readTextFile(`${host.stateDir}/sessions.json`);
      return text.includes("clipboard_write") && JSON.parse(text).length === 3 ? text : undefined;
    }, "the stored sessions"),
  );
  t.same(stored.at(-1).permissions, ["pad", "clipboard_read", "clipboard_write"]);
  t.equal(await third.page.locator(".control-chip:visible").count(), 0, "nothing to ask for");
  await third.press("Control+Alt+Shift+KeyP");
  await third.page.locator(".person").nth(2).waitFor();
  const overflow = await third.page.evaluate(`(() => {
    const body = document.querySelector(".people-body");
    return body.scrollWidth - body.clientWidth;
  })()`);
  t.equal(overflow, 0, "it fits a phone");
  await third.screenshot("people-phone");
  t.same(await third.accessibilityViolations(), []);
  await third.close();
});

t.test("an admin sends somebody away", async (t) => {
  const card = admin.page.locator(".person").nth(1);
  const open = card.getByRole("button", { name: "Send away…" });
  if (!await open.isVisible()) await card.getByText("Rights", { exact: true }).click();
  await open.click();
  await card.getByRole("button", { name: "Send away", exact: true }).click();
  await guest.waitForState("ended");
  t.match(await guest.page.locator(".screen").innerText(), /admin|ended/i);
  await admin.page.locator(".person", { hasText: "Ana" }).waitFor({ state: "detached" });
  t.same(admin.complaints, []);
  t.same(guest.complaints, []);
});
