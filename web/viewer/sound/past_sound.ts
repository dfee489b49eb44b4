/**
 * PastSound: sound of the past in the ring of that of the present: decodes what the player hands on and
 * has it heard when its picture is seen. While the past is shown nothing else is played. It holds what
 * waits in the decoder and in the ring.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import type { StreamedSound } from "../../../src/wire/frame_stream.ts";
import type { PastEvent } from "../features/past_event.ts";
import { LipSync } from "./lip_sync.ts";
import { PastFeeder } from "./past_feeder.ts";
import type { RingWriter } from "./play_control.ts";
import { SoundDecoder } from "./sound_decoder.ts";
import type { SoundSink, SoundStats } from "./sound_messages.ts";

/** From being due to being seen, until some pictures tell. */
const FIRST_SEEN_US = 40_000;
/** A decoder that failed so often without a sound is not made again. */
const FAILURES_MAX = 3;

/** What it works with. */
export interface PastSoundParts {
  readonly clock: Clock;
  /** From the device's taking sound to its being heard. */
  readonly outputUs: () => number;
}

interface Playing {
  readonly channels: number;
  readonly feeder: PastFeeder;
  readonly decoder: SoundDecoder;
}

/** Plays sound of the past. */
export class PastSound {
  readonly #parts: PastSoundParts;
  readonly #sync = new LipSync();
  #sink: SoundSink | undefined;
  #ring: RingWriter | undefined;
  #playing: Playing | undefined;
  #delayUs: number | undefined;
  #isShown = false;
  #failures = 0;
  #bytes = 0;
  #lastStatsUs = 0;

  constructor(parts: PastSoundParts) {
    this.#parts = parts;
  }

  /** The past is shown: sound of the present is not to be played. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** Where sound goes from now on. */
  use(sink: SoundSink | undefined, ring: RingWriter | undefined): void {
    this.#end();
    this.#failures = 0;
    this.#sink = sink;
    this.#ring = ring;
  }

  /** Takes a word of the player. */
  handle(event: PastEvent): void {
    switch (event.name) {
      case "rest":
      case "play":
        this.#isShown = true;
        this.#delayUs = event.name === "play" ? event.delayUs : undefined;
        return this.#fallSilent();
      case "sound":
        return this.#take(event.sound, event.payload);
      case "seen":
        return this.#seen(event.captureTimeUs, event.presentedUs);
      case "live":
        this.#isShown = false;
        this.#delayUs = undefined;
        return this.#fallSilent();
    }
  }

  /** Figures since the last call; undefined while nothing of the past plays. */
  takeStats(nowUs: number): SoundStats | undefined {
    const bitrateBps = this.#bytes * 8e6 / Math.max(1, nowUs - this.#lastStatsUs);
    this.#bytes = 0;
    this.#lastStatsUs = nowUs;
    if (this.#playing === undefined || this.#sink === undefined) return undefined;
    const { feeder, channels } = this.#playing;
    const { ring } = feeder;
    return {
      ...{ channels, bitrateBps, isShared: this.#sink.memory !== undefined },
      // How long ago it was captured is no figure of the path.
      ...{ delayMs: undefined, targetMs: this.#targetUs / 1000, spreadMs: 0, driftPpm: 0 },
      depthMs: ring.fill * 1000 / SOUND_SAMPLE_RATE,
      outputMs: this.#parts.outputUs() / 1000,
      underruns: ring.underruns,
      missedMs: ring.missedFrames * 1000 / SOUND_SAMPLE_RATE,
      ...{ gaps: 0, concealedMs: 0, recovered: 0, missing: 0, late: 0, jumps: feeder.jumps },
      sync: this.#sync.error,
    };
  }

  /** From being due to the device's taking it, so that it is heard when its picture is seen. */
  get #targetUs(): number {
    return (this.#sync.pictureUs ?? FIRST_SEEN_US) - this.#parts.outputUs();
  }

  #take(sound: StreamedSound, payload: Uint8Array): void {
    if (this.#delayUs === undefined) return;
    const { captureTimeUs, durationUs: frameUs, channels } = sound;
    if (this.#playing !== undefined && this.#playing.channels !== channels) this.#end();
    this.#playing ??= this.#make(channels);
    if (this.#playing === undefined) return;
    this.#bytes += payload.byteLength;
    this.#playing.feeder.ring.isLive = true;
    const captureUs = captureTimeUs + this.#delayUs;
    this.#playing.decoder.push({ kind: "frame", captureUs, frameUs, payload, heldUs: 0 });
  }

  #make(channels: number): Playing | undefined {
    const [sink, ring, { clock }] = [this.#sink, this.#ring, this.#parts];
    if (sink === undefined || ring === undefined) return undefined;
    if (this.#failures >= FAILURES_MAX) return undefined;
    const feeder = new PastFeeder(ring, SOUND_SAMPLE_RATE);
    try {
      const decoder = new SoundDecoder(channels, sink.channels, {
        sound: (planes, frames, { captureUs }) => {
          this.#failures = 0;
          const [dueUs, targetUs, nowUs] = [captureUs, this.#targetUs, clock.nowUs()];
          feeder.frame(planes, frames, { dueUs, targetUs, nowUs });
        },
        gap: () => {},
        failed: () => this.#failed(),
      });
      return { channels, feeder, decoder };
    } catch {
      // A browser without a decoder of sound has no such class, or does not know the format.
      this.#failed();
      return undefined;
    }
  }

  /** The next packet makes another decoder, unless that has been of no use. */
  #failed(): void {
    this.#failures++;
    this.#end();
  }

  #seen(captureTimeUs: number, presentedUs: number): void {
    if (this.#delayUs === undefined) return;
    const takenUs = this.#playing?.feeder.delayUs;
    const heardUs = takenUs === undefined ? undefined : takenUs + this.#parts.outputUs();
    this.#sync.presented(captureTimeUs + this.#delayUs, presentedUs, heardUs);
  }

  /** What waits is not heard any more. */
  #fallSilent(): void {
    this.#end();
    this.#ring?.discard();
  }

  #end(): void {
    this.#playing?.decoder.close();
    this.#playing = undefined;
    if (this.#ring !== undefined) this.#ring.isLive = false;
  }
}
