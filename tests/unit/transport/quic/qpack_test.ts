import t from "tap";
import {
  H3_EXCESSIVE_LOAD,
  QPACK_DECOMPRESSION_FAILED,
} from "../../../../src/transport/quic/h3_frames.ts";
import {
  decodeFieldSection,
  encodeFieldSection,
  FIELD_LINES_MAX,
  type FieldLine,
} from "../../../../src/transport/quic/qpack.ts";
import { QPACK_STATIC_TABLE } from "../../../../src/transport/quic/qpack_static_table.ts";
import { fromHex } from "../../../vectors/read_vectors.ts";

const toHex = (bytes: Uint8Array) => bytes.toHex();

t.test("QPACK_STATIC_TABLE has the entries of RFC 9204, appendix A", (t) => {
  t.equal(QPACK_STATIC_TABLE.length, 99);
  const checks: [number, FieldLine][] = [
    [0, [":authority", ""]],
    [1, [":path", "/"]],
    [15, [":method", "CONNECT"]],
    [25, [":status", "200"]],
    [63, [":status", "100"]],
    [68, [":status", "403"]],
    [75, ["access-control-allow-headers", "*"]],
    [90, ["origin", ""]],
    [98, ["x-frame-options", "sameorigin"]],
  ];
  for (const [index, line] of checks) t.same(QPACK_STATIC_TABLE[index], line, `entry ${index}`);
  t.end();
});

t.test("decodeFieldSection reads the literal of RFC 9204, appendix B.1", (t) => {
  const section = fromHex("0000510b2f696e6465782e68746d6c");
  t.same(decodeFieldSection(section), [[":path", "/index.html"]]);
  t.end();
});

t.test("decodeFieldSection refuses the dynamic references of RFC 9204, appendix B", (t) => {
  for (const hex of ["03811011", "050080c181"]) {
    t.throws(() => decodeFieldSection(fromHex(hex)), {
      name: "H3Error",
      code: QPACK_DECOMPRESSION_FAILED,
    });
  }
  t.end();
});

t.test("decodeFieldSection reads literal names, Huffman strings and long integers", (t) => {
  // 0x2f: Huffman-coded literal name of 7 + 1 bytes; its value of 9 bytes is Huffman-coded too.
  const section = fromHex("0000" + "2f01" + "25a849e95ba97d7f" + "89" + "25a849e95bb8e8b4bf");
  t.same(decodeFieldSection(section), [["custom-key", "custom-value"]]);
  const long = "a".repeat(400);
  t.same(decodeFieldSection(encodeFieldSection([["x", long]])), [["x", long]]);
  t.end();
});

t.test("decodeFieldSection refuses broken sections", (t) => {
  const broken = {
    "nothing": "",
    "no base": "00",
    "dynamic field line": "000080",
    "dynamic name": "00004000",
    "line past the base": "000010",
    "name past the base": "00000000",
    "static index 99": "0000ff24",
    "literal without a value": "000051",
    "value that is too short": "00005105ab",
    "integer without end": "0000ffffffff",
    "integer that is too large": "0000ffffffffffff7f",
    "broken Huffman code": "00005181ff",
  };
  for (const [what, hex] of Object.entries(broken)) {
    t.throws(() => decodeFieldSection(fromHex(hex)), { code: QPACK_DECOMPRESSION_FAILED }, what);
  }
  t.end();
});

t.test("decodeFieldSection bounds the decoded size and the number of lines", (t) => {
  // Each byte is an entry of 32 bytes overhead and more: small on the wire, large decoded.
  const bomb = new Uint8Array(2 + FIELD_LINES_MAX + 1).fill(0xd1);
  bomb.set([0, 0]);
  t.throws(() => decodeFieldSection(bomb), { code: H3_EXCESSIVE_LOAD });
  t.equal(decodeFieldSection(bomb.subarray(0, -1)).length, FIELD_LINES_MAX);
  const large = encodeFieldSection([["x", "a".repeat(16_400)]]);
  t.throws(() => decodeFieldSection(large), { code: H3_EXCESSIVE_LOAD });
  t.end();
});

t.test("encodeFieldSection prefers the static table, then Huffman codes", (t) => {
  t.equal(toHex(encodeFieldSection([[":status", "200"]])), "0000d9");
  t.equal(toHex(encodeFieldSection([[":status", "403"]])), "0000ff05");
  t.equal(toHex(encodeFieldSection([[":status", "429"]])), "00005f0903343239");
  t.equal(toHex(encodeFieldSection([["custom-key", "~"]])), "00002f0125a849e95ba97d7f017e");
  t.end();
});
