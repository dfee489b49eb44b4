/**
 * Galois field: scalar arithmetic in GF(2^8), polynomial 0x11D, for the coefficients of the codec;
 * regions are the kernel's work. 766 bytes of tables, built once.
 */

const POLYNOMIAL = 0x11d;
/** Order of the multiplicative group; 2 generates it under this polynomial. */
const ORDER = 255;

const LOGARITHMS = new Uint8Array(256);
const POWERS = new Uint8Array(2 * ORDER);

for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  POWERS[exponent] = power;
  POWERS[exponent + ORDER] = power;
  LOGARITHMS[power] = exponent;
  power <<= 1;
  if (power > 255) power ^= POLYNOMIAL;
}

/** The product of two bytes. */
export function multiply(left: number, right: number): number {
  if (left === 0 || right === 0) return 0;
  return POWERS[LOGARITHMS[left]! + LOGARITHMS[right]!]!;
}

/** The inverse of a byte from 1 to 255. */
export function inverse(value: number): number {
  return POWERS[ORDER - LOGARITHMS[value]!]!;
}
