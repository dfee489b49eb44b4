/**
 * PublishedStream: a stream of the host whose pictures come from a producer instead of the media
 * process: between what a producer gives and a `Stream`, which viewers, replay and recordings know
 * no difference of. It outlives its producers' connections: while one is away it waits, then it is
 * no longer offered, and later another publication may take its place.
 */

import type { Clock } from "../../core/clock.ts";
import type { EncoderRate, KeyframeCause } from "../../ipc/media_command.ts";
import { TokenBucket } from "../../session/token_bucket.ts";
import type { FrameRecorder, PublishedReport, StreamPort } from "../config/stream_options.ts";
import type { StreamSound } from "../sound/stream_sound.ts";
import type { Stream } from "../streams/stream.ts";
import { PublishedFrames } from "./published_frames.ts";
import type { PublishedFrame, PublishedFramesStats, PublishLimits } from "./published_frames.ts";
import type {
  Producer,
  PublishedFacts,
  PublishedSound,
  PublishOwner,
  RateWish,
} from "./producer.ts";
import { colorsOf } from "./published_colors.ts";

/** Sound that may come in a second, in microseconds of it. */
const SOUND_LIMIT = { perSecond: 1_500_000, burst: 3_000_000 };
/** Another number of channels: each begins a file of a recording anew. */
const CHANNELS_LIMIT = { perSecond: 0.1, burst: 3 };
const CHANNELS_MAX = 2;
/** Longest name of an encoder. */
const MAX_ENCODER = 32;
/** A segment of a replay is at least so long. */
const SEGMENT_US = 5_000_000;
/** Takes part in a stream so that it goes on without viewers, and takes nothing. */
const KEEPER: FrameRecorder = { describe: () => {}, push: () => {} };

/** What a published stream is made of. */
export interface PublishedStreamOptions {
  readonly limits: PublishLimits;
  /** How long it waits for a producer that is gone. */
  readonly keepMs: number;
  /** Whether frames are kept without viewers, for a replay. */
  readonly keepsEncoding: boolean;
  readonly clock: Clock;
  readonly hostTimeUs: (nowUs: number) => number | undefined;
  /** It waited in vain, or was ended. */
  readonly onEnded: (published: PublishedStream) => void;
  /** What viewers are told of it has changed. */
  readonly onChanged: () => void;
}

/** Where a published stream is in its life. */
export type PublishedPhase = "live" | "waiting" | "ended";

/** One place for published streams, with the stream that is in it. */
export class PublishedStream implements StreamPort {
  readonly #options: PublishedStreamOptions;
  #stream: Stream | undefined;
  #sound: StreamSound | undefined;
  #frames: PublishedFrames | undefined;
  #owner: PublishOwner;
  #facts: PublishedFacts = { fps: 30, encoder: "", hasSound: false };
  #producer: Producer | undefined;
  #phase: PublishedPhase = "waiting";
  #reason = "";
  #isWanted = false;
  #rate: RateWish | undefined;
  #unkeep: (() => void) | undefined;
  #waitTimer: ReturnType<typeof setTimeout> | undefined;
  #soundLimit = new TokenBucket(SOUND_LIMIT);
  #channelsLimit = new TokenBucket(CHANNELS_LIMIT);
  #keyframeUs = -Infinity;
  #channels = 0;
  #soundEpoch = 0;
  #soundDropped = 0;
  #soundUs = 0;

  constructor(options: PublishedStreamOptions, owner: PublishOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Ties it to the stream that was made for it; once, before anything else. */
  join(stream: Stream): void {
    this.#stream = stream;
    this.#sound = stream.published?.sound;
    this.#frames = new PublishedFrames(stream.id, this.#options.limits);
  }

  get stream(): Stream {
    return this.#stream!;
  }

  get id(): number {
    return this.stream.id;
  }

  get name(): string {
    return this.stream.name;
  }

  get owner(): PublishOwner {
    return this.#owner;
  }

  get limits(): PublishLimits {
    return this.#options.limits;
  }

  get phase(): PublishedPhase {
    return this.#phase;
  }

  get viewers(): number {
    return this.stream.viewers;
  }

  /** Somebody watches, records, or goes back. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Why frames are refused now, for people; empty while they are taken. */
  get reason(): string {
    return this.#reason;
  }

  /** True once frames of this producer were taken. */
  get isTaking(): boolean {
    return this.#producer !== undefined && this.#frames?.needsKeyframe === false;
  }

  /** What the encoder should make; undefined until somebody said. */
  get rate(): RateWish | undefined {
    return this.#rate;
  }

  get stats(): Readonly<PublishedFramesStats> & { readonly soundDropped: number } {
    return { ...this.#frames!.stats, soundDropped: this.#soundDropped };
  }

  /** What is told of it. */
  get report(): PublishedReport {
    const { score, framesDropped, packetsLost, packetsRecovered } = this.#producer?.report() ?? {};
    const { refused, withoutKeyframe } = this.#frames!.stats;
    const { by, kind } = this.#owner;
    return {
      ...{ phase: this.#phase, by, kind, via: this.#producer?.via ?? "", reason: this.#reason },
      ...{ framesRefused: refused, framesWithoutKeyframe: withoutKeyframe },
      ...{ framesDropped, score, packetsLost, packetsRecovered },
    };
  }

  get facts(): PublishedFacts {
    return this.#facts;
  }

  get producer(): Producer | undefined {
    return this.#producer;
  }

  /** A producer comes, or comes back; the one before is told that it is replaced. */
  attach(producer: Producer, owner: PublishOwner): void {
    clearTimeout(this.#waitTimer);
    const before = this.#producer;
    this.#producer = producer;
    this.#owner = owner;
    this.#phase = "live";
    this.#reason = "";
    this.#soundEpoch++;
    this.#frames!.begin();
    before?.onReplaced("replaced");
    this.stream.wait("starting", "Waiting for the first picture");
    if (this.#options.keepsEncoding) this.#unkeep ??= this.stream.record(KEEPER);
    this.#options.onChanged();
  }

  /** What follows; said before the first keyframe, and whenever it changes. */
  describe(producer: Producer, facts: PublishedFacts): void {
    if (producer !== this.#producer) return;
    const fps = Math.max(1, Math.min(facts.fps, this.limits.maxFps));
    // What a producer says is shown to people: nothing in it may move their text.
    const encoder = facts.encoder.replace(/\p{C}/gu, "").slice(0, MAX_ENCODER);
    const isSame = fps === this.#facts.fps && encoder === this.#facts.encoder;
    this.#facts = { ...facts, fps, encoder };
    this.#sound!.tell({ isHeard: facts.hasSound, source: this.name, channels: this.#channels });
    if (!isSame && this.isTaking) this.#started();
  }

  /** Takes a frame and hands it on before it returns; false for one that is of no use. */
  frame(producer: Producer, frame: PublishedFrame): boolean {
    if (producer !== this.#producer) return false;
    const nowUs = this.#options.clock.nowUs();
    const frames = this.#frames!;
    const wasTaking = !frames.needsKeyframe;
    const verdict = frames.push(frame, { hostUs: this.#hostUs(nowUs), nowUs });
    if (verdict.kind !== "taken") {
      const why = verdict.kind === "refused" ? verdict.why : this.#reason;
      this.#refuse(why, wasTaking);
      return false;
    }
    this.#reason = "";
    if (frame.referenceDistance === 0) this.#keyframeUs = nowUs;
    if (verdict.parameters !== undefined) this.#started();
    this.stream.onFrame(verdict.frame, nowUs);
    if (!wasTaking) producer.onChange();
    return true;
  }

  /** Takes a frame of sound; false for one that is of no use. */
  sound(producer: Producer, sound: PublishedSound): boolean {
    if (producer !== this.#producer || !this.#mayHear(sound)) {
      this.#soundDropped++;
      return false;
    }
    const nowUs = this.#options.clock.nowUs();
    const hostUs = this.#hostUs(nowUs);
    const { channels, frameUs, payload, frameId } = sound;
    const timeUs = this.#frames!.captureTime(sound.captureTimeUs, hostUs);
    this.#soundUs = Math.max(timeUs, this.#soundUs + 1);
    this.#sound!.hub.push({
      ...{ frameId, channels, frameUs, payload, encodeUs: 0 },
      epoch: this.#soundEpoch,
      captureTimeUs: this.#soundUs,
    }, hostUs);
    return true;
  }

  /** The producer is gone; with `isOver` nobody waits for it. */
  detach(producer: Producer, isOver: boolean): void {
    if (producer !== this.#producer) return;
    this.#producer = undefined;
    if (isOver || this.#options.keepMs === 0) return this.end("ended");
    this.#phase = "waiting";
    this.#reason = "";
    this.stream.wait("restarting", this.#waitingText);
    this.#waitTimer = setTimeout(() => this.end("ended"), this.#options.keepMs);
    this.#options.onChanged();
  }

  /** It is over, whoever wants that; idempotent. */
  end(why: "ended" | "shutdown"): void {
    if (this.#phase === "ended") return;
    clearTimeout(this.#waitTimer);
    this.#phase = "ended";
    const producer = this.#producer;
    this.#producer = undefined;
    producer?.onReplaced(why);
    this.#unkeep?.();
    this.#unkeep = undefined;
    this.#sound!.tell({ isHeard: false, source: "", channels: 0 });
    this.stream.wait("failed", `${this.#owner.by} no longer publishes`);
    this.#options.onEnded(this);
    this.#options.onChanged();
  }

  // What the stream asks of whoever makes its pictures.

  start(): void {
    this.#isWanted = true;
    const { owner } = this;
    if (this.#phase === "ended") this.stream.wait("failed", `${owner.by} no longer publishes`);
    else if (this.#producer === undefined) {
      this.stream.wait("restarting", this.#waitingText);
    } else if (this.isTaking) this.#started();
    this.#producer?.onChange();
    this.requestKeyframe(this.id, "join");
  }

  stop(): void {
    this.#isWanted = false;
    this.#producer?.onChange();
  }

  /** For a replay alone, keyframes come rarely: a browser cannot choose a frame that costs little. */
  requestKeyframe(_streamId: number, cause: KeyframeCause): void {
    const sinceUs = this.#options.clock.nowUs() - this.#keyframeUs;
    if (cause === "segment" && sinceUs < SEGMENT_US) return;
    this.#producer?.onKeyframeWanted();
  }

  setRate(_streamId: number, { bitrateBps, fps, scaleQuarters }: EncoderRate): void {
    const rate = { bitrateBps, fps: Math.round(fps), scale: scaleQuarters / 4 };
    const last = this.#rate;
    if (last?.bitrateBps === bitrateBps && last.fps === rate.fps && last.scale === rate.scale) {
      return;
    }
    this.#rate = rate;
    this.#producer?.onRate(rate);
  }

  /** An encoder of a browser cannot go back to an older frame. */
  invalidate(): void {
    this.stream.requestKeyframe("damage");
  }

  /** There is no device: input of viewers ends here. */
  sendInput(): void {}

  get #waitingText(): string {
    return `Waiting for ${this.#owner.by} to publish again`;
  }

  #hostUs(nowUs: number): number {
    return this.#options.hostTimeUs(nowUs) ?? nowUs;
  }

  #started(): void {
    const parameters = this.#frames?.parameters;
    if (parameters === undefined) return;
    const { width, height, codec } = parameters;
    const { fps, encoder } = this.#facts;
    this.stream.onStarted({
      ...{ width, height, screenWidth: width, screenHeight: height, codec, fps },
      ...{ temporalLayersMax: 1, encoder: encoder || "unknown", capture: this.#owner.kind },
      colorSpace: colorsOf(parameters),
    });
  }

  #refuse(why: string, wasTaking: boolean): void {
    const isNews = why !== this.#reason;
    this.#reason = why;
    if (isNews || wasTaking) this.#producer?.onChange();
    this.stream.requestKeyframe("damage");
  }

  #mayHear({ channels, frameUs }: PublishedSound): boolean {
    const nowUs = this.#options.clock.nowUs();
    if (channels < 1 || channels > CHANNELS_MAX || !this.#facts.hasSound) return false;
    if (!this.#soundLimit.take(nowUs, frameUs)) return false;
    if (channels === this.#channels) return true;
    if (!this.#channelsLimit.take(nowUs)) return false;
    this.#channels = channels;
    this.#soundEpoch++;
    this.#sound!.tell({ isHeard: true, source: this.name, channels });
    return true;
  }
}
