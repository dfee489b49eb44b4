/**
 * Fingers in the browser reach a real X client: what they mean as a mouse, as a trackpad and on the
 * keys of the screen arrives where it was aimed, text arrives as it was composed, and no end of a
 * gesture leaves a button down. On a phone's window, held upright and sideways.
 */
// timeout: 150 s

import t from "tap";
import { parseInputEvent } from "../../src/wire/input.ts";
import { PAD_AXIS_SCALE, PAD_DATAGRAM, parsePadMotion } from "../../src/wire/pad.ts";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";
import { button, Phone, textOf } from "./phone.ts";
import type { SeenInput } from "./phone.ts";

const UPRIGHT = { width: 390, height: 844 };
const SIDEWAYS = { width: 844, height: 390 };

const seen: SeenInput[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  ...{ width: 1280, height: 720, content: "desktop", fps: 30, seed: 1 },
  onInput: (line) => seen.push(JSON.parse(line)),
}, new AbortController().signal);
const host = await HostProcess.start(["--display", screen.display]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");

async function openPhone(size: typeof UPRIGHT, before = ""): Promise<Phone> {
  return await Phone.open(browser, { url: `${host.origin}/`, cookie, size, seen, before });
}

/** A desktop's window whose mouse counts. */
async function openDesktop(): Promise<ViewerPage> {
  const viewer = await browser.open(`${host.origin}/`, { cookie });
  await viewer.waitForState("playing");
  await until(
    async () => {
      const from = seen.length;
      await viewer.page.mouse.click(900, 600);
      await viewer.page.waitForTimeout(100);
      return seen.slice(from).some(button(1, false));
    },
    "control",
    20_000,
  );
  return viewer;
}

/** Keeps what the page sends of gamepads: kernels of test machines have none to plug in. */
const PAD_SPY = `(() => {
  const pads = globalThis.pads = [];
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, transfer) {
    const bytes = message?.type === "input" ? message.record ?? message.datagram : undefined;
    if (bytes !== undefined && [9, 10, 0x42].includes(bytes[0])) pads.push([...bytes]);
    return post.call(this, message, transfer);
  };
})()`;

/** Waits for an event that the content saw after `from`. */
function arrives(what: string, from: number, match: (event: SeenInput) => boolean) {
  return until(() => seen.slice(from).find(match), what);
}

/** Buttons that the content saw go down since `from` and not up again. */
function heldButtons(from: number): (number | undefined)[] {
  const held = new Set<number | undefined>();
  for (const event of seen.slice(from)) {
    if (event.type !== "button") continue;
    if (event.down === true) held.add(event.button);
    else held.delete(event.button);
  }
  return [...held];
}

/** A point of the content may be a pixel off: fingers are not on whole pixels of the host. */
function isNear(event: SeenInput, x: number, y: number): boolean {
  return Math.abs(event.x! - x) <= 4 && Math.abs(event.y! - y) <= 4;
}

t.test("fingers click, drag, scroll and open the toolbar", async (t) => {
  const phone = await openPhone(UPRIGHT);
  const start = seen.length;
  const [x, y] = await phone.over(800, 300);
  await phone.tap([1, x, y]);
  const press = await arrives("a tap", start, button(1, true));
  t.ok(isNear(press, 800, 300), `at ${press.x},${press.y}`);
  await arrives("its end", start, button(1, false));

  let from = seen.length;
  await phone.touch("Start", [[1, x, y]]);
  const long = await arrives("a long press", from, button(3, false));
  t.ok(isNear(long, 800, 300), "a right click where the finger is");
  await phone.touch("End", []);

  from = seen.length;
  await phone.touch("Start", [[1, x, y]]);
  await phone.viewer.page.waitForTimeout(100);
  for (const step of [1, 2, 3]) await phone.touch("Move", [[1, x + 20 * step, y]]);
  await arrives("a drag", from, button(1, true));
  await phone.touch("End", []);
  const end = await arrives("the end of the drag", from, button(1, false));
  t.ok(isNear(end, 800 + 60 * 1280 / 390, 300), `at ${end.x}`);

  from = seen.length;
  await phone.tap([1, x, y], [2, x + 40, y]);
  await arrives("two fingers' right click", from, button(3, false));

  from = seen.length;
  await phone.touch("Start", [[1, x, y], [2, x + 40, y]]);
  for (let step = 1; step <= 8; step++) {
    await phone.touch("Move", [[1, x, y - 10 * step], [2, x + 40, y - 10 * step]]);
  }
  await phone.touch("End", []);
  const wheel = await arrives("two fingers' wheel", from, ({ type }) => type === "wheel");
  t.equal(wheel.dy, 1, "what is under the fingers goes with them");
  t.notOk(seen.slice(from).some(({ type }) => type === "button"), "without a click");

  await phone.tap([1, x, y], [2, x + 40, y], [3, x + 80, y]);
  await phone.viewer.page.waitForSelector(".toolbar.open");
  t.same(heldButtons(start), [], "nothing is held");
  t.same(phone.viewer.complaints, []);
  await phone.viewer.close();
});

t.test("two fingers magnify the picture, and a tap still hits what it is on", async (t) => {
  const phone = await openPhone(SIDEWAYS);
  const before = await phone.picture();
  await phone.touch("Start", [[1, 400, 200], [2, 440, 200]]);
  await phone.viewer.page.waitForTimeout(50);
  for (let step = 1; step <= 8; step++) {
    await phone.touch("Move", [[1, 400 - 10 * step, 200], [2, 440 + 10 * step, 200]]);
  }
  await phone.touch("End", []);
  const after = await until(async () => {
    const picture = await phone.picture();
    return picture.width > before.width * 2 ? picture : undefined;
  }, "a larger picture");
  t.ok(after.width < before.width * 6, `${after.width / before.width} times`);
  const from = seen.length;
  const [x, y] = await phone.over(700, 400);
  await phone.tap([1, x, y]);
  const press = await arrives("a tap", from, button(1, true));
  t.ok(isNear(press, 700, 400), `at ${press.x},${press.y}`);
  await phone.viewer.screenshot("phone_magnified");
  await phone.press("Whole picture");
  t.equal((await phone.picture()).width, before.width);
  await phone.viewer.close();
});

t.test("a trackpad moves a pointer that is drawn, clicks and drags", async (t) => {
  const phone = await openPhone(SIDEWAYS);
  const { page } = phone.viewer;
  await phone.press("Fingers: Touch as a mouse");
  await page.waitForSelector(".cursor:not([hidden])", { state: "attached" });
  let from = seen.length;
  await phone.touch("Start", [[1, 300, 250]]);
  for (let step = 1; step <= 10; step++) {
    await phone.touch("Move", [[1, 300 + 6 * step, 250 - 3 * step]]);
  }
  await phone.touch("End", []);
  const motions = await until(() => {
    const list = seen.slice(from).filter(({ type }) => type === "motion");
    return list.length >= 3 ? list : undefined;
  }, "motion");
  t.ok(motions.at(-1)!.x! > motions[0]!.x!, "to the right");
  t.ok(motions.at(-1)!.y! < motions[0]!.y!, "and up");
  t.notOk(seen.slice(from).some(({ type }) => type === "button"), "without a click");

  from = seen.length;
  await phone.tap([1, 200, 200]);
  const press = await arrives("a click", from, button(1, true));
  await arrives("its end", from, button(1, false));
  // The tip of the drawn pointer is where the click went.
  const [tipX, tipY] = await phone.over(press.x!, press.y!);
  const drawn = await page.evaluate(`(() => {
    const { x, y, width, height } = document.querySelector(".cursor").getBoundingClientRect();
    return [x, y, width, height];
  })()`) as [number, number, number, number];
  t.ok(tipX >= drawn[0] - 2 && tipX <= drawn[0] + drawn[2] + 2, `${tipX} in ${drawn}`);
  t.ok(tipY >= drawn[1] - 2 && tipY <= drawn[1] + drawn[3] + 2, `${tipY} in ${drawn}`);

  from = seen.length;
  await phone.tap([1, 200, 200]);
  await phone.touch("Start", [[1, 200, 200]]);
  for (let step = 1; step <= 6; step++) await phone.touch("Move", [[1, 200 + 10 * step, 200]]);
  await arrives("a drag", from, ({ type, x }) => type === "motion" && x! > press.x! + 10);
  t.same(heldButtons(from), [1], "tap and hold holds the button");
  await phone.touch("End", []);
  await arrives("its end", from, button(1, false));

  from = seen.length;
  await phone.tap([1, 200, 200], [2, 260, 200]);
  await arrives("a right click", from, button(3, false));
  t.same(heldButtons(from), []);
  await phone.viewer.close();
});

t.test("the phone's keyboard types text, once, and keys beside it are keys", async (t) => {
  const phone = await openPhone(UPRIGHT);
  await phone.press("Keyboard");
  await phone.viewer.page.waitForSelector("wavry-viewer.typing");
  let from = seen.length;
  await phone.commit("hé€");
  await until(() => textOf(seen.slice(from)).includes("€") || undefined, "text that no layout has");
  t.equal(textOf(seen.slice(from)), "hé€");

  from = seen.length;
  await phone.compose("w");
  await phone.compose("wor");
  await phone.compose("word");
  await phone.commit("world");
  await until(() => textOf(seen.slice(from)).endsWith("ld") || undefined, "a composed word");
  t.equal(textOf(seen.slice(from)), "world", "no character comes twice");

  from = seen.length;
  await phone.pressKey("Ctrl");
  await arrives("Control", from, ({ name, down }) => name === "Control_L" && down === true);
  await phone.commit("c");
  await arrives("C as a key", from, ({ name, down }) => name === "c" && down === false);
  await arrives("the end of Control", from, ({ name, down }) => {
    return name === "Control_L" && down === false;
  });
  from = seen.length;
  await phone.pressKey("Esc");
  await arrives("Escape", from, ({ name, down }) => name === "Escape" && down === false);
  const { scrollHeight, clientHeight } = await phone.viewer.page.evaluate(
    `(({ scrollHeight, clientHeight }) => ({ scrollHeight, clientHeight }))(document.documentElement)`,
  ) as { scrollHeight: number; clientHeight: number };
  t.equal(scrollHeight, clientHeight, "the page does not scroll");
  await phone.viewer.screenshot("phone_keys");
  await phone.viewer.close();
});

t.test("a desktop types with its input method, and what its clipboard holds", async (t) => {
  const viewer = await openDesktop();
  const { page } = viewer;
  const session = await page.context().newCDPSession(page);
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  let from = seen.length;
  await viewer.press("Control+Alt+Shift+KeyK");
  await page.waitForSelector("wavry-viewer.typing");
  await session.send("Input.imeSetComposition", {
    text: "nihon",
    selectionStart: 5,
    selectionEnd: 5,
  });
  await page.waitForTimeout(300);
  t.equal(textOf(seen.slice(from)), "", "what is composed is not typed");
  await session.send("Input.insertText", { text: "日本" });
  await until(() => textOf(seen.slice(from)).endsWith("本") || undefined, "composed text");
  t.equal(textOf(seen.slice(from)), "日本");
  from = seen.length;
  await page.keyboard.press("Shift+ArrowLeft");
  await arrives("an arrow", from, ({ name, down }) => name === "Left" && down === false);
  t.ok(seen.slice(from).some(({ name, down }) => name === "Shift_L" && down === true));
  await page.keyboard.type("aB");
  await until(() => textOf(seen.slice(from)).endsWith("B") || undefined, "letters of this layout");
  t.equal(textOf(seen.slice(from)), "aB");
  await viewer.press("Control+Alt+Shift+KeyK");
  await page.waitForSelector("wavry-viewer:not(.typing)");

  await page.evaluate(`navigator.clipboard.writeText("Zoë\\n€5")`);
  from = seen.length;
  await viewer.press("Control+Alt+Shift+KeyV");
  await until(() => textOf(seen.slice(from)).endsWith("5") || undefined, "the clipboard's text");
  t.equal(textOf(seen.slice(from)), "Zoë\r€5");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("a mouse of 1,000 reports a second is merged, in order, and ends where it is", async (t) => {
  const viewer = await openDesktop();
  const { page } = viewer;
  await viewer.press("Control+Alt+Shift+KeyS");
  const from = seen.length;
  // Reports as a fast mouse makes them: four together each time that the page gets to hear of it.
  await page.evaluate(`new Promise((resolve) => {
    const stage = document.querySelector(".stage");
    let sent = 0;
    const timer = setInterval(() => {
      for (let one = 0; one < 4 && sent < 1000; one++, sent++) {
        stage.dispatchEvent(new PointerEvent("pointerrawupdate", {
          pointerType: "mouse", clientX: 100 + sent, clientY: 400, bubbles: true,
        }));
      }
      if (sent >= 1000) resolve(clearInterval(timer));
    }, 4);
  })`);
  const end = await arrives(
    "the last place",
    from,
    ({ type, x }) => type === "motion" && x === 1099,
  );
  t.equal(end.y, 400);
  const places = seen.slice(from).filter(({ type }) => type === "motion").map(({ x }) => x!);
  t.same(places, places.toSorted((a, b) => a - b), "in order");
  t.ok(places.length > 20 && places.length < 1000, `${places.length} of 1000`);
  const line = page.locator(".stats .row", { hasText: "Motion reported/sent" }).locator("dd");
  const reported = await until(async () => {
    const [reports = 0, sent = 0] = (await line.textContent() ?? "").split(/[/ ]/).map(Number);
    return reports > 0 ? [reports, sent] as const : undefined;
  }, "the figures of the mouse");
  t.ok(reported[1] <= reported[0], `${reported[1]} of ${reported[0]} sent`);
  await viewer.close();
});

t.test("a gamepad on the screen is one like any other", async (t) => {
  const phone = await openPhone(SIDEWAYS, PAD_SPY);
  const { page } = phone.viewer;
  await phone.press("Gamepad");
  await page.waitForSelector(".pad:not([hidden])");
  const middle = async (selector: string): Promise<[number, number]> => {
    const { x, y, width, height } = (await page.locator(selector).boundingBox())!;
    return [x + width / 2, y + height / 2];
  };
  const [stickX, stickY] = await middle('.pad-stick[aria-label="Left stick"]');
  const [a, b] = await Promise.all([
    middle('[data-button="south"]'),
    middle('[data-button="rightTrigger"]'),
  ]);
  await phone.touch("Start", [[1, ...a], [2, ...b], [3, stickX, stickY]]);
  await phone.touch("Move", [[1, ...a], [2, ...b], [3, stickX + 200, stickY]]);
  await page.waitForTimeout(200);
  await phone.touch("End", []);
  await page.waitForTimeout(200);
  const sent = (await page.evaluate("pads") as number[][]).map((bytes) => Uint8Array.from(bytes));
  const records = sent.filter((bytes) => bytes[0] !== PAD_DATAGRAM).map(parseInputEvent);
  const buttons = records.filter(({ kind }) => kind === "pad").map(({ x }) => x);
  t.equal(buttons[0], 0, "plugged in");
  t.ok(buttons.includes(1 | 1 << 7), "both buttons are down together");
  t.equal(buttons.at(-1), 0, "and up");
  const axes = sent.filter((bytes) => bytes[0] === PAD_DATAGRAM).map((bytes) =>
    parsePadMotion(bytes).axes
  );
  t.ok(axes.some(([x, y]) => x === PAD_AXIS_SCALE && y === 0), "the stick is at its edge");
  t.ok(axes.some((all) => all[5] === PAD_AXIS_SCALE), "and the trigger home");
  t.same(axes.at(-1), [0, 0, 0, 0, 0, 0], "all at rest in the end");
  await phone.press("Gamepad");
  await until(async () => {
    const [last] = await page.evaluate(
      "pads.filter(([kind]) => kind === 9).slice(-1)",
    ) as number[][];
    return parseInputEvent(Uint8Array.from(last!)).down === false;
  }, "the end of the gamepad");
  await phone.viewer.close();
});

t.test("every control is large enough for a thumb, reachable and named", async (t) => {
  for (const [name, size] of Object.entries({ upright: UPRIGHT, sideways: SIDEWAYS })) {
    const phone = await openPhone(size);
    const { viewer } = phone;
    await phone.press("Keys");
    await phone.press("Gamepad");
    await viewer.page.waitForSelector(".pad:not([hidden])");
    const boxes = await viewer.page.evaluate(`[...document.querySelectorAll(".hands button")]
      .filter((button) => button.offsetParent !== null && button.closest("[hidden]") === null)
      .map((button) => {
        const { x, y, width, height } = button.getBoundingClientRect();
        const isScrolled = button.closest(".key-row") !== null;
        return { label: button.ariaLabel ?? button.textContent, x, y, width, height, isScrolled };
      })`) as {
      label: string;
      x: number;
      y: number;
      width: number;
      height: number;
      isScrolled: boolean;
    }[];
    t.ok(boxes.length > 25, `${boxes.length} controls`);
    const small = boxes.filter(({ width, height }) => width < 44 || height < 44);
    t.same(small, [], `${name}: 44 px each way`);
    const outside = boxes.filter(({ x, y, width, height, isScrolled }) =>
      y < 0 || y + height > size.height || (!isScrolled && (x < 0 || x + width > size.width))
    );
    t.same(outside, [], `${name}: all in sight`);
    t.same(boxes.filter(({ label }) => label === ""), [], "all named");
    await phone.press("Keys");
    t.same(await viewer.accessibilityViolations(["wcag2a", "wcag2aa", "wcag22aa"]), [], name);
    for (const scheme of ["dark", "light"] as const) {
      await viewer.page.emulateMedia({ colorScheme: scheme });
      t.ok(await viewer.screenshot(`phone_pad_${name}_${scheme}`) > 10_000);
    }
    await phone.press("Gamepad");
    await viewer.page.waitForTimeout(100);
    t.ok(await viewer.screenshot(`phone_${name}_light`) > 10_000);
    t.same(viewer.complaints, []);
    await viewer.close();
  }
});
