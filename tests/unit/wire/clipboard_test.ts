/** Tests of src/wire/clipboard.ts: vectors, and what is refused. */

import t from "tap";
import {
  CLIPBOARD_HEADER_BYTES,
  encodeClipboardAnswer,
  encodeClipboardFetch,
  encodeClipboardHeader,
  MAX_CLIPBOARD_BYTES,
  parseClipboardAnswer,
  parseClipboardFetch,
  parseClipboardHeader,
} from "../../../src/wire/clipboard.ts";
import type { ClipboardFailure, ClipboardHeader } from "../../../src/wire/clipboard.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

interface Fields extends Omit<ClipboardHeader, "hash"> {
  readonly hash: string;
  readonly failure?: ClipboardFailure;
}

/** A header as vectors have it. */
function plain(header: ClipboardHeader | ClipboardFailure) {
  return typeof header === "string" ? header : { ...header, hash: toHex(header.hash) };
}

t.test("clipboard headers and requests agree with docs/WIRE.md's vectors", async (t) => {
  const vectors = await readVectors("clipboard.json") as {
    readonly name: string;
    readonly kind: string;
    readonly bytes: string;
    readonly fields: Fields;
  }[];
  for (const { name, kind, bytes, fields } of vectors) {
    const source = fromHex(bytes);
    const header = { ...fields, hash: fromHex(fields.hash ?? "") };
    const { failure, type, serial } = fields;
    if (kind === "fetch") {
      t.same(parseClipboardFetch(source), fields, name);
      t.equal(toHex(encodeClipboardFetch(fields)), bytes, name);
    } else if (kind === "content") {
      t.same(plain(parseClipboardHeader(source)), fields, name);
      t.equal(toHex(encodeClipboardHeader(header)), bytes, name);
    } else if (failure === undefined) {
      t.same(plain(parseClipboardAnswer(source)), fields, name);
      t.equal(toHex(encodeClipboardAnswer(header)), bytes, name);
    } else {
      t.equal(parseClipboardAnswer(source), failure, name);
      t.equal(toHex(encodeClipboardAnswer({ failure, type, serial })), bytes, name);
    }
  }
});

t.test("clipboard parsers refuse what is none of theirs", (t) => {
  const hash = new Uint8Array(32);
  const good = encodeClipboardHeader({ type: "png", serial: 1, bytes: 2, hash });
  const changed = (at: number, value: number) => {
    const bytes = good.slice();
    bytes[at] = value;
    return bytes;
  };
  for (const [at, value] of [[0, 0x44], [1, 0], [1, 4], [2, 1], [3, 1]] as const) {
    t.throws(() => parseClipboardHeader(changed(at, value)), {
      name: "ProtocolError",
      reason: "bad_value",
    }, `byte ${at}`);
  }
  t.throws(() => parseClipboardHeader(good.subarray(0, CLIPBOARD_HEADER_BYTES - 1)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  const large = good.slice();
  new DataView(large.buffer).setUint32(8, MAX_CLIPBOARD_BYTES + 1, true);
  t.throws(
    () => parseClipboardHeader(large),
    { name: "ProtocolError", reason: "too_large" },
    "before anything is allocated",
  );
  t.throws(() => parseClipboardAnswer(changed(0, 7)), {
    name: "ProtocolError",
    reason: "bad_value",
  }, "no such failure");
  t.throws(() => parseClipboardFetch(good.subarray(0, 8)), {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.end();
});
