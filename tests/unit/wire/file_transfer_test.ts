/** Tests of src/wire/file_transfer.ts: vectors, and the same parts however a stream is cut. */

import t from "tap";
import {
  encodeFileStreamHeader,
  FILE_DIGEST_BYTES,
  FileStreamReader,
  parseFileStreamHeader,
} from "../../../src/wire/file_transfer.ts";
import type { FileStreamHeader } from "../../../src/wire/file_transfer.ts";
import { seededRandom } from "../../seeded.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

t.test("file stream headers agree with docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("file_stream.json")) {
    t.same(parseFileStreamHeader(fromHex(bytes)), fields, name);
    t.equal(toHex(encodeFileStreamHeader(fields as FileStreamHeader)), bytes, name);
  }
});

t.test("parseFileStreamHeader refuses what is none", (t) => {
  const good = encodeFileStreamHeader({ transferId: 1, offset: 2 });
  for (const bytes of [good.subarray(0, 12), fromHex("49"), new Uint8Array(0)]) {
    t.throws(() => parseFileStreamHeader(bytes), { name: "ProtocolError" });
  }
  const huge = good.slice();
  huge.fill(0xff, 5);
  t.throws(
    () => parseFileStreamHeader(huge),
    { name: "ProtocolError", reason: "bad_value" },
    "an offset past 2^53",
  );
  t.end();
});

t.test("FileStreamReader gives the same parts however a stream is cut", (t) => {
  const random = seededRandom("file stream");
  for (let round = 0; round < 200; round++) {
    const data = random.bytes(random.int(300));
    const digest = random.bytes(FILE_DIGEST_BYTES);
    const header = { transferId: random.int(9), offset: random.int(1000) };
    const stream = [...encodeFileStreamHeader(header), ...data, ...digest];
    const reader = new FileStreamReader();
    const seen: { header?: FileStreamHeader; data: number[]; digest?: Uint8Array } = { data: [] };
    for (let at = 0; at < stream.length;) {
      const piece = Uint8Array.from(stream.slice(at, at + 1 + random.int(60)));
      at += piece.byteLength;
      for (const part of reader.push(piece)) {
        if (part.kind === "data") seen.data.push(...part.bytes);
        else if (part.kind === "digest") seen.digest = part.digest;
        else {
          seen.header = part.header;
          reader.expect(data.byteLength);
        }
      }
    }
    const isSame = toHex(Uint8Array.from(seen.data)) === toHex(data) &&
      toHex(seen.digest ?? new Uint8Array()) === toHex(digest) && reader.isComplete &&
      seen.header?.offset === header.offset && seen.header.transferId === header.transferId;
    if (!isSame) t.fail(`round ${round} of ${random.seed}`);
  }
  t.pass("200 streams");
  t.end();
});

t.test("FileStreamReader refuses what follows the digest", (t) => {
  const reader = new FileStreamReader();
  const push = (bytes: Uint8Array) => {
    const kinds: string[] = [];
    for (const part of reader.push(bytes)) {
      kinds.push(part.kind);
      if (part.kind === "header") reader.expect(0);
    }
    return kinds;
  };
  t.same(push(encodeFileStreamHeader({ transferId: 1, offset: 0 })), ["header"]);
  t.same(push(new Uint8Array(FILE_DIGEST_BYTES - 1)), []);
  t.notOk(reader.isComplete);
  t.same(push(new Uint8Array(1)), ["digest"]);
  t.ok(reader.isComplete);
  t.throws(() => push(new Uint8Array(1)), { name: "ProtocolError", reason: "too_large" });
  t.end();
});
