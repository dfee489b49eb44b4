/**
 * Fuzz targets of src/wire: every parser of bytes from the network must either return or throw
 * ProtocolError, whatever comes. Half of the cases are valid bytes with a few changes.
 */

import { ProtocolError } from "../../../src/core/errors.ts";
import { encodeAudioDatagram, parseAudioDatagram } from "../../../src/wire/audio.ts";
import { parseClientMessage, parseServerMessage } from "../../../src/wire/control.ts";
import {
  encodeFeedback,
  MAX_FEEDBACK_ARRIVALS,
  MAX_FEEDBACK_BITMAP_BYTES,
  parseFeedback,
} from "../../../src/wire/feedback.ts";
import {
  findFrameSei,
  FRAME_SEI_BYTES_MAX,
  parseFrameSei,
  withoutFrameSei,
  writeFrameSei,
} from "../../../src/wire/frame_sei.ts";
import { decodeMessage, encodeMessage, MessageSplitter } from "../../../src/wire/framing.ts";
import { parseInputEvent, parsePointerMotion } from "../../../src/wire/input.ts";
import { parseTouchMotion } from "../../../src/wire/contact.ts";
import { parsePadMotion } from "../../../src/wire/pad.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { parseProbeReply, parseProbeRequest } from "../../../src/wire/probe.ts";
import type { SeededRandom } from "../../seeded.ts";
import { fromHex, readVectors } from "../../vectors/read_vectors.ts";

/** A parser under random bytes: `run` throws when the parser misbehaves. */
export interface FuzzTarget {
  readonly name: string;
  run(random: SeededRandom): void;
}

const packets = (await readVectors("packet.json")).map((vector) => fromHex(vector.bytes));
const records = (await readVectors("input_record.json")).map((vector) => fromHex(vector.bytes));
const pointers = (await readVectors("pointer.json")).map((vector) => fromHex(vector.bytes));
const pads = (await readVectors("pad_motion.json")).map((vector) => fromHex(vector.bytes));
const touches = (await readVectors("touch_motion.json")).map((vector) => fromHex(vector.bytes));
const feedbacks = (await readVectors("feedback.json")).map((vector) => fromHex(vector.bytes));
const sounds = (await readVectors("audio.json")).map((vector) => fromHex(vector.bytes));
const probes = (await readVectors("probe.json")).map((vector) => fromHex(vector.bytes));
/** Access units: a mark between another unit and a slice. */
const marked = (await readVectors("frame_sei.json")).map((vector) =>
  fromHex(`00000001674209000001${vector.bytes}0000000141aabbcc`)
);
const clientMessages = (await readVectors("client_message.json"))
  .map((vector) => fromHex(vector.bytes).subarray(4));
const serverMessages = (await readVectors("server_message.json"))
  .map((vector) => fromHex(vector.bytes).subarray(4));

/** Runs `parse` and lets only ProtocolError pass. */
export function expectProtocolErrorsOnly(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** Valid bytes with a few changes, cuts and additions, or bytes without any sense. */
export function mutate(random: SeededRandom, valid: readonly Uint8Array[]): Uint8Array {
  if (random.next() < 0.2) return random.bytes(random.int(64));
  const source = random.pick(valid);
  let bytes: Uint8Array = source.slice();
  if (random.next() < 0.2) bytes = bytes.subarray(0, random.int(bytes.byteLength + 1));
  if (random.next() < 0.1) {
    const longer = new Uint8Array(bytes.byteLength + random.int(32));
    longer.set(bytes);
    bytes = longer;
  }
  const changes = random.int(5);
  for (let change = 0; change < changes && bytes.byteLength > 0; change++) {
    const index = random.int(bytes.byteLength);
    bytes[index] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.int(256)]);
  }
  return bytes;
}

function simpleTarget(
  name: string,
  parse: (bytes: Uint8Array) => unknown,
  valid: readonly Uint8Array[],
): FuzzTarget {
  return {
    name,
    run: (random) => expectProtocolErrorsOnly(() => parse(mutate(random, valid))),
  };
}

const splitterTarget: FuzzTarget = {
  name: "message splitter",
  run(random) {
    const splitter = new MessageSplitter(512);
    const chunks = [...clientMessages.slice(0, 2), random.bytes(random.int(40))];
    expectProtocolErrorsOnly(() => {
      for (const chunk of chunks) {
        const framed = random.next() < 0.7 ? encodeMessage(decodeMessage(chunk), 512) : chunk;
        for (const message of splitter.push(mutate(random, [framed]))) {
          if (message.byteLength > 512) throw new Error(`Message of ${message.byteLength} bytes`);
        }
        if (splitter.pendingBytes > 512) throw new Error(`Pending ${splitter.pendingBytes}`);
      }
    });
  },
};

/** What is accepted stays within its limits, and says the same when it is written again. */
const feedbackTarget: FuzzTarget = {
  name: "feedback",
  run(random) {
    const bytes = mutate(random, feedbacks);
    expectProtocolErrorsOnly(() => {
      const feedback = parseFeedback(bytes);
      const { arrivals, bitmap, loss, burstLength } = feedback;
      if (arrivals.length > MAX_FEEDBACK_ARRIVALS) throw new Error(`${arrivals.length} arrivals`);
      if (bitmap.byteLength > MAX_FEEDBACK_BITMAP_BYTES) throw new Error("Bitmap");
      if (!(loss >= 0 && loss <= 1)) throw new Error(`Loss ${loss}`);
      if (!(burstLength >= 1 && burstLength <= 256)) throw new Error(`Burst ${burstLength}`);
      const again = encodeFeedback(feedback);
      // A burst length below 1 is read as 1.
      again.set(bytes.subarray(30, 32), 30);
      if (again.some((byte, index) => byte !== bytes[index])) throw new Error("Not the same again");
    });
  },
};

/** What is accepted has frames of its own bytes alone, and says the same when it is written again. */
const audioTarget: FuzzTarget = {
  name: "audio datagram",
  run(random) {
    const bytes = mutate(random, sounds);
    expectProtocolErrorsOnly(() => {
      const audio = parseAudioDatagram(bytes);
      if (audio.frames.length < 1 || audio.frames.length > 3) throw new Error("Frames");
      if (audio.frames.some(({ byteLength }) => byteLength === 0)) throw new Error("Empty frame");
      const again = encodeAudioDatagram(audio);
      const isSame = again.byteLength === bytes.byteLength &&
        again.every((byte, index) => byte === bytes[index]);
      if (!isSame) throw new Error("Not the same again");
    });
  },
};

/** What is found lies within the unit, says the same when it is written again, and can be taken out. */
const frameSeiTarget: FuzzTarget = {
  name: "frame SEI",
  run(random) {
    const unit = mutate(random, marked);
    const found = findFrameSei(unit);
    if (found === undefined) return;
    const { mark, start, end } = found;
    if (start < 0 || end <= start || end > unit.byteLength) throw new Error(`${start} to ${end}`);
    const again = new Uint8Array(FRAME_SEI_BYTES_MAX);
    const same = parseFrameSei(again.subarray(0, writeFrameSei(again, mark)));
    if (JSON.stringify(same) !== JSON.stringify(mark)) throw new Error("Not the same again");
    const rest = withoutFrameSei(unit, found).byteLength;
    if (rest !== unit.byteLength - (end - start)) throw new Error(`${rest} bytes left`);
  },
};

/** One target per parser of src/wire. */
export const wireTargets: readonly FuzzTarget[] = [
  simpleTarget("source packet", parseSourcePacket, packets),
  simpleTarget("input record", parseInputEvent, records),
  simpleTarget("pointer datagram", parsePointerMotion, pointers),
  simpleTarget("pad datagram", parsePadMotion, pads),
  simpleTarget("touch datagram", parseTouchMotion, touches),
  simpleTarget("probe request", parseProbeRequest, probes),
  simpleTarget("probe reply", parseProbeReply, probes),
  feedbackTarget,
  audioTarget,
  frameSeiTarget,
  simpleTarget("client message", parseClientMessage, clientMessages),
  simpleTarget("server message", parseServerMessage, serverMessages),
  splitterTarget,
];
