/** Tests of src/media/device_input.ts and src/input/device_sink.ts, with a real X server and client. */

import t, { type Test } from "tap";
import { ProcessGroup } from "../../../bench/measure/process_group.ts";
import { startXScreen } from "../../../bench/measure/x_screen.ts";
import type { DeviceRumble } from "../../../ffi/mod.ts";
import type { InputSink } from "../../../src/input/input_sink.ts";
import { encodePen, encodeTouch } from "../../../src/wire/contact.ts";
import { encodePadAxis } from "../../../src/wire/pad.ts";
import { encodeLocks } from "../../../src/wire/typing.ts";
import { evdevCodeOf } from "../../../src/input/key_map.ts";
import { openDeviceSink } from "../../../src/input/device_sink.ts";
import { DeviceInput } from "../../../src/media/device_input.ts";
import { encodeInputEvent, type InputEvent, MAX_WAITING_RECORDS } from "../../../src/wire/input.ts";
import { concat } from "../ipc/record_bytes.ts";

const WAIT_MS = 5000;
const X_KEYCODE_OFFSET = 8;

function record(event: Partial<InputEvent>): Uint8Array<ArrayBuffer> {
  const rest = { down: false, code: 0, sequence: 1, pointerSequence: 0, x: 0, y: 0 };
  return encodeInputEvent({ kind: "beat", ...rest, ...event });
}

interface Seen {
  readonly type: string;
  readonly down?: boolean;
  readonly keycode?: number;
  readonly button?: number;
  readonly x?: number;
  readonly y?: number;
  readonly dx?: number;
  readonly dy?: number;
}

/** What the X client has seen, and a wait for the next line that fits. */
class Client {
  readonly seen: Seen[] = [];
  #wake = Promise.withResolvers<void>();

  note(line: string): void {
    this.seen.push(JSON.parse(line) as Seen);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  async until(condition: (seen: readonly Seen[]) => boolean): Promise<boolean> {
    const deadline = performance.now() + WAIT_MS;
    while (!condition(this.seen)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => timer = setTimeout(resolve, leftMs));
      await Promise.race([this.#wake.promise, late]);
      clearTimeout(timer);
    }
    return true;
  }
}

t.test("DeviceInput brings every key, button, wheel and motion to an X client", async (t) => {
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const client = new Client();
  const screen = { width: 801, height: 601, content: "still" as const, fps: 1, seed: 1 };
  const { display } = await startXScreen(
    group,
    { ...screen, onInput: (line) => client.note(line) },
    signal,
  );
  const area = { x: 0, y: 0, width: 801, height: 601 };
  using input = new DeviceInput(await openDeviceSink(display), area);

  await t.test("keys", (t) => checkKeys(t, input, client));
  await t.test("positions and buttons", (t) => checkPointer(t, input, client));
  await t.test("wheel", (t) => checkWheel(t, input, client));
  await t.test("release", (t) => checkRelease(t, input, client));

  t.equal(input.stats.eventsRefused, 0);
});

async function checkKeys(t: Test, input: DeviceInput, client: Client): Promise<void> {
  const scancodes = [];
  for (let scancode = 1; scancode <= 0xe07f; scancode++) {
    if (evdevCodeOf(scancode) !== undefined) scancodes.push(scancode);
  }
  input.push(
    concat(...scancodes.flatMap((code) => [
      record({ kind: "key", code, down: true }),
      record({ kind: "key", code, down: false }),
    ])),
    0,
  );
  const keys = (seen: readonly Seen[]) => seen.filter(({ type }) => type === "key");
  await client.until((seen) => keys(seen).length >= scancodes.length * 2);
  const got = new Set(keys(client.seen).filter(({ down }) => down).map(({ keycode }) => keycode));
  const missing = scancodes.filter((code) => {
    return !got.has((evdevCodeOf(code) ?? 0) + X_KEYCODE_OFFSET);
  });
  t.strictSame(missing.map((code) => code.toString(16)), [], `${scancodes.length} keys`);
}

async function checkPointer(t: Test, input: DeviceInput, client: Client): Promise<void> {
  input.push(record({ kind: "absolute", x: 65_535, y: 65_535 }), 0);
  t.ok(await client.until((seen) => seen.some(({ x, y }) => x === 800 && y === 600)), "corner");
  input.push(
    concat(
      record({ kind: "button", code: 1, down: true, x: 32_768, y: 32_768 }),
      record({ kind: "button", code: 1, x: 32_768, y: 32_768 }),
    ),
    0,
  );
  const clicks = (seen: readonly Seen[]) => seen.filter(({ type }) => type === "button");
  t.ok(await client.until((seen) => clicks(seen).length >= 2), "a click");
  t.match(clicks(client.seen), [
    { down: true, button: 1, x: 400, y: 300 },
    { down: false, button: 1, x: 400, y: 300 },
  ], "where its record says, though no motion came before");
  input.push(
    concat(
      record({ kind: "relative", x: 10, y: -20 }),
      record({ kind: "button", code: 9, down: true, x: 0, y: 0 }),
    ),
    0,
  );
  t.ok(await client.until((seen) => clicks(seen).length >= 3), "a side button");
  t.match(clicks(client.seen)[2], { button: 9, x: 410, y: 280 }, "relative: not moved away");
}

async function checkWheel(t: Test, input: DeviceInput, client: Client): Promise<void> {
  input.push(
    concat(
      record({ kind: "wheel", x: 0, y: 60 }),
      record({ kind: "wheel", x: 0, y: 60 }),
      record({ kind: "wheel", x: -120, y: 0 }),
    ),
    0,
  );
  const notches = (seen: readonly Seen[]) => seen.filter(({ type }) => type === "wheel");
  t.ok(await client.until((seen) => notches(seen).length >= 2));
  t.match(notches(client.seen), [{ dx: 0, dy: 1 }, { dx: -1, dy: 0 }], "parts add up");
}

async function checkRelease(t: Test, input: DeviceInput, client: Client): Promise<void> {
  const before = client.seen.length;
  input.push(
    concat(
      record({ kind: "key", code: 0x2a, down: true }),
      record({ kind: "key", code: 0x1e, down: true }),
      record({ kind: "release" }),
    ),
    0,
  );
  const ups = (seen: readonly Seen[]) => {
    const later = seen.slice(before);
    return later.filter(({ type, down }) => type !== "motion" && down === false);
  };
  t.ok(await client.until((seen) => ups(seen).length >= 3), "two keys and the held side button");
  const codes = ups(client.seen).map(({ keycode, button }) => keycode ?? button ?? 0);
  t.strictSame(codes.toSorted((a, b) => a - b), [9, 38, 50]);
}

/** A sink that writes down what it is told; `waits` are its answers to characters. */
function fakeSink() {
  const calls: string[] = [];
  const waits: number[] = [];
  const rumbles: DeviceRumble[] = [];
  const sink: InputSink = {
    key: (code, down) => void calls.push(`key ${code} ${down}`),
    pointerAbsolute: (x, y) => void calls.push(`absolute ${x} ${y}`),
    pointerRelative: (dx, dy) => void calls.push(`relative ${dx} ${dy}`),
    button: (button, down) => void calls.push(`button ${button} ${down}`),
    wheel: (dx, dy) => void calls.push(`wheel ${dx} ${dy}`),
    touch: ({ id, phase, x, y }) => void calls.push(`touch ${id} ${phase} ${x} ${y}`),
    pen: ({ x, y, isDown }) => void calls.push(`pen ${x} ${y} ${isDown}`),
    pad: (slot, isPresent, buttons) => void calls.push(`pad ${slot} ${isPresent} ${buttons}`),
    padAxis: (slot, axis, value) => void calls.push(`axis ${slot} ${axis} ${value}`),
    text: (codePoint) => {
      const waitUs = waits.shift() ?? 0;
      if (waitUs === 0) calls.push(`text ${String.fromCodePoint(codePoint)}`);
      return waitUs;
    },
    locks: (on, known) => void calls.push(`locks ${on} ${known}`),
    takeRumbles: () => rumbles.splice(0),
    abilities: [],
    setScreen: () => {},
    releaseAll: () => calls.push("release"),
    [Symbol.dispose]: () => void calls.push("dispose"),
  };
  return { sink, calls, waits, rumbles };
}

t.test("DeviceInput refuses and counts what no device takes", async (t) => {
  const area = { x: 0, y: 0, width: 10, height: 10 };
  using none = new DeviceInput(undefined, area);
  none.push(concat(record({ kind: "key", code: 30, down: true }), record({ kind: "beat" })), 0);
  t.match(none.stats, { events: 2, eventsRefused: 2 });
  const { sink, calls } = fakeSink();
  const input = new DeviceInput(sink, { x: 100, y: 200, width: 10, height: 10 });
  const bad = record({ kind: "key", code: 30, down: true });
  bad[0] = 99;
  input.push(
    concat(
      bad,
      record({ kind: "key", code: 0xe07f, down: true }),
      record({ kind: "button", code: 5, down: true }),
      record({ kind: "absolute", x: 65_535, y: 0 }),
      record({ kind: "beat" }),
    ),
    0,
  );
  input.push(new Uint8Array(7), 0);
  t.strictSame(calls, ["absolute 109 200"], "moved inside of its area");
  t.match(input.stats, { events: 6, eventsRefused: 4 });
  input[Symbol.dispose]();
  input[Symbol.dispose]();
  t.strictSame(calls.slice(1), ["dispose"], "closed once");
  input.push(record({ kind: "key", code: 30, down: true }), 0);
  t.equal(input.stats.eventsRefused, 5, "and refuses from then on");
});

t.test("DeviceInput gives touches, pen, pads and locks in the device's units", async (t) => {
  const { sink, calls, rumbles } = fakeSink();
  const seen: unknown[] = [];
  const area = { x: 100, y: 200, width: 101, height: 51 };
  const input = new DeviceInput(sink, area, (rumble) => seen.push(rumble));
  const touch = encodeTouch({ id: 3, x: 65_535, y: 0, pressure: 7 });
  const pen = { isNear: true, isEraser: false, buttons: 0, pressure: 1, tiltX: -5, tiltY: 5 };
  t.equal(input.deadline, undefined, "nothing to wait for");
  input.push(
    concat(
      record({ kind: "touch", down: true, ...touch }),
      record({ kind: "touch", ...touch }),
      record({ kind: "touch_cancel", code: 3 }),
      record({ kind: "pen", down: true, ...encodePen({ ...pen, x: 0, y: 65_535 }) }),
      record({ kind: "locks", code: encodeLocks({ on: 1, known: 5 }) }),
      record({ kind: "pad", code: 2, down: true, x: 5 }),
      record({ kind: "pad_axis", code: encodePadAxis(2, 4), x: 32_767 }),
    ),
    1000,
  );
  t.strictSame(calls.splice(0), [
    "touch 3 down 200 200",
    "touch 3 up 200 200",
    "touch 3 cancel 0 0",
    "pen 100 250 true",
    "locks 1 5",
    "pad 2 true 5",
    "axis 2 4 32767",
  ]);
  rumbles.push({ slot: 2, strong: 1, weak: 2, durationMs: 3 });
  input.pull(1000);
  t.strictSame(seen, [], "not asked before its time");
  t.equal(input.deadline, 9000, "a pad is asked every 8 ms");
  input.pull(9000);
  t.strictSame(seen, [{ slot: 2, strong: 1, weak: 2, durationMs: 3 }]);
  input.push(record({ kind: "pad", code: 2 }), 9500);
  t.equal(input.deadline, undefined, "and no more when it is gone");
  calls.splice(0);
  input.push(record({ kind: "pad_axis", code: encodePadAxis(1, 0), x: 9 }), 9500);
  t.strictSame(calls, ["pad 1 true 0", "axis 1 0 9"], "a pad that moves is there");
});

t.test("DeviceInput keeps text and what follows it in order", async (t) => {
  const { sink, calls, waits } = fakeSink();
  using input = new DeviceInput(sink, { x: 0, y: 0, width: 10, height: 10 });
  waits.push(0, 500, 300);
  input.push(
    concat(
      record({ kind: "key", code: 0x2a, down: true }),
      record({ kind: "text", x: 0x61 }),
      record({ kind: "text", x: 0x20ac }),
      record({ kind: "key", code: 0x1c, down: true }),
      record({ kind: "key", code: 0x1c }),
      record({ kind: "relative", x: 1, y: 0 }),
      record({ kind: "key", code: 0x2a }),
    ),
    0,
  );
  t.strictSame(calls.splice(0), ["key 42 true", "text a", "relative 1 0", "key 42 false"]);
  t.equal(input.deadline, 500);
  input.pull(499);
  t.strictSame(calls, [], "not before its time");
  input.pull(500);
  t.strictSame(calls, [], "the device asks for more time");
  t.equal(input.deadline, 800);
  input.pull(800);
  t.strictSame(calls.splice(0), ["text €", "key 28 true", "key 28 false"]);
  t.equal(input.deadline, undefined);
  t.equal(input.stats.waitingMax, 3);

  waits.push(...Array.from({ length: 2 }, () => 1e6));
  input.push(record({ kind: "text", x: 0x62 }), 1000);
  for (let index = 0; index < MAX_WAITING_RECORDS; index++) {
    input.push(record({ kind: "text", x: 0x63 }), 1000);
  }
  t.equal(input.stats.eventsRefused, 1, "what does not fit is refused and counted");
  input.releaseAll();
  t.strictSame(calls.splice(0), ["release"]);
  t.equal(input.deadline, undefined, "a release forgets what waits");
});

t.test("openDeviceSink says that a display does not answer", async (t) => {
  await t.rejects(openDeviceSink(":9876"), { name: "NativeError" });
});
