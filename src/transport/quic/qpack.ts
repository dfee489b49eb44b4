/**
 * qpack: header compression of HTTP/3 (RFC 9204) with the static table and Huffman strings only. We
 * announce a dynamic table of 0 bytes, so a reference into one is an error of the peer. One section
 * is bounded in bytes, in decoded size and in lines before anything is kept.
 */
import { H3_EXCESSIVE_LOAD, H3Error, QPACK_DECOMPRESSION_FAILED } from "./h3_frames.ts";
import { huffmanDecode, huffmanEncode } from "./huffman.ts";
import { type FieldLine, QPACK_STATIC_TABLE } from "./qpack_static_table.ts";

export type { FieldLine } from "./qpack_static_table.ts";

/** Decoded size of a section as RFC 9114 section 4.2.2 counts it: 32 bytes on top of each line. */
export const FIELD_SECTION_BYTES_MAX = 16_384;

/** Most lines of a section; a browser's CONNECT has about ten. */
export const FIELD_LINES_MAX = 128;

/** Overhead that RFC 9114 section 4.2.2 adds for every line. */
const FIELD_LINE_OVERHEAD = 32;

/** Largest prefixed integer that can be of use here; indexes and lengths lie far below. */
const INTEGER_MAX = 1 << 24;

/** Decodes one encoded field section. Throws H3Error with the code to close the connection with. */
export function decodeFieldSection(section: Uint8Array): FieldLine[] {
  const cursor = new FieldCursor(section);
  if (cursor.integer(8) !== 0) fail("Field section needs a dynamic table");
  cursor.integer(7);
  const lines: FieldLine[] = [];
  let size = 0;
  while (!cursor.atEnd) {
    const line = readLine(cursor);
    size += line[0].length + line[1].length + FIELD_LINE_OVERHEAD;
    if (size > FIELD_SECTION_BYTES_MAX || lines.length === FIELD_LINES_MAX) {
      throw new H3Error(
        H3_EXCESSIVE_LOAD,
        `Field section exceeds ${FIELD_SECTION_BYTES_MAX} bytes`,
      );
    }
    lines.push(line);
  }
  return lines;
}

/**
 * Encodes `lines` with static references where the table has them, else as literals, Huffman-coded
 * where that is shorter. Names must be lower case.
 */
export function encodeFieldSection(lines: readonly FieldLine[]): Uint8Array {
  const bytes: number[] = [0, 0];
  for (const [name, value] of lines) {
    const whole = QPACK_STATIC_TABLE.findIndex((entry) => entry[0] === name && entry[1] === value);
    const named = QPACK_STATIC_TABLE.findIndex((entry) => entry[0] === name);
    if (whole >= 0) {
      pushInteger(bytes, 0xc0, 6, whole);
    } else if (named >= 0) {
      pushInteger(bytes, 0x50, 4, named);
      pushString(bytes, 0x00, 7, value);
    } else {
      pushString(bytes, 0x20, 3, name);
      pushString(bytes, 0x00, 7, value);
    }
  }
  return Uint8Array.from(bytes);
}

function fail(message: string): never {
  throw new H3Error(QPACK_DECOMPRESSION_FAILED, message);
}

/** Reads one field line representation, RFC 9204 section 4.5. */
function readLine(cursor: FieldCursor): FieldLine {
  const first = cursor.peek();
  if (first & 0x80) {
    if (!(first & 0x40)) fail("Field line refers to the dynamic table");
    return staticEntry(cursor.integer(6));
  }
  if (first & 0x40) {
    if (!(first & 0x10)) fail("Field name refers to the dynamic table");
    const [name] = staticEntry(cursor.integer(4));
    return [name, cursor.string(7)];
  }
  if (!(first & 0x20)) fail("Field line refers past the base");
  const name = cursor.string(3);
  return [name, cursor.string(7)];
}

function staticEntry(index: number): FieldLine {
  return QPACK_STATIC_TABLE[index] ?? fail(`Static table has no entry ${index}`);
}

/** Reads the integers and strings of RFC 7541 section 5 from a section. */
class FieldCursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#offset] ?? fail("Field section is truncated");
  }

  /** An integer whose first byte leaves it `prefixBits`, RFC 7541 section 5.1. */
  integer(prefixBits: number): number {
    const prefixMax = (1 << prefixBits) - 1;
    let value = this.peek() & prefixMax;
    this.#offset++;
    if (value < prefixMax) return value;
    for (let scale = 1;; scale *= 128) {
      const byte = this.peek();
      this.#offset++;
      value += (byte & 0x7f) * scale;
      if (value > INTEGER_MAX || scale > INTEGER_MAX) {
        fail("Integer in a field section is too large");
      }
      if (byte < 0x80) return value;
    }
  }

  /** A string: a Huffman flag above an integer of `prefixBits`, then the bytes. */
  string(prefixBits: number): string {
    const isHuffman = (this.peek() & (1 << prefixBits)) !== 0;
    const length = this.integer(prefixBits);
    const end = this.#offset + length;
    if (end > this.#bytes.length) fail(`String of ${length} bytes is truncated`);
    const coded = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    const plain = isHuffman ? huffmanDecode(coded) : coded;
    if (plain === undefined) fail("Huffman code is broken");
    return latin1(plain);
  }
}

/** One character per byte: field values are bytes, and ASCII in all that we use. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function pushInteger(bytes: number[], flags: number, prefixBits: number, value: number): void {
  const prefixMax = (1 << prefixBits) - 1;
  if (value < prefixMax) {
    bytes.push(flags | value);
    return;
  }
  bytes.push(flags | prefixMax);
  let rest = value - prefixMax;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
}

function pushString(bytes: number[], flags: number, prefixBits: number, text: string): void {
  const plain = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const coded = huffmanEncode(plain);
  const isShorter = coded.length < plain.length;
  const flag = isShorter ? 1 << prefixBits : 0;
  pushInteger(bytes, flags | flag, prefixBits, isShorter ? coded.length : plain.length);
  for (const byte of isShorter ? coded : plain) bytes.push(byte);
}
