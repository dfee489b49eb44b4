/**
 * NativeEncoderPool: the encoders of all streams of this process in native memory, in use or idle,
 * bounded in number. Native streams take and give them back; here are its limits and its counters.
 */

import { nativeLibrary } from "./library.ts";
import type { EncoderPoolPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Limits of a pool. */
export interface NativeEncoderPoolOptions {
  /** Encoders in use and idle together, 1 to 64. */
  readonly encodersMax: number;
  /** Idle encoders, at most `encodersMax`. */
  readonly idleMax: number;
  /** What the libraries may hold for idle ones, bytes; no limit unless given. */
  readonly idleBytesMax?: number;
}

/** Counters of a pool. */
export interface NativeEncoderPoolStats {
  /** Encoders that streams have now, and the most they ever had. */
  readonly active: number;
  readonly activeMax: number;
  readonly idle: number;
  /** What the libraries hold for the idle ones, computed. */
  readonly idleBytes: number;
  readonly created: number;
  /** Requests served by an idle encoder of the same configuration. */
  readonly reused: number;
  /** Requests served by an idle encoder that took another configuration. */
  readonly reconfigured: number;
  /** Encoders that were closed instead of kept. */
  readonly evicted: number;
  /** Requests refused because every encoder was in use. */
  readonly refused: number;
}

/** Owner of one native pool; dispose it after the streams that use it. */
export class NativeEncoderPool implements Disposable {
  #pointer: EncoderPoolPointer | undefined;

  private constructor(pointer: EncoderPoolPointer) {
    this.#pointer = pointer;
  }

  /** Makes a pool without encoders; throws `NativeError` for limits out of range. */
  static open(options: NativeEncoderPoolOptions): NativeEncoderPool {
    const { encodersMax, idleMax, idleBytesMax = Number.MAX_SAFE_INTEGER } = options;
    const bytes = BigInt(idleBytesMax);
    const pointer = nativeLibrary().wv_encoder_pool_create(encodersMax, idleMax, bytes);
    if (pointer === null) {
      throw nativeError(`open a pool of ${encodersMax} encoders, ${idleMax} idle`, STATUS.invalid);
    }
    return new NativeEncoderPool(pointer);
  }

  /** Native handle, for the streams; throws `NativeError` ("invalid") after disposal. */
  get pointer(): EncoderPoolPointer {
    if (this.#pointer === undefined) {
      throw nativeError("use a disposed encoder pool", STATUS.invalid);
    }
    return this.#pointer;
  }

  /** Closes encoders that have been idle for `idleUs`, which takes milliseconds; gives how many. */
  trim(idleUs = 0): number {
    const idle = BigInt(idleUs);
    return checkStatus("trim encoders", nativeLibrary().wv_encoder_pool_trim(this.pointer, idle));
  }

  /** Sets how many encoders may be idle from now on; closes none. */
  setIdleMax(idleMax: number): void {
    const status = nativeLibrary().wv_encoder_pool_set_idle_limit(this.pointer, idleMax);
    checkStatus(`keep ${idleMax} idle encoders`, status);
  }

  /** Reads the counters. */
  get stats(): NativeEncoderPoolStats {
    const values = new BigUint64Array(12);
    checkStatus(
      "read encoder pool counters",
      nativeLibrary().wv_encoder_pool_stats(this.pointer, values),
    );
    const at = (index: number): number => Number(values[index]);
    return {
      active: at(0),
      activeMax: at(1),
      idle: at(2),
      idleBytes: at(3),
      created: at(4),
      reused: at(5),
      reconfigured: at(6),
      evicted: at(7),
      refused: at(8),
    };
  }

  /** Closes every idle encoder; throws `NativeError` while a stream still has one. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    const status = nativeLibrary().wv_encoder_pool_destroy(this.#pointer);
    checkStatus("free an encoder pool in use", status);
    this.#pointer = undefined;
  }
}
