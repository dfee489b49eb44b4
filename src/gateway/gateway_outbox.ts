/**
 * GatewayOutbox: what goes out on a pipe: messages are copied into one buffer while the one before is
 * being written, so that many messages are one write. Its size is bounded by who sends: nothing but
 * credit goes without room under way.
 */

import type { GatewayPipe } from "./gateway_pipe.ts";
import {
  GATEWAY_HEADER_BYTES,
  type GatewayKindName,
  writeGatewayHeader,
} from "./gateway_message.ts";

/** Holds the messages of one turn most of the time; a larger buffer is dropped after its write. */
const KEPT_BYTES = 65_536;

/** The parts of one message. */
export interface OutgoingMessage {
  readonly kind: GatewayKindName;
  readonly peerId: number;
  /** Goes before `payload`. */
  readonly prefix?: Uint8Array | undefined;
  readonly payload: Uint8Array;
}

/** Writes messages to a pipe, in order. */
export class GatewayOutbox {
  readonly #pipe: Pick<GatewayPipe, "write">;
  readonly #onBroken: () => void;
  #filling = new Uint8Array(KEPT_BYTES);
  #spare: Uint8Array<ArrayBuffer> | undefined = new Uint8Array(KEPT_BYTES);
  #filled = 0;
  #writingBytes = 0;
  #isWriting = false;
  #isClosed = false;

  /** `onBroken` is called when the other end is gone. */
  constructor(pipe: Pick<GatewayPipe, "write">, onBroken: () => void) {
    this.#pipe = pipe;
    this.#onBroken = onBroken;
  }

  /** Bytes that the pipe has not taken. */
  get unwrittenBytes(): number {
    return this.#filled + this.#writingBytes;
  }

  /** Memory of both buffers. */
  get bufferBytes(): number {
    return this.#filling.length + (this.#spare?.length ?? this.#writingBytes);
  }

  /** Copies a message; it is written with those that come in the same turn. */
  push({ kind, peerId, prefix, payload }: OutgoingMessage): void {
    if (this.#isClosed) return;
    const prefixBytes = prefix?.length ?? 0;
    const payloadBytes = prefixBytes + payload.length;
    const start = this.#filled + GATEWAY_HEADER_BYTES;
    const end = start + payloadBytes;
    this.#reserve(end);
    writeGatewayHeader(this.#filling, this.#filled, { kind, peerId, payloadBytes });
    if (prefix !== undefined) this.#filling.set(prefix, start);
    this.#filling.set(payload, start + prefixBytes);
    this.#filled = end;
    if (this.#isWriting) return;
    this.#isWriting = true;
    queueMicrotask(() => this.#writeAll());
  }

  /** Drops what is not written. */
  close(): void {
    this.#isClosed = true;
    this.#filled = 0;
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#filled > 0) {
        const buffer = this.#filling;
        const bytes = this.#filled;
        this.#filling = this.#spare ?? new Uint8Array(KEPT_BYTES);
        this.#spare = undefined;
        this.#filled = 0;
        this.#writingBytes = bytes;
        await this.#pipe.write(buffer.subarray(0, bytes));
        this.#writingBytes = 0;
        this.#spare = buffer.length > KEPT_BYTES ? new Uint8Array(KEPT_BYTES) : buffer;
      }
    } catch {
      this.close();
      this.#onBroken();
    } finally {
      this.#writingBytes = 0;
      this.#isWriting = false;
    }
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#filling.length) return;
    const larger = new Uint8Array(Math.max(bytes, 2 * this.#filling.length));
    larger.set(this.#filling.subarray(0, this.#filled));
    this.#filling = larger;
  }
}
