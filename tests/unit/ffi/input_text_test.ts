/**
 * Layouts and text in a real X client: physical keys mean what the host's layout says, dead keys
 * included, and text brings exactly its characters whatever the layout, Shift and Caps Lock are.
 */

import t, { type Test } from "tap";
import { buildNative } from "../../../ffi/build.ts";
import { InputDevice } from "../../../ffi/mod.ts";
import { evdevCodeOf } from "../../../src/input/key_map.ts";
import { Xvfb } from "../../native/xvfb.ts";

const SCENE = new URL("../../../build/native/wavry_scene", import.meta.url).pathname;
const TIMEOUT_MS = 8000;
const SHIFT = 42;
const ALT_GR = 100;
const CAPS_LOCK = 58;
const LOCK_MASK = 2;
/** Keycodes of X are evdev codes and this. */
const X_OFFSET = 8;

await buildNative();

interface Line {
  readonly type: string;
  readonly down?: boolean;
  readonly keycode?: number;
  readonly state?: number;
  readonly text?: string;
}

/** An X client that tells what was typed into it. */
class TextClient implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly lines: Line[] = [];
  readonly #reading: Promise<void>;
  #wake = Promise.withResolvers<void>();

  constructor(display: string) {
    this.#child = new Deno.Command(SCENE, {
      args: ["still", "--display", display, "--log-input", "-"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      this.lines.push(...parts.map((part) => JSON.parse(part) as Line));
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
  }

  /** Waits until `done` holds for what was seen from line `from` on. */
  async until(from: number, done: (lines: readonly Line[]) => boolean): Promise<readonly Line[]> {
    const endMs = performance.now() + TIMEOUT_MS;
    while (!done(this.lines.slice(from))) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) break;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, leftMs));
      await Promise.race([this.#wake.promise, late]);
      clearTimeout(timer);
    }
    return this.lines.slice(from);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#reading;
    await this.#child.status;
  }
}

const typed = (lines: readonly Line[]) => lines.map(({ text }) => text ?? "").join("");

/** What the client read when `text` was typed, with the pauses that the device asks for. */
async function typeText(client: TextClient, input: InputDevice, text: string): Promise<string> {
  const from = client.lines.length;
  for (const character of text) {
    for (;;) {
      const waitUs = input.text(character.codePointAt(0) ?? 0);
      if (waitUs === 0) break;
      await new Promise((resolve) => setTimeout(resolve, waitUs / 1000));
    }
  }
  return typed(await client.until(from, (lines) => typed(lines).length >= text.length));
}

/** What the client read when physical keys, by scancode, were pressed one after another. */
async function pressKeys(
  client: TextClient,
  input: InputDevice,
  keys: readonly (number | readonly [held: number, scancode: number])[],
): Promise<string> {
  const from = client.lines.length;
  let ends = 0;
  for (const key of keys) {
    const [held, scancode] = typeof key === "number" ? [undefined, key] : key;
    const code = evdevCodeOf(scancode) ?? 0;
    if (held !== undefined) input.key(held, true);
    input.key(code, true);
    input.key(code, false);
    if (held !== undefined) input.key(held, false);
    ends += held === undefined ? 1 : 2;
  }
  const isEnd = ({ type, down }: Line) => type === "key" && down === false;
  const lines = await client.until(from, (seen) => seen.filter(isEnd).length >= ends);
  return typed(lines);
}

async function setLayout(display: string, layout: string): Promise<void> {
  const { success } = await new Deno.Command("setxkbmap", {
    args: ["-display", display, layout],
  }).output();
  if (!success) throw new Error(`Cannot set layout ${layout}`);
}

t.test("keys and text on layouts of the host", { timeout: 60_000 }, async (t) => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  await using client = new TextClient(server.display);
  await client.until(0, (lines) => lines.some(({ type }) => type === "ready"));
  using input = await InputDevice.open(server.display, { width: 640, height: 480 });
  input.pointerAbsolute(100, 100);

  await t.test("German", async (t) => {
    await setLayout(server.display, "de");
    // Scancodes of KeyY, KeyZ, BracketLeft, Minus, KeyQ, KeyE, Equal and KeyE on an American board.
    t.equal(await pressKeys(client, input, [0x15, 0x2c, 0x1a, 0x0c]), "zyüß");
    t.equal(await pressKeys(client, input, [[SHIFT, 0x1a], [ALT_GR, 0x10]]), "Ü@");
    t.equal(await pressKeys(client, input, [[ALT_GR, 0x12]]), "€");
    t.equal(await pressKeys(client, input, [0x0d, 0x12]), "é", "a dead key and its letter");
    await checkText(t, client, input);
  });

  await t.test("French", async (t) => {
    await setLayout(server.display, "fr");
    t.equal(await pressKeys(client, input, [0x10, 0x1e, 0x27, 0x03]), "aqmé");
    t.equal(await pressKeys(client, input, [0x1a, 0x12]), "ê", "a dead key and its letter");
    t.equal(await pressKeys(client, input, [[SHIFT, 0x03]]), "2");
    await checkText(t, client, input);
  });

  await t.test("lock keys", (t) => checkLocks(t, client, input));

  await t.test("keys that a killed process has left are found again", async (t) => {
    // Another process would leave them as this device does, which never closes while it looks.
    using other = await InputDevice.open(server.display, { width: 640, height: 480 });
    t.equal(await typeText(client, other, "áçü漢"), "áçü漢");
  });
});

async function checkText(t: Test, client: TextClient, input: InputDevice): Promise<void> {
  for (const text of ["é", "€", "ñ~^`´", "😀🏳", "漢字かな한글", "a\"\\'Zz", "ÀÿŁœß"]) {
    t.equal(await typeText(client, input, text), text, text);
  }
  // More characters than keys that the layout has no use for.
  const many = Array.from({ length: 120 }, (_, index) => String.fromCodePoint(0x4e00 + index));
  t.equal(await typeText(client, input, many.join("")), many.join(""), "120 of them");
}

async function checkLocks(t: Test, client: TextClient, input: InputDevice): Promise<void> {
  const stateOf = async () => {
    const from = client.lines.length;
    input.key(SHIFT, true);
    input.key(SHIFT, false);
    const isShift = ({ keycode, down }: Line) => keycode === SHIFT + X_OFFSET && down === true;
    const lines = await client.until(from, (seen) => seen.some(isShift));
    return (lines.find(isShift)?.state ?? 0) & LOCK_MASK;
  };
  input.locks(1, 7);
  input.locks(1, 7);
  t.equal(await stateOf(), LOCK_MASK, "on, though it was said twice");
  t.equal(await typeText(client, input, "éAa"), "éAa", "text is not made capital");
  // The characters took keys that the client has to ask for again before it knows the others.
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.equal(await pressKeys(client, input, [0x13]), "R", "keys are");
  input.key(CAPS_LOCK, true);
  input.key(CAPS_LOCK, false);
  input.locks(0, 7);
  t.equal(await stateOf(), 0, "off by its key, and said besides: still off");
  input.locks(1, 6);
  t.equal(await stateOf(), 0, "what the viewer's platform lacks stays");
}
