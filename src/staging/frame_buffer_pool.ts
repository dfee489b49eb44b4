/**
 * FrameBufferPool: the TypeScript owner of the native staging frames between capture and encode. It
 * sizes the pool for a picture, bounds it in frames and bytes, gives back what is above the working
 * set and reads the counters. Native streams lease the frames. Who finds none free makes no picture
 * and is counted; the screen keeps the newest one meanwhile, so that no older one is ever waited for.
 */

import { type FrameLease, FramePool, stagingFrameBytes } from "../../ffi/mod.ts";
import { STAGING_FRAMES } from "../memory/media_limits.ts";

/** Most frames: more would only be old pictures. */
export const MAX_FRAMES = 8;
/** Most bytes of one pool where a picture is not so large that it needs more: 8 frames of 2160p. */
export const POOL_BYTES = 100_000_000;
/** Most bytes of any pool: three frames of 8192x8192. */
export const MAX_POOL_BYTES = 320 * 1024 * 1024;
/** What was in use in this time, and in this time before it, is the working set. */
const WINDOW_US = 10_000_000;

/** What a pool holds. */
export interface FrameBufferPoolOptions {
  /** Size of a picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** Most frames, 1 to `MAX_FRAMES`, which is the default. */
  readonly framesMax?: number;
  /** Limit in bytes; default `poolBytesMax` of the size. Fewer frames are held to keep to it. */
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
  /** Most frames that were in use at once of late; the others are given back after a while. */
  readonly workingSet: number;
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

/** Bytes that a pool for pictures of this size may hold, unless it is told otherwise. */
export function poolBytesMax(width: number, height: number): number {
  const needed = STAGING_FRAMES * stagingFrameBytes(width, height);
  return Math.min(MAX_POOL_BYTES, Math.max(POOL_BYTES, needed));
}

/** Owner of one pool; dispose it after the streams that use it. */
export class FrameBufferPool implements Disposable {
  readonly #pool: FramePool;
  readonly #initial: number;
  #peak = 0;
  #peakBefore = 0;
  #windowStartUs: number | undefined;

  /**
   * Allocates `STAGING_FRAMES` frames, the others when they are needed. Throws RangeError for a size
   * or count out of range or a limit below one frame, `NativeError` ("out_of_memory") when memory is
   * short.
   */
  constructor(options: FrameBufferPoolOptions) {
    const { width, height, framesMax = MAX_FRAMES } = options;
    if (!Number.isInteger(framesMax) || framesMax < 1 || framesMax > MAX_FRAMES) {
      throw new RangeError(`Cannot make a pool of ${framesMax} frames`);
    }
    if (!(width >= 2 && height >= 2 && Number.isInteger(width) && Number.isInteger(height))) {
      throw new RangeError(`Cannot make a pool for pictures of ${width}x${height}`);
    }
    const { bytesMax = poolBytesMax(width, height) } = options;
    const frameBytes = stagingFrameBytes(width, height);
    const limit = Math.min(bytesMax, MAX_POOL_BYTES);
    const count = Math.min(framesMax, Math.floor(limit / frameBytes));
    if (!(count >= 1)) {
      throw new RangeError(`Cannot hold a frame of ${frameBytes} bytes within ${bytesMax} bytes`);
    }
    this.#initial = Math.min(STAGING_FRAMES, count);
    this.#pool = FramePool.open({
      ...{ count, frameBytes },
      initial: this.#initial,
      // Of larger frames, too, where a stream takes those: its screen may grow.
      bytesMax: limit,
    });
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
      workingSet: this.#workingSet,
      available: count - inUse,
      totalBytes: allocated * frameBytes,
      leases,
      reuseRatio: leases === 0 ? 1 : 1 - (allocations - this.#initial) / leases,
      exhaustions,
    };
  }

  /** Takes a frame; hold it with `using`. Undefined, and counted, when every frame is out. */
  acquire(): FrameLease | undefined {
    return this.#pool.lease();
  }

  /** Frees the idle frames above the working set at once; gives how many. */
  trim(): number {
    this.#notePeak();
    return this.#pool.trim(this.#workingSet);
  }

  /**
   * Call about once a second: each ten seconds it frees the idle frames that neither these nor the ten
   * before had a use for. Gives how many.
   */
  trimWhenIdle(nowUs: number): number {
    this.#notePeak();
    this.#windowStartUs ??= nowUs;
    if (nowUs - this.#windowStartUs < WINDOW_US) return 0;
    const freed = this.#pool.trim(this.#workingSet);
    this.#windowStartUs = nowUs;
    this.#peakBefore = this.#peak;
    this.#peak = 0;
    return freed;
  }

  /** Frees every frame; throws `NativeError` while a stream still holds one. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  get #workingSet(): number {
    return Math.max(this.#peak, this.#peakBefore);
  }

  #notePeak(): void {
    this.#peak = Math.max(this.#peak, this.#pool.takePeak());
  }
}
