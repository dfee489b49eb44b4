/**
 * Tests of src/transport/webrtc/h264_packetizer.ts: by round trip with our own inverse and against
 * werift's depacketizer, over random units; the limits of RFC 6184; and bytes that no encoder makes.
 */

import { Buffer } from "node:buffer";
import t from "tap";
import { H264RtpPayload } from "werift";
import { forEachUnit } from "../../../../src/wire/access_unit.ts";
import { findFrameSei, withoutFrameSei } from "../../../../src/wire/frame_sei.ts";
import { H264Depacketizer } from "../../../../src/transport/webrtc/h264_depacketizer.ts";
import {
  packetizeH264,
  RTP_PAYLOAD_BYTES_MAX,
} from "../../../../src/transport/webrtc/h264_packetizer.ts";
import { seededRandom } from "../../../seeded.ts";
import type { SeededRandom } from "../../../seeded.ts";
import { toHex } from "../../../vectors/read_vectors.ts";

const ROUNDS = 150;

/** A unit without start codes in it, and whose last byte is no zero. */
function randomUnit(random: SeededRandom, type: number, bytes: number): Uint8Array {
  const unit = random.bytes(bytes).map((byte) => (byte === 0 ? 0x80 : byte));
  unit[0] = (random.int(4) << 5) | type;
  return unit;
}

/** An access unit of a plausible form, some of whose units are as long as a payload, or around it. */
function randomUnits(random: SeededRandom): Uint8Array[] {
  const units: Uint8Array[] = [];
  const sizes = [2, 3, 17, 300, 1195, 1196, 1197, 1198, 1199, 1200, 1201, 1202, 2397, 2398, 40_000];
  if (random.int(2) === 0) {
    units.push(
      randomUnit(random, 7, 2 + random.int(60)),
      randomUnit(random, 8, 2 + random.int(20)),
    );
  }
  const slices = 1 + random.int(4);
  for (let i = 0; i < slices; i++) {
    const size = random.int(3) === 0 ? 2 + random.int(9000) : random.pick(sizes);
    units.push(randomUnit(random, units[0] === undefined ? 1 : 5, size));
  }
  return units;
}

function withStartCodes(units: readonly Uint8Array[]): Uint8Array {
  return joined(units.flatMap((unit) => [Uint8Array.of(0, 0, 0, 1), unit]));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function unitsOf(accessUnit: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  forEachUnit(accessUnit, (start, end) => units.push(accessUnit.slice(start, end)));
  return units;
}

t.test("what is packetized comes out of our inverse and of werift's the same", (t) => {
  const random = seededRandom("h264_packetizer");
  const depacketizer = new H264Depacketizer();
  for (let round = 0; round < ROUNDS; round++) {
    const units = randomUnits(random);
    const payloadBytesMax = random.pick([RTP_PAYLOAD_BYTES_MAX, 64, 16, 1199]);
    const payloads = packetizeH264(withStartCodes(units), { payloadBytesMax });
    const longest = Math.max(...payloads.map((payload) => payload.byteLength));
    const accessUnit = payloads.map((payload, i) => {
      return depacketizer.push(payload, i === payloads.length - 1);
    }).at(-1);
    let fragment: Buffer | undefined;
    const theirs = payloads.map((payload) => {
      const parsed = H264RtpPayload.deSerialize(Buffer.from(payload), fragment);
      fragment = parsed.fragment;
      return parsed.payload ?? new Uint8Array(0);
    });
    const expected = toHex(withStartCodes(units));
    const isEqual = longest <= payloadBytesMax && accessUnit !== undefined &&
      toHex(accessUnit) === expected && toHex(joined(theirs)) === expected;
    if (!isEqual) t.fail(`round ${round}: units of ${units.map((u) => u.byteLength)} bytes`);
  }
  t.equal(depacketizer.stats.accessUnits, ROUNDS);
  t.equal(depacketizer.stats.dropped, 0);
  t.end();
});

t.test("parameter sets go together, large units in parts of equal size", (t) => {
  const random = seededRandom("h264_packetizer forms");
  const units = [
    Uint8Array.of(9, 0xf0),
    randomUnit(random, 7, 30),
    randomUnit(random, 8, 6),
    randomUnit(random, 5, 3000),
  ];
  const payloads = packetizeH264(withStartCodes(units));
  t.same(payloads.map((payload) => payload[0]! & 0x1f), [24, 28, 28, 28], "no delimiter");
  t.same(payloads.slice(1).map((payload) => payload[1]! & 0xc0), [0x80, 0, 0x40]);
  t.ok(payloads.slice(1).every(({ byteLength }) => Math.abs(byteLength - 1002) <= 1));
  t.equal(payloads[0]![0]! & 0x60, Math.max(units[1]![0]! & 0x60, units[2]![0]! & 0x60));
  t.same(packetizeH264(new Uint8Array(0)), []);
  t.same(packetizeH264(Uint8Array.of(1, 2, 3, 4)), [], "no start code");
  t.same(packetizeH264(Uint8Array.of(0, 0, 1, 0, 0, 1)), [], "empty units");
  t.throws(() => packetizeH264(withStartCodes(units), { payloadBytesMax: 15 }), RangeError);
  t.end();
});

t.test("the mark goes before the first slice and can be taken out again", (t) => {
  const random = seededRandom("h264_packetizer mark");
  for (const bytes of [40, 1180, 5000]) {
    const mark = {
      streamId: 3,
      frameId: 77,
      referenceDistance: 0,
      layer: 0,
      captureTimeUs: 123_456,
    } as const;
    const units = [
      randomUnit(random, 7, 20),
      randomUnit(random, 8, 5),
      randomUnit(random, 5, bytes),
    ];
    const depacketizer = new H264Depacketizer();
    const payloads = packetizeH264(withStartCodes(units), { mark });
    const accessUnit = payloads.map((payload, i) => {
      return depacketizer.push(payload, i === payloads.length - 1);
    }).at(-1)!;
    t.same(unitsOf(accessUnit).map((unit) => unit[0]! & 0x1f), [7, 8, 6, 5]);
    const found = findFrameSei(accessUnit)!;
    t.match(found.mark, mark);
    t.same(unitsOf(withoutFrameSei(accessUnit.slice(), found)).map(toHex), units.map(toHex));
  }
  t.end();
});

t.test("no bytes make either of them throw, and nothing broken comes out", (t) => {
  const random = seededRandom("h264_packetizer bytes");
  t.doesNotThrow(() => {
    const depacketizer = new H264Depacketizer();
    for (let round = 0; round < 20_000; round++) {
      const bytes = random.bytes(random.int(80)).map((byte) => byte % random.pick([3, 5, 256]));
      packetizeH264(bytes, { payloadBytesMax: 16 + random.int(20) });
      const out = depacketizer.push(random.bytes(random.int(12)), random.int(3) === 0);
      if (out !== undefined && !(out[2] === 0 && out[3] === 1)) throw new Error("no start code");
    }
  });
  const depacketizer = new H264Depacketizer();
  t.equal(depacketizer.push(Uint8Array.of(0x7c, 0x05, 1, 2), true), undefined, "no first fragment");
  t.equal(depacketizer.push(Uint8Array.of(0x7c, 0x85, 1, 2), true), undefined, "no last fragment");
  depacketizer.lose();
  t.equal(depacketizer.push(Uint8Array.of(0x65, 1, 2), true), undefined, "one was lost");
  t.ok(depacketizer.push(Uint8Array.of(0x65, 1, 2), true), "the next is whole");
  t.equal(depacketizer.stats.dropped, 3);
  t.end();
});
