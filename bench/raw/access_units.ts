/**
 * Access units: takes an H.264 byte stream (Annex B) apart into pictures, for the raw decoding stage.
 * A picture begins at its first slice (first_mb_in_slice 0) or at the parameter sets, SEI or
 * delimiter before it (H.264, 7.4.1.2.3).
 */

const NAL_SLICE = 1;
const NAL_IDR_SLICE = 5;
/** SEI, SPS, PPS and the access unit delimiter: they open the next picture. */
const NAL_OPENERS = new Set([6, 7, 8, 9]);

/** One picture of a byte stream; a view, valid as long as the stream. */
export interface AccessUnit {
  readonly bytes: Uint8Array;
  readonly isKeyframe: boolean;
}

/** The pictures of a whole byte stream in order. */
export function splitAccessUnits(stream: Uint8Array): AccessUnit[] {
  const units: AccessUnit[] = [];
  let start = 0;
  let hasSlice = false;
  let isKeyframe = false;
  for (const nal of nalUnits(stream)) {
    const type = (stream[nal.payload] ?? 0) & 0x1f;
    const isSlice = type === NAL_SLICE || type === NAL_IDR_SLICE;
    // first_mb_in_slice is Exp-Golomb coded: zero is a single 1 bit.
    const isFirstSlice = isSlice && ((stream[nal.payload + 1] ?? 0) & 0x80) !== 0;
    if (hasSlice && (isFirstSlice || NAL_OPENERS.has(type))) {
      units.push({ bytes: stream.subarray(start, nal.start), isKeyframe });
      start = nal.start;
      hasSlice = false;
      isKeyframe = false;
    }
    hasSlice ||= isSlice;
    isKeyframe ||= type === NAL_IDR_SLICE;
  }
  if (hasSlice) units.push({ bytes: stream.subarray(start), isKeyframe });
  return units;
}

function* nalUnits(stream: Uint8Array): Generator<{ start: number; payload: number }> {
  for (let at = stream.indexOf(1, 2); at !== -1; at = stream.indexOf(1, at + 1)) {
    if (stream[at - 1] !== 0 || stream[at - 2] !== 0) continue;
    yield { start: stream[at - 3] === 0 ? at - 3 : at - 2, payload: at + 1 };
  }
}
