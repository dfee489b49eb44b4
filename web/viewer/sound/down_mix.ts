/**
 * DownMix: surround for a device with fewer channels: ITU-R BS.775 with the bass channel left out, at
 * a level that cannot clip. Channels come and go in the order of SMPTE, which browsers' decoders make
 * of that of Opus: left, right, centre, bass, then those at the back.
 */

/** Half of the power. */
const HALF_POWER = Math.SQRT1_2;

/** What a speaker is. */
type Speaker = "L" | "R" | "C" | "B" | "SL" | "SR" | "BL" | "BR" | "BC";

/** By channels, as decoders give them. */
const ORDER: readonly (readonly Speaker[])[] = [
  ["C"],
  ["L", "R"],
  ["L", "R", "C"],
  ["L", "R", "BL", "BR"],
  ["L", "R", "C", "BL", "BR"],
  ["L", "R", "C", "B", "BL", "BR"],
  ["L", "R", "C", "B", "BC", "SL", "SR"],
  ["L", "R", "C", "B", "BL", "BR", "SL", "SR"],
];

/** Share of each speaker that the left one of two gets; the right one gets the mirror's. */
const TO_LEFT: Readonly<Record<Speaker, number>> = {
  L: 1,
  R: 0,
  C: HALF_POWER,
  B: 0,
  SL: HALF_POWER,
  SR: 0,
  BL: HALF_POWER,
  BR: 0,
  BC: 0.5,
};
const MIRROR: Readonly<Record<Speaker, Speaker>> = {
  ...{ L: "R", R: "L", C: "C", B: "B", SL: "SR", SR: "SL", BL: "BR", BR: "BL", BC: "BC" },
} as const;

/** Channels that a device is given: those of a pair, or of 5.1 where both ends have it. */
export function outputChannels(sourceChannels: number, deviceChannels: number): 2 | 6 {
  return sourceChannels >= 6 && deviceChannels >= 6 ? 6 : 2;
}

/** Mixes sound of many channels to fewer. */
export class DownMix {
  /** A row of shares for each channel that comes out. */
  readonly #rows: readonly Float32Array[];

  /** From `from` channels to a pair or to 5.1. */
  constructor(from: number, to: 2 | 6) {
    const speakers = ORDER[from - 1];
    if (speakers === undefined) throw new RangeError(`Cannot mix ${from} channels`);
    this.#rows = to === 6 ? rowsForSix(speakers) : rowsForTwo(speakers);
  }

  /** Mixes `frames` frames of `input` into `output`. */
  mix(input: readonly Float32Array[], output: readonly Float32Array[], frames: number): void {
    this.#rows.forEach((row, channel) => {
      const target = output[channel]!;
      target.fill(0, 0, frames);
      row.forEach((share, from) => {
        if (share === 0) return;
        const source = input[from]!;
        for (let frame = 0; frame < frames; frame++) target[frame]! += source[frame]! * share;
      });
    });
  }
}

/** Each speaker of 5.1 gets its own channel; those of 7.1 and 6.1 share the pair at the back. */
function rowsForSix(speakers: readonly Speaker[]): Float32Array[] {
  const rows: readonly (readonly Speaker[])[] = [
    ...[["L"], ["R"], ["C"], ["B"], ["BL", "SL"], ["BR", "SR"]] as const,
  ];
  return rows.map((row) => {
    const shares = Float32Array.from(speakers, (from) => {
      return row.includes(from) ? 1 : from === "BC" && row.length > 1 ? HALF_POWER : 0;
    });
    return levelled(shares);
  });
}

function rowsForTwo(speakers: readonly Speaker[]): Float32Array[] {
  // One channel is heard from both sides as loud as it was.
  if (speakers.length === 1) return [Float32Array.of(1), Float32Array.of(1)];
  const left = Float32Array.from(speakers, (speaker) => TO_LEFT[speaker]);
  const right = Float32Array.from(speakers, (speaker) => TO_LEFT[MIRROR[speaker]]);
  return [left, right].map(levelled);
}

/** No louder than full scale when all channels are. */
function levelled(shares: Float32Array): Float32Array {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum <= 1 ? shares : shares.map((share) => share / sum);
}
