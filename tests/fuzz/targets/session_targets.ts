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
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
} from "../../../src/wire/input.ts";
import type { InputKind } from "../../../src/wire/input.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const KINDS: readonly InputKind[] = [
  ...["key", "button", "wheel", "absolute", "relative", "beat", "target"] as const,
];
const EVENTS_MAX = 12;

/** Follows what was passed on, as the device does. */
class Device {
  readonly down = new Set<string>();

  take(records: Uint8Array, streamId: number): void {
    const { kind, code, down } = parseInputEvent(records);
    if (kind !== "key" && kind !== "button") return;
    const key = `${streamId}: ${kind} ${code}`;
    if (down === this.down.has(key)) throw new Error(`Passed on ${key} ${down} twice`);
    if (down) this.down.add(key);
    else this.down.delete(key);
  }
}

function record(random: SeededRandom, sequence: number): Uint8Array {
  const kind = random.next() < 0.05 ? "release" : random.pick(KINDS);
  const isTarget = kind === "target";
  const isCoded = kind === "key" || kind === "button";
  const isPositioned = kind === "button" || kind === "absolute" || kind === "relative";
  return encodeInputEvent({
    kind,
    down: random.next() < 0.5,
    code: isCoded ? 1 + random.int(kind === "key" ? 0x60 : 9) : isTarget ? random.int(3) : 0,
    sequence,
    pointerSequence: random.int(20),
    x: isPositioned ? random.int(30_000) : 0,
    y: isPositioned ? random.int(30_000) : 0,
  });
}

function motion(random: SeededRandom): Uint8Array {
  return encodePointerMotion({
    relative: random.next() < 0.5,
    streamId: random.int(4),
    sequence: random.int(30),
    x: random.int(65_536),
    y: random.int(65_536),
  });
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
    receiver.release();
    if (device.down.size > 0) throw new Error(`Held at the end: ${[...device.down].join()}`);
    if (receiver.deadlineUs !== undefined) throw new Error("A deadline with nothing held");
  },
};

/** All targets of this folder. */
export const sessionTargets: readonly FuzzTarget[] = [inputTarget];
