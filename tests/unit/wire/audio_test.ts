/** Tests of src/wire/audio.ts against the vectors and against every lie that a datagram can tell. */

import t from "tap";
import {
  audioFramesThatFit,
  encodeAudioDatagram,
  MAX_SOUND_CHANNELS,
  parseAudioDatagram,
  writeAudioDatagram,
} from "../../../src/wire/audio.ts";
import type { AudioDatagram } from "../../../src/wire/audio.ts";
import { opusDescription, opusLayout } from "../../../src/wire/opus_layout.ts";
import { datagramClass, MAX_DATAGRAM_BYTES } from "../../../src/wire/packet.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

const SOUND: AudioDatagram = {
  kind: "sound",
  streamId: 2,
  epoch: 15,
  channels: 2,
  frameUs: 10_000,
  sequence: 0xffff_ffff,
  captureTimeUs: 0x1_0000_0005,
  frames: [Uint8Array.of(1, 2, 3), Uint8Array.of(4), Uint8Array.of(5, 6)],
};

t.test("Audio datagrams agree with docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("audio.json")) {
    const audio = parseAudioDatagram(fromHex(bytes));
    t.equal(datagramClass(fromHex(bytes)), "audio");
    t.same({ ...audio, frames: audio.frames.map(toHex) }, fields, name);
    t.equal(toHex(encodeAudioDatagram(audio)), bytes);
  }
});

t.test("An audio datagram comes back with the capture time modulo 2^32", (t) => {
  const back = parseAudioDatagram(encodeAudioDatagram(SOUND));
  t.same({ ...back, frames: back.frames.map(toHex) }, {
    ...SOUND,
    captureTimeUs: 5,
    frames: ["010203", "04", "0506"],
  });
  t.end();
});

t.test("writeAudioDatagram writes to a longer buffer and throws without room", (t) => {
  const buffer = new Uint8Array(100).fill(0xee);
  const bytes = writeAudioDatagram(buffer, SOUND);
  t.equal(toHex(buffer.subarray(0, bytes)), toHex(encodeAudioDatagram(SOUND)));
  t.ok(buffer.subarray(bytes).every((byte) => byte === 0xee));
  t.throws(() => writeAudioDatagram(new Uint8Array(20), SOUND), RangeError);
  t.end();
});

t.test("parseAudioDatagram refuses each contradiction", (t) => {
  const good = encodeAudioDatagram(SOUND);
  const cases: [string, (view: DataView) => void][] = [
    ["probe", (view) => view.setUint8(0, 0x80)],
    ["unknown kind", (view) => view.setUint8(0, 0xa2)],
    ["no channels", (view) => view.setUint8(2, 0)],
    ["nine channels", (view) => view.setUint8(2, MAX_SOUND_CHANNELS + 1)],
    ["no frames", (view) => view.setUint8(3, 0)],
    ["four frames", (view) => view.setUint8(3, 4)],
    ["two of three frames", (view) => view.setUint8(3, 2)],
    ["frames of 7 ms", (view) => view.setUint16(12, 7000, true)],
    ["reserved", (view) => view.setUint16(14, 1, true)],
    ["an empty frame", (view) => view.setUint16(18, 0, true)],
    ["a frame that is too long", (view) => view.setUint16(16, 4, true)],
    ["a frame that is too short", (view) => view.setUint16(16, 2, true)],
    ["a frame beyond all", (view) => view.setUint16(20, 0xffff, true)],
  ];
  for (const [name, spoil] of cases) {
    const bad = good.slice();
    spoil(new DataView(bad.buffer));
    t.throws(() => parseAudioDatagram(bad), { name: "ProtocolError" }, name);
  }
  for (let bytes = 0; bytes < good.byteLength; bytes++) {
    t.throws(() => parseAudioDatagram(good.subarray(0, bytes)), { name: "ProtocolError" });
  }
  const large = { ...SOUND, frames: [new Uint8Array(MAX_DATAGRAM_BYTES)] };
  t.throws(() => parseAudioDatagram(encodeAudioDatagram(large)), {
    name: "ProtocolError",
    reason: "too_large",
  });
  t.end();
});

t.test("audioFramesThatFit keeps the newest within the limit, and three at most", (t) => {
  const frames = [100, 200, 300, 1].map((bytes) => new Uint8Array(bytes));
  t.same([117, 118, 319, 320, 621, 622, 1292].map((max) => audioFramesThatFit(frames, max)), [
    ...[0, 1, 1, 2, 2, 3, 3],
  ]);
  const bytes = encodeAudioDatagram({ ...SOUND, frames: frames.slice(0, 2) }).byteLength;
  t.equal(bytes, 320);
  t.end();
});

t.test("opusLayout uses every channel of its streams once", (t) => {
  for (let channels = 1; channels <= MAX_SOUND_CHANNELS; channels++) {
    const { streams, coupled, mapping } = opusLayout(channels);
    t.equal(streams + coupled, channels);
    t.same([...mapping].sort(), mapping.map((_, index) => index));
  }
  t.throws(() => opusLayout(9), RangeError);
  t.throws(() => opusLayout(0), RangeError);
  t.end();
});

t.test("opusDescription is the identification header of RFC 7845", (t) => {
  t.equal(toHex(opusDescription(2)), "4f707573486561640102000080bb0000000000");
  t.equal(
    toHex(opusDescription(6)),
    "4f707573486561640106000080bb0000000001" + "0402" + "000401020305",
  );
  t.end();
});
