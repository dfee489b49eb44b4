/**
 * Resampler: reads a ring a little faster or slower than real time, so that the host's clock and the
 * sound device's need not agree: a windowed sinc of `TAPS` samples at `PHASES` places between two
 * frames, and lines between those. Sound keeps its pitch within the ratio, which is within 0.5 %.
 */

import type { SampleRing } from "./sample_ring.ts";

/** Samples that make one. */
export const TAPS = 24;
const HALF = TAPS / 2;
/** Frames behind the next to be read at which the sample that is made lies. */
export const RESAMPLER_DELAY = HALF - 1;
/** Places between two samples at which the kernel is tabulated. */
const PHASES = 128;
/** Passes up to this share of the band; what is above is damped. */
const CUTOFF = 0.96;
/** Shape of the Kaiser window: -80 dB beside the band. */
const BETA = 8;

/** Most that a ratio differs from 1. */
export const RATIO_SPAN = 0.005;

/** Reads a ring at a ratio. */
export class Resampler {
  readonly #kernel = makeKernel();
  readonly #weights = new Float32Array(TAPS);
  /** Place of the next sample between the ring's next frame and the one after, 0 to 1. */
  #place = 0;

  /** Frames that must wait for `frames` to be read at `ratio`. */
  needs(frames: number, ratio: number): number {
    return Math.floor(this.#place + (frames - 1) * ratio) + TAPS;
  }

  /** Reads `to` - `from` frames into `output`; the ring must hold `needs` of them. */
  read(
    ring: SampleRing,
    output: readonly Float32Array[],
    span: { from: number; to: number },
  ): void {
    const { ratio, channels, mask } = ring;
    const weights = this.#weights;
    const start = ring.read;
    let place = this.#place;
    let base = start;
    for (let frame = span.from; frame < span.to; frame++) {
      this.#weigh(place);
      for (let channel = 0; channel < channels; channel++) {
        const plane = ring.plane(channel);
        let sum = 0;
        for (let tap = 0; tap < TAPS; tap++) sum += plane[(base + tap) & mask]! * weights[tap]!;
        output[channel]![frame] = sum;
      }
      place += ratio;
      while (place >= 1) {
        place -= 1;
        base++;
      }
    }
    this.#place = place;
    ring.consume(base - start);
  }

  /** Begins at a whole frame again. */
  restart(): void {
    this.#place = 0;
  }

  #weigh(place: number): void {
    const at = place * PHASES;
    const phase = Math.floor(at);
    const share = at - phase;
    const row = phase * TAPS;
    for (let tap = 0; tap < TAPS; tap++) {
      const here = this.#kernel[row + tap]!;
      this.#weights[tap] = here + (this.#kernel[row + TAPS + tap]! - here) * share;
    }
  }
}

/** Rows of weights for places 0, 1 / PHASES, ... 1; each adds up to 1. */
function makeKernel(): Float32Array {
  const kernel = new Float32Array((PHASES + 1) * TAPS);
  for (let phase = 0; phase <= PHASES; phase++) {
    const row = kernel.subarray(phase * TAPS, (phase + 1) * TAPS);
    let sum = 0;
    for (let tap = 0; tap < TAPS; tap++) {
      const distance = tap - RESAMPLER_DELAY - phase / PHASES;
      row[tap] = sinc(distance * CUTOFF) * kaiser(distance / HALF);
      sum += row[tap]!;
    }
    for (let tap = 0; tap < TAPS; tap++) row[tap]! /= sum;
  }
  return kernel;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel(BETA * Math.sqrt(1 - x * x)) / bessel(BETA);
}

/** Modified Bessel function of the first kind and order 0. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 32; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
