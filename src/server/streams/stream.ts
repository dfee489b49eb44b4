/**
 * Stream: one captured source between the media process and its viewers. It starts capture with the
 * first viewer and keeps it warm for a while after the last, hands each frame to all viewers at
 * once, joins their requests into one, and remembers what a new viewer must be told.
 */

import type { StreamTarget } from "../../congestion/stream_rate.ts";
import type { KeyframeCause } from "../../ipc/media_command.ts";
import { FrameTee } from "../../pipeline/frame_tee.ts";
import type { MediaGroup } from "../../pipeline/media_group.ts";
import type { MediaSender } from "../../pipeline/media_sender.ts";
import type {
  HostFrame,
  HostFrameSink,
  PictureRate,
  SenderSettings,
} from "../../session/session_host.ts";
import type { StreamDescription } from "../../wire/codec.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { ServerMessage } from "../../wire/control.ts";
import { KeyframeRequests } from "./keyframe_requests.ts";
import { RateFollower } from "./rate_follower.ts";
import { senderSettings } from "./sender_settings.ts";
import { StreamViewers } from "./stream_viewers.ts";
import type { StreamViewer } from "./stream_viewers.ts";
import { cursorMessage, describeStream } from "./stream_messages.ts";
import { newStreamStats } from "./stream_stats.ts";
import type { StreamStats } from "./stream_stats.ts";
import type { PictureLimits } from "../stats/stats_pictures.ts";
import type { CursorFacts, StreamFacts, StreamState } from "./stream_messages.ts";
import type { FrameRecorder, PublishedSource, StreamOptions } from "../config/stream_options.ts";
import type { StreamReplay } from "../timeline/stream_replay.ts";

/** How long a capture that was started ahead waits for the viewer that is on its way. */
const WARM_UP_MS = 3000;
/** Wait before a stream that failed is tried again, doubling up to the second figure. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 5000;
const MAX_REASON = 256;

/** One captured source. */
export class Stream {
  readonly #options: StreamOptions;
  readonly #viewers: StreamViewers;
  /** Those who look on: frames come here after they were given to the senders. */
  readonly #tee: FrameTee<HostFrame>;
  readonly #follower: RateFollower;
  readonly #replay: StreamReplay | undefined;
  readonly #keyframes = new KeyframeRequests();
  readonly #recorders = new Set<FrameRecorder>();
  readonly #stats = newStreamStats();
  #state: StreamState = "starting";
  #reason = "";
  #facts: StreamFacts | undefined;
  #cursor: CursorFacts | undefined;
  #name: string;
  #isCapturing = false;
  #coolTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #retries = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#name = options.name;
    const onFault = (error: unknown) => {
      options.log.error("Cannot hand a frame to a viewer", { message: String(error) });
    };
    this.#viewers = new StreamViewers({ streamId: options.id, onFault });
    this.#tee = new FrameTee(onFault);
    this.#replay = options.makeReplay?.(options.id, () => this.requestKeyframe("segment"));
    this.#tee.add((frame, nowUs) => this.#replay?.push(frame, nowUs));
    const { bitrateBps, fps } = options;
    this.#follower = new RateFollower({
      ...{ bitrateBps, fps },
      senders: () => this.#viewers.all,
      setRate: (rate) => {
        if (this.#isCapturing) options.port.setRate(options.id, rate);
      },
    });
  }

  get id(): number {
    return this.#options.id;
  }

  /** For people; no two streams of a host have the same. */
  get name(): string {
    return this.#name;
  }

  /** Another name, which no other stream has. */
  rename(name: string): void {
    this.#name = name;
  }

  /** What it has of its own when somebody publishes it; undefined of what the host captures. */
  get published(): PublishedSource | undefined {
    return this.#options.published;
  }

  get stats(): Readonly<StreamStats> {
    return this.#stats;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Why it is in that state, for people. */
  get reason(): string {
    return this.#reason;
  }

  /** What the media process last said of it. */
  get facts(): StreamFacts | undefined {
    return this.#facts;
  }

  /** True while frames are captured or about to be. */
  get isCapturing(): boolean {
    return this.#isCapturing;
  }

  /** Viewers attached now. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** Makes the encoder smaller for as long as memory is short; the viewers' pictures with it. */
  economise(isShort: boolean): void {
    this.#follower.limitScale(isShort ? 0.5 : 1);
  }

  /** Those whom frames are sent by, one for each viewer. */
  get senders(): ReadonlySet<MediaSender> {
    return this.#viewers.fanout.senders;
  }

  /** Those who share packets. */
  get groups(): readonly MediaGroup[] {
    return this.#viewers.fanout.groups;
  }

  /** Groups that hold memory, with and without members. */
  get heldGroups(): readonly MediaGroup[] {
    return this.#viewers.fanout.heldGroups;
  }

  /** What the encoder is asked for. */
  get pictureRate(): PictureRate {
    return this.#follower.target;
  }

  /** What the encoder is asked for, bitrate and layers included. */
  get encoderTarget(): StreamTarget {
    return this.#follower.target;
  }

  /** What its size and frame rate are, and how far they could go. */
  get pictureLimits(): PictureLimits {
    const { fps, scale } = this.#follower.target;
    return { fps, fpsMax: this.#options.fps, scale, scaleMax: this.#follower.scaleMax };
  }

  /** What is asked of the encoder, and what viewers share, for people who measure. */
  get sharing(): Record<string, unknown> {
    return {
      target: this.#follower.target,
      rateChanges: this.#follower.changes,
      groups: this.groups.map((group) => group.summary),
    };
  }

  /** How its frames are to be sent. */
  get senderSettings(): SenderSettings {
    return senderSettings(this.#options);
  }

  /** What a decoder must know of it; undefined until it has run once. */
  get description(): StreamDescription | undefined {
    return this.#facts === undefined ? undefined : describeStream(this.#identity, this.#facts);
  }

  /** What it is doing, in the words of the control stream. */
  get stateMessage(): ServerMessage {
    const { id } = this.#options;
    return { type: "stream_state", streamId: id, state: this.#state, reason: this.#reason };
  }

  /** The pointer's image, for who begins to watch; undefined while there is none. */
  get cursorMessage(): ServerMessage | undefined {
    return this.#cursor === undefined ? undefined : cursorMessage(this.#options.id, this.#cursor);
  }

  /** Attaches a viewer, which starts capture when it must; undefined when there is no room. */
  attach(sender: StreamViewer, onFrame: HostFrameSink): (() => void) | undefined {
    if (!this.#viewers.add(sender)) return undefined;
    const remove = this.#tee.add(onFrame);
    this.#capture();
    this.#follower.update(this.#options.clock.nowUs());
    this.requestKeyframe("join");
    return () => {
      remove?.();
      this.#viewers.remove(sender);
      this.#follower.remove(sender);
      this.#coolWhenUnused(this.#options.keepWarmMs);
    };
  }

  /** Gives `recorder` every frame and captures for it; returns its end, or undefined without room. */
  record(recorder: FrameRecorder): (() => void) | undefined {
    const remove = this.#tee.add((frame, nowUs) => recorder.push(frame, nowUs));
    if (remove === undefined) return undefined;
    this.#recorders.add(recorder);
    if (this.description !== undefined) recorder.describe(this.description);
    this.#capture();
    this.requestKeyframe("join");
    return () => {
      remove();
      this.#recorders.delete(recorder);
      this.#coolWhenUnused(this.#options.keepWarmMs);
    };
  }

  /** Starts capture ahead of a viewer, or to see whether it works; it ends again when unused. */
  warm(): void {
    this.#capture();
    this.#coolWhenUnused(
      Math.max(this.#options.keepWarmMs, this.#options.warmUpMs ?? WARM_UP_MS),
    );
  }

  /** Asks for a keyframe, unless one is on its way. */
  requestKeyframe(cause: KeyframeCause): void {
    if (!this.#keyframes.ask(cause, this.#options.clock.nowUs())) {
      if (cause !== "segment") this.#stats.keyframeRequestsJoined++;
      return;
    }
    this.#stats[cause === "segment" ? "segmentRequests" : "keyframeRequests"]++;
    this.#options.port.requestKeyframe(this.#options.id, cause);
  }

  /** A viewer lacks the frames from `firstLostFrameId` on. */
  invalidate(firstLostFrameId: number): void {
    // Frames count from 1: a viewer that reports frame 0 is wrong or hostile.
    if (firstLostFrameId === 0) return;
    this.#stats.invalidations++;
    this.#options.port.invalidate(this.#options.id, firstLostFrameId);
  }

  /** Gives input records to the device; without capture there is no device. */
  sendInput(records: Uint8Array): void {
    if (this.#isCapturing) this.#options.port.sendInput(this.#options.id, records);
  }

  /** Takes a frame of the media process and hands it on before it returns. */
  onFrame(frame: HostFrame, nowUs: number): void {
    if (frame.referenceDistance === 0) {
      this.#stats.keyframes++;
      this.#keyframes.settle();
    }
    this.#stats.frames++;
    this.#stats.bytes += frame.payload.byteLength;
    this.#viewers.push(frame, nowUs);
    this.#tee.push(frame, nowUs);
    this.#follower.update(nowUs);
  }

  /** Takes a cursor of the media process. */
  onCursor(cursor: CursorFacts): void {
    const known = this.#cursor;
    const isImage = cursor.rgba.byteLength > 0;
    // The bytes are the caller's; and an image outlives a change of visibility.
    this.#cursor = isImage || known === undefined
      ? { ...cursor, rgba: cursor.rgba.slice() }
      : { ...known, visible: cursor.visible };
    const framed = encodeServerMessage(cursorMessage(this.#options.id, cursor));
    this.#options.tell(framed, isImage ? `cursor ${this.id}` : undefined);
  }

  /** The media process has started the stream. */
  onStarted(facts: StreamFacts): void {
    this.#facts = facts;
    const description = describeStream(this.#identity, facts);
    this.#replay?.describe(description);
    for (const recorder of this.#recorders) recorder.describe(description);
    this.#follower.start(facts);
    this.#retries = 0;
    this.#cancelRetry();
    this.#options.onDescribed();
    this.#setState("running", `${facts.encoder}, ${facts.capture}`);
  }

  /** The stream has ended by a fault; it is tried again for as long as it is wanted. */
  onFailed(why: string): void {
    this.#stats.failures++;
    this.#setState("failed", why);
    this.#options.log.warn("Stream failed", { stream: this.#options.id, why });
    if (!this.#isCapturing || this.#retryTimer !== undefined) return;
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** this.#retries);
    this.#retries = Math.min(this.#retries + 1, 8);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      if (this.#isCapturing) this.restart("Trying again");
    }, delayMs);
  }

  /** The media process is gone; whoever watches over it brings it and the stream back. */
  onMediaState(state: StreamState, why: string): void {
    if (state !== "restarting" && state !== "failed") return;
    if (state === "restarting") this.#stats.restarts++;
    this.#keyframes.settle();
    this.#options.onDeviceLost();
    if (this.#isCapturing) this.#setState(state, why);
  }

  /** What makes its pictures is away, or has gone: who watches is told. */
  wait(state: StreamState, why: string): void {
    this.#keyframes.settle();
    this.#setState(state, why);
  }

  /** Starts a stream that runs anew, for example because its display is another one. */
  restart(why: string): void {
    if (!this.#isCapturing) return;
    this.#cancelRetry();
    this.#setState("restarting", why);
    this.#keyframes.settle();
    this.#options.port.stop(this.#options.id);
    this.#options.port.start(this.#options.id);
  }

  /** Ends capture and all timers. */
  close(): void {
    clearTimeout(this.#coolTimer);
    this.#cancelRetry();
    if (this.#isCapturing) this.#stop();
  }

  get #identity() {
    return { ...this.#options, name: this.#name };
  }

  get #isUsed(): boolean {
    return this.#viewers.size > 0 || this.#recorders.size > 0;
  }

  #cancelRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #capture(): void {
    clearTimeout(this.#coolTimer);
    this.#coolTimer = undefined;
    if (this.#isCapturing) return;
    this.#isCapturing = true;
    this.#replay?.open();
    this.#setState("starting", "");
    this.#options.port.start(this.#options.id);
  }

  #coolWhenUnused(delayMs: number): void {
    if (this.#isUsed || this.#coolTimer !== undefined || !this.#isCapturing) return;
    this.#coolTimer = setTimeout(() => {
      this.#coolTimer = undefined;
      if (!this.#isUsed) this.#stop();
    }, delayMs);
  }

  #stop(): void {
    this.#isCapturing = false;
    this.#replay?.captureEnded();
    this.#keyframes.settle();
    this.#options.port.stop(this.#options.id);
  }

  #setState(state: StreamState, reason: string): void {
    this.#state = state;
    this.#reason = reason.slice(0, MAX_REASON);
    this.#options.broadcast(encodeServerMessage(this.stateMessage));
  }
}
