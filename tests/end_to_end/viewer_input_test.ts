/**
 * Hands in the browser reach a real X client: keys, buttons, wheel and motion arrive at the content of
 * an X server, where the pointer was aimed, and nothing stays pressed when the person goes.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const WIDTH = 1280;
const HEIGHT = 720;

/** One line of the content's log. */
interface SeenInput {
  readonly type: string;
  readonly down?: boolean;
  readonly name?: string;
  readonly button?: number;
  readonly x?: number;
  readonly y?: number;
  readonly dx?: number;
  readonly dy?: number;
  readonly repeat?: boolean;
}

const seen: SeenInput[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  width: WIDTH,
  height: HEIGHT,
  content: "still",
  fps: 30,
  seed: 1,
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

/** Waits for an event that the content saw after `from`. */
function arrives(what: string, from: number, match: (event: SeenInput) => boolean) {
  return until(() => seen.slice(from).find(match), what);
}

const keyEvent = (name: string, down: boolean) => (event: SeenInput) => {
  return event.type === "key" && event.name === name && event.down === down &&
    event.repeat !== true;
};

async function open() {
  const viewer = await browser.open(`${host.origin}/`, {
    cookie,
    size: { width: WIDTH, height: HEIGHT },
  });
  await viewer.waitForState("playing");
  await viewer.page.mouse.move(300, 300);
  await arrives("the first motion", 0, ({ type }) => type === "motion");
  return viewer;
}

t.test("viewer sends keys by their place on the keyboard", async (t) => {
  const viewer = await open();
  const { keyboard } = viewer.page;
  const keys = [
    ["KeyA", "a"],
    ["Enter", "Return"],
    ["ArrowLeft", "Left"],
    ["F5", "F5"],
    ["Tab", "Tab"],
    ["ControlRight", "Control_R"],
  ] as const;
  for (const [code, name] of keys) {
    const from = seen.length;
    await keyboard.down(code);
    await arrives(`${code} down`, from, keyEvent(name, true));
    await keyboard.up(code);
    await arrives(`${code} up`, from, keyEvent(name, false));
    t.pass(code);
  }
  const from = seen.length;
  await keyboard.down("KeyB");
  for (let repeat = 0; repeat < 5; repeat++) await keyboard.down("KeyB");
  await keyboard.up("KeyB");
  await arrives("KeyB up", from, keyEvent("b", false));
  const presses = seen.slice(from).filter(keyEvent("b", true));
  t.equal(presses.length, 1, "the browser's repeats are not sent");
  await viewer.close();
});

t.test("viewer sends the pointer to the pixel that it is on", async (t) => {
  const viewer = await open();
  const { mouse } = viewer.page;
  for (const [x, y] of [[200, 150], [640, 360], [1279, 719], [0, 100]] as const) {
    const from = seen.length;
    await mouse.move(x, y);
    await mouse.down();
    const press = await arrives("a press", from, ({ type, down }) => {
      return type === "button" && down === true;
    });
    t.same([press.button, press.x, press.y], [1, x, y]);
    await mouse.up();
    await arrives("its end", from, ({ type, down }) => type === "button" && down === false);
  }
  const from = seen.length;
  await mouse.move(500, 400);
  await mouse.click(500, 400, { button: "right" });
  t.match(await arrives("a right click", from, ({ type }) => type === "button"), {
    button: 3,
    x: 500,
    y: 400,
  });
  await mouse.wheel(0, 120);
  t.match(await arrives("the wheel", from, ({ type }) => type === "wheel"), { dx: 0, dy: 1 });
  await viewer.close();
});

t.test("viewer finds the pixel in a window of another shape", async (t) => {
  const viewer = await browser.open(`${host.origin}/`, {
    cookie,
    size: { width: 800, height: 800 },
  });
  await viewer.waitForState("playing");
  // 1280x720 fills 800x450 in the middle: bars of 175 above and below.
  for (const [x, y, expectedX, expectedY] of [[400, 400, 640, 360], [100, 50, 160, 0]] as const) {
    const from = seen.length;
    await viewer.page.mouse.click(x, y);
    const press = await arrives("a press", from, ({ type }) => type === "button");
    t.ok(Math.abs(press.x! - expectedX) <= 1, `x ${press.x}`);
    t.ok(Math.abs(press.y! - expectedY) <= 1, `y ${press.y}`);
    await arrives("its end", from, ({ type, down }) => type === "button" && down === false);
  }
  await viewer.close();
});

t.test("viewer lets go of everything when the person looks elsewhere", async (t) => {
  const viewer = await open();
  const { keyboard, mouse } = viewer.page;
  let from = seen.length;
  await keyboard.down("ShiftLeft");
  await mouse.down();
  await arrives("the button", from, ({ type, down }) => type === "button" && down === true);
  await viewer.page.evaluate("document.activeElement.blur()");
  await arrives("the end of Shift", from, keyEvent("Shift_L", false));
  await arrives("the end of the button", from, ({ type, down }) => {
    return type === "button" && down === false;
  });
  await mouse.up();
  await keyboard.up("ShiftLeft");
  t.pass("focus lost");

  await viewer.page.focus(".stage");
  from = seen.length;
  await keyboard.down("KeyD");
  await arrives("KeyD", from, keyEvent("d", true));
  await viewer.page.evaluate(`window.dispatchEvent(new Event("blur"))`);
  await arrives("the end of KeyD", from, keyEvent("d", false));
  await keyboard.up("KeyD");
  t.pass("window left");

  from = seen.length;
  await viewer.press("Control+Alt+Shift+KeyZ");
  await arrives("the end of Shift", from, keyEvent("Shift_L", false));
  await viewer.page.waitForTimeout(100);
  from = seen.length;
  await keyboard.press("KeyE");
  await mouse.click(333, 333);
  await viewer.page.waitForTimeout(300);
  t.same(seen.slice(from), [], "released input stays in the browser");
  await viewer.press("Control+Alt+Shift+KeyZ");
  await keyboard.down("KeyE");
  await arrives("KeyE", from, keyEvent("e", true));
  t.notOk(seen.slice(from).some(keyEvent("z", true)), "the shortcut's letter is the viewer's own");
  await viewer.close();
  await arrives("the end of KeyE", from, keyEvent("e", false));
  t.pass("tab closed");

  const other = await open();
  from = seen.length;
  await other.page.keyboard.down("KeyG");
  await arrives("KeyG", from, keyEvent("g", true));
  await other.page.evaluate(`document.querySelector("wavry-viewer").remove()`);
  await arrives("the end of KeyG", from, keyEvent("g", false));
  t.pass("element removed");
  await other.close();
});

t.test("viewer moves the pointer by distances under pointer lock", async (t) => {
  const viewer = await open();
  await viewer.page.mouse.click(300, 300);
  await viewer.press("Control+Alt+Shift+KeyM");
  await viewer.page.waitForSelector(".toolbar [data-action=mouse_mode][aria-pressed=true]", {
    state: "attached",
  });
  await viewer.page.mouse.move(300, 300);
  await viewer.page.waitForTimeout(100);
  const start = seen.findLast(({ type }) => type === "motion");
  await viewer.page.mouse.move(360, 280, { steps: 6 });
  const end = await until(
    () => {
      const last = seen.findLast(({ type }) => type === "motion");
      return last !== undefined && last.x === start!.x! + 60 ? last : undefined;
    },
    "60 pixels of motion",
  );
  t.equal(end.y, start!.y! - 20);
  await viewer.press("Control+Alt+Shift+KeyM");
  await viewer.page.waitForSelector(".toolbar [data-action=mouse_mode][aria-pressed=false]", {
    state: "attached",
  });
  await viewer.close();
});

t.test("viewer that may only watch sends nothing", async (t) => {
  const watcher = await host.join("viewer");
  const viewer = await browser.open(`${host.origin}/`, { cookie: watcher.cookie });
  await viewer.waitForState("playing");
  const from = seen.length;
  await viewer.page.mouse.click(300, 300);
  await viewer.page.keyboard.press("KeyA");
  await viewer.page.waitForTimeout(300);
  t.same(seen.slice(from), []);
  t.equal(await viewer.state(), "playing", "and it may stay");
  await viewer.close();
});
