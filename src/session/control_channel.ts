/**
 * ControlChannel: the control stream of one viewer, as messages in both directions. What waits to
 * be written is bounded in bytes: a viewer that does not read its control stream is given up.
 */

import { ProtocolError } from "../core/errors.ts";
import type { BidirectionalStream } from "../transport/connection.ts";
import { parseClientMessage } from "../wire/control.ts";
import type { ClientMessage } from "../wire/control.ts";
import { MAX_CLIENT_MESSAGE_BYTES, MessageSplitter } from "../wire/framing.ts";

/** Most bytes that wait for a slow viewer: four of the largest messages. */
export const MAX_QUEUED_BYTES = 512 * 1024;
/** Above this much waiting, messages that the viewer can do without are left out. */
const CONGESTED_BYTES = 64 * 1024;

interface Queued {
  readonly bytes: Uint8Array;
  readonly replaces: string | undefined;
}

/** One viewer's control stream. */
export class ControlChannel {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #splitter = new MessageSplitter(MAX_CLIENT_MESSAGE_BYTES);
  readonly #onBroken: (why: string) => void;
  readonly #messages: AsyncGenerator<ClientMessage, void, undefined>;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #pumping: Promise<void> | undefined;
  #isClosed = false;

  /** `onBroken` hears once that the viewer cannot be written to any more. */
  constructor(stream: BidirectionalStream, onBroken: (why: string) => void) {
    this.#reader = stream.readable.getReader();
    this.#writer = stream.writable.getWriter();
    // The writer's own promise also rejects; the pump reports the failure.
    this.#writer.closed.catch(() => {});
    this.#onBroken = onBroken;
    this.#messages = this.#read();
  }

  /** Bytes that wait to be written. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** True while messages that can be left out should be. */
  get isCongested(): boolean {
    return this.#queuedBytes > CONGESTED_BYTES;
  }

  /** Next message, or undefined at the end of the stream. Rejects with ProtocolError. */
  async next(): Promise<ClientMessage | undefined> {
    const result = await this.#messages.next();
    return result.done === true ? undefined : result.value;
  }

  /**
   * Queues a framed message and returns at once. With `replaces`, a message of that name which is
   * still waiting is dropped: only the newest matters.
   */
  send(framed: Uint8Array, replaces?: string): void {
    if (this.#isClosed) return;
    if (replaces !== undefined) this.#drop(replaces);
    if (this.#queuedBytes + framed.byteLength > MAX_QUEUED_BYTES) {
      this.#break(`${this.#queuedBytes} bytes wait on its control stream`);
      return;
    }
    this.#queue.push({ bytes: framed, replaces });
    this.#queuedBytes += framed.byteLength;
    this.#pumping ??= this.#pump();
  }

  /** Settles when all that was queued is written or cannot be; never rejects. */
  async flushed(): Promise<void> {
    await this.#pumping;
  }

  /** Ends both directions; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#writer.close().catch(() => {});
    this.#reader.cancel().catch(() => {});
  }

  async *#read(): AsyncGenerator<ClientMessage, void, undefined> {
    while (true) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      for (const payload of this.#splitter.push(value)) yield parseClientMessage(payload);
    }
    if (this.#splitter.pendingBytes > 0) {
      throw new ProtocolError("Cannot use a control stream that ends within a message", {
        reason: "truncated",
      });
    }
  }

  async #pump(): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        await this.#writer.write(next.bytes);
        this.#queuedBytes = Math.max(0, this.#queuedBytes - next.bytes.byteLength);
      }
    } catch (error) {
      this.#break(error instanceof Error ? error.message : String(error));
    }
    this.#pumping = undefined;
  }

  #drop(name: string): void {
    this.#queue = this.#queue.filter((queued) => {
      if (queued.replaces === name) this.#queuedBytes -= queued.bytes.byteLength;
      return queued.replaces !== name;
    });
  }

  #break(why: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
    this.#onBroken(why);
  }
}
