/**
 * Concealer: what is heard in the place of sound that is missing: the last period of what was heard,
 * over and over, faded out; and a short cross-fade when there is sound again, so that neither end
 * clicks. It allocates nothing after it was made.
 */

/** Frames of the past that a period is looked for in: 20 ms. */
const HISTORY_FRAMES = 960;
/** Shortest and longest period: 320 and 80 Hz. */
const PERIOD_FRAMES_MIN = 150;
const PERIOD_FRAMES_MAX = 600;
/** Frames that are compared to find it. */
const COMPARED_FRAMES = HISTORY_FRAMES - PERIOD_FRAMES_MAX;
/** Every other frame is enough to find it. */
const STEP = 2;
/** After so many frames nothing is left: 50 ms. */
export const FADE_FRAMES = 2_400;
/** Frames over which sound that comes again takes over: 2.5 ms. */
export const RETURN_FRAMES = 120;

/** Frames of an array of channels. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Fills gaps of one sound. */
export class Concealer {
  readonly #history: readonly Float32Array[];
  /** One period, and how its end leads into its beginning. */
  readonly #period: readonly Float32Array[];
  /** By how much the period's beginning misses what was heard last; it is faded out. */
  readonly #steps: Float32Array;
  #periodFrames = 1;
  /** Frames made since the sound went missing. */
  #made = 0;
  #isConcealing = false;

  constructor(channels: number) {
    this.#history = Array.from({ length: channels }, () => new Float32Array(HISTORY_FRAMES));
    this.#period = Array.from({ length: channels }, () => new Float32Array(PERIOD_FRAMES_MAX));
    this.#steps = new Float32Array(channels);
  }

  /** True between the first frame that was made and the sound that followed. */
  get isConcealing(): boolean {
    return this.#isConcealing;
  }

  /** Nothing is left of what was heard: only silence would be made. */
  get isSilent(): boolean {
    return this.#isConcealing && this.#made >= FADE_FRAMES;
  }

  /** Something of the sound is left out here: what comes next is blended in. */
  skip(): void {
    if (!this.#isConcealing) this.#begin();
  }

  /** Takes what is to be heard; blends its beginning when it follows a gap. */
  heard(channels: readonly Float32Array[], { from, to }: Span): void {
    if (this.#isConcealing) this.#return(channels, { from, to });
    const frames = Math.min(to - from, HISTORY_FRAMES);
    const kept = HISTORY_FRAMES - frames;
    for (let channel = 0; channel < this.#history.length; channel++) {
      const history = this.#history[channel]!;
      const source = channels[channel]!;
      history.copyWithin(0, frames);
      for (let frame = 0; frame < frames; frame++) {
        history[kept + frame] = source[to - frames + frame]!;
      }
    }
  }

  /** Makes what is missing. */
  conceal(channels: readonly Float32Array[], { from, to }: Span): void {
    if (!this.#isConcealing) this.#begin();
    for (let channel = 0; channel < this.#period.length; channel++) {
      const target = channels[channel]!;
      for (let frame = from; frame < to; frame++) {
        target[frame] = this.#sample(channel, this.#made + frame - from);
      }
    }
    this.#made = Math.min(this.#made + to - from, FADE_FRAMES * 2);
  }

  #sample(channel: number, made: number): number {
    if (made >= FADE_FRAMES) return 0;
    // Even fade: half of it is heard for half of the time.
    const gain = 0.5 + 0.5 * Math.cos(Math.PI * made / FADE_FRAMES);
    const step = made < RETURN_FRAMES ? this.#steps[channel]! * (1 - made / RETURN_FRAMES) : 0;
    return (this.#period[channel]![made % this.#periodFrames]! + step) * gain;
  }

  #begin(): void {
    this.#isConcealing = true;
    this.#made = 0;
    const frames = this.#findPeriod();
    this.#periodFrames = frames;
    const blended = Math.min(RETURN_FRAMES, frames >> 1);
    for (let channel = 0; channel < this.#history.length; channel++) {
      const history = this.#history[channel]!;
      const period = this.#period[channel]!;
      const start = HISTORY_FRAMES - frames;
      this.#steps[channel] = history[HISTORY_FRAMES - 1]! - history[start - 1]!;
      for (let frame = 0; frame < frames; frame++) period[frame] = history[start + frame]!;
      // The end of the period runs into what came before the period, which its beginning continues.
      for (let frame = 0; frame < blended; frame++) {
        const share = (frame + 1) / (blended + 1);
        const at = frames - blended + frame;
        const before = history[start - blended + frame]!;
        period[at] = period[at]! * (1 - share) + before * share;
      }
    }
  }

  /** The distance at which the past resembles itself most. */
  #findPeriod(): number {
    const first = this.#history[0]!;
    const second = this.#history[Math.min(1, this.#history.length - 1)]!;
    const end = HISTORY_FRAMES - COMPARED_FRAMES;
    let best = PERIOD_FRAMES_MAX;
    let bestScore = 0;
    for (let frames = PERIOD_FRAMES_MIN; frames <= PERIOD_FRAMES_MAX; frames++) {
      let product = 0;
      let energy = 1e-9;
      for (let frame = end; frame < HISTORY_FRAMES; frame += STEP) {
        const past = first[frame - frames]! + second[frame - frames]!;
        product += (first[frame]! + second[frame]!) * past;
        energy += past * past;
      }
      const score = product <= 0 ? 0 : product * product / energy;
      if (score > bestScore) {
        bestScore = score;
        best = frames;
      }
    }
    return best;
  }

  /** Sound is there again: what would have been made fades into it. */
  #return(channels: readonly Float32Array[], { from, to }: Span): void {
    this.#isConcealing = false;
    const frames = Math.min(RETURN_FRAMES, to - from);
    for (let channel = 0; channel < this.#period.length; channel++) {
      const target = channels[channel]!;
      for (let frame = 0; frame < frames; frame++) {
        const share = (frame + 1) / (frames + 1);
        const made = this.#sample(channel, this.#made + frame);
        target[from + frame] = made * (1 - share) + target[from + frame]! * share;
      }
    }
  }
}
