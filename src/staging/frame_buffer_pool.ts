/**
 * FrameBufferPool: the TypeScript owner of the native staging frames between capture and encode. It
 * sizes the pool for a picture, bounds it in frames and bytes, gives the memory of a still screen back
 * and reads the counters; the native stream leases the frames, and a full pool makes it skip a grab.
 */

import { FramePool, stagingFrameBytes } from "../../ffi/mod.ts";
import { STAGING_FRAMES } from "../memory/media_limits.ts";

/** Most frames: more would only be old pictures. */
export const MAX_FRAMES = 16;
/** Most bytes of one pool: three frames of 8192x8192. */
export const MAX_POOL_BYTES = 320 * 1024 * 1024;
/** A pool without a lease for this long gives its memory back. */
const IDLE_US = 10_000_000;

/** What a pool holds. */
export interface FrameBufferPoolOptions {
  /** Size of a picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Frames; default `STAGING_FRAMES`. */
  readonly framesMax?: number;
  /** Limit in bytes; default `MAX_POOL_BYTES`. Fewer frames than asked for are made to keep it. */
  readonly bytesMax?: number;
}

/** Counters of a pool. */
export interface FrameBufferPoolStats {
  /** Frames that may exist at once. */
  readonly framesMax: number;
  readonly frameBytes: number;
  /** Frames in memory now, leased or not. */
  readonly allocated: number;
  readonly inUse: number;
  /** Frames that a lease would get now without waiting. */
  readonly available: number;
  /** Bytes of the frames in memory now. */
  readonly totalBytes: number;
  readonly leases: number;
  /** Part of the leases that needed no allocation, 0 to 1; 1 before the first lease. */
  readonly reuseRatio: number;
  /** Leases refused because every frame was out. */
  readonly exhaustions: number;
}

/** Owner of one pool; dispose it after the streams that use it. */
export class FrameBufferPool implements Disposable {
  readonly #pool: FramePool;
  #idleLeases = 0;
  #idleSinceUs: number | undefined;
  #isTrimmed = false;

  /**
   * Allocates the frames. Throws RangeError for a size or count out of range or a limit below one
   * frame, `NativeError` ("out_of_memory") when memory is short.
   */
  constructor(options: FrameBufferPoolOptions) {
    const { width, height, framesMax = STAGING_FRAMES, bytesMax = MAX_POOL_BYTES } = options;
    if (!Number.isInteger(framesMax) || framesMax < 1 || framesMax > MAX_FRAMES) {
      throw new RangeError(`Cannot make a pool of ${framesMax} frames`);
    }
    if (!(width >= 2 && height >= 2 && Number.isInteger(width) && Number.isInteger(height))) {
      throw new RangeError(`Cannot make a pool for pictures of ${width}x${height}`);
    }
    const frameBytes = stagingFrameBytes(width, height);
    const count = Math.min(framesMax, Math.floor(Math.min(bytesMax, MAX_POOL_BYTES) / frameBytes));
    if (!(count >= 1)) {
      throw new RangeError(`Cannot hold a frame of ${frameBytes} bytes within ${bytesMax} bytes`);
    }
    this.#pool = FramePool.open({ count, frameBytes, bytesMax: count * frameBytes });
  }

  /** The native pool, for a native stream. */
  get native(): FramePool {
    return this.#pool;
  }

  /** Reads the counters. */
  get stats(): FrameBufferPoolStats {
    const { count, frameBytes, allocated, inUse, leases, allocations, exhaustions } =
      this.#pool.stats;
    return {
      framesMax: count,
      frameBytes,
      allocated,
      inUse,
      available: count - inUse,
      totalBytes: allocated * frameBytes,
      leases,
      // The frames made at the start serve the first leases, so there may be fewer leases.
      reuseRatio: leases === 0 ? 1 : Math.max(0, 1 - allocations / Math.max(leases, allocations)),
      exhaustions,
    };
  }

  /** Frees the frames that nobody leases; they come back on demand. Gives how many. */
  trim(): number {
    return this.#pool.trim();
  }

  /** Call about once a second: frees frames when none was leased for 10 s. Gives how many. */
  trimWhenIdle(nowUs: number): number {
    const { leases } = this.#pool.stats;
    if (this.#idleSinceUs === undefined || leases !== this.#idleLeases) {
      this.#idleLeases = leases;
      this.#idleSinceUs = nowUs;
      this.#isTrimmed = false;
    }
    if (this.#isTrimmed || nowUs - this.#idleSinceUs < IDLE_US) return 0;
    this.#isTrimmed = true;
    return this.trim();
  }

  /** Frees every frame; throws `NativeError` while a stream still holds one. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
