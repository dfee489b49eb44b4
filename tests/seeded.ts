/**
 * Seeded randomness for tests, fuzz targets and simulations: the same name and seed give the same
 * bytes on every machine. The seed goes to standard error as a TAP comment, which the runner shows
 * when the file fails; `WAVRY_SEED=<integer>` repeats or varies a run. Never a source of secrets.
 */

/** A reproducible sequence. Every method takes from the same sequence, so order matters. */
export interface SeededRandom {
  /** The 32-bit seed in use. */
  readonly seed: number;
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, maxExclusive); `maxExclusive` is an integer from 1 to 2^32. */
  int(maxExclusive: number): number;
  /** `length` random bytes in a new array. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
}

/** The sequence for `name`, from `WAVRY_SEED` or, without it, from a seed made of the name. */
export function seededRandom(name: string): SeededRandom {
  const given = Deno.env.get("WAVRY_SEED");
  const seed = given === undefined || given === "" ? hashOf(name) : parseSeed(given);
  console.error(`# seed name=${JSON.stringify(name)} WAVRY_SEED=${seed}`);
  return randomFromSeed(seed);
}

/** The sequence for a seed that the caller chose and reports itself. */
export function randomFromSeed(seed: number): SeededRandom {
  let state = seed >>> 0;
  const word = (): number => {
    // A Weyl sequence through a 32-bit finaliser: period 2^32, every seed is a good one.
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const next = () => word() / 2 ** 32;
  const int = (maxExclusive: number): number => {
    if (!Number.isInteger(maxExclusive) || maxExclusive < 1 || maxExclusive > 2 ** 32) {
      throw new RangeError(`Cannot draw an integer below ${maxExclusive}`);
    }
    return Math.floor(next() * maxExclusive);
  };
  return {
    seed: seed >>> 0,
    next,
    int,
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let offset = 0; offset < length; offset++) bytes[offset] = word() >>> 24;
      return bytes;
    },
    pick(list) {
      if (list.length === 0) throw new RangeError("Cannot pick from an empty list");
      return list[int(list.length)] as (typeof list)[number];
    },
  };
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed >= 2 ** 32) {
    throw new RangeError(`Cannot use WAVRY_SEED "${text}": not an integer below 2^32`);
  }
  return seed;
}

/** FNV-1a over the UTF-16 units of the name. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
