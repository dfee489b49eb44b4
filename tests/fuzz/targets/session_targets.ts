/**
 * Fuzz targets of src/session: a viewer's input, whole streams of it with whatever a hostile viewer
 * mixes in. Bad bytes are ProtocolErrors, what is passed on is always valid, and whatever happened,
 * a release leaves no key and no button down.
 */

import { InputReceiver } from "../../../src/session/input_receiver.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import { ROLES } from "../../../src/wire/control.ts";
import {
  encodeInputEvent,
  encodePointerMotion,
  INPUT_RECORD_BYTES,
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
} from "../../../src/wire/input.ts";
import { encodeTouchMotion, penOf, touchOf } from "../../../src/wire/contact.ts";
import { encodePadAxis, encodePadMotion, PAD_AXES } from "../../../src/wire/pad.ts";
import type { InputEvent, InputKind } from "../../../src/wire/input.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const KINDS: readonly InputKind[] = [
  ...["key", "button", "wheel", "absolute", "relative", "beat", "target"] as const,
  ...["pad", "pad_axis", "touch", "touch_cancel", "pen", "text", "locks"] as const,
];
const EVENTS_MAX = 16;

/** Follows what was passed on, as the device does. */
class Device {
  /** Keys, buttons, fingers, pens and pads that are not at rest. */
  readonly down = new Set<string>();
  readonly pads = new Set<string>();

  take(records: Uint8Array, streamId: number): void {
    for (let at = 0; at < records.byteLength; at += INPUT_RECORD_BYTES) {
      this.#takeOne(parseInputEvent(records.subarray(at, at + INPUT_RECORD_BYTES)), streamId);
    }
  }

  #takeOne(event: InputEvent, streamId: number): void {
    const { kind, code, down, x } = event;
    switch (kind) {
      case "key":
      case "button": {
        const key = `${streamId}: ${kind} ${code}`;
        if (down === this.down.has(key)) throw new Error(`Passed on ${key} ${down} twice`);
        return this.#set(key, down);
      }
      case "touch":
        return this.#set(`${streamId}: finger ${touchOf(event).id}`, down);
      case "touch_cancel":
        return this.#set(`${streamId}: finger ${code}`, false);
      case "pen":
        return this.#set(`${streamId}: pen`, penOf(event).isNear);
      case "pad":
        if (down) this.pads.add(`${streamId}: ${code}`);
        else this.#unplug(streamId, code);
        return this.#set(`${streamId}: buttons of ${code}`, x !== 0);
      case "pad_axis":
        if (!this.pads.has(`${streamId}: ${code >> 8}`)) throw new Error("An axis without a pad");
        return this.#set(`${streamId}: axis ${code}`, x !== 0);
    }
  }

  /** What is out holds nothing. */
  #unplug(streamId: number, slot: number): void {
    this.pads.delete(`${streamId}: ${slot}`);
    for (let axis = 0; axis < PAD_AXES.length; axis++) {
      this.#set(`${streamId}: axis ${encodePadAxis(slot, axis)}`, false);
    }
  }

  #set(name: string, isDown: boolean): void {
    if (isDown) this.down.add(name);
    else this.down.delete(name);
  }
}

function record(random: SeededRandom, sequence: number): Uint8Array {
  const kind = random.next() < 0.05 ? "release" : random.pick(KINDS);
  const down = random.next() < 0.5;
  return encodeInputEvent({
    ...{ kind, down, code: codeOf(random, kind, down), x: 0, y: 0, ...placeOf(random, kind, down) },
    sequence,
    pointerSequence: random.int(20),
  });
}

function codeOf(random: SeededRandom, kind: InputKind, down: boolean): number {
  if (kind === "key") return 1 + random.int(0x60);
  if (kind === "button") return 1 + random.int(9);
  if (kind === "target" || kind === "pad") return random.int(3);
  if (kind === "pad_axis") return (random.int(3) << 8) | random.int(6);
  if (kind === "touch" || kind === "touch_cancel") return random.int(4);
  if (kind === "pen") return (down ? 1 : random.int(2)) | (random.int(100) << 4);
  return kind === "locks" ? 0x11 : 0;
}

function placeOf(random: SeededRandom, kind: InputKind, down: boolean): { x?: number; y?: number } {
  switch (kind) {
    case "button":
    case "absolute":
    case "relative":
    case "touch":
    case "pen":
      return { x: random.int(30_000), y: random.int(30_000) };
    case "pad":
      return { x: down ? random.int(8) : 0 };
    case "pad_axis":
      return { x: random.int(3) };
    case "text":
      return { x: 0x41 + random.int(26) };
    default:
      return {};
  }
}

function motion(random: SeededRandom): Uint8Array {
  const streamId = random.int(4);
  const sequence = random.int(30);
  const dice = random.next();
  if (dice < 0.3) {
    const axis = () => random.int(3);
    const axes = [axis(), axis(), axis(), axis(), axis(), axis()] as const;
    return encodePadMotion({ streamId, sequence, slot: random.int(3), axes });
  }
  const x = random.int(65_536);
  const y = random.int(65_536);
  if (dice < 0.5) {
    return encodeTouchMotion({ streamId, sequence, id: random.int(4), x, y, pressure: 1 });
  }
  return encodePointerMotion({ relative: random.next() < 0.5, streamId, sequence, x, y });
}

const inputTarget: FuzzTarget = {
  name: "input receiver",
  run(random) {
    const device = new Device();
    const receiver = new InputReceiver(
      new SessionRights(random.pick(ROLES)),
      (records, streamId) => device.take(records, streamId),
    );
    let nowUs = 0;
    let sequence = 0;
    expectProtocolErrorsOnly(() => {
      if (random.next() < 0.95) receiver.push(Uint8Array.of(INPUT_STREAM_PREAMBLE), nowUs);
      for (let events = random.int(EVENTS_MAX); events > 0; events--) {
        nowUs += random.int(400_000);
        if (random.next() < 0.3) {
          const bytes = motion(random);
          receiver.motion(random.next() < 0.8 ? bytes : mutate(random, [bytes]), nowUs);
          continue;
        }
        const bytes = record(random, ++sequence);
        const sent = random.next() < 0.9 ? bytes : mutate(random, [bytes]);
        const cut = random.int(sent.byteLength + 1);
        receiver.push(sent.subarray(0, cut), nowUs);
        receiver.push(sent.subarray(cut), nowUs);
        if (random.next() < 0.1) receiver.expire(nowUs + random.int(2_000_000));
      }
    });
    receiver.close();
    if (device.pads.size > 0) throw new Error(`Plugged in: ${[...device.pads].join()}`);
    if (device.down.size > 0) throw new Error(`Held at the end: ${[...device.down].join()}`);
    if (receiver.deadlineUs !== undefined) throw new Error("A deadline with nothing held");
  },
};

/** All targets of this folder. */
export const sessionTargets: readonly FuzzTarget[] = [inputTarget];
