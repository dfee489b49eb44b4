/**
 * MediaOutput: where encoded frames, cursors, stream states and messages leave the media process, in
 * one bounded ring in native memory. Staging to packetize; when it is full, streams do not grab.
 */

import { assert } from "../src/core/assert.ts";
import { nativeLibrary } from "./library.ts";
import type { OutputPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Bytes of the header in front of every record. */
export const RECORD_HEADER_BYTES = 64;

/** Counters of a `MediaOutput` since it was opened. */
export interface MediaOutputStats {
  /** Bytes of the ring. */
  readonly ringBytes: number;
  /** Bytes of the ring in use now. */
  readonly usedBytes: number;
  /** Most bytes that were ever in use. */
  readonly usedBytesMax: number;
  /** Records accepted. */
  readonly records: number;
  /** Bytes accepted, headers included. */
  readonly bytes: number;
  /** Records refused because the ring had no room. */
  readonly refused: number;
  /** Headers of `next` overwritten because nobody read them (only with a descriptor). */
  readonly headersLost: number;
  /** Records written by the thread that made them, without the writer thread. */
  readonly directWrites: number;
}

/** Owner of one native output; dispose it after the streams that use it. */
export class MediaOutput implements Disposable {
  #pointer: OutputPointer | undefined;
  /** The `next` under way; native code may not have begun it yet. */
  #waiting: Promise<number> | undefined;

  private constructor(pointer: OutputPointer) {
    this.#pointer = pointer;
  }

  /** Opens an output with a ring of `ringBytes` (1 to 256 MiB); throws `NativeError`. */
  static open(options: { ringBytes: number }): MediaOutput {
    const pointer = nativeLibrary().wv_output_create(options.ringBytes);
    if (pointer === null) {
      throw nativeError(`open an output of ${options.ringBytes} bytes`, STATUS.outOfMemory);
    }
    return new MediaOutput(pointer);
  }

  /** Native handle, for the streams; throws `NativeError` ("invalid") after disposal. */
  get pointer(): OutputPointer {
    if (this.#pointer === undefined) throw nativeError("use a disposed output", STATUS.invalid);
    return this.#pointer;
  }

  /**
   * Sends every later record to descriptor `fd` (a pipe or socket; it becomes non-blocking) from
   * native threads; `next` then gives only headers. The descriptor stays the caller's, but standard
   * output (1) is taken over: what is printed there from then on goes to standard error.
   */
  attach(fd: number): void {
    checkStatus(
      `attach descriptor ${fd}`,
      nativeLibrary().wv_output_attach_fd(this.pointer, fd),
    );
  }

  /** Queues a kind 3 record of `payload` (copied); false when there is no room or it is closed. */
  post(payload: Uint8Array<ArrayBuffer>): boolean {
    const status = nativeLibrary().wv_output_post(this.pointer, payload, payload.length);
    if (status === STATUS.full || status === STATUS.closed) return false;
    checkStatus(`post ${payload.length} bytes`, status);
    return true;
  }

  /**
   * Waits up to `timeoutMs` for the next record of any stream and copies it into `buffer`. Gives its
   * bytes, 0 after the timeout, undefined when closed. A record larger than `buffer` stays queued and
   * throws `NativeError`. Only one call at a time.
   */
  async next(buffer: Uint8Array<ArrayBuffer>, timeoutMs: number): Promise<number | undefined> {
    assert(this.#waiting === undefined, "MediaOutput.next was called while one is under way");
    const { pointer } = this;
    this.#waiting = nativeLibrary().wv_output_next(pointer, buffer, buffer.length, timeoutMs);
    try {
      const bytes = await this.#waiting;
      if (bytes === STATUS.closed) return undefined;
      return checkStatus(`read a record into ${buffer.length} bytes`, bytes);
    } finally {
      this.#waiting = undefined;
    }
  }

  /** As `next` without waiting; never while a `next` is under way. */
  take(buffer: Uint8Array<ArrayBuffer>): number | undefined {
    const bytes = nativeLibrary().wv_output_take(this.pointer, buffer, buffer.length, 0);
    if (bytes === STATUS.closed) return undefined;
    return checkStatus(`take a record into ${buffer.length} bytes`, bytes);
  }

  /** Reads the counters. */
  get stats(): MediaOutputStats {
    const values = new BigUint64Array(8);
    checkStatus("read output counters", nativeLibrary().wv_output_stats(this.pointer, values));
    const at = (index: number): number => Number(values[index]);
    return {
      ringBytes: at(0),
      usedBytes: at(1),
      usedBytesMax: at(2),
      records: at(3),
      bytes: at(4),
      refused: at(5),
      headersLost: at(6),
      directWrites: at(7),
    };
  }

  /** Wakes a waiting `next` (it gives undefined) and refuses later records. */
  close(): void {
    if (this.#pointer !== undefined) nativeLibrary().wv_output_close(this.#pointer);
  }

  /**
   * Closes and frees, after a `next` under way has ended (with undefined); idempotent. Every stream
   * must be disposed before.
   */
  [Symbol.dispose](): void {
    const pointer = this.#pointer;
    if (pointer === undefined) return;
    this.close();
    this.#pointer = undefined;
    const free = () => nativeLibrary().wv_output_destroy(pointer);
    if (this.#waiting === undefined) free();
    else this.#waiting.then(free, free);
  }
}
