/**
 * FramePool: staging frames (I420) in native memory, allocated at the start and bounded in count and
 * bytes. Streams lease one frame for each picture; raw pixels never reach JavaScript.
 */

import { nativeLibrary } from "./library.ts";
import type { PoolPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Sizes of a pool; `count * frameBytes` must not exceed `bytesMax`. */
export interface FramePoolOptions {
  /** Frames to hold, 1 to 64. */
  readonly count: number;
  /** Bytes of each frame. */
  readonly frameBytes: number;
  /** Limit of all frames together, in bytes. */
  readonly bytesMax: number;
}

/** Counters of a `FramePool`. */
export interface FramePoolStats {
  /** Frames that may exist. */
  readonly count: number;
  /** Bytes of each frame. */
  readonly frameBytes: number;
  /** Frames allocated now, leased or not. */
  readonly allocated: number;
  /** Frames leased now. */
  readonly inUse: number;
  /** Most frames ever leased at once. */
  readonly inUseMax: number;
  /** Leases given since the start. */
  readonly leases: number;
  /** Allocations since the start; `1 - allocations / leases` is the reuse ratio. */
  readonly allocations: number;
  /** Leases refused because every frame was out. */
  readonly exhaustions: number;
}

/** Owner of one native pool; dispose it after the streams that use it. */
export class FramePool implements Disposable {
  #pointer: PoolPointer | undefined;

  private constructor(pointer: PoolPointer) {
    this.#pointer = pointer;
  }

  /** Allocates the pool; throws `NativeError` when the sizes exceed the limit or memory is short. */
  static open(options: FramePoolOptions): FramePool {
    const { count, frameBytes, bytesMax } = options;
    const pointer = nativeLibrary().wv_pool_create(count, frameBytes, BigInt(bytesMax));
    if (pointer === null) {
      throw nativeError(
        `open a pool of ${count} frames of ${frameBytes} bytes within ${bytesMax} bytes`,
        STATUS.outOfMemory,
      );
    }
    return new FramePool(pointer);
  }

  /** Native handle, for the streams; throws `NativeError` ("invalid") after disposal. */
  get pointer(): PoolPointer {
    if (this.#pointer === undefined) throw nativeError("use a disposed pool", STATUS.invalid);
    return this.#pointer;
  }

  /** Frees the frames that nobody leases (they come back on demand); gives how many. */
  trim(): number {
    return checkStatus("trim a pool", nativeLibrary().wv_pool_trim(this.pointer));
  }

  /** Reads the counters. */
  get stats(): FramePoolStats {
    const values = new BigUint64Array(8);
    checkStatus("read pool counters", nativeLibrary().wv_pool_stats(this.pointer, values));
    const at = (index: number): number => Number(values[index]);
    return {
      count: at(0),
      frameBytes: at(1),
      allocated: at(2),
      inUse: at(3),
      inUseMax: at(4),
      leases: at(5),
      allocations: at(6),
      exhaustions: at(7),
    };
  }

  /** Frees every frame; throws `NativeError` while a stream still holds one. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    checkStatus("free a pool in use", nativeLibrary().wv_pool_destroy(this.#pointer));
    this.#pointer = undefined;
  }
}
