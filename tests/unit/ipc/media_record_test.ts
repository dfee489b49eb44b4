/** Tests of src/ipc/media_record.ts. */

import t from "tap";
import { parseRecordHeader } from "../../../src/ipc/media_record.ts";
import { recordBytes } from "./record_bytes.ts";

t.test("parseRecordHeader reads every field", async (t) => {
  const header = {
    kind: "cursor" as const,
    streamId: 15,
    payloadBytes: 3,
    isKeyframe: true,
    isCursorVisible: true,
    isUnchanged: true,
    layer: 1 as const,
    frameId: 0xffff_fffe,
    referenceDistance: 0xfffd,
    qp: 51,
    encoderIndex: 1,
    width: 3840,
    height: 2160,
    captureTimeUs: 2 ** 52 + 1,
    grabUs: 1,
    convertUs: 2,
    firstSliceUs: 3,
    encodeUs: 4,
    emitUs: 0xffff_ffff,
    hotspotX: -7,
    hotspotY: 9,
    serial: 0x8000_0001,
    droppedFrames: 12,
  };
  const bytes = recordBytes(header, new Uint8Array(3));
  t.strictSame(parseRecordHeader(bytes), header);
  const shifted = new Uint8Array(bytes.byteLength + 5);
  shifted.set(bytes, 5);
  t.strictSame(parseRecordHeader(shifted, 5), header, "at an offset");
});

t.test("parseRecordHeader reads a status as a signed number", async (t) => {
  t.equal(parseRecordHeader(recordBytes({ kind: "status", serial: -5 })).serial, -5);
});

t.test("parseRecordHeader refuses what makes no sense", async (t) => {
  const broken = (offset: number, value: number): Uint8Array => {
    const bytes = recordBytes({});
    bytes[offset] = value;
    return bytes;
  };
  const cases: [Uint8Array, string, string][] = [
    [new Uint8Array(63), "truncated", "Cannot read a record header from 63 bytes"],
    [broken(0, 0), "bad_value", "Cannot accept record magic 0x31465600"],
    [broken(7, 2), "too_large", "Cannot accept a record of 33554432 bytes: the limit is 16777216"],
    [broken(8, 0), "bad_value", "Cannot accept record kind 0"],
    [broken(8, 255), "bad_value", "Cannot accept record kind 255"],
    [broken(9, 16), "bad_value", "Cannot accept stream id 16"],
    [broken(31, 1), "bad_value", "Cannot accept capture time 72057594037927936"],
  ];
  for (const [bytes, reason, message] of cases) {
    t.throws(() => parseRecordHeader(bytes), { name: "ProtocolError", reason, message });
  }
});
