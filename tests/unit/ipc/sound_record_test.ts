/** Tests of src/ipc/sound_record.ts and of the way of sound through the router. */

import t from "tap";
import { parseRecordHeader, RECORD_HEADER_BYTES } from "../../../src/ipc/media_record.ts";
import type { MediaRecordHeader } from "../../../src/ipc/media_record.ts";
import { soundOf, soundStateOf } from "../../../src/ipc/sound_record.ts";
import { recordBytes } from "./record_bytes.ts";

const FRAME: Partial<MediaRecordHeader> = {
  ...{ kind: "sound", frameId: 7, width: 6, height: 5000, serial: 3 },
  ...{ captureTimeUs: 123_456_789_012, encodeUs: 90 },
};

function record(header: Partial<MediaRecordHeader>, payload: Uint8Array) {
  const bytes = recordBytes(header, payload);
  return { header: parseRecordHeader(bytes), payload: bytes.subarray(RECORD_HEADER_BYTES) };
}

t.test("a frame of sound keeps every field", (t) => {
  const payload = Uint8Array.of(1, 2, 3);
  t.same(soundOf(record(FRAME, payload)), {
    ...{ frameId: 7, epoch: 3, channels: 6, frameUs: 5000, captureTimeUs: 123_456_789_012 },
    ...{ encodeUs: 90, payload },
  });
  t.end();
});

t.test("what no datagram can carry is no frame", (t) => {
  const payload = Uint8Array.of(1);
  const bad: Partial<MediaRecordHeader>[] = [{ width: 0 }, { width: 9 }, { height: 7000 }];
  for (const change of bad) t.equal(soundOf(record({ ...FRAME, ...change }, payload)), undefined);
  t.equal(soundOf(record(FRAME, new Uint8Array())), undefined);
  t.end();
});

t.test("a state says what is heard, or why nothing is", (t) => {
  const text = (words: string) => new TextEncoder().encode(words);
  const kind = "sound_status" as const;
  t.same(soundStateOf(record({ kind, serial: 1, width: 2 }, text("Desktop"))), {
    ...{ isHeard: true, source: "Desktop", channels: 2 },
  });
  t.same(soundStateOf(record({ kind, serial: -4 }, text("No sound server: refused"))), {
    ...{ isHeard: false, reason: "No sound server: refused" },
  });
  t.end();
});
