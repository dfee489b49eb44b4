/** Tests of src/wire/repair.ts against the vectors and against bad bytes. */

import t from "tap";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import {
  isRepairPacket,
  MAX_CODING_WINDOW,
  parseRepairPacket,
  readU32,
  writeRecoveredHeader,
  writeRepairHeader,
} from "../../../src/wire/repair.ts";
import type { RepairHeader } from "../../../src/wire/repair.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

interface RepairFields {
  readonly header: RepairHeader;
  readonly sources: readonly string[];
}

const GOOD = "1003341244332211030001000000000000000000000000000000000000000000";

t.test("parseRepairPacket and writeRepairHeader agree with docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("fec_repair.json")) {
    const { header } = fields as RepairFields;
    const datagram = fromHex(bytes);
    t.ok(isRepairPacket(datagram), name);
    t.same(parseRepairPacket(datagram), header, name);
    const written = datagram.slice();
    written.fill(0xee, 0, 12);
    writeRepairHeader(written, header);
    t.equal(toHex(written), bytes, name);
  }
});

t.test("A repair packet carries stream and epoch in one byte", (t) => {
  const bytes = fromHex(GOOD);
  bytes[1] = 0xf3;
  const header = parseRepairPacket(bytes);
  t.match(header, { streamId: 3, epoch: 15 });
  const written = bytes.slice();
  written[1] = 0;
  writeRepairHeader(written, header);
  t.equal(toHex(written), toHex(bytes));
  t.end();
});

t.test("isRepairPacket tells repairs from source packets", async (t) => {
  for (const { name, bytes } of await readVectors("packet.json")) {
    t.notOk(isRepairPacket(fromHex(bytes)), name);
  }
  t.notOk(isRepairPacket(new Uint8Array(0)));
});

t.test("parseRepairPacket refuses each value that the format does not allow", (t) => {
  t.doesNotThrow(() => parseRepairPacket(fromHex(GOOD)));
  const cases: [string, (bytes: Uint8Array) => void][] = [
    ["another class", (bytes) => bytes[0] = 0x50],
    ["no repair flag", (bytes) => bytes[0] = 0x00],
    ["reactive without repair", (bytes) => bytes[0] = 0x20],
    ["start flag", (bytes) => bytes[0] = 0x18],
    ["long-term flag", (bytes) => bytes[0] = 0x11],
    ["empty window", (bytes) => bytes.fill(0, 8, 10)],
    [
      "window too long",
      (bytes) => new DataView(bytes.buffer).setUint16(8, MAX_CODING_WINDOW + 1, true),
    ],
  ];
  for (const [name, change] of cases) {
    const bytes = fromHex(GOOD);
    change(bytes);
    t.throws(() => parseRepairPacket(bytes), { name: "ProtocolError" }, name);
  }
  t.end();
});

t.test("parseRepairPacket refuses lengths that no symbol has", (t) => {
  const longest = new Uint8Array(1500);
  longest.set(fromHex(GOOD));
  t.doesNotThrow(() => parseRepairPacket(longest));
  t.doesNotThrow(() => parseRepairPacket(fromHex(GOOD).subarray(0, 29)));
  for (let length = 0; length < 29; length++) {
    t.throws(() => parseRepairPacket(fromHex(GOOD).subarray(0, length)), { name: "ProtocolError" });
  }
  const tooLong = new Uint8Array(1501);
  tooLong.set(fromHex(GOOD));
  t.throws(() => parseRepairPacket(tooLong), { name: "ProtocolError" });
  t.end();
});

t.test("writeRecoveredHeader gives the header of the packet that was lost", async (t) => {
  for (const { name, bytes } of await readVectors("packet.json")) {
    const original = fromHex(bytes);
    const { streamId, epoch, sourceId } = parseSourcePacket(original);
    const recovered = original.slice();
    recovered.fill(0xee, 0, 8);
    writeRecoveredHeader(recovered, { streamId, epoch, sourceId });
    const expected = original.slice();
    expected.fill(0, 2, 4);
    expected[0]! &= ~0x01;
    t.equal(toHex(recovered), toHex(expected), name);
    t.equal(readU32(recovered, 4), sourceId);
  }
});
