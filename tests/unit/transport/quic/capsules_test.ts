import t from "tap";
import {
  CAPSULE_CLOSE_SESSION,
  CAPSULE_DRAIN_SESSION,
  CapsuleReader,
  encodeCloseCapsule,
  SKIPPED_CAPSULE_BYTES_MAX,
} from "../../../../src/transport/quic/capsules.ts";
import { H3_EXCESSIVE_LOAD, H3_MESSAGE_ERROR } from "../../../../src/transport/quic/h3_frames.ts";
import { encodeVarints } from "../../../../src/transport/quic/varint.ts";

t.test("encodeCloseCapsule writes type, length, code and reason", (t) => {
  const bytes = encodeCloseCapsule(0x01020304, "hi");
  t.same([...bytes], [0x68, 0x43, 6, 1, 2, 3, 4, 0x68, 0x69]);
  t.end();
});

t.test("encodeCloseCapsule cuts a reason of more than 1,024 bytes at a character", (t) => {
  const reader = new CapsuleReader();
  reader.push(encodeCloseCapsule(1, "x" + "€".repeat(400)));
  t.same(reader.next(), { type: "close", code: 1, reason: "x" + "€".repeat(341) });
  t.end();
});

t.test("CapsuleReader reads a capsule that comes byte by byte", (t) => {
  const reader = new CapsuleReader();
  const bytes = encodeCloseCapsule(4_294_967_295, "für heute");
  for (const byte of bytes.subarray(0, -1)) {
    reader.push(Uint8Array.of(byte));
    t.equal(reader.next(), undefined);
    t.equal(reader.atBoundary, false);
  }
  reader.push(bytes.subarray(-1));
  t.same(reader.next(), { type: "close", code: 4_294_967_295, reason: "für heute" });
  t.equal(reader.atBoundary, true);
  t.end();
});

t.test("CapsuleReader reports drain and skips what it does not know", (t) => {
  const reader = new CapsuleReader();
  const unknown = [...encodeVarints(0x190b4d3d, 300), ...new Uint8Array(300)];
  const drain = encodeVarints(CAPSULE_DRAIN_SESSION, 0);
  reader.push(Uint8Array.from([...unknown, ...drain, ...encodeCloseCapsule(0, "")]));
  t.same(reader.next(), { type: "drain" });
  t.same(reader.next(), { type: "close", code: 0, reason: "" });
  t.equal(reader.next(), undefined);
  t.end();
});

t.test("CapsuleReader refuses close capsules of impossible length", (t) => {
  for (const length of [0, 3, 4 + 1_025, 2 ** 40]) {
    const reader = new CapsuleReader();
    reader.push(encodeVarints(CAPSULE_CLOSE_SESSION, length));
    t.throws(() => reader.next(), { code: H3_MESSAGE_ERROR }, `${length} bytes`);
  }
  t.end();
});

t.test("CapsuleReader bounds what it skips", (t) => {
  const reader = new CapsuleReader();
  reader.push(encodeVarints(0x21, SKIPPED_CAPSULE_BYTES_MAX + 1));
  t.throws(() => reader.next(), { code: H3_EXCESSIVE_LOAD });
  t.end();
});

t.test("CapsuleReader replaces bytes of a reason that are no UTF-8", (t) => {
  const reader = new CapsuleReader();
  reader.push(Uint8Array.from([...encodeVarints(CAPSULE_CLOSE_SESSION, 5), 0, 0, 0, 1, 0xff]));
  t.same(reader.next(), { type: "close", code: 1, reason: "\ufffd" });
  t.end();
});
