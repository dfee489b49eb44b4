/**
 * EncoderPool: the encoders of all streams of the media process: which are kept when a stream ends or
 * changes its size, and for how long. At most one for each stream and `IDLE_ENCODERS` besides; what has
 * been idle for `IDLE_ENCODER_SECONDS` is closed, and under pressure nothing is kept at all.
 */

import { NativeEncoderPool, type NativeEncoderPoolStats } from "../../ffi/mod.ts";
import { IDLE_ENCODER_BYTES, IDLE_ENCODER_SECONDS, IDLE_ENCODERS } from "../memory/media_limits.ts";
import { MAX_STREAMS } from "../wire/codec.ts";

/** Longer than pressure waits before it asks again: while it lasts, nothing is kept. */
const LEAN_US = 40_000_000;

/** Limits other than the usual ones. */
export interface EncoderPoolOptions {
  readonly encodersMax?: number;
  readonly idleMax?: number;
  readonly idleBytesMax?: number;
  /** Microseconds after which an idle encoder is closed. */
  readonly idleUs?: number;
}

/** Owner of the pool; dispose it after the streams that use it. */
export class EncoderPool implements Disposable {
  readonly #pool: NativeEncoderPool;
  readonly #idleMax: number;
  readonly #idleUs: number;
  #leanUntilUs: number | undefined;

  /** Throws `NativeError` ("invalid") for limits out of range. */
  constructor(options: EncoderPoolOptions = {}) {
    const { idleMax = IDLE_ENCODERS, idleUs = IDLE_ENCODER_SECONDS * 1e6 } = options;
    const { encodersMax = MAX_STREAMS + idleMax } = options;
    this.#idleMax = idleMax;
    this.#idleUs = idleUs;
    const { idleBytesMax = IDLE_ENCODER_BYTES } = options;
    this.#pool = NativeEncoderPool.open({ encodersMax, idleMax, idleBytesMax });
  }

  /** The native pool, for native streams. */
  get native(): NativeEncoderPool {
    return this.#pool;
  }

  /** Reads the counters. */
  get stats(): NativeEncoderPoolStats {
    return this.#pool.stats;
  }

  /** Closes every idle encoder, and for a while each that is given back. Gives how many. */
  trim(nowUs: number): number {
    this.#leanUntilUs = nowUs + LEAN_US;
    this.#pool.setIdleMax(0);
    return this.#pool.trim();
  }

  /** Call about once a second: closes what has been idle for too long. Gives how many. */
  trimWhenIdle(nowUs: number): number {
    if (this.#leanUntilUs !== undefined && nowUs >= this.#leanUntilUs) {
      this.#leanUntilUs = undefined;
      this.#pool.setIdleMax(this.#idleMax);
    }
    return this.#pool.trim(this.#idleUs);
  }

  /** Closes every idle encoder; throws `NativeError` while a stream still has one. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }
}
