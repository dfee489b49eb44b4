/**
 * TestViewer: the viewer's end of a loopback connection, for tests of the session layer: it speaks
 * the wire format and keeps what the server said.
 */

import type { BidirectionalStream } from "../../../src/transport/connection.ts";
import { createLoopbackPair } from "../../../src/transport/loopback.ts";
import type { LoopbackConnection } from "../../../src/transport/loopback.ts";
import { encodeClientMessage, parseServerMessage } from "../../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageSplitter } from "../../../src/wire/framing.ts";

/** One viewer over an in-memory connection. */
export class TestViewer {
  readonly client: LoopbackConnection;
  readonly server: LoopbackConnection;
  /** What the server said, in order. */
  readonly said: ServerMessage[] = [];
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #waiting: (() => void)[] = [];

  constructor() {
    const pair = createLoopbackPair();
    this.client = pair.client;
    this.server = pair.server;
  }

  /** Opens the control stream. */
  async open(): Promise<this> {
    const stream: BidirectionalStream = await this.client.openBidirectional();
    this.#writer = stream.writable.getWriter();
    this.#writer.closed.catch(() => {});
    this.#read(stream.readable).catch(() => {}).finally(() => this.#wake());
    return this;
  }

  /** Sends a message. */
  async send(message: ClientMessage): Promise<void> {
    await this.#writer?.write(encodeClientMessage(message));
  }

  /** Sends any bytes on the control stream. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.#writer?.write(bytes);
  }

  /** The first message of that type, waiting for it; fails after two seconds. */
  async heard<T extends ServerMessage["type"]>(
    type: T,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    const deadlineMs = performance.now() + 2000;
    for (;;) {
      const found = this.said.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<ServerMessage, { type: T }>;
      if (performance.now() > deadlineMs) throw new Error(`The server never said ${type}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async #read(readable: ReadableStream<Uint8Array>): Promise<void> {
    const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES);
    for await (const chunk of readable) {
      for (const payload of splitter.push(chunk)) this.said.push(parseServerMessage(payload));
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
