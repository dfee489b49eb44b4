/**
 * Clipboard: the selections of an X display over an own connection: what other programs copied is
 * told and read, what is copied elsewhere is owned and given. Beside the sentence, on the host's side;
 * contents lie in native memory until they are taken in pieces.
 */

import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import type { ClipboardPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Types of content, in the order of `wv_clipboard_type`. */
export const CLIPBOARD_TYPES = ["text", "png", "html"] as const;
/** One of `CLIPBOARD_TYPES`. */
export type ClipboardType = (typeof CLIPBOARD_TYPES)[number];

const EVENT_KINDS = ["offered", "read", "wanted", "owned"] as const;
const SELECTIONS = ["clipboard", "primary"] as const;
const EVENT_BYTES = 32;
const DISPLAY_BYTES = 64;

/** News of a clipboard; of each kind only the newest is kept until it is asked for. */
export interface NativeClipboardEvent {
  /**
   * offered: another program owns content of `types`, or none. read: a read of the offer ended.
   * wanted: programs wait for `types` of what is owned. owned: what came of `own`.
   */
  readonly kind: (typeof EVENT_KINDS)[number];
  readonly serial: number;
  readonly types: readonly ClipboardType[];
  /** 0, or a negative native status. */
  readonly status: number;
  readonly bytes: number;
  readonly selection: (typeof SELECTIONS)[number];
  /** Offered: it was there before the clipboard was opened. */
  readonly isOld: boolean;
}

/** Counters of a clipboard since it was opened. */
export interface NativeClipboardStats {
  readonly offers: number;
  readonly reads: number;
  readonly readFailures: number;
  /** Requests of other programs for what is owned. */
  readonly served: number;
  readonly refused: number;
}

/** How a display's clipboard is opened. */
export interface NativeClipboardOptions {
  readonly display: string;
  /** Takes part in PRIMARY, what is selected with the mouse, as well. */
  readonly withPrimary: boolean;
}

/** Owner of one native clipboard. */
export class NativeClipboard implements AsyncDisposable {
  #pointer: ClipboardPointer | undefined;
  /** The `next` under way. */
  #waiting: Promise<number> | undefined;

  private constructor(pointer: ClipboardPointer) {
    this.#pointer = pointer;
  }

  /** Opens the clipboard of a display; rejects with `NativeError` when that does not answer. */
  static async open({ display, withPrimary }: NativeClipboardOptions): Promise<NativeClipboard> {
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const name = encodeCText(display, DISPLAY_BYTES);
    const pointer = await nativeLibrary()
      .wv_clipboard_open(name, withPrimary ? 1 : 0, error, error.length);
    if (pointer === null) {
      const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
      throw nativeError(`open the clipboard of "${display}"`, Number(status ?? -6), text);
    }
    return new NativeClipboard(pointer);
  }

  /**
   * Waits for news up to `timeoutMs`: undefined after that, "closed" once the display or the clipboard
   * is gone. One call at a time; it holds a thread of the runtime.
   */
  async next(timeoutMs: number): Promise<NativeClipboardEvent | "closed" | undefined> {
    const bytes = new Uint8Array(EVENT_BYTES);
    this.#waiting = nativeLibrary().wv_clipboard_next(this.#live, bytes, timeoutMs);
    try {
      const status = await this.#waiting;
      if (status === STATUS.closed) return "closed";
      return checkStatus("wait for the clipboard", status) === 0 ? undefined : parseEvent(bytes);
    } finally {
      this.#waiting = undefined;
    }
  }

  /** Begins to read one type of an offer, `bytesMax` at most; the event `read` tells its end. */
  read(serial: number, type: ClipboardType, bytesMax: number): void {
    const index = CLIPBOARD_TYPES.indexOf(type);
    const status = nativeLibrary().wv_clipboard_read(this.#live, serial, index, bytesMax);
    checkStatus(`read ${type} of the clipboard`, status);
  }

  /** Copies up to `bytes` of what was read, from `offset` on. */
  take(offset: number, bytes: number): Uint8Array<ArrayBuffer> {
    const buffer = new Uint8Array(bytes);
    const count = nativeLibrary().wv_clipboard_take(this.#live, offset, buffer, bytes);
    return buffer.subarray(0, checkStatus("take from the clipboard", count));
  }

  /** Frees what was read, or ends a read without news. */
  drop(): void {
    checkStatus("drop a read", nativeLibrary().wv_clipboard_drop(this.#live));
  }

  /** Owns the clipboard with content of these types; none gives it up. */
  own(serial: number, types: readonly ClipboardType[]): void {
    const status = nativeLibrary().wv_clipboard_own(this.#live, bitsOf(types), serial);
    checkStatus("own the clipboard", status);
  }

  /**
   * Gives a piece of content of `total` bytes, in order from offset 0 on. "whole" with the last one,
   * "late" when something else is owned by now. Throws `NativeError` for a piece out of order.
   */
  give(piece: {
    readonly serial: number;
    readonly type: ClipboardType;
    readonly total: number;
    readonly offset: number;
    readonly bytes: Uint8Array;
  }): "more" | "whole" | "late" {
    const { serial, type, total, offset } = piece;
    const bytes = new Uint8Array(piece.bytes);
    const status = nativeLibrary().wv_clipboard_give(
      this.#live,
      serial,
      CLIPBOARD_TYPES.indexOf(type),
      total,
      offset,
      bytes,
      bytes.length,
    );
    if (status === STATUS.closed) return "late";
    return checkStatus(`give ${type} to the clipboard`, status) === 1 ? "whole" : "more";
  }

  /** Refuses the programs that wait for these types. */
  refuse(serial: number, types: readonly ClipboardType[]): void {
    const status = nativeLibrary().wv_clipboard_refuse(this.#live, serial, bitsOf(types));
    checkStatus("refuse content of the clipboard", status);
  }

  /** Reads the counters. */
  get stats(): NativeClipboardStats {
    const values = new BigUint64Array(8);
    checkStatus("count", nativeLibrary().wv_clipboard_stats(this.#live, values));
    const at = (index: number): number => Number(values[index]);
    return {
      offers: at(0),
      reads: at(1),
      readFailures: at(2),
      served: at(3),
      refused: at(4),
    };
  }

  /** Ends it within a second, after a clipboard manager copied what is owned; idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    const pointer = this.#pointer;
    if (pointer === undefined) return;
    this.#pointer = undefined;
    await nativeLibrary().wv_clipboard_close(pointer);
    // It has left, or leaves now: the clipboard has ended.
    await this.#waiting?.catch(() => {});
    nativeLibrary().wv_clipboard_destroy(pointer);
  }

  get #live(): ClipboardPointer {
    if (this.#pointer === undefined) throw nativeError("use a closed clipboard", STATUS.invalid);
    return this.#pointer;
  }
}

function bitsOf(types: readonly ClipboardType[]): number {
  return types.reduce((bits, type) => bits | 1 << CLIPBOARD_TYPES.indexOf(type), 0);
}

function parseEvent(bytes: Uint8Array): NativeClipboardEvent {
  const view = new DataView(bytes.buffer, bytes.byteOffset, EVENT_BYTES);
  const types = view.getUint32(8, true);
  return {
    kind: EVENT_KINDS[view.getUint32(0, true)]!,
    serial: view.getUint32(4, true),
    types: CLIPBOARD_TYPES.filter((_, index) => (types & 1 << index) !== 0),
    status: view.getInt32(12, true),
    bytes: view.getUint32(16, true),
    selection: SELECTIONS[view.getUint32(20, true)]!,
    isOld: view.getUint32(28, true) !== 0,
  };
}
