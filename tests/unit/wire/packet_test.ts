/** Tests of src/wire/packet.ts against the vectors and against contradictory headers. */

import t from "tap";
import {
  datagramClass,
  MAX_RELIABLE_DATAGRAM_BYTES,
  packetPayloadCapacity,
  parseSourcePacket,
  SOURCE_HEADER_BYTES,
  writeSourceHeader,
} from "../../../src/wire/packet.ts";
import type { SourceHeader } from "../../../src/wire/packet.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

const HEADER: SourceHeader = {
  streamId: 3,
  transportSequence: 0x1234,
  sourceId: 0x89abcdef,
  frameId: 0x01020304,
  packetIndex: 0,
  packetCount: 2,
  sliceIndex: 0,
  referenceDistance: 1,
  captureTimeUs: 0x1_0000_0005,
  payloadBytes: 3,
};

function packetOf(header: SourceHeader): Uint8Array {
  const packet = new Uint8Array(SOURCE_HEADER_BYTES + header.payloadBytes).fill(0xaa);
  writeSourceHeader(new DataView(packet.buffer), header);
  return packet;
}

t.test("writeSourceHeader and parseSourcePacket agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("packet.json")) {
    const packet = parseSourcePacket(fromHex(vector.bytes));
    t.match(packet, vector.fields as object, vector.name);
    t.equal(toHex(packetOf(packet)), vector.bytes);
  }
});

t.test("parseSourcePacket keeps the capture time modulo 2^32", (t) => {
  t.equal(parseSourcePacket(packetOf(HEADER)).captureTimeUs, 5);
  t.end();
});

t.test("parseSourcePacket refuses each contradiction", (t) => {
  const good = packetOf(HEADER);
  t.doesNotThrow(() => parseSourcePacket(good));
  const cases: [string, (view: DataView) => void][] = [
    ["class", (view) => view.setUint8(0, 0x48)],
    ["repair flag", (view) => view.setUint8(0, 0x18)],
    ["missing start flag", (view) => view.setUint8(0, 0x00)],
    ["key flag with a reference", (view) => view.setUint8(0, 0x0a)],
    ["end flag on the first of two", (view) => view.setUint8(0, 0x0c)],
    ["length too long", (view) => view.setUint16(8, 4, true)],
    ["length too short", (view) => view.setUint16(8, 2, true)],
    ["index beyond count", (view) => view.setUint16(14, 2, true)],
    ["count zero", (view) => view.setUint16(16, 0, true)],
    ["count beyond the limit", (view) => view.setUint16(16, 65_535, true)],
  ];
  for (const [name, spoil] of cases) {
    const bad = good.slice();
    spoil(new DataView(bad.buffer));
    t.throws(() => parseSourcePacket(bad), { name: "ProtocolError" }, name);
  }
  t.throws(() => parseSourcePacket(good.subarray(0, 23)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  t.throws(() => parseSourcePacket(new Uint8Array(MAX_RELIABLE_DATAGRAM_BYTES + 1)), {
    name: "ProtocolError",
    reason: "too_large",
  });
  t.throws(() => parseSourcePacket(packetOf({ ...HEADER, payloadBytes: 0 })), {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.end();
});

t.test("datagramClass reads the top three bits", (t) => {
  t.equal(datagramClass(new Uint8Array()), undefined);
  t.same(
    [0x3f, 0x40, 0x7f, 0x81, 0xa0, 0xbf, 0xff].map((byte) => datagramClass(Uint8Array.of(byte))),
    [
      "media",
      "pointer",
      "pointer",
      "probe",
      "audio",
      "audio",
      "feedback",
    ],
  );
  t.end();
});

t.test("packetPayloadCapacity leaves room for a repair of the same symbol", (t) => {
  t.equal(packetPayloadCapacity(1200), 1172);
  t.equal(packetPayloadCapacity(9000), packetPayloadCapacity(MAX_RELIABLE_DATAGRAM_BYTES));
  t.end();
});
