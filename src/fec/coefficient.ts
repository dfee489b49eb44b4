/**
 * Coefficients: the factor of each source symbol in each repair symbol, which both ends derive from
 * their ids. None is zero, so that a repair covers all of its window. docs/WIRE.md is normative.
 */

/** Sets reactive repairs apart, which a viewer gets beside those that all viewers share. */
const REACTIVE_BIT = 0x1_0000;
const GOLDEN = 0x9e3779b1;

/** The seed of one repair symbol's coefficients. */
export function repairSeed(repairId: number, isReactive: boolean): number {
  return mix32(Math.imul(isReactive ? repairId | REACTIVE_BIT : repairId, GOLDEN));
}

/** The coefficient, 1-255, of source symbol `sourceId` in the repair symbol with this seed. */
export function coefficientOf(seed: number, sourceId: number): number {
  const high = mix32(seed + Math.imul(sourceId, GOLDEN)) >>> 16;
  return 1 + ((high * 255) >>> 16);
}

/** A 32-bit mixer: each bit of the input changes half of the output's bits. */
function mix32(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
