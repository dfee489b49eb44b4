/** InputDevice against a real X client: what is injected is what the client sees. */

import t from "tap";
import { InputDevice, nativeMemoryStats } from "../../../ffi/mod.ts";
import { buildNative } from "../../../ffi/build.ts";
import { Xvfb } from "../../native/xvfb.ts";

const SCENE = new URL("../../../build/native/wavry_scene", import.meta.url).pathname;
const EVENT_TIMEOUT_MS = 5000;
const KEYCODE_OFFSET = 8;

await buildNative();

interface SceneEvent {
  readonly type: string;
  readonly down?: boolean;
  readonly keycode?: number;
  readonly name?: string;
  readonly button?: number;
  readonly dx?: number;
  readonly dy?: number;
  readonly x?: number;
  readonly y?: number;
}

/** An X client that covers the screen and tells what it receives. */
class Client implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(display: string) {
    this.#child = new Deno.Command(SCENE, {
      args: ["still", "--display", display, "--log-input", "-"],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** The next event of a type in `types`, past others. */
  async next(...types: string[]): Promise<SceneEvent> {
    for (;;) {
      const timer = setTimeout(() => this.#child.kill("SIGKILL"), EVENT_TIMEOUT_MS);
      const line = await this.#lines.next();
      clearTimeout(timer);
      if (line.done) throw new Error(`No ${types.join(" or ")} event arrived`);
      const event = JSON.parse(line.value) as SceneEvent;
      if (types.includes(event.type)) return event;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    for await (const _ of { [Symbol.asyncIterator]: () => this.#lines });
    await this.#child.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

t.test("InputDevice delivers keys, buttons, wheel and motion to an X client", async (t) => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  await using client = new Client(server.display);
  await client.next("ready");
  {
    using input = await InputDevice.open(server.display);
    input.pointerAbsolute(100, 80);
    let motion = await client.next("motion");
    while (motion.x !== 100) motion = await client.next("motion");
    t.match(motion, { x: 100, y: 80 }, "absolute motion");
    input.pointerRelative(-30, 12);
    t.match(await client.next("motion"), { x: 70, y: 92 }, "relative motion");

    const wrong: number[] = [];
    // 241 and 242 are KEY_VIDEO_NEXT and KEY_VIDEO_PREV: the server keeps their presses to itself.
    for (let code = 1; code <= 240; code++) {
      input.key(code, true);
      input.key(code, false);
      for (const down of [true, false]) {
        const event = await client.next("key");
        if (event.keycode !== code + KEYCODE_OFFSET || event.down !== down) wrong.push(code);
      }
    }
    t.same(wrong, [], "240 keys go down and up, in order");

    const names: Record<number, string> = {
      1: "Escape",
      16: "q",
      28: "Return",
      30: "a",
      42: "Shift_L",
      54: "Shift_R",
      56: "Alt_L",
      57: "space",
      59: "F1",
      88: "F12",
      97: "Control_R",
      103: "Up",
      110: "Insert",
      125: "Super_L",
    };
    for (const [code, name] of Object.entries(names)) {
      input.key(Number(code), true);
      t.equal((await client.next("key")).name, name, `evdev ${code} is ${name}`);
      input.key(Number(code), false);
      await client.next("key");
    }

    for (const button of [1, 2, 3, 8, 9]) {
      input.button(button, true);
      t.match(await client.next("button"), { button, down: true }, `button ${button} down`);
      input.button(button, false);
      t.match(await client.next("button"), { button, down: false }, `button ${button} up`);
    }

    input.wheel(0, 60);
    input.wheel(0, 60);
    t.match(await client.next("wheel"), { dx: 0, dy: 1 }, "two half notches are one, down");
    input.wheel(0, -120);
    t.match(await client.next("wheel"), { dx: 0, dy: -1 }, "up");
    input.wheel(120, 0);
    t.match(await client.next("wheel"), { dx: 1, dy: 0 }, "right");
    input.wheel(-240, 0);
    t.match(await client.next("wheel"), { dx: -1, dy: 0 }, "left");
    t.match(await client.next("wheel"), { dx: -1, dy: 0 }, "and left again");
  }
  t.equal(nativeMemoryStats().input.live, 0, "all memory came back");
});

t.test("InputDevice.releaseAll lets go of what it holds and nothing else", async (t) => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  await using client = new Client(server.display);
  await client.next("ready");
  using input = await InputDevice.open(server.display);
  input.pointerAbsolute(10, 10);
  input.key(42, true);
  input.key(30, true);
  input.key(31, true);
  input.key(31, false);
  input.button(1, true);
  for (let event = 0; event < 4; event++) await client.next("key");
  await client.next("button");
  t.equal(input.releaseAll(), 3, "two keys and a button");
  const released = [
    await client.next("key"),
    await client.next("key"),
    await client.next("button"),
  ];
  t.match(released, [
    { keycode: 30 + KEYCODE_OFFSET, down: false },
    { keycode: 42 + KEYCODE_OFFSET, down: false },
    { button: 1, down: false },
  ]);
  t.equal(input.releaseAll(), 0, "then nothing is held");
  input.key(30, true);
  await client.next("key");
  input[Symbol.dispose]();
  t.match(await client.next("key"), { down: false }, "closing lets go, too");
});

t.test("InputDevice refuses what is out of range", async (t) => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  using input = await InputDevice.open(server.display);
  for (const code of [0, 248, 65535]) {
    t.throws(() => input.key(code, true), {
      name: "NativeError",
      message: `Cannot send key ${code}`,
    });
  }
  for (const button of [0, 10]) t.throws(() => input.button(button, true), { name: "NativeError" });
  t.doesNotThrow(() => input.pointerAbsolute(-(2 ** 31), 2 ** 31 - 1), "coordinates are clamped");
  t.doesNotThrow(() => input.wheel(2 ** 31 - 1, -(2 ** 31)), "wheel turns are bounded");
});

t.test("InputDevice reports a display that is not there, or goes away", async (t) => {
  await t.rejects(InputDevice.open(":59999"), {
    name: "NativeError",
    message: 'Cannot open input on ":59999": display ":59999" does not answer',
  });
  const server = await Xvfb.start({ width: 640, height: 480 });
  using input = await InputDevice.open(server.display);
  await server.kill();
  t.throws(() => {
    for (let attempt = 0; attempt < 10; attempt++) input.key(30, attempt % 2 === 0);
  }, { name: "NativeError", message: "Cannot send key 30: native status -5" });
  input[Symbol.dispose]();
  t.throws(() => input.releaseAll(), { name: "NativeError" }, "a closed device is refused");
});

t.test("InputDevice closes at once, descriptor included, when the server ended unseen", async (t) => {
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const first = await Xvfb.start({ width: 640, height: 480 });
  (await InputDevice.open(first.display))[Symbol.dispose]();
  await first.kill();
  const before = descriptors();
  for (let round = 0; round < 3; round++) {
    const server = await Xvfb.start({ width: 640, height: 480 });
    const input = await InputDevice.open(server.display);
    if (round > 0) input.key(30, true);
    await server.kill();
    input[Symbol.dispose]();
  }
  t.equal(descriptors(), before, "no descriptor is left");
  t.equal(nativeMemoryStats().input.live, 0, "no memory is left");
});
