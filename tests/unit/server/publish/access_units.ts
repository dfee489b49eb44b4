/**
 * Access units for tests of published streams: bitstreams of H.264 that say of themselves what a test
 * wants, without pictures in them.
 */

/** Bits, most significant first. */
class BitWriter {
  readonly #bits: number[] = [];

  bits(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
    return this;
  }

  /** Unsigned Exp-Golomb code, ITU-T H.264 section 9.1. */
  ue(value: number): this {
    const length = 32 - Math.clz32(value + 1);
    return this.bits(0, length - 1).bits(value + 1, length);
  }

  bytes(): number[] {
    const padded = [...this.#bits, 1];
    while (padded.length % 8 !== 0) padded.push(0);
    return Array.from({ length: padded.length / 8 }, (_, index) => {
      return parseInt(padded.slice(8 * index, 8 * index + 8).join(""), 2);
    });
  }
}

/**
 * A sequence parameter set of the baseline profile; sides are multiples of 16. `colors` are codes of
 * primaries, transfer and matrix.
 */
export function sequenceOf(width: number, height: number, colors?: readonly number[]): number[] {
  const bits = new BitWriter().bits(66, 8).bits(0xe0, 8).bits(31, 8).ue(0)
    .ue(0).ue(2).ue(1).bits(0, 1)
    .ue(width / 16 - 1).ue(height / 16 - 1).bits(1, 1).bits(1, 1).bits(0, 1);
  if (colors === undefined) bits.bits(0, 1);
  else {
    // Usability information: neither aspect nor overscan, colours of limited range, and no more.
    bits.bits(1, 1).bits(0, 2).bits(1, 1).bits(5 << 1, 4).bits(1, 1);
    for (const code of colors) bits.bits(code, 8);
    bits.bits(0, 6);
  }
  return [0x67, ...bits.bytes()];
}

/** Units with start codes. */
export function unitsOf(...units: readonly (readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(units.flatMap((unit) => [0, 0, 0, 1, ...unit]));
}

/** A keyframe of that size, with parameter sets. */
export function keyframeOf(width = 640, height = 368): Uint8Array<ArrayBuffer> {
  return unitsOf(sequenceOf(width, height), [0x68, 0xce, 0x38, 0x80], [0x65, 0x88, 0x84, 1, 2, 3]);
}

/** A frame that refers to another one. */
export const DELTA: Uint8Array<ArrayBuffer> = unitsOf([0x41, 0x9a, 1, 2, 3]);
