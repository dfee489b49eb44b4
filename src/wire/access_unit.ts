/**
 * Access unit: one encoded frame in the two forms that it takes: with start codes, as encoders and
 * viewers have it, and with lengths, as MP4 has it. The units in it are the same bytes in both. With
 * lengths it is a quarter larger at most.
 */

/** Bytes of the length or start code before each unit. */
const PREFIX_BYTES = 4;
const SEQUENCE_PARAMETERS = 7;
const PICTURE_PARAMETERS = 8;

/** What a decoder needs before the first frame. */
export interface ParameterSets {
  readonly sequence: Uint8Array;
  readonly picture: Uint8Array;
}

/** Calls `take` with the bounds of each unit between start codes. */
export function forEachUnit(
  frame: Uint8Array,
  take: (start: number, end: number) => void,
): void {
  let start = -1;
  const size = frame.byteLength;
  for (let i = 2; i < size;) {
    const byte = frame[i]!;
    if (byte > 1) i += 3;
    else if (byte === 1 && frame[i - 1] === 0 && frame[i - 2] === 0) {
      if (start >= 0) take(start, unitEnd(frame, start, i - 2));
      start = i + 1;
      i += 3;
    } else i++;
  }
  if (start >= 0) take(start, unitEnd(frame, start, size));
}

/**
 * Writes `frame` with lengths to `target` from `offset` on; returns the bytes written. `target` has
 * room for `sampleBytesMax` of it.
 */
export function writeLengths(frame: Uint8Array, target: Uint8Array, offset: number): number {
  let at = offset;
  forEachUnit(frame, (start, end) => {
    writeU32(target, at, end - start);
    target.set(frame.subarray(start, end), at + PREFIX_BYTES);
    at += PREFIX_BYTES + end - start;
  });
  return at - offset;
}

/** Most bytes that a frame of `bytes` takes with lengths: a start code has three bytes or more. */
export function sampleBytesMax(bytes: number): number {
  // A unit has a byte at least, so that each start code of three adds one to four.
  return bytes + Math.ceil(bytes / 4) + PREFIX_BYTES;
}

/** A frame with start codes again: each length becomes one of four bytes, in place. */
export function writeStartCodes(sample: Uint8Array): boolean {
  for (let at = 0; at < sample.byteLength;) {
    if (at + PREFIX_BYTES > sample.byteLength) return false;
    const bytes = readBigU32(sample, at);
    if (bytes > sample.byteLength - at - PREFIX_BYTES) return false;
    writeU32(sample, at, 1);
    at += PREFIX_BYTES + bytes;
  }
  return true;
}

/** The parameter sets in a keyframe; views of it. Undefined when it has none. */
export function parameterSets(keyframe: Uint8Array): ParameterSets | undefined {
  let sequence: Uint8Array | undefined;
  let picture: Uint8Array | undefined;
  forEachUnit(keyframe, (start, end) => {
    const kind = keyframe[start]! & 0x1f;
    if (kind === SEQUENCE_PARAMETERS) sequence ??= keyframe.subarray(start, end);
    if (kind === PICTURE_PARAMETERS) picture ??= keyframe.subarray(start, end);
  });
  if (sequence === undefined || picture === undefined || sequence.byteLength < 4) return undefined;
  return { sequence, picture };
}

/** The avcC record of parameter sets, ISO/IEC 14496-15. */
export function decoderRecord({ sequence, picture }: ParameterSets): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(11 + sequence.byteLength + picture.byteLength);
  record.set([1, sequence[1]!, sequence[2]!, sequence[3]!, 0xff, 0xe1]);
  record.set([sequence.byteLength >> 8, sequence.byteLength & 0xff], 6);
  record.set(sequence, 8);
  const at = 8 + sequence.byteLength;
  record.set([1, picture.byteLength >> 8, picture.byteLength & 0xff], at);
  record.set(picture, at + 3);
  return record;
}

/** True when both hold the same bytes. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, i) => byte === other[i]);
}

/** Zeros before a start code belong to it. */
function unitEnd(frame: Uint8Array, start: number, end: number): number {
  while (end > start && frame[end - 1] === 0) end--;
  return end;
}

function writeU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

function readBigU32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}
