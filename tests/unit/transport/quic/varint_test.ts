import t from "tap";
import {
  encodeVarints,
  readVarint,
  varintLength,
  varintLengthAt,
  writeVarint,
} from "../../../../src/transport/quic/varint.ts";
import { fromHex } from "../../../vectors/read_vectors.ts";

t.test("readVarint reads the examples of RFC 9000, appendix A.1", (t) => {
  t.equal(readVarint(fromHex("9d7f3e7d"), 0), 494_878_333);
  t.equal(readVarint(fromHex("7bbd"), 0), 15_293);
  t.equal(readVarint(fromHex("25"), 0), 37);
  t.equal(readVarint(fromHex("4025"), 0), 37);
  // Past 2^53 the value is rounded.
  t.equal(readVarint(fromHex("c2197c5eff14e88c"), 0), Number(151_288_809_941_952_652n));
  t.end();
});

t.test("readVarint reads at an offset and knows its length", (t) => {
  const bytes = fromHex("ff7bbd");
  t.equal(readVarint(bytes, 1), 15_293);
  t.equal(varintLengthAt(bytes[1]!), 2);
  t.same([0x00, 0x40, 0x80, 0xc0].map(varintLengthAt), [1, 2, 4, 8]);
  t.end();
});

t.test("readVarint says when the bytes end too early", (t) => {
  for (const hex of ["", "40", "9d7f3e", "c2197c5eff14e8"]) {
    t.equal(readVarint(fromHex(hex), 0), -1);
  }
  t.equal(readVarint(fromHex("25"), 1), -1);
  t.end();
});

t.test("writeVarint takes the shortest form at every boundary", (t) => {
  const cases: [number, number][] = [
    [0, 1],
    [63, 1],
    [64, 2],
    [16_383, 2],
    [16_384, 4],
    [2 ** 30 - 1, 4],
    [2 ** 30, 8],
    [Number.MAX_SAFE_INTEGER, 8],
  ];
  for (const [value, length] of cases) {
    const target = new Uint8Array(10).fill(0xaa);
    t.equal(writeVarint(value, target, 1), 1 + length, `end of ${value}`);
    t.equal(varintLength(value), length);
    t.equal(readVarint(target, 1), value);
    t.equal(target[0], 0xaa);
    t.equal(target[1 + length], 0xaa);
  }
  t.end();
});

t.test("writeVarint refuses what is no varint and what does not fit", (t) => {
  for (const value of [-1, 1.5, NaN, 2 ** 53]) {
    t.throws(() => writeVarint(value, new Uint8Array(8), 0), RangeError);
  }
  t.throws(() => writeVarint(64, new Uint8Array(2), 1), RangeError);
  t.end();
});

t.test("encodeVarints puts varints behind each other", (t) => {
  t.same([...encodeVarints(37, 15_293, 0)], [0x25, 0x7b, 0xbd, 0]);
  t.end();
});
