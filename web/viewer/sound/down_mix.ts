/**
 * DownMix: surround for a device with fewer channels: ITU-R BS.775 with the bass channel left out, at
 * a level that cannot clip. Channels come in the order of Vorbis, as Opus has them, and go out in the
 * browser's order (left, right, centre, bass, side or back left and right).
 */

/** Half of the power. */
const HALF_POWER = Math.SQRT1_2;

/** What a speaker is. */
type Speaker = "L" | "R" | "C" | "B" | "SL" | "SR" | "BL" | "BR" | "BC";

/** By channels, in the order of Vorbis (RFC 7845, section 5.1.1.2). */
const ORDER: readonly (readonly Speaker[])[] = [
  ["C"],
  ["L", "R"],
  ["L", "C", "R"],
  ["L", "R", "BL", "BR"],
  ["L", "C", "R", "BL", "BR"],
  ["L", "C", "R", "BL", "BR", "B"],
  ["L", "C", "R", "SL", "SR", "BC", "B"],
  ["L", "C", "R", "SL", "SR", "BL", "BR", "B"],
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

/** Mixes sound of many channels to fewer. */
export class DownMix {
  /** Channels that come out. */
  readonly channels: number;
  /** A row of shares for each channel that comes out. */
  readonly #rows: readonly Float32Array[];

  /** From `from` channels to those of a device that has `deviceChannels`. */
  constructor(from: number, deviceChannels: number) {
    const speakers = ORDER[from - 1];
    if (speakers === undefined) throw new RangeError(`Cannot mix ${from} channels`);
    this.#rows = rowsFor(speakers, deviceChannels);
    this.channels = this.#rows.length;
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

function rowsFor(speakers: readonly Speaker[], deviceChannels: number): Float32Array[] {
  if (speakers.length === 1) return [Float32Array.of(1)];
  if (speakers.length === 2) return [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  if (speakers.length === 6 && deviceChannels >= 6) return reordered(speakers);
  return mixedToTwo(speakers);
}

/** 5.1 for a device that has it: the same channels in the browser's order. */
function reordered(speakers: readonly Speaker[]): Float32Array[] {
  const browser: readonly Speaker[] = ["L", "R", "C", "B", "BL", "BR"];
  return browser.map((speaker) => Float32Array.from(speakers, (from) => from === speaker ? 1 : 0));
}

function mixedToTwo(speakers: readonly Speaker[]): Float32Array[] {
  const left = Float32Array.from(speakers, (speaker) => TO_LEFT[speaker]);
  const right = Float32Array.from(speakers, (speaker) => TO_LEFT[MIRROR[speaker]]);
  const level = 1 / left.reduce((sum, share) => sum + share, 0);
  return [left, right].map((row) => row.map((share) => share * level));
}
