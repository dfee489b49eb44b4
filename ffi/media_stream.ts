/**
 * MediaStream: one captured source with its encoder on its own native thread: damage wait, grab,
 * convert, encode, output. No call here waits for that thread, except `stop` and disposal.
 */

import { assert } from "../src/core/assert.ts";
import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import type { NativeEncoderPool } from "./encoder_pool.ts";
import type { FramePool } from "./frame_pool.ts";
import { nativeLibrary } from "./library.ts";
import type { MediaOutput } from "./media_output.ts";
import type { StreamPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";
import { ENCODER_INDEX, type EncoderName } from "./video_encoder.ts";

/** Where the pictures come from. */
export type StreamSource =
  | { readonly kind: "pattern" }
  | {
    readonly kind: "x11";
    /** Display name such as ":0". */
    readonly display: string;
    /** System V id of Xvfb's framebuffer (`Xvfb -shmem` prints it), when there is one. */
    readonly framebufferShmId?: number;
    /** Left edge of the region, pixels; default 0. */
    readonly x?: number;
    /** Top edge of the region, pixels; default 0. */
    readonly y?: number;
    /** Monitor whose rectangle is the region, wherever it is; default none. */
    readonly monitor?: string;
  };

/** What a stream captures and how it encodes. */
export interface MediaStreamOptions {
  /** Number of the stream in every record, 0 to 15. */
  readonly streamId: number;
  readonly source: StreamSource;
  /** Width in pixels, cut to even; 0 (default) takes the whole screen, 1280 for the pattern. */
  readonly width?: number;
  /** Height in pixels, cut to even; 0 (default) takes the whole screen, 720 for the pattern. */
  readonly height?: number;
  /** Most frames a second, 1 to 240. */
  readonly fpsMax: number;
  /** Refreshes of a still screen per 1000 seconds; 0 (default) sends none. */
  readonly fpsFloorMilliHz?: number;
  /** First quantiser, 1 (best) to 51. */
  readonly qp: number;
  /** Added to the quantiser for keyframes, -20 to 20; default 0. */
  readonly keyframeQpOffset?: number;
  /** Encoder; default the first that works. */
  readonly encoder?: EncoderName;
  /** Where its encoders come from and go to; without one it opens and closes its own. */
  readonly encoders?: NativeEncoderPool;
  /** Encoder threads, 1 to 16; 0 (default) picks by processors and size. */
  readonly threads?: number;
  /** Pause between the first damage and the grab, microseconds; default 500. */
  readonly settleUs?: number;
  /** Send kind 2 records of the pointer image; default true. */
  readonly cursor?: boolean;
}

/** How large single frames may become; 0 each for as large as they are. */
export interface FrameLimits {
  /** Quantiser of keyframes, 1 to 51; the frames behind a coarser one come down to `qp` slowly. */
  readonly keyframeQp: number;
  readonly frameBytesMax: number;
  readonly keyframeBytesMax: number;
}

/** Counters of a `MediaStream` since it was created. */
export interface MediaStreamStats {
  readonly framesEncoded: number;
  readonly keyframes: number;
  readonly bytesOut: number;
  /** Damage notices taken. */
  readonly damageEvents: number;
  /** Frames not grabbed because the output had no room. */
  readonly skippedOutputFull: number;
  /** Frames encoded and then refused by the output; the encoder forgot them. */
  readonly droppedAfterEncode: number;
  /** Frames made without damage: floor, refresh and keyframe requests. */
  readonly refreshFrames: number;
  /** Invalidations that the encoder repaired from an older frame. */
  readonly repairs: number;
  /** Invalidations that needed a keyframe. */
  readonly repairKeyframes: number;
  /** Frames not grabbed because the pool was exhausted. */
  readonly poolExhausted: number;
  readonly grabUsTotal: number;
  readonly convertUsTotal: number;
  readonly encodeUsTotal: number;
  /** Processor time of the stream's thread (encoder threads excluded). */
  readonly threadCpuUs: number;
  /** Number of the newest frame. */
  readonly lastFrameId: number;
  /** Size of what is captured, and where it lies on its screen; the stream follows both. */
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  /** Negative `STATUS` when the stream has failed, else 0. */
  readonly status: number;
  /** Changes of size or layers that were taken up. */
  readonly shapeChanges: number;
  /** Changes that the encoder refused; it went on as it was. */
  readonly shapeRefusals: number;
  /** Frames that no later frame refers to. */
  readonly disposableFrames: number;
  /** Frames that were too large and encoded once more. */
  readonly repeatedFrames: number;
  /** Times that the screen had another size or the monitor another place. */
  readonly screenChanges: number;
}

const CONFIG_BYTES = 160;
const DISPLAY_BYTES = 64;
const MONITOR_BYTES = 32;
const DEFAULT_SETTLE_US = 500;
const SOURCE_KIND = { pattern: 0, x11: 1 } as const;
const FLAG_CURSOR = 1;

/** Owner of one native stream; dispose it before its output and pools. */
export class MediaStream implements Disposable {
  #pointer: StreamPointer | undefined;
  /** Calls of `stop` that native code works on. */
  #stops = 0;

  private constructor(pointer: StreamPointer) {
    this.#pointer = pointer;
  }

  /** Opens the source and the encoder; throws `NativeError` with what refused and why. */
  static async open(
    output: MediaOutput,
    pool: FramePool,
    options: MediaStreamOptions,
  ): Promise<MediaStream> {
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const pointer = await nativeLibrary().wv_stream_create(
      output.pointer,
      pool.pointer,
      options.encoders?.pointer ?? null,
      encodeConfig(options),
      error,
      error.length,
    );
    if (pointer === null) throw openError(options, error);
    return new MediaStream(pointer);
  }

  /** Starts the thread; the first frame is a keyframe of the whole picture. */
  start(): void {
    assert(this.#stops === 0, "MediaStream.start was called while stop is under way");
    checkStatus("start a stream", nativeLibrary().wv_stream_start(this.#live));
  }

  /** Ends the thread after the frame in work; `start` may follow. */
  async stop(): Promise<void> {
    assert(this.#stops === 0, "MediaStream.stop was called while one is under way");
    this.#stops++;
    try {
      checkStatus("stop a stream", await nativeLibrary().wv_stream_stop(this.#live));
    } finally {
      this.#stops--;
    }
  }

  /** Sets the quantiser from the next frame on, 1 to 51. */
  setQp(qp: number): void {
    checkStatus(`set quantiser ${qp}`, nativeLibrary().wv_stream_set_qp(this.#live, qp));
  }

  /**
   * Sets the quantiser of keyframes, and the bytes above which a frame or a keyframe is encoded once
   * more and coarser; 0 each for none.
   */
  setLimits({ keyframeQp, frameBytesMax, keyframeBytesMax }: FrameLimits): void {
    checkStatus(
      `limit frames to ${frameBytesMax} bytes`,
      nativeLibrary().wv_stream_set_limits(
        this.#live,
        keyframeQp,
        frameBytesMax,
        keyframeBytesMax,
      ),
    );
  }

  /** Sets the most frames a second, 1 to 240. */
  setFps(fpsMax: number): void {
    checkStatus(`set frame rate ${fpsMax}`, nativeLibrary().wv_stream_set_fps(this.#live, fpsMax));
  }

  /**
   * Sets the size in quarters of the captured one, 2 to 4, and the temporal layers, 1 or 2, from the
   * next frame on. Another size begins with a keyframe; other layers do where the encoder must.
   */
  setShape(scaleQuarters: number, temporalLayers: number): void {
    checkStatus(
      `set size ${scaleQuarters}/4 with ${temporalLayers} layers`,
      nativeLibrary().wv_stream_set_shape(this.#live, scaleQuarters, temporalLayers),
    );
  }

  /** Makes the next frame a keyframe, also on a still screen. */
  requestKeyframe(): void {
    checkStatus(
      "request a keyframe",
      nativeLibrary().wv_stream_request_keyframe(this.#live),
    );
  }

  /**
   * Makes the next frame that shows a change a keyframe of quantiser `qp`, encoded once more and
   * coarser above `bytesMax` (0: none). Any other keyframe before it serves as well.
   */
  requestSegment(qp: number, bytesMax: number): void {
    checkStatus(
      `begin a segment with quantiser ${qp}`,
      nativeLibrary().wv_stream_request_segment(this.#live, qp, bytesMax),
    );
  }

  /** Encodes the screen once more though nothing changed, with the quantiser set by then. */
  requestRefresh(): void {
    checkStatus("request a refresh", nativeLibrary().wv_stream_request_refresh(this.#live));
  }

  /**
   * Says that frame `frameId` and what followed it did not arrive: the next frame refers to an older
   * one, or is a keyframe where the encoder cannot or has none left.
   */
  invalidate(frameId: number): void {
    checkStatus(
      `invalidate frame ${frameId}`,
      nativeLibrary().wv_stream_invalidate(this.#live, frameId),
    );
  }

  /** Reads the counters. */
  get stats(): MediaStreamStats {
    const values = new BigInt64Array(28);
    checkStatus("read stream counters", nativeLibrary().wv_stream_stats(this.#live, values));
    const at = (index: number): number => Number(values[index]);
    return {
      framesEncoded: at(0),
      keyframes: at(1),
      bytesOut: at(2),
      damageEvents: at(3),
      skippedOutputFull: at(4),
      droppedAfterEncode: at(5),
      refreshFrames: at(6),
      repairs: at(7),
      repairKeyframes: at(8),
      poolExhausted: at(9),
      grabUsTotal: at(10),
      convertUsTotal: at(11),
      encodeUsTotal: at(12),
      threadCpuUs: at(13),
      lastFrameId: at(14),
      width: at(15),
      height: at(16),
      status: at(17),
      shapeChanges: at(18),
      shapeRefusals: at(19),
      disposableFrames: at(20),
      repeatedFrames: at(21),
      x: at(22),
      y: at(23),
      screenChanges: at(24),
    };
  }

  /** Stops the thread (at most one frame's time) and frees everything; idempotent. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    assert(this.#stops === 0, "A MediaStream was disposed while stop is under way");
    nativeLibrary().wv_stream_destroy(this.#pointer);
    this.#pointer = undefined;
  }

  get #live(): StreamPointer {
    if (this.#pointer === undefined) throw nativeError("use a disposed stream", STATUS.invalid);
    return this.#pointer;
  }
}

/** Lays `options` out as the C struct `wv_stream_config`. */
function encodeConfig(options: MediaStreamOptions): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CONFIG_BYTES);
  const view = new DataView(bytes.buffer);
  const { source } = options;
  view.setUint32(0, options.streamId, true);
  view.setUint32(4, SOURCE_KIND[source.kind], true);
  view.setInt32(108, -1, true);
  if (source.kind === "x11") {
    bytes.set(encodeCText(source.display, DISPLAY_BYTES), 8);
    view.setInt32(72, source.x ?? 0, true);
    view.setInt32(76, source.y ?? 0, true);
    view.setInt32(108, source.framebufferShmId ?? -1, true);
    bytes.set(encodeCText(source.monitor ?? "", MONITOR_BYTES), 128);
  }
  view.setUint32(80, options.width ?? 0, true);
  view.setUint32(84, options.height ?? 0, true);
  view.setUint32(88, options.fpsMax, true);
  view.setUint32(92, options.fpsFloorMilliHz ?? 0, true);
  view.setUint32(96, options.qp, true);
  view.setInt32(100, options.encoder === undefined ? -1 : ENCODER_INDEX[options.encoder], true);
  view.setUint32(104, options.threads ?? 0, true);
  view.setUint32(112, options.settleUs ?? DEFAULT_SETTLE_US, true);
  view.setInt32(116, options.keyframeQpOffset ?? 0, true);
  view.setUint32(120, options.cursor === false ? 0 : FLAG_CURSOR, true);
  return bytes;
}

/** C writes `<status> <text>` into the error buffer. */
function openError(options: MediaStreamOptions, error: Uint8Array): Error {
  const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
  const { source } = options;
  const name = source.kind === "x11" ? `display "${source.display}"` : "the pattern";
  return nativeError(`stream ${name}`, Number(status ?? STATUS.failed), text);
}
