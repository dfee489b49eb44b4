/**
 * Fuzz targets of src/transport/quic: each parser of bytes from a peer must return or throw H3Error,
 * whatever comes; what comes in pieces must mean the same as in one; what we encode must decode.
 */

import { addressPrefix } from "../../../src/transport/address_prefix.ts";
import { CapsuleReader, encodeCloseCapsule } from "../../../src/transport/quic/capsules.ts";
import { parseConnectRequest } from "../../../src/transport/quic/connect_request.ts";
import {
  decodeSettings,
  encodeFrame,
  encodeSettings,
  FRAME_DATA,
  FRAME_HEADERS,
  H3Error,
  H3FrameReader,
} from "../../../src/transport/quic/h3_frames.ts";
import { huffmanDecode, huffmanEncode } from "../../../src/transport/quic/huffman.ts";
import {
  decodeFieldSection,
  encodeFieldSection,
  FIELD_SECTION_BYTES_MAX,
  type FieldLine,
} from "../../../src/transport/quic/qpack.ts";
import {
  encodeVarints,
  readVarint,
  varintLength,
  varintLengthAt,
  writeVarint,
} from "../../../src/transport/quic/varint.ts";
import type { SeededRandom } from "../../seeded.ts";
import { type FuzzTarget, mutate } from "./wire_targets.ts";

const FRAME_BYTES_MAX = 512;
const ROUND_TRIP_SHARE = 0.3;

const REQUEST: readonly FieldLine[] = [
  [":method", "CONNECT"],
  [":protocol", "webtransport"],
  [":scheme", "https"],
  [":authority", "127.0.0.1:4433"],
  [":path", "/session?ticket=0123456789"],
  ["origin", "https://desk.example:8443"],
  ["user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/156"],
];
const SECTIONS = [encodeFieldSection(REQUEST), encodeFieldSection([[":status", "429"]])];
const SETTINGS = [encodeSettings([[0x01, 0], [0x33, 1], [0x2b603742, 1]]).subarray(2)];
const FRAME_STREAMS = [
  concat(encodeSettings([[0x08, 1], [0x33, 1]]), encodeFrame(0x07, encodeVarints(0))),
  concat(
    encodeFrame(FRAME_HEADERS, SECTIONS[0]!),
    encodeFrame(FRAME_DATA, encodeCloseCapsule(7, "bye")),
    encodeFrame(0x21, new Uint8Array(40)),
    encodeFrame(FRAME_DATA, new Uint8Array(0)),
  ),
];
const CAPSULES = [
  encodeCloseCapsule(0xffff_ffff, "ended für heute"),
  concat(encodeVarints(0x78ae, 0), encodeVarints(0x190b, 3, 1, 2, 3), encodeCloseCapsule(0, "")),
];
const HUFFMAN_STRINGS = ["www.example.com", "no-cache", "\x00\xff~", "302"]
  .map((text) => huffmanEncode(latin1(text)));
const ADDRESSES = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "fe80::1%eth0", "::"]
  .map((text) => latin1(text));

/** Every target of this folder. */
export const transportTargets: readonly FuzzTarget[] = [
  { name: "varint", run: fuzzVarint },
  { name: "HTTP/3 frames", run: fuzzFrames },
  { name: "HTTP/3 settings", run: fuzzSettings },
  { name: "QPACK", run: fuzzQpack },
  { name: "Huffman", run: fuzzHuffman },
  { name: "capsules", run: fuzzCapsules },
  { name: "address prefix", run: fuzzAddress },
];

function fuzzVarint(random: SeededRandom): void {
  const bytes = random.bytes(random.int(10));
  const value = readVarint(bytes, 0);
  const isWhole = bytes.length > 0 && bytes.length >= varintLengthAt(bytes[0]!);
  expect(isWhole === (value >= 0), "a varint is read exactly when all of it is there");
  const chosen = Math.floor(random.next() * 2 ** random.int(54));
  const target = new Uint8Array(8);
  expect(writeVarint(chosen, target, 0) === varintLength(chosen), "length of a varint");
  expect(readVarint(target, 0) === chosen, "value of a varint");
}

function fuzzFrames(random: SeededRandom): void {
  const bytes = mutate(random, FRAME_STREAMS);
  const read = (pieces: readonly Uint8Array[]): string => {
    const reader = new H3FrameReader(FRAME_BYTES_MAX);
    const seen: string[] = [];
    let data = 0;
    const outcome = orCode(() => {
      for (const piece of pieces) {
        reader.push(piece);
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
          // DATA comes in pieces by design, so only its sum is the same.
          if (frame.type === FRAME_DATA) data += frame.payload.length;
          else seen.push(`${frame.type}:${frame.payload}`);
        }
      }
    });
    return `${outcome} ${data} ${seen.join()} ${outcome === undefined && reader.atBoundary}`;
  };
  expect(read([bytes]) === read(cut(random, bytes)), "frames do not depend on the pieces");
}

function fuzzSettings(random: SeededRandom): void {
  const bytes = mutate(random, SETTINGS);
  orCode(() => decodeSettings(bytes));
}

function fuzzQpack(random: SeededRandom): void {
  if (random.next() < ROUND_TRIP_SHARE) {
    const text = () => String.fromCharCode(...random.bytes(random.int(20)));
    const lines = Array.from({ length: random.int(8) }, (): FieldLine => {
      return random.next() < 0.5 ? random.pick(REQUEST) : [text(), text()];
    });
    const decoded = decodeFieldSection(encodeFieldSection(lines));
    expect(JSON.stringify(decoded) === JSON.stringify(lines), "round trip of a field section");
    return;
  }
  const bytes = mutate(random, SECTIONS);
  orCode(() => {
    const lines = decodeFieldSection(bytes);
    const size = lines.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    expect(size <= FIELD_SECTION_BYTES_MAX, "size of a field section");
    const request = parseConnectRequest(lines);
    expect(typeof request === "number" ? request >= 400 : request.path !== "", "request");
  });
}

function fuzzHuffman(random: SeededRandom): void {
  if (random.next() < ROUND_TRIP_SHARE) {
    const plain = random.bytes(random.int(40));
    const decoded = huffmanDecode(huffmanEncode(plain));
    expect(decoded?.join() === plain.join(), "round trip of a Huffman string");
    return;
  }
  const coded = mutate(random, HUFFMAN_STRINGS);
  const plain = huffmanDecode(coded);
  if (plain === undefined) return;
  expect(huffmanEncode(plain).join() === coded.join(), "a Huffman string has one form");
}

function fuzzCapsules(random: SeededRandom): void {
  const bytes = mutate(random, CAPSULES);
  const read = (pieces: readonly Uint8Array[]): string => {
    const reader = new CapsuleReader();
    const seen: unknown[] = [];
    const outcome = orCode(() => {
      for (const piece of pieces) {
        reader.push(piece);
        for (let one = reader.next(); one !== undefined; one = reader.next()) seen.push(one);
      }
    });
    return `${outcome} ${JSON.stringify(seen)} ${outcome === undefined && reader.atBoundary}`;
  };
  expect(read([bytes]) === read(cut(random, bytes)), "capsules do not depend on the pieces");
}

function fuzzAddress(random: SeededRandom): void {
  const text = String.fromCharCode(...mutate(random, ADDRESSES));
  const prefix = addressPrefix(text);
  expect(addressPrefix(text) === prefix, "an address has one prefix");
}

/** Undefined when `parse` returns, the code when it throws H3Error; anything else is a failure. */
function orCode(parse: () => unknown): number | undefined {
  try {
    parse();
    return undefined;
  } catch (error) {
    if (error instanceof H3Error) return error.code;
    throw error;
  }
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`Broken: ${what}`);
}

/** `bytes` in up to four pieces. */
function cut(random: SeededRandom, bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let piece = 0; piece < 3; piece++) {
    const end = start + random.int(bytes.length - start + 1);
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return [...pieces, bytes.subarray(start)];
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
