/**
 * H.264 parameters: what a sequence parameter set says of the pictures that follow, and what the head
 * of a slice says of its own. For bitstreams of encoders that are not ours: nothing here trusts them.
 */

/** What pictures are, by their sequence parameter set. */
export interface PictureParameters {
  /** RFC 6381 codec string, such as avc1.42e01f. */
  readonly codec: string;
  /** Size that is shown. */
  readonly width: number;
  readonly height: number;
  /** Luma and chroma are 4:2:0 of 8 bits, as every decoder of a browser takes. */
  readonly isUsual: boolean;
  /** Pictures that a decoder may hold back to bring them in order; undefined when it is not said. */
  readonly reorderDepth: number | undefined;
  /** How colours are to be read; undefined when it is not said. */
  readonly colors?: PictureColors | undefined;
}

/** Codes of ITU-T H.264, tables E-3 to E-5; 2 is unspecified. */
export interface PictureColors {
  readonly isFullRange: boolean;
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/** Kinds of units, ITU-T H.264 table 7-1. */
export const UNIT = {
  slice: 1,
  keySlice: 5,
  supplement: 6,
  sequence: 7,
  picture: 8,
  delimiter: 9,
  filler: 12,
} as const;

/** Profiles whose parameter sets have the fields of chroma and scaling. */
const HIGH_PROFILES = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
/** Parameter sets are some 30 bytes; scaling lists make 200. */
const MAX_PARAMETER_BYTES = 512;
const MACROBLOCK = 16;
const MAX_CYCLE = 255;
const ASPECT_EXTENDED = 255;
const UNSPECIFIED = 2;

/** Reads a sequence parameter set; undefined for one that no decoder would take either. */
export function parsePictureParameters(unit: Uint8Array): PictureParameters | undefined {
  const isPossible = unit.byteLength >= 5 && unit.byteLength <= MAX_PARAMETER_BYTES &&
    (unit[0]! & 0x1f) === UNIT.sequence;
  if (!isPossible) return undefined;
  const reader = new BitReader(withoutEmulation(unit.subarray(1)));
  const parameters = readSequence(reader);
  return reader.isOverrun ? undefined : parameters;
}

/** True for a slice that refers to pictures on both sides (B), which costs latency. */
export function isBidirectional(unit: Uint8Array): boolean {
  const kind = unit[0]! & 0x1f;
  if (kind !== UNIT.slice) return false;
  // First macroblock and type of slice: two numbers at the very front.
  const reader = new BitReader(withoutEmulation(unit.subarray(1, 17)));
  reader.unsigned();
  const type = reader.unsigned();
  return !reader.isOverrun && type % 5 === 1;
}

function readSequence(reader: BitReader): PictureParameters | undefined {
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  if (reader.unsigned() > 31) return undefined;
  const isUsual = HIGH_PROFILES.includes(profile) ? readChroma(reader) : true;
  if (isUsual === undefined || !skipOrder(reader)) return undefined;
  reader.unsigned();
  reader.bit();
  const columns = reader.unsigned() + 1;
  const rows = reader.unsigned() + 1;
  const isFramesOnly = reader.bit() === 1;
  if (!isFramesOnly) reader.bit();
  reader.bit();
  const crop = reader.bit() === 1
    ? [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()] as const
    : [0, 0, 0, 0] as const;
  const { reorderDepth, colors } = reader.bit() === 1 ? readUsability(reader) : NOTHING_SAID;
  const rowUnits = isFramesOnly ? 1 : 2;
  const width = columns * MACROBLOCK - 2 * (crop[0] + crop[1]);
  const height = rows * rowUnits * MACROBLOCK - 2 * rowUnits * (crop[2] + crop[3]);
  if (!(width > 0 && height > 0)) return undefined;
  const codec = `avc1.${[profile, constraints, level].map(hex).join("")}`;
  return { codec, width, height, isUsual: isUsual && isFramesOnly, reorderDepth, colors };
}

/** Format of chroma, depths and scaling lists; true for 4:2:0 of 8 bits, undefined for nonsense. */
function readChroma(reader: BitReader): boolean | undefined {
  const chroma = reader.unsigned();
  if (chroma > 3) return undefined;
  if (chroma === 3) reader.bit();
  const depth = Math.max(reader.unsigned(), reader.unsigned());
  reader.bit();
  if (reader.bit() === 1) {
    const lists = chroma === 3 ? 12 : 8;
    for (let list = 0; list < lists; list++) {
      if (reader.bit() === 1) skipScaling(reader, list < 6 ? 16 : 64);
    }
  }
  return chroma === 1 && depth === 0;
}

function skipScaling(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index++) {
    if (next !== 0) next = (last + reader.signed()) & 0xff;
    last = next === 0 ? last : next;
  }
}

/** Numbers of frames and their order; false for nonsense. */
function skipOrder(reader: BitReader): boolean {
  if (reader.unsigned() > 12) return false;
  const kind = reader.unsigned();
  if (kind === 0) return reader.unsigned() <= 12;
  if (kind !== 1) return kind === 2;
  reader.bit();
  reader.signed();
  reader.signed();
  const cycle = reader.unsigned();
  if (cycle > MAX_CYCLE) return false;
  for (let index = 0; index < cycle; index++) reader.signed();
  return true;
}

/** What usability information may say. */
type Usability = Pick<PictureParameters, "reorderDepth" | "colors">;
const NOTHING_SAID: Usability = { reorderDepth: undefined, colors: undefined };

/** Colours, and the restriction at the end of the usability information, where there is one. */
function readUsability(reader: BitReader): Usability {
  if (reader.bit() === 1 && reader.bits(8) === ASPECT_EXTENDED) reader.bits(32);
  if (reader.bit() === 1) reader.bit();
  const colors = reader.bit() === 1 ? readColors(reader) : undefined;
  return { colors, reorderDepth: readReorderDepth(reader) };
}

function readColors(reader: BitReader): PictureColors {
  const isFullRange = (reader.bits(4) & 1) === 1;
  const isTold = reader.bit() === 1;
  const code = () => isTold ? reader.bits(8) : UNSPECIFIED;
  return { isFullRange, primaries: code(), transfer: code(), matrix: code() };
}

function readReorderDepth(reader: BitReader): number | undefined {
  if (reader.bit() === 1) {
    reader.unsigned();
    reader.unsigned();
  }
  // Two counts of units in ticks of 32 bits, and whether they are fixed.
  if (reader.bit() === 1) {
    reader.bits(32);
    reader.bits(33);
  }
  const hasNetwork = reader.bit() === 1;
  if (hasNetwork) skipReference(reader);
  const hasVideo = reader.bit() === 1;
  if (hasVideo) skipReference(reader);
  if (hasNetwork || hasVideo) reader.bit();
  reader.bit();
  if (reader.bit() === 0) return undefined;
  reader.bit();
  for (let index = 0; index < 4; index++) reader.unsigned();
  const depth = reader.unsigned();
  return reader.isOverrun ? undefined : depth;
}

/** Parameters of the hypothetical reference decoder. */
function skipReference(reader: BitReader): void {
  const count = Math.min(32, reader.unsigned() + 1);
  reader.bits(8);
  for (let index = 0; index < count; index++) {
    reader.unsigned();
    reader.unsigned();
    reader.bit();
  }
  reader.bits(20);
}

/** Bytes without those that keep start codes out of them. */
function withoutEmulation(bytes: Uint8Array): Uint8Array {
  const clean = new Uint8Array(bytes.byteLength);
  let length = 0;
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    clean[length++] = byte;
  }
  return clean.subarray(0, length);
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Bits from the front of bytes; past their end there are zeros, and `isOverrun` is true. */
class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOverrun(): boolean {
    return this.#at > 8 * this.#bytes.byteLength;
  }

  bit(): number {
    const at = this.#at++;
    return ((this.#bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1;
  }

  /** The next `count` bits; of more than 32 the last ones. */
  bits(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) value = (value << 1) | this.bit();
    return value >>> 0;
  }

  /** An Exp-Golomb code, at most 2^32 - 2. */
  unsigned(): number {
    let zeros = 0;
    while (zeros < 32 && !this.isOverrun && this.bit() === 0) zeros++;
    return zeros === 0 ? 0 : 2 ** zeros - 1 + this.bits(zeros);
  }

  signed(): number {
    const code = this.unsigned();
    return code % 2 === 0 ? -code / 2 : (code + 1) / 2;
  }
}
