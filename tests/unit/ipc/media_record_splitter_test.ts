/** Tests of src/ipc/media_record_splitter.ts. */

import t from "tap";
import type { MediaRecord } from "../../../src/ipc/media_record.ts";
import { MediaRecordSplitter } from "../../../src/ipc/media_record_splitter.ts";
import { seededRandom } from "../../seeded.ts";
import { concat, recordBytes } from "./record_bytes.ts";

function collect(): { splitter: MediaRecordSplitter; records: MediaRecord[] } {
  const records: MediaRecord[] = [];
  const splitter = new MediaRecordSplitter(({ header, payload }) => {
    records.push({ header, payload: payload.slice() });
  });
  return { splitter, records };
}

t.test("MediaRecordSplitter gives the same records however the stream is cut", async (t) => {
  const random = seededRandom("record splitter cuts");
  const payloads = Array.from({ length: 40 }, () => random.bytes(random.int(3000)));
  const stream = concat(
    ...payloads.map((payload, index) => recordBytes({ frameId: index + 1 }, payload)),
  );
  for (let run = 0; run < 50; run++) {
    const { splitter, records } = collect();
    const most = random.pick([1, 2, 63, 64, 65, 500, 5000, stream.byteLength]);
    for (let offset = 0; offset < stream.byteLength;) {
      const end = Math.min(stream.byteLength, offset + 1 + random.int(most));
      splitter.push(stream.subarray(offset, end));
      offset = end;
    }
    t.equal(records.length, payloads.length, `pieces of at most ${most}`);
    const isSame = records.every(({ header, payload }, index) =>
      header.frameId === index + 1 &&
      payload.byteLength === payloads[index]?.byteLength &&
      payload.every((byte, at) => byte === payloads[index]?.[at])
    );
    t.ok(isSame, "in order and unchanged");
    t.equal(splitter.pendingBytes, 0);
  }
});

t.test("MediaRecordSplitter does not copy a record that lies whole in a chunk", async (t) => {
  const views: Uint8Array[] = [];
  const splitter = new MediaRecordSplitter(({ payload }) => views.push(payload));
  const chunk = concat(recordBytes({}, new Uint8Array(10)), recordBytes({}, new Uint8Array(20)));
  splitter.push(chunk);
  t.equal(views.length, 2);
  t.ok(views.every((view) => view.buffer === chunk.buffer));
});

t.test("MediaRecordSplitter gives a record with its last byte, not later", async (t) => {
  const { splitter, records } = collect();
  const bytes = recordBytes({ frameId: 7 }, new Uint8Array(100));
  splitter.push(bytes.subarray(0, -1));
  t.equal(records.length, 0);
  t.equal(splitter.pendingBytes, bytes.byteLength - 1);
  splitter.push(bytes.subarray(-1));
  t.equal(records[0]?.header.frameId, 7);
});

t.test("MediaRecordSplitter grows once for a large record and shrinks again", async (t) => {
  const { splitter, records } = collect();
  const before = splitter.bufferBytes;
  const large = recordBytes({ frameId: 1 }, new Uint8Array(1_000_000));
  for (let offset = 0; offset < large.byteLength; offset += 65_536) {
    splitter.push(large.subarray(offset, offset + 65_536));
  }
  t.equal(records.length, 1);
  t.ok(splitter.bufferBytes >= large.byteLength && splitter.bufferBytes < 2 * large.byteLength);
  const small = recordBytes({}, new Uint8Array(10));
  for (let index = 0; index < 700; index++) {
    splitter.push(small.subarray(0, 30));
    splitter.push(small.subarray(30));
  }
  t.equal(splitter.bufferBytes, before);
});

t.test("MediaRecordSplitter refuses a broken stream at its header", async (t) => {
  const { splitter, records } = collect();
  const bad = recordBytes({});
  bad[8] = 9;
  t.throws(() => splitter.push(concat(recordBytes({}), bad)), { name: "ProtocolError" });
  t.equal(records.length, 1, "what came before is given");
  const { splitter: cut } = collect();
  cut.push(bad.subarray(0, 40));
  t.throws(() => cut.push(bad.subarray(40)), { name: "ProtocolError" });
});
