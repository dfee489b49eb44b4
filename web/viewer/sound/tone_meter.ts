/**
 * ToneMeter: finds the time that the host's test tone tells in what was played (ffi/native/audio/tone.c:
 * 500 Hz left and 700 Hz right, phase 0 at each whole second, silent in the last 50 ms of each). The
 * phases tell the time within 10 ms, the end of each silence tells which 10 ms it is. Clock-free;
 * holds at most `SAMPLES_MAX` results.
 */

import { TAP_FRAMES } from "./sound_tap.ts";
import type { TapBlock } from "./sound_tap.ts";

const RATE = 48_000;
const LEFT_HZ = 500;
const RIGHT_HZ = 700;
/** A whole number of periods of both: 10 ms. */
const WINDOW_FRAMES = 480;
const WINDOW_US = WINDOW_FRAMES * 1e6 / RATE;
/** The tone is never weaker than this at full loudness, nor is silence stronger. */
const LEVEL_MIN = 0.05;
const SILENCE_MAX = 0.01;
/** Shortest and longest silence that is the tone's own: 50 ms, softened by the coder. */
const SILENCE_FRAMES_MIN = 1_900;
const SILENCE_FRAMES_MAX = 3_100;
const SECOND_US = 1_000_000;
/** Turns by which the right tone may miss what the left one says. */
const MISS_TURNS_MAX = 0.08;
/** The tone swells over 2 ms at the start of its second: it is heard from here on. */
const SWELL_US = 300;
/** 20 minutes of a sample each 10 ms. */
const SAMPLES_MAX = 120_000;

/** When a moment of the tone was handed to the device. */
export interface ToneSample {
  /** Within its second, by the host's clock: what the tone says. Microseconds. */
  readonly toneUs: number;
  /** When it was handed over, by the wall clock. */
  readonly wallUs: number;
}

/** A line from a place in what was played to the tone's time. */
interface Anchor {
  readonly frame: number;
  readonly toneUs: number;
}

/** Reads the tone. */
export class ToneMeter {
  #samples: ToneSample[] = [];
  #anchor: Anchor | undefined;
  #silentFrames = 0;
  #nextFrame: number | undefined;

  /** Forgets what it found. */
  restart(): void {
    this.#samples = [];
    this.#anchor = undefined;
    this.#silentFrames = 0;
    this.#nextFrame = undefined;
  }

  /** What was found since the last call. */
  take(): ToneSample[] {
    const taken = this.#samples;
    this.#samples = [];
    return taken;
  }

  /** Takes what was played. */
  push(block: TapBlock): void {
    if (this.#nextFrame !== undefined && block.firstFrame !== this.#nextFrame) {
      this.#anchor = undefined;
      this.#silentFrames = 0;
    }
    this.#nextFrame = block.firstFrame + TAP_FRAMES;
    this.#listenForSecond(block);
    for (let from = 0; from + WINDOW_FRAMES <= TAP_FRAMES; from += WINDOW_FRAMES) {
      this.#measure(block, from);
    }
  }

  /** The first sound after a silence of the right length begins a second. */
  #listenForSecond({ left, firstFrame }: TapBlock): void {
    for (let frame = 0; frame < left.length; frame++) {
      if (Math.abs(left[frame]!) < SILENCE_MAX) {
        this.#silentFrames++;
        continue;
      }
      const length = this.#silentFrames;
      this.#silentFrames = 0;
      if (length < SILENCE_FRAMES_MIN || length > SILENCE_FRAMES_MAX) continue;
      this.#anchor = { frame: firstFrame + frame, toneUs: SWELL_US };
    }
  }

  #measure(block: TapBlock, from: number): void {
    const { left, right, firstFrame } = block;
    const anchor = this.#anchor;
    const middle = from + WINDOW_FRAMES / 2;
    const fine = fineTime(left, right, from);
    if (anchor === undefined || fine === undefined) return;
    const expectedUs = anchor.toneUs + (firstFrame + from - anchor.frame) * 1e6 / RATE;
    // Before the second that the anchor began nothing is known.
    if (expectedUs < 0) return;
    const startUs = fine + Math.round((expectedUs - fine) / WINDOW_US) * WINDOW_US;
    this.#anchor = { frame: firstFrame + from, toneUs: startUs };
    if (this.#samples.length >= SAMPLES_MAX) return;
    this.#samples.push({
      toneUs: Math.round((startUs + WINDOW_US / 2) % SECOND_US),
      wallUs: handedOverMs(block, middle) * 1000,
    });
  }
}

/** When the window's first sample was, within 10 ms; undefined when there is no clear tone. */
function fineTime(
  left: Float32Array,
  right: Float32Array,
  from: number,
): number | undefined {
  const low = phaseOf(left, from, LEFT_HZ);
  const high = phaseOf(right, from, RIGHT_HZ);
  if (low.level < LEVEL_MIN || high.level < LEVEL_MIN) return undefined;
  const periods = LEFT_HZ * WINDOW_US / 1e6;
  let best: number | undefined;
  let leastMiss = MISS_TURNS_MAX;
  for (let period = 0; period < periods; period++) {
    const us = (low.turns + period) * 1e6 / LEFT_HZ;
    const turns = us * RIGHT_HZ / 1e6 - high.turns;
    const miss = Math.abs(turns - Math.round(turns));
    if (miss >= leastMiss) continue;
    leastMiss = miss;
    best = us;
  }
  return best;
}

/** How far a sine of `hz` was at the first sample of a window, in turns from 0 to 1, and how loud. */
function phaseOf(samples: Float32Array, from: number, hz: number) {
  let sine = 0;
  let cosine = 0;
  for (let frame = 0; frame < WINDOW_FRAMES; frame++) {
    const angle = 2 * Math.PI * hz * frame / RATE;
    sine += samples[from + frame]! * Math.sin(angle);
    cosine += samples[from + frame]! * Math.cos(angle);
  }
  const turns = Math.atan2(cosine, sine) / (2 * Math.PI);
  return {
    turns: turns < 0 ? turns + 1 : turns,
    level: 2 * Math.hypot(sine, cosine) / WINDOW_FRAMES,
  };
}

function handedOverMs({ partStarts, partMs }: TapBlock, frame: number): number {
  let part = 0;
  while (part + 1 < partStarts.length && partStarts[part + 1]! <= frame) part++;
  return partMs[part]!;
}
