/**
 * SoundReceiver: the worker's half of sound: joins audio datagrams, their order, the decoder and the
 * ring that the audio thread plays, keeps pace with the picture, and says once a second how it goes.
 * It lives as long as the worker; each wish of the page and each format of the host begins anew.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { ProtocolError } from "../../../src/core/errors.ts";
import { parseAudioDatagram, SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import type { AudioDatagram } from "../../../src/wire/audio.ts";
import type { PastEvent } from "../features/past_event.ts";
import type { FeatureLink, PresentedPicture } from "../features/worker_feature.ts";
import { CaptureClock } from "./capture_clock.ts";
import { FrameWindow } from "./frame_window.ts";
import type { EncodedSound } from "./frame_window.ts";
import { LipSync } from "./lip_sync.ts";
import { MicrophoneSender } from "./microphone_sender.ts";
import { PastSound } from "./past_sound.ts";
import type { RingWriter } from "./play_control.ts";
import { PortRing } from "./port_ring.ts";
import { SampleRing } from "./sample_ring.ts";
import { SoundDecoder } from "./sound_decoder.ts";
import { SoundFeeder } from "./sound_feeder.ts";
import type { SoundCommand, SoundEvent, SoundSink } from "./sound_messages.ts";
import { soundStats } from "./sound_stats.ts";

const STATS_INTERVAL_MS = 1000;
/** Decoding, and what a timer may come too late by. */
const DECODE_US = 3_000;
/** A decoder that failed so often without a sound is not made again. */
const FAILURES_MAX = 3;
/** A host that sends nothing for so long is silent, not late. */
const SILENT_US = 1_000_000;

/** What a receiver works with. */
export interface SoundReceiverParts {
  readonly clock: Clock;
  post(event: SoundEvent): void;
}

/** One sink of the page, and the format of the host that goes there. */
interface Playing {
  readonly sink: SoundSink;
  readonly ring: RingWriter;
  readonly window: FrameWindow;
  readonly format: Pick<AudioDatagram, "streamId" | "epoch" | "channels" | "frameUs">;
  readonly decoder: SoundDecoder;
  readonly feeder: SoundFeeder;
}

/** Receives the host's sound. */
export class SoundReceiver {
  readonly #parts: SoundReceiverParts;
  readonly #captureClock = new CaptureClock();
  readonly #sync = new LipSync();
  readonly #microphone: MicrophoneSender;
  readonly #past: PastSound;
  #link: FeatureLink | undefined;
  #sink: SoundSink | undefined;
  #ring: RingWriter | undefined;
  #playing: Playing | undefined;
  #outputUs = 0;
  #bytes = 0;
  #failures = 0;
  #lastDatagramUs = 0;
  #lastStatsUs = 0;
  #urgentTimer: ReturnType<typeof setTimeout> | undefined;
  #statsTimer: ReturnType<typeof setInterval> | undefined;

  constructor(parts: SoundReceiverParts) {
    this.#parts = parts;
    this.#microphone = new MicrophoneSender(parts);
    this.#past = new PastSound({ clock: parts.clock, outputUs: () => this.#outputUs });
  }

  /** Does what the page wishes. */
  handle(command: SoundCommand): void {
    switch (command.name) {
      case "open":
        return this.#open(command.sink, command.outputUs);
      case "output":
        this.#outputUs = command.outputUs;
        return;
      case "close":
        return this.#close();
      case "microphone_on":
        return this.#microphone.on(command.port);
      case "microphone_off":
        return this.#microphone.off(command.tellsHost);
    }
  }

  /** A host let us in: asks it for sound if the page wants some. */
  connected(link: FeatureLink): void {
    this.#link = link;
    this.#microphone.use(link);
    this.#captureClock.restart();
    this.#sync.restart();
    if (this.#sink !== undefined) link.send({ type: "sound_play" });
  }

  /** The connection is gone; what was received plays to its end. */
  disconnected(): void {
    this.#link = undefined;
    this.#microphone.use(undefined);
    this.#endPlaying();
  }

  /** A picture was drawn. */
  presented({ captureTimeUs, presentedUs }: PresentedPicture): void {
    if (!this.#captureClock.isStarted) return;
    const captureUs = this.#captureClock.pageUs(captureTimeUs, presentedUs);
    const delayUs = this.#playing?.feeder.control.delayUs;
    const heardUs = delayUs === undefined ? undefined : delayUs + this.#outputUs;
    this.#sync.presented(captureUs, presentedUs, heardUs);
  }

  /** The present is not heard while the past is shown; it goes on coming, so that it is back at once. */
  past(event: PastEvent): void {
    if (event.name === "rest") this.#endPlaying();
    this.#past.handle(event);
  }

  /** Takes an audio datagram. */
  onDatagram(datagram: Uint8Array, nowUs: number): void {
    if (this.#sink === undefined || this.#past.isShown) return;
    let audio: AudioDatagram;
    try {
      audio = parseAudioDatagram(datagram);
    } catch (error) {
      // A datagram that breaks the format is worth nothing, and no reason to stop.
      if (error instanceof ProtocolError) return;
      throw error;
    }
    if (audio.kind !== "sound") return;
    this.#bytes += datagram.byteLength;
    this.#captureClock.start(audio.captureTimeUs, nowUs, this.#link?.offsetUs);
    const playing = this.#playingOf(audio);
    if (playing === undefined) return;
    this.#lastDatagramUs = nowUs;
    playing.ring.isLive = true;
    playing.window.push(audio, this.#captureClock.pageUs(audio.captureTimeUs, nowUs), nowUs);
    this.#pump(playing);
  }

  #open(sink: SoundSink, outputUs: number): void {
    this.#close();
    this.#failures = 0;
    this.#sink = sink;
    this.#outputUs = outputUs;
    this.#ring = sink.memory !== undefined ? new SampleRing(sink.memory) : new PortRing(
      sink.port!,
      { channels: sink.channels, frames: sink.frames, frameRate: SOUND_SAMPLE_RATE },
      this.#parts.clock,
    );
    this.#past.use(sink, this.#ring);
    this.#link?.send({ type: "sound_play" });
    this.#lastStatsUs = this.#parts.clock.nowUs();
    this.#statsTimer = setInterval(() => this.#tick(), STATS_INTERVAL_MS);
  }

  #close(): void {
    if (this.#sink === undefined) return;
    clearInterval(this.#statsTimer);
    this.#endPlaying();
    this.#past.use(undefined, undefined);
    this.#sink.port?.close();
    this.#sink = undefined;
    this.#ring = undefined;
    this.#link?.send({ type: "sound_stop" });
  }

  /** What a datagram belongs to: the sound that plays, or a new one. */
  #playingOf({ streamId, epoch, channels, frameUs }: AudioDatagram): Playing | undefined {
    const known = this.#playing?.format;
    const isKnown = known?.streamId === streamId && known.epoch === epoch &&
      known.channels === channels && known.frameUs === frameUs;
    if (isKnown) return this.#playing;
    const format = { streamId, epoch, channels, frameUs };
    this.#endPlaying();
    const [sink, ring] = [this.#sink, this.#ring];
    if (sink === undefined || ring === undefined || this.#failures >= FAILURES_MAX) {
      return undefined;
    }
    const feeder = new SoundFeeder(ring, { frameRate: SOUND_SAMPLE_RATE, frameUs });
    try {
      const decoder = new SoundDecoder(channels, sink.channels, {
        sound: (planes, frames, encoded) => this.#decoded(feeder, planes, { frames, encoded }),
        gap: (gap) => feeder.gap(gap, this.#parts.clock.nowUs()),
        failed: (reason) => this.#failed(reason),
      });
      const window = new FrameWindow();
      this.#playing = { sink, ring, window, feeder, decoder, format };
    } catch {
      // A browser without a decoder of sound has no such class, or does not know the format.
      this.#failed("This browser cannot decode the sound");
    }
    return this.#playing;
  }

  #endPlaying(): void {
    clearTimeout(this.#urgentTimer);
    this.#playing?.decoder.close();
    if (this.#ring !== undefined && !this.#past.isShown) this.#ring.isLive = false;
    this.#playing = undefined;
  }

  /** The next datagram makes another decoder, unless that has been of no use. */
  #failed(reason: string): void {
    this.#endPlaying();
    if (++this.#failures < FAILURES_MAX) return;
    this.#parts.post({ name: "failed", reason });
  }

  #decoded(
    feeder: SoundFeeder,
    planes: readonly Float32Array[],
    { frames, encoded }: { readonly frames: number; readonly encoded: EncodedSound },
  ): void {
    this.#failures = 0;
    const { captureUs, heldUs } = encoded;
    const pictureUs = this.#sync.pictureUs;
    feeder.control.waitFor(pictureUs === undefined ? undefined : pictureUs - this.#outputUs);
    feeder.frame(planes, frames, { captureUs, heldUs, nowUs: this.#parts.clock.nowUs() });
  }

  /** Hands on what is due, and comes back when something that is missing must be given up. */
  #pump(playing: Playing): void {
    clearTimeout(this.#urgentTimer);
    const { window, ring, feeder, decoder } = playing;
    const { clock } = this.#parts;
    for (;;) {
      const fillUs = ring.fill * 1e6 / SOUND_SAMPLE_RATE;
      const spareUs = fillUs - feeder.control.urgentUs - DECODE_US;
      const next = window.pull(spareUs <= 0, clock.nowUs());
      if (next !== undefined) {
        decoder.push(next);
        continue;
      }
      if (window.waiting === 0) return;
      this.#urgentTimer = setTimeout(() => {
        if (playing === this.#playing) this.#pump(playing);
      }, Math.max(1, spareUs / 1000));
      return;
    }
  }

  #tick(): void {
    const nowUs = this.#parts.clock.nowUs();
    // Nothing is late that nobody sends.
    if (nowUs - this.#lastDatagramUs > SILENT_US && this.#ring !== undefined) {
      this.#ring.isLive &&= this.#past.isShown;
    }
    const passedUs = nowUs - this.#lastStatsUs;
    this.#lastStatsUs = nowUs;
    const bitrateBps = this.#bytes * 8 / (passedUs / 1e6);
    this.#bytes = 0;
    const ofPast = this.#past.takeStats(nowUs);
    if (ofPast !== undefined) this.#parts.post({ name: "stats", stats: ofPast });
    const playing = this.#playing;
    if (playing === undefined) return;
    this.#parts.post({
      name: "stats",
      stats: soundStats(playing, {
        sync: this.#sync.error,
        clockErrorUs: this.#captureClock.errorUs(this.#link?.offsetUs),
        outputUs: this.#outputUs,
        bitrateBps,
      }),
    });
  }
}
