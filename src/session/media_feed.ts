/**
 * MediaFeed: the frames of one stream on their way to one viewer: gives the sender its reports and its
 * timer, tells the viewer how its path is, and notes where each frame's time went for those who ask.
 * One timer whatever the rate; timings are bounded by one message.
 */

import { MediaSender } from "../pipeline/media_sender.ts";
import type { DatagramSink, MediaSenderStats } from "../pipeline/media_sender.ts";
import { encodeServerMessage } from "../wire/control.ts";
import type { Feedback } from "../wire/feedback.ts";
import { FrameSender } from "./frame_sender.ts";
import { FrameTimings } from "./frame_timings.ts";
import { carriesFrames } from "./frame_viewer.ts";
import type { HostFrame, SessionHost } from "./session_host.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Keyframes that one viewer may ask for: each costs every viewer of the stream. */
const KEYFRAME_LIMIT = { perSecond: 2, burst: 4 };
/** How often a viewer is told how its path is. */
export const PATH_REPORT_INTERVAL_US = 500_000;

/** What a feed is made of. */
export interface MediaFeedOptions {
  readonly connection: DatagramSink;
  /** The stream that it begins with. */
  readonly streamId: number;
  readonly host: SessionHost;
  readonly nowUs: () => number;
  /** Takes framed messages; one of the same name that still waits may be replaced. */
  readonly send: (framed: Uint8Array, replaces?: string) => void;
}

/** One stream at a time to one viewer. */
export class MediaFeed {
  readonly #options: MediaFeedOptions;
  readonly #keyframes = new TokenBucket(KEYFRAME_LIMIT);
  #share = 1;
  #streamId: number;
  #sender: MediaSender | FrameSender | undefined;
  #detach: (() => void) | undefined;
  #timings: FrameTimings | undefined;
  #keyframeRequests = 0;
  #requestsLimited = 0;
  #reportUs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;

  constructor(options: MediaFeedOptions) {
    this.#options = options;
    this.#streamId = options.streamId;
  }

  get streamId(): number {
    return this.#streamId;
  }

  /** Counters of the sender, once the viewer played. */
  get stats(): MediaSenderStats | undefined {
    return this.#sender?.stats;
  }

  /** True between play and pause. */
  get isPlaying(): boolean {
    return this.#detach !== undefined;
  }

  /** Keyframes that the viewer asked for. */
  get keyframeRequests(): number {
    return this.#keyframeRequests;
  }

  /** Those of them that came too often. */
  get requestsLimited(): number {
    return this.#requestsLimited;
  }

  /** The path is gone for now: what is sent would come late, and before the picture. */
  get isSilent(): boolean {
    return this.isPlaying && this.#sender?.isSilent === true;
  }

  /** Bytes that went to the viewer beside the picture: the path carries them too. */
  noteOther(bytes: number, nowUs: number): void {
    this.#sender?.noteOther(bytes, nowUs);
  }

  /** Its part of the path, which it shares with other streams to the same viewer; 0 to 1. */
  set share(share: number) {
    this.#share = share;
    if (this.#sender !== undefined) this.#sender.share = share;
  }

  /** Starts the packets with the next keyframe; false when the stream takes no viewer. */
  play(): boolean {
    if (this.#detach !== undefined) return true;
    const { host, nowUs } = this.#options;
    const streamId = this.#streamId;
    // One sender for all of the connection: its sequences go on after a pause.
    const sender = this.#sender ??= this.#makeSender();
    if (sender === undefined) return false;
    sender.share = this.#share;
    if (sender instanceof FrameSender) sender.begin();
    this.#detach = host.attach(streamId, sender, (frame, atUs) => this.#onFrame(frame, atUs));
    this.#reportUs = nowUs() + PATH_REPORT_INTERVAL_US;
    this.#arm();
    return this.#detach !== undefined;
  }

  /** Ends the packets; idempotent. */
  pause(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerUs = Infinity;
    this.#detach?.();
    this.#detach = undefined;
    if (this.#sender instanceof FrameSender) this.#sender.leave();
  }

  /**
   * Goes on with another stream, from its next keyframe, over the path that it knows by now; false when
   * that takes no viewer.
   */
  moveTo(streamId: number): boolean {
    this.pause();
    this.#streamId = streamId;
    this.#sender?.moveTo(streamId);
    if (this.#timings !== undefined) this.#timings = this.#makeTimings();
    return this.play();
  }

  /** The viewer's decoder cannot go on without a keyframe. */
  requestKeyframe(nowUs: number): void {
    if (this.#detach === undefined) return;
    this.#keyframeRequests++;
    if (this.#keyframes.take(nowUs)) this.#options.host.requestKeyframe(this.#streamId);
    else this.#requestsLimited++;
  }

  /** Takes what the viewer says of the path; false while it does not play. */
  onFeedback(feedback: Feedback, nowUs: number): boolean {
    if (this.#detach === undefined || this.#sender === undefined) return false;
    this.#sender.onFeedback(feedback, nowUs);
    this.#arm();
    return true;
  }

  /** Turns the batches of timings on or off. */
  measure(isEnabled: boolean): void {
    if (!isEnabled) this.#timings = undefined;
    else this.#timings ??= this.#makeTimings();
  }

  #makeTimings(): FrameTimings {
    return new FrameTimings({ ...this.#options, streamId: this.#streamId });
  }

  #makeSender(): MediaSender | FrameSender | undefined {
    const { connection, host } = this.#options;
    const streamId = this.#streamId;
    const settings = host.senderSettings(streamId);
    if (settings === undefined) return undefined;
    const answers = {
      onInvalidate: (firstLostFrameId: number) => host.invalidate(this.#streamId, firstLostFrameId),
      onKeyframeNeeded: () => host.requestKeyframe(this.#streamId),
    };
    if (carriesFrames(connection)) return new FrameSender({ connection, streamId, ...answers });
    return new MediaSender({
      ...settings,
      ...answers,
      ...{ connection, streamId, isReliable: connection.transport === "tcp" },
    });
  }

  #onFrame(frame: HostFrame, nowUs: number): void {
    const sender = this.#sender;
    if (sender === undefined) return;
    if (sender.lastFrameId === frame.frameId) this.#timings?.note(frame, nowUs);
    if (!sender.isPacing) this.#timings?.flush();
    this.#arm();
  }

  /** Keeps one timer, which is never late; one that is early looks again. */
  #arm(): void {
    if (this.#detach === undefined || this.#sender === undefined) return;
    const dueUs = Math.min(this.#sender.deadline ?? Infinity, this.#reportUs);
    if (dueUs >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = dueUs;
    const waitMs = Math.max(0, dueUs - this.#options.nowUs()) / 1000;
    this.#timer = setTimeout(() => this.#onTimer(), waitMs);
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#timerUs = Infinity;
    const sender = this.#sender;
    if (sender === undefined) return;
    const nowUs = this.#options.nowUs();
    sender.pull(nowUs);
    if (!sender.isPacing) this.#timings?.flush();
    if (nowUs >= this.#reportUs) this.#report(sender, nowUs);
    this.#arm();
  }

  #report(sender: MediaSender | FrameSender, nowUs: number): void {
    const { host, send } = this.#options;
    const streamId = this.#streamId;
    this.#reportUs = nowUs + PATH_REPORT_INTERVAL_US;
    const { fps, scale } = host.pictureRate(streamId);
    const report = sender.pathReport(nowUs);
    send(
      encodeServerMessage({ type: "path_report", streamId, ...report, fps, scale }),
      `path_report ${streamId}`,
    );
  }
}
