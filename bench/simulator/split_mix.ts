/**
 * SplitMix64: the generator behind everything random in the simulator. Each process (a loss state, a
 * loss draw, jitter, reordering) has one of its own, made from the seed and its name, so that adding a
 * process shifts no other. Period 2^64; never a source of secrets.
 */

const GAMMA_HIGH = 0x9e3779b9;
const GAMMA_LOW = 0x7f4a7c15;

/** A sequence of 64-bit words in 32-bit halves, because a BigInt for each packet is too slow. */
export class SplitMix64 {
  #high: number;
  #low: number;
  #wordHigh = 0;
  #wordLow = 0;

  /** Starts at the state `high * 2^32 + low`. */
  constructor(low: number, high = 0) {
    this.#high = high >>> 0;
    this.#low = low >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  next(): number {
    this.#step();
    return (this.#wordHigh * 0x20_0000 + (this.#wordLow >>> 11)) / 0x20_0000_0000_0000;
  }

  /** An integer in [0, maxExclusive), for limits below 2^32. */
  int(maxExclusive: number): number {
    return Math.floor(this.next() * maxExclusive);
  }

  /** A number from the standard normal distribution, in [-6, 6]: the sum of twelve draws. */
  normal(): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw++) sum += this.next();
    return sum;
  }

  /** The next 64-bit word. */
  word(): bigint {
    this.#step();
    return (BigInt(this.#wordHigh) << 32n) | BigInt(this.#wordLow);
  }

  #step(): void {
    const sum = this.#low + GAMMA_LOW;
    this.#low = sum >>> 0;
    this.#high = (this.#high + GAMMA_HIGH + (sum > 0xffff_ffff ? 1 : 0)) >>> 0;
    this.#wordHigh = this.#high;
    this.#wordLow = this.#low;
    this.#shiftIn(30);
    this.#multiply(0xbf58476d, 0x1ce4e5b9);
    this.#shiftIn(27);
    this.#multiply(0x94d049bb, 0x133111eb);
    this.#shiftIn(31);
  }

  /** word ^= word >>> bits, for 0 < bits < 32. */
  #shiftIn(bits: number): void {
    const low = (this.#wordLow >>> bits) | (this.#wordHigh << (32 - bits));
    this.#wordLow = (this.#wordLow ^ low) >>> 0;
    this.#wordHigh = (this.#wordHigh ^ (this.#wordHigh >>> bits)) >>> 0;
  }

  #multiply(high: number, low: number): void {
    const crossed = Math.imul(this.#wordHigh, low) + Math.imul(this.#wordLow, high);
    this.#wordHigh = (highProduct(this.#wordLow, low) + crossed) >>> 0;
    this.#wordLow = Math.imul(this.#wordLow, low) >>> 0;
  }
}

/** The generator of the process `name` under `seed`. */
export function randomProcess(seed: number, name: string): SplitMix64 {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  const mixed = new SplitMix64(seed, hash).word();
  return new SplitMix64(Number(mixed & 0xffff_ffffn), Number(mixed >> 32n));
}

/** The upper 32 bits of a product of 32-bit numbers. */
function highProduct(left: number, right: number): number {
  const left0 = left & 0xffff;
  const left1 = left >>> 16;
  const right0 = right & 0xffff;
  const right1 = right >>> 16;
  const middle = left1 * right0 + ((left0 * right0) >>> 16);
  const other = left0 * right1 + (middle & 0xffff);
  return left1 * right1 + (middle >>> 16) + (other >>> 16);
}
