/**
 * MediaStream: one captured source in the media process: joins capture, staging, the native stream,
 * rate control, the keyframe policy and the input device. The frames themselves pass by in native
 * code; here come only their headers, from which the next quantiser is chosen.
 */

import {
  encoderName,
  type MediaOutput,
  MediaStream as NativeStream,
  type MediaStreamStats as NativeStreamStats,
} from "../../ffi/mod.ts";
import { resolveVideoSource, type VideoSource } from "../capture/video_source.ts";
import type { EncoderPool } from "../encode/encoder_pool.ts";
import { KeyframePolicy } from "../encode/keyframe_policy.ts";
import { RateControl } from "../encode/rate_control.ts";
import type {
  EncoderRate,
  KeyframeCause,
  MediaStreamConfig,
  ScaleQuarters,
  TemporalLayers,
} from "../ipc/media_command.ts";
import type { MediaStreamCounters } from "../ipc/media_message.ts";
import type { MediaRecordHeader } from "../ipc/media_record.ts";
import { STAGING_FRAMES } from "../memory/media_limits.ts";
import { FrameBufferPool, MAX_POOL_BYTES } from "../staging/frame_buffer_pool.ts";
import type { DeviceInput, PictureArea } from "./device_input.ts";
import { openStreamInput, type StreamInputHandlers } from "./stream_input.ts";

/** What a `MediaStream` needs besides its configuration. */
export interface MediaStreamContext {
  readonly output: MediaOutput;
  /** Where its encoders come from and go to. */
  readonly encoders: EncoderPool;
  /** The host's CLOCK_MONOTONIC, which the headers count, in microseconds. */
  readonly nowUs: () => number;
  /** The rate that was set while the stream was opening, if any. */
  readonly takeRate?: () => EncoderRate | undefined;
  /** Hears what its input device is and says. */
  readonly input: StreamInputHandlers;
}

interface MediaStreamParts {
  readonly pool: FrameBufferPool;
  readonly native: NativeStream;
  readonly input: DeviceInput;
  readonly rate: RateControl;
  readonly startedUs: number;
  readonly area: MovingArea;
}

/** A picture's place on its screen, which changes with the screen. */
type MovingArea = { -readonly [K in keyof PictureArea]: PictureArea[K] };

/** A running stream. */
export class MediaStream {
  /** When its thread was started, on the host's clock: no header of it is older. */
  readonly startedUs: number;
  readonly #context: MediaStreamContext;
  readonly #pool: FrameBufferPool;
  readonly #native: NativeStream;
  readonly #input: DeviceInput;
  readonly #rate: RateControl;
  readonly #policy = new KeyframePolicy();
  readonly #config: MediaStreamConfig;
  /** Shared with the input device. */
  readonly #area: MovingArea;
  #fps: number;
  #scale: ScaleQuarters = 4;
  #layers: TemporalLayers = 1;
  #qp: number;
  #canRepair = true;
  #closing: Promise<void> | undefined;

  /** Opens source, encoder and input and starts. Throws `NativeError` or RangeError with why. */
  static async open(config: MediaStreamConfig, context: MediaStreamContext): Promise<MediaStream> {
    const source = await resolveVideoSource(config);
    const { width, height } = source;
    const { bitrateBps, fps } = config;
    const rate = new RateControl({ bitrateBps, fps, pixels: width * height });
    const framesMax = STAGING_FRAMES;
    const pool = new FrameBufferPool({ width, height, framesMax, bytesMax: MAX_POOL_BYTES });
    const area: MovingArea = { x: 0, y: 0, width, height };
    const opening = openStreamInput(config, area, context.input);
    try {
      const native = await openNative(config, source, pool, context, rate.qp);
      const input = await opening;
      // Nothing is awaited from here on: the first header must find the stream in its place.
      const startedUs = context.nowUs();
      const parts = { pool, native, input, rate, startedUs, area };
      const stream = new MediaStream(config, context, parts);
      const wanted = context.takeRate?.();
      if (wanted !== undefined) stream.setRate(wanted);
      native.start();
      return stream;
    } catch (error) {
      (await opening)[Symbol.dispose]();
      pool[Symbol.dispose]();
      throw error;
    }
  }

  private constructor(
    config: MediaStreamConfig,
    context: MediaStreamContext,
    parts: MediaStreamParts,
  ) {
    this.#config = config;
    this.#context = context;
    this.startedUs = parts.startedUs;
    this.#pool = parts.pool;
    this.#native = parts.native;
    this.#input = parts.input;
    this.#rate = parts.rate;
    this.#area = parts.area;
    this.onScreen();
    this.#fps = config.fps;
    this.#qp = parts.rate.qp;
    this.#applyRate();
  }

  /** Negative native status when the stream has ended by a fault, else 0. */
  get status(): number {
    return this.#native.stats.status;
  }

  /** Most frames a second. */
  get fps(): number {
    return this.#fps;
  }

  /** When `tick` has something to do, microseconds of the host's clock, or undefined. */
  get deadline(): number | undefined {
    const parts = [this.#policy.deadline, this.#rate.deadline, this.#input.deadline];
    const earliest = Math.min(...parts.map((deadline) => deadline ?? Infinity));
    return earliest === Infinity ? undefined : earliest;
  }

  /** Takes the header of a frame that was encoded, and sets the quantiser of the next one. */
  onFrame(header: MediaRecordHeader): void {
    const { isKeyframe, isUnchanged, captureTimeUs, qp, payloadBytes } = header;
    this.#rate.setPixels(header.width * header.height);
    this.#canRepair = encoderName(header.encoderIndex) === "x264";
    this.#rate.push({ bytes: payloadBytes, qp, isKeyframe, isUnchanged, captureTimeUs });
    this.#policy.push(header.frameId, isKeyframe, captureTimeUs);
    this.#applyRate();
  }

  /** The screen has another size, or the picture another place on it. */
  onScreen(): void {
    const { x, y, width, height } = this.#native.stats;
    Object.assign(this.#area, { x, y, width, height });
    if (this.#config.monitor === undefined) this.#input.setScreen(x + width, y + height);
  }

  /** Does what is due: a keyframe that was put off, a sharper still picture. */
  tick(nowUs: number): void {
    this.#input.pull(nowUs);
    if (this.#policy.pull(nowUs)) this.#native.requestKeyframe();
    const refreshQp = this.#rate.pull(nowUs);
    if (refreshQp === undefined) return;
    this.#setQp(refreshQp);
    this.#native.requestRefresh();
  }

  /** Sets bitrate, frame rate, size and layers from the next frame on. */
  setRate({ bitrateBps, fps, scaleQuarters, temporalLayers }: EncoderRate): void {
    this.#rate.setRate(bitrateBps, fps);
    if (fps !== this.#fps) this.#native.setFps(fps);
    this.#fps = fps;
    const isResized = scaleQuarters !== this.#scale;
    if (isResized) {
      const { width, height } = this.#area;
      this.#rate.setPixels(width * height * (scaleQuarters / 4) ** 2);
    }
    this.#applyRate();
    if (isResized || temporalLayers !== this.#layers) {
      this.#native.setShape(scaleQuarters, temporalLayers);
    }
    this.#scale = scaleQuarters;
    this.#layers = temporalLayers;
  }

  /** A viewer wants a keyframe; `tick` asks for it when it may. */
  requestKeyframe(cause: KeyframeCause): void {
    const nowUs = this.#context.nowUs();
    if (cause !== "segment") this.#policy.request(nowUs, cause);
    else if (this.#policy.maySegment(nowUs)) this.#beginSegment(nowUs);
  }

  /** Frames from `firstLostFrameId` on did not arrive at a viewer. */
  invalidate(firstLostFrameId: number): void {
    const nowUs = this.#context.nowUs();
    const answer = this.#policy.reportLoss(firstLostFrameId, this.#canRepair, nowUs);
    if (answer === "repair") this.#native.invalidate(firstLostFrameId);
  }

  /** Injects input records. Throws `NativeError` when the device is gone. */
  pushInput(records: Uint8Array): void {
    this.#input.push(records, this.#context.nowUs());
  }

  /** Releases every key and button that is held. */
  releaseInput(): void {
    this.#input.releaseAll();
  }

  /** Gives back the memory of frames that nobody uses now. */
  trim(): void {
    this.#pool.trim();
  }

  /** Gives memory back that a still screen does not need. */
  trimWhenIdle(nowUs: number): void {
    this.#pool.trimWhenIdle(nowUs);
  }

  /** Reads the counters. */
  counters(): MediaStreamCounters {
    const native = this.#native.stats;
    const { allocated, ...pool } = this.#pool.stats;
    const input = this.#input.stats;
    return {
      streamId: this.#config.streamId,
      ...nativeCounters(native),
      keyframeRequestsJoined: this.#policy.stats.keyframeRequestsJoined,
      qp: this.#qp,
      inputEvents: input.events,
      inputEventsRefused: input.eventsRefused,
      inputWaitingMax: input.waitingMax,
      pool: { allocated, ...pool },
    };
  }

  /** Ends the stream and frees everything; resolves when its thread has ended. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#input[Symbol.dispose]();
    await this.#native.stop();
    this.#native[Symbol.dispose]();
    this.#pool[Symbol.dispose]();
  }

  /** With the next frame that is made anyway, unless who watches live would see it. */
  #beginSegment(nowUs: number): void {
    const keyframe = this.#rate.segmentKeyframe(nowUs);
    if (keyframe !== undefined) this.#native.requestSegment(keyframe.qp, keyframe.bytesMax);
  }

  #applyRate(): void {
    this.#setQp(this.#rate.qp);
    const { keyframeQp, frameBytesMax, keyframeBytesMax } = this.#rate;
    this.#native.setLimits({ keyframeQp, frameBytesMax, keyframeBytesMax });
  }

  #setQp(qp: number): void {
    if (qp === this.#qp) return;
    this.#qp = qp;
    this.#native.setQp(qp);
  }
}

function openNative(
  config: MediaStreamConfig,
  { source, region }: VideoSource,
  pool: FrameBufferPool,
  { output, encoders }: MediaStreamContext,
  qp: number,
): Promise<NativeStream> {
  const { streamId, fps, encoder } = config;
  return NativeStream.open(output, pool.native, {
    streamId,
    source,
    ...region,
    fpsMax: fps,
    qp,
    encoders: encoders.native,
    ...encoder === "auto" ? {} : { encoder },
  });
}

function nativeCounters(stats: NativeStreamStats) {
  return {
    framesEncoded: stats.framesEncoded,
    keyframes: stats.keyframes,
    bytesOut: stats.bytesOut,
    damageEvents: stats.damageEvents,
    skippedOutputFull: stats.skippedOutputFull,
    droppedAfterEncode: stats.droppedAfterEncode,
    refreshFrames: stats.refreshFrames,
    disposableFrames: stats.disposableFrames,
    repeatedFrames: stats.repeatedFrames,
    shapeChanges: stats.shapeChanges,
    shapeRefusals: stats.shapeRefusals,
    repairs: stats.repairs,
    repairKeyframes: stats.repairKeyframes,
    grabUsTotal: stats.grabUsTotal,
    convertUsTotal: stats.convertUsTotal,
    encodeUsTotal: stats.encodeUsTotal,
    threadCpuUs: stats.threadCpuUs,
  };
}
