/**
 * Framing: length-prefixed msgpack messages on a reliable byte stream: u32 little-endian length,
 * then that many bytes of one msgpack value. The length is checked before anything is allocated,
 * so a splitter holds at most one message of `maxMessageBytes`.
 */

import { Packr } from "msgpackr/index-no-eval";
import { ProtocolError } from "../core/errors.ts";

/** Bytes of the length prefix. */
export const LENGTH_PREFIX_BYTES = 4;
/** Largest message that a viewer may send. */
export const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024;
/** Largest message that a server may send: a cursor image of 128x128 RGBA and its fields. */
export const MAX_SERVER_MESSAGE_BYTES = 128 * 1024;

// Plain maps only: records and structured clones are msgpackr extensions that other
// implementations of the format need not know.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: "number" });

/** One framed message: prefix and msgpack bytes. Throws RangeError above `maxMessageBytes`. */
export function encodeMessage(value: unknown, maxMessageBytes: number): Uint8Array<ArrayBuffer> {
  const payload = packr.pack(value);
  if (payload.byteLength > maxMessageBytes) {
    throw new RangeError(`Cannot send a message of ${payload.byteLength} bytes`);
  }
  const framed = new Uint8Array(LENGTH_PREFIX_BYTES + payload.byteLength);
  new DataView(framed.buffer).setUint32(0, payload.byteLength, true);
  framed.set(payload, LENGTH_PREFIX_BYTES);
  return framed;
}

/** The value of one message without its prefix. Throws ProtocolError when it is not msgpack. */
export function decodeMessage(payload: Uint8Array): unknown {
  try {
    return packr.unpack(payload);
  } catch (cause) {
    throw new ProtocolError("Cannot decode a message as msgpack", { reason: "bad_value", cause });
  }
}

/** Cuts a byte stream into framed messages. */
export class MessageSplitter {
  readonly #maxMessageBytes: number;
  readonly #prefix = new Uint8Array(LENGTH_PREFIX_BYTES);
  #prefixFilled = 0;
  #message: Uint8Array | undefined;
  #messageFilled = 0;

  /** Refuses messages above `maxMessageBytes`. */
  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes of a started message that are still missing; 0 between messages. */
  get pendingBytes(): number {
    if (this.#message !== undefined) return this.#message.byteLength - this.#messageFilled;
    return this.#prefixFilled === 0 ? 0 : LENGTH_PREFIX_BYTES - this.#prefixFilled;
  }

  /** Yields each message that `chunk` completes, without its prefix; throws ProtocolError. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    let offset = 0;
    while (offset < chunk.byteLength) {
      if (this.#message === undefined) {
        this.#prefix[this.#prefixFilled++] = chunk[offset++] ?? 0;
        if (this.#prefixFilled < LENGTH_PREFIX_BYTES) continue;
        this.#message = new Uint8Array(this.#readLength());
        this.#messageFilled = 0;
        this.#prefixFilled = 0;
        continue;
      }
      const wanted = this.#message.byteLength - this.#messageFilled;
      const part = chunk.subarray(offset, offset + wanted);
      this.#message.set(part, this.#messageFilled);
      this.#messageFilled += part.byteLength;
      offset += part.byteLength;
      if (this.#messageFilled === this.#message.byteLength) {
        const message = this.#message;
        this.#message = undefined;
        yield message;
      }
    }
  }

  #readLength(): number {
    const length = new DataView(this.#prefix.buffer).getUint32(0, true);
    if (length === 0 || length > this.#maxMessageBytes) {
      throw new ProtocolError(
        `Cannot accept a message of ${length} bytes: the limit is ${this.#maxMessageBytes}`,
        { reason: length === 0 ? "bad_value" : "too_large" },
      );
    }
    return length;
  }
}
