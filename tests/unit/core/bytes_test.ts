/** Tests of src/core/bytes.ts: every field type, its bounds and its errors. */

import t from "tap";
import { ByteReader, ByteWriter, constantTimeEqual, utf8 } from "../../../src/core/bytes.ts";
import { ProtocolError } from "../../../src/core/errors.ts";

t.test("ByteReader reads back what ByteWriter wrote", (t) => {
  const writer = new ByteWriter(new Uint8Array(64));
  writer.u8(0xfe).u16(0xfedc).u32(0xfedcba98).i16(-2).i32(-70_000)
    .u64(Number.MAX_SAFE_INTEGER).bytes(utf8("häß"));
  const reader = new ByteReader(writer.written);
  t.equal(reader.u8(), 0xfe);
  t.equal(reader.u16(), 0xfedc);
  t.equal(reader.u32(), 0xfedcba98);
  t.equal(reader.i16(), -2);
  t.equal(reader.i32(), -70_000);
  t.equal(reader.u64(), Number.MAX_SAFE_INTEGER);
  t.equal(reader.text(reader.remaining), "häß");
  t.equal(reader.remaining, 0);
  t.end();
});

t.test("ByteWriter is little endian", (t) => {
  const writer = new ByteWriter(new Uint8Array(4));
  t.same([...writer.u32(0x01020304).written], [4, 3, 2, 1]);
  t.end();
});

t.test("ByteReader refuses to read past the end and keeps its place", (t) => {
  const reader = new ByteReader(new Uint8Array([1, 2, 3]));
  reader.u16();
  t.throws(() => reader.u16(), { name: "ProtocolError", reason: "truncated" });
  t.equal(reader.offset, 2);
  t.equal(reader.u8(), 3);
  t.throws(() => reader.bytes(1), ProtocolError);
  t.end();
});

t.test("ByteReader refuses 64-bit values beyond 2^53 and text that is not UTF-8", (t) => {
  t.throws(() => new ByteReader(new Uint8Array(8).fill(0xff)).u64(), {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.throws(() => new ByteReader(new Uint8Array([0xc0, 0x80])).text(2), {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.end();
});

t.test("ByteWriter refuses to write past the end", (t) => {
  const writer = new ByteWriter(new Uint8Array(3));
  writer.u16(1);
  t.throws(() => writer.u16(1), RangeError);
  t.equal(writer.offset, 2);
  t.end();
});

t.test("constantTimeEqual compares length and content", (t) => {
  t.ok(constantTimeEqual(utf8("secret"), utf8("secret")));
  t.notOk(constantTimeEqual(utf8("secret"), utf8("secreT")));
  t.notOk(constantTimeEqual(utf8("secret"), utf8("secre")));
  t.notOk(constantTimeEqual(utf8(""), utf8("s")));
  t.end();
});
