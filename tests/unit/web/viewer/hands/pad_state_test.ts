/** Tests of web/viewer/input/pad_state.ts: gamepads as browsers describe them, and a simulated clock. */

import t from "tap";
import { InputReceiver } from "../../../../../src/session/input_receiver.ts";
import { SessionRights } from "../../../../../src/session/session_rights.ts";
import {
  INPUT_RECORD_BYTES,
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
} from "../../../../../src/wire/input.ts";
import { parsePadMotion } from "../../../../../src/wire/pad.ts";
import { InputSender } from "../../../../../web/viewer/input/input_sender.ts";
import { padName, PadSet, padValues } from "../../../../../web/viewer/input/pad_state.ts";
import type { PadReading } from "../../../../../web/viewer/input/pad_state.ts";

const XBOX = "Xbox 360 Controller (XInput STANDARD GAMEPAD)";

/** A gamepad as the browser gives it: pressed buttons by number, analogue ones by value. */
function reading(
  index: number,
  { buttons = {}, axes = [0, 0, 0, 0], mapping = "standard", count = 17 }: {
    readonly buttons?: Readonly<Record<number, number>>;
    readonly axes?: readonly number[];
    readonly mapping?: string;
    readonly count?: number;
  } = {},
): PadReading {
  return {
    ...{ id: XBOX, index, mapping, axes },
    buttons: Array.from({ length: count }, (_, button) => {
      const value = buttons[button] ?? 0;
      return { value, pressed: value > 0.1 };
    }),
  };
}

function setUp() {
  const said: string[] = [];
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) {
      const { kind, code, down, x } = parseInputEvent(record);
      if (kind === "pad") said.push(`pad ${code} ${down ? x : "gone"}`);
      if (kind === "pad_axis") said.push(`rest ${code >> 8}.${code & 0xff} ${x}`);
    }
    if (datagram !== undefined) {
      const { slot, axes } = parsePadMotion(datagram);
      said.push(`move ${slot} ${axes.join()}`);
    }
  });
  sender.begin(0);
  return { pads: new PadSet(sender), sender, said };
}

t.test("PadSet puts gamepads into slots as they come, and keeps them there", (t) => {
  const { pads, said } = setUp();
  t.ok(pads.update([null, reading(1)], 0));
  t.notOk(pads.update([null, reading(1)], 4000));
  t.ok(pads.update([reading(0), reading(1)], 8000));
  t.same(pads.pads, [{ slot: 0, index: 1, name: "Xbox 360 Controller" }, {
    ...{ slot: 1, index: 0, name: "Xbox 360 Controller" },
  }]);
  t.ok(pads.update([reading(0), null], 12_000));
  t.ok(pads.update([reading(0), null, reading(2)], 16_000));
  t.same(said, ["pad 0 0", "pad 1 0", "pad 0 gone", "pad 0 0"], "the first free slot");
  t.equal(pads.slotOf(2), 0);
  t.equal(pads.slotOf(1), undefined);
  pads.update([0, 1, 2, 3, 4, 5].map((index) => reading(index)), 20_000);
  t.equal(pads.pads.length, 4, "a fifth has none");
  t.end();
});

t.test("PadSet sends changes only, sticks once more when they rest", (t) => {
  const { pads, said } = setUp();
  pads.update([reading(0)], 0);
  said.length = 0;
  pads.update([reading(0)], 4000);
  t.same(said.splice(0), []);
  pads.update([reading(0, { axes: [0.5, -1, 0, 0.001] })], 8000);
  t.same(said.splice(0), ["move 0 16384,-32767,0,33,0,0"], "no dead zone");
  pads.update([reading(0, { axes: [0.5, -1, 0, 0.001], buttons: { 0: 1, 16: 1 } })], 12_000);
  t.same(said.splice(0), ["pad 0 65537"]);
  for (let us = 16_000; us < 48_000; us += 4000) {
    pads.update([reading(0, { axes: [0.5, -1, 0, 0.001], buttons: { 0: 1, 16: 1 } })], us);
  }
  t.same(said.splice(0), []);
  pads.update([reading(0, { axes: [0.5, -1, 0, 0.001], buttons: { 0: 1, 16: 1 } })], 48_000);
  t.same(said.splice(0), ["rest 0.0 16384", "rest 0.1 -32767", "rest 0.3 33"]);
  pads.update([reading(0, { axes: [0.5, -1, 0, 0.001], buttons: { 0: 1, 16: 1 } })], 90_000);
  t.same(said, [], "said once");
  t.end();
});

t.test("PadSet lets go of buttons and sticks when nobody plays", (t) => {
  const { pads, said } = setUp();
  const held = reading(0, { axes: [1, 0, 0, 0], buttons: { 3: 1, 7: 0.5 } });
  pads.update([held, reading(1)], 0);
  said.length = 0;
  pads.release();
  t.same(
    said.splice(0),
    ["pad 0 0", "rest 0.0 0", "rest 0.5 0"],
    "the one that does nothing says nothing",
  );
  pads.release();
  t.same(said.splice(0), []);
  pads.update([held, reading(1)], 4000);
  t.same(said.splice(0), ["move 0 32767,0,0,0,0,16384", "pad 0 136"], "what is held acts again");
  pads.announce();
  t.same(said.splice(0), ["pad 0 0", "pad 1 0"], "a new connection knows none");
  t.end();
});

t.test("padValues reads the layouts that browsers do not know", (t) => {
  const raw = reading(0, {
    mapping: "",
    count: 11,
    axes: [0.25, 0, -1, -0.5, 1, 1, -1, 1],
    buttons: { 1: 1, 6: 1, 8: 1, 10: 1 },
  });
  const { buttons, axes } = padValues(raw);
  const bits = [...buttons.toString(2)].reverse().flatMap((bit, at) => bit === "1" ? [at] : []);
  t.same(
    bits,
    [1, 7, 8, 11, 13, 14, 16],
    "east, right trigger, select, right stick, down, left, guide",
  );
  t.same(axes, [8192, 0, -16383, 32767, 0, 32767]);
  const simple = padValues(reading(0, { mapping: "", axes: [0, 1], buttons: { 2: 1 }, count: 4 }));
  t.same(simple, { buttons: 4, axes: [0, 32767, 0, 0, 0, 0] }, "a plain one is taken as it is");
  const broken = padValues(reading(0, { axes: [NaN, 7, -7, -0] }));
  t.same(broken.axes, [0, 32767, -32767, 0, 0, 0]);
  t.end();
});

t.test("padName leaves the maker's numbers out", (t) => {
  t.equal(
    padName("Xbox Wireless Controller (STANDARD GAMEPAD Vendor: 045e Product: 0b13)"),
    "Xbox Wireless Controller",
  );
  t.equal(padName("054c-0ce6-DualSense Wireless Controller"), "DualSense Wireless Controller");
  t.equal(padName(""), "Gamepad");
  t.end();
});

t.test("a session brings to rest what was played, whatever came before", (t) => {
  const axes = [0, 0, 0, 0, 0, 0];
  const buttons: number[] = [];
  const receiver = new InputReceiver(new SessionRights("player"), (records) => {
    for (let at = 0; at < records.byteLength; at += INPUT_RECORD_BYTES) {
      const { kind, code, x } = parseInputEvent(records.slice(at, at + INPUT_RECORD_BYTES));
      if (kind === "pad") buttons.push(x);
      if (kind === "pad_axis") axes[code & 0xff] = x;
    }
  });
  receiver.push(Uint8Array.of(INPUT_STREAM_PREAMBLE), 0);
  const sender = new InputSender((record, datagram) => {
    if (record !== undefined) receiver.push(record, 0);
    if (datagram !== undefined) receiver.motion(datagram, 0);
  });
  sender.begin(0);
  const pads = new PadSet(sender);
  pads.update([reading(0, { axes: [1, 1, 1, 1], buttons: { 0: 1, 6: 1 } })], 0);
  t.same(axes, [32767, 32767, 32767, 32767, 32767, 0]);
  pads.release();
  t.same(axes, [0, 0, 0, 0, 0, 0]);
  t.same(buttons, [0, 65, 0]);
  t.end();
});
