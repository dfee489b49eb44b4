/**
 * FramePool: staging frames (I420) in native memory, bounded in count and bytes. Native streams lease
 * one for each picture; JavaScript can hold and fill one, never read pixels out of it.
 */

import { nativeLibrary } from "./library.ts";
import type { PoolPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Sizes of a pool; `count * frameBytes` must not exceed `bytesMax`. */
export interface FramePoolOptions {
  /** Frames to hold at most, 1 to 64. */
  readonly count: number;
  /** Frames to allocate now; all of them unless given. */
  readonly initial?: number;
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
  /** Allocations since the start, those at the start included. */
  readonly allocations: number;
  /** Leases refused because every frame was out. */
  readonly exhaustions: number;
}

/** A frame that is out; hold it with `using`, so that it goes back. */
export interface FrameLease extends Disposable {
  /** Bytes of the frame. */
  readonly byteLength: number;
  /** Writes `value` to every byte. Throws `NativeError` ("invalid") after the frame went back. */
  fill(value: number): void;
}

/** Owner of one native pool; dispose it after the streams that use it. */
export class FramePool implements Disposable {
  readonly #frameBytes: number;
  #pointer: PoolPointer | undefined;
  /** One view for each frame that was filled here; forgotten before any frame is freed. */
  readonly #views = new Map<bigint, Uint8Array>();

  private constructor(pointer: PoolPointer, frameBytes: number) {
    this.#pointer = pointer;
    this.#frameBytes = frameBytes;
  }

  /** Allocates the pool; throws `NativeError` when the sizes exceed the limit or memory is short. */
  static open(options: FramePoolOptions): FramePool {
    const { count, initial = count, frameBytes, bytesMax } = options;
    const limit = BigInt(bytesMax);
    const pointer = nativeLibrary().wv_pool_create(count, initial, frameBytes, limit);
    if (pointer === null) {
      throw nativeError(
        `open a pool of ${count} frames of ${frameBytes} bytes within ${bytesMax} bytes`,
        STATUS.outOfMemory,
      );
    }
    return new FramePool(pointer, frameBytes);
  }

  /** Native handle, for the streams; throws `NativeError` ("invalid") after disposal. */
  get pointer(): PoolPointer {
    if (this.#pointer === undefined) throw nativeError("use a disposed pool", STATUS.invalid);
    return this.#pointer;
  }

  /** Takes a frame out, as a native stream does; undefined when all are out or memory is short. */
  lease(): FrameLease | undefined {
    const pool = this.pointer;
    const frame = nativeLibrary().wv_pool_lease(pool, this.#frameBytes);
    if (frame === null) return undefined;
    let isOut = true;
    const byteLength = this.#frameBytes;
    return {
      byteLength,
      fill: (value) => {
        if (!isOut) throw nativeError("fill a frame that went back", STATUS.invalid);
        this.#viewOf(frame).fill(value);
      },
      [Symbol.dispose]: () => {
        if (!isOut) return;
        isOut = false;
        nativeLibrary().wv_pool_release(pool, frame);
      },
    };
  }

  /** Frees frames that nobody leases until `keep` are left (they come back on demand); gives how many. */
  trim(keep = 0): number {
    this.#views.clear();
    return checkStatus("trim a pool", nativeLibrary().wv_pool_trim(this.pointer, keep));
  }

  /** Most frames that were out at once since the last call. */
  takePeak(): number {
    return checkStatus("read a pool's peak", nativeLibrary().wv_pool_take_peak(this.pointer));
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
    this.#views.clear();
  }

  /** The bytes of a frame that is out; no view ever leaves this class, for none keeps a frame alive. */
  #viewOf(frame: Deno.PointerObject): Uint8Array {
    const address = Deno.UnsafePointer.value(frame);
    let view = this.#views.get(address);
    if (view === undefined) {
      view = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(frame, this.#frameBytes));
      this.#views.set(address, view);
    }
    return view;
  }
}
