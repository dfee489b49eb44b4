/**
 * EncodedFrame: one access unit between encode and packetize, and again between recover and decode.
 * The payload is Annex B for H.264, with parameter sets in band before each keyframe.
 */

/** Most bytes of one encoded frame; a 2160p keyframe at high quality stays below it. */
export const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/**
 * Most frames that an encoder keeps to refer to, up to 2880x2048 (x264; 5 at 3840x2160). Damage that
 * began earlier than this many frames before the newest can be mended by a keyframe only. It keeps
 * fewer until damage is reported late, and the first time answers that with a keyframe, too.
 */
export const REFERENCE_FRAMES_KEPT = 8;

/** Base layer, or a frame that no other refers to. */
export type FrameLayer = 0 | 1;

/** One access unit. */
export interface EncodedFrame {
  /** Which captured source it belongs to, 0-15. */
  readonly streamId: number;
  /** Counts the stream's encoded frames from 1; wraps at 2^32. */
  readonly frameId: number;
  /** How many frames back its only reference lies; 0 marks a keyframe, at most 255. */
  readonly referenceDistance: number;
  /** 1 for a frame that a viewer of the base layer does without; default 0. */
  readonly layer?: FrameLayer;
  /** Start of the grab in microseconds of the host's monotonic clock. */
  readonly captureTimeUs: number;
  /** The bitstream; the owner says how long it stays valid. */
  readonly payload: Uint8Array;
}

/** Where the time of one frame went on the host, durations in microseconds. */
export interface FrameTiming {
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly grabUs: number;
  readonly convertUs: number;
  /** From the start of encoding to the first slice; equals `encodeUs` where it is not known. */
  readonly firstSliceUs: number;
  readonly encodeUs: number;
  /** From the start of the grab to the hand-over to the server process. */
  readonly emitUs: number;
  /** From the start of the grab until the last packet was given to the transport. */
  readonly sendUs: number;
  /** Bytes of the access unit. */
  readonly bytes: number;
  /** Quantiser that the encoder used, 0-51. */
  readonly qp: number;
}
