/**
 * MediaFeed: the frames of one stream on their way to one viewer: waits for the keyframe that a
 * viewer starts from, sends, and notes where each frame's time went for those who ask. Sending is
 * fire and forget; timings are bounded by one message.
 */

import { MediaSender } from "../pipeline/media_sender.ts";
import type { DatagramSink, MediaSenderStats } from "../pipeline/media_sender.ts";
import { encodeServerMessage, MAX_FRAME_TIMINGS } from "../wire/control.ts";
import type { FrameTiming } from "../wire/frame.ts";
import type { HostFrame, SessionHost } from "./session_host.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Frames in one batch of timings: half a second at 60 frames a second. */
const TIMINGS_BATCH = 30;
/** Keyframes that one viewer may ask for: each costs every viewer of the stream. */
const KEYFRAME_LIMIT = { perSecond: 2, burst: 4 };
/** Repairs that one viewer may ask for: one per two frames at 60 a second. */
const REPAIR_LIMIT = { perSecond: 30, burst: 30 };

const U32_MAX = 0xffff_ffff;

/** What a feed is made of. */
export interface MediaFeedOptions {
  readonly connection: DatagramSink;
  readonly streamId: number;
  readonly host: SessionHost;
  readonly nowUs: () => number;
  /** Takes framed messages of timings. */
  readonly sendTimings: (framed: Uint8Array) => void;
}

/** One stream to one viewer. */
export class MediaFeed {
  readonly #options: MediaFeedOptions;
  readonly #sender: MediaSender;
  readonly #keyframes = new TokenBucket(KEYFRAME_LIMIT);
  readonly #repairs = new TokenBucket(REPAIR_LIMIT);
  readonly #sink = (frame: HostFrame, nowUs: number) => this.#push(frame, nowUs);
  #detach: (() => void) | undefined;
  #waitsForKeyframe = true;
  #timings: FrameTiming[] | undefined;
  #requestsLimited = 0;

  constructor(options: MediaFeedOptions) {
    this.#options = options;
    this.#sender = new MediaSender(options);
  }

  get stats(): Readonly<MediaSenderStats> {
    return this.#sender.stats;
  }

  /** Requests of the viewer that came too often. */
  get requestsLimited(): number {
    return this.#requestsLimited;
  }

  /** Starts the packets with the next keyframe; false when the stream takes no viewer. */
  play(): boolean {
    if (this.#detach !== undefined) return true;
    this.#waitsForKeyframe = true;
    this.#detach = this.#options.host.attach(this.#options.streamId, this.#sink);
    return this.#detach !== undefined;
  }

  /** Ends the packets; idempotent. */
  pause(): void {
    this.#detach?.();
    this.#detach = undefined;
  }

  /** The viewer cannot go on without a keyframe. */
  requestKeyframe(nowUs: number): void {
    if (this.#detach === undefined) return;
    if (this.#keyframes.take(nowUs)) this.#options.host.requestKeyframe(this.#options.streamId);
    else this.#requestsLimited++;
  }

  /** The viewer misses frames from `firstFrameId` on. */
  reportLoss(firstFrameId: number, nowUs: number): void {
    if (this.#detach === undefined) return;
    const { host, streamId } = this.#options;
    if (this.#repairs.take(nowUs)) host.invalidate(streamId, firstFrameId);
    else this.#requestsLimited++;
  }

  /** Turns the batches of timings on or off. */
  measure(isEnabled: boolean): void {
    if (!isEnabled) this.#timings = undefined;
    else this.#timings ??= [];
  }

  #push(frame: HostFrame, nowUs: number): void {
    if (this.#waitsForKeyframe) {
      if (frame.referenceDistance !== 0) return;
      this.#waitsForKeyframe = false;
    }
    const wasSent = this.#sender.push(frame);
    if (wasSent && this.#timings !== undefined) this.#note(frame, nowUs);
  }

  #note(frame: HostFrame, receivedUs: number): void {
    const timings = this.#timings;
    if (timings === undefined) return;
    const sentUs = this.#options.nowUs();
    const hostUs = this.#options.host.hostTimeUs(sentUs);
    // Without the host's clock the way through the pipe is missing from the sum.
    const sendUs = hostUs === undefined
      ? frame.emitUs + sentUs - receivedUs
      : hostUs - frame.captureTimeUs;
    timings.push({
      frameId: frame.frameId,
      captureTimeUs: frame.captureTimeUs,
      grabUs: frame.grabUs,
      convertUs: frame.convertUs,
      firstSliceUs: frame.firstSliceUs,
      encodeUs: frame.encodeUs,
      emitUs: frame.emitUs,
      sendUs: Math.max(0, Math.min(U32_MAX, Math.round(sendUs))),
      bytes: frame.payload.byteLength,
      qp: frame.qp,
    });
    if (timings.length < Math.min(TIMINGS_BATCH, MAX_FRAME_TIMINGS)) return;
    this.#timings = [];
    const { streamId, sendTimings } = this.#options;
    sendTimings(encodeServerMessage({ type: "frame_timings", streamId, frames: timings }));
  }
}
