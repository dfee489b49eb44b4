/**
 * FileViewer: a viewer without a browser that sends files by the very code of the page, over a
 * real connection that can be cut at any byte of a file, and watches the picture where that is
 * wanted.
 */

import type { ClientMessage, ServerMessage } from "../../src/wire/control.ts";
import { encodeClientMessage, parseServerMessage, WIRE_VERSION } from "../../src/wire/control.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageSplitter } from "../../src/wire/framing.ts";
import { MediaReader, type MediaReaderHandlers } from "../../tests/media_reader.ts";
import { QuicClient } from "../../tests/quic_client.ts";
import { FileSender } from "../../web/viewer/files/file_sender.ts";
import type { SentEvent, TransferMessage } from "../../web/viewer/files/sent_file.ts";
import type { Host } from "./host.ts";

/** Where to connect. */
export interface FileViewerTarget {
  readonly host: Host;
  readonly certChainPem: string;
}

/** One tab: its files outlive its connections. */
export class FileViewer {
  readonly #target: FileViewerTarget;
  readonly #sender = new FileSender((event) => this.#take(event));
  readonly #waiting = new Map<number, (event: SentEvent) => void>();
  #client: QuicClient | undefined;
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #lastId = 0;
  /** Bytes of streams of files until the connection is cut. */
  #bytesLeft = Infinity;

  constructor(target: FileViewerTarget) {
    this.#target = target;
  }

  /** Connects; the connection dies after `cutAfterBytes` of streams with files. */
  async connect(cutAfterBytes = Infinity): Promise<void> {
    const { host, certChainPem } = this.#target;
    const { ticket, webTransport } = await host.newTicket() as {
      ticket: string;
      webTransport: { url: string };
    };
    const url = new URL(webTransport.url);
    const client = await QuicClient.connect({
      ...{ port: Number(url.port), certChainPem, path: url.pathname, origin: host.origin },
    });
    const control = await client.openBidirectional();
    const writer = control.writable.getWriter();
    writer.closed.catch(() => {});
    this.#client = client;
    this.#writer = writer;
    this.#bytesLeft = cutAfterBytes;
    this.#send({ type: "hello", version: WIRE_VERSION, ticket });
    const ready = Promise.withResolvers<void>();
    client.closed.then(() => {
      this.#lost(client);
      ready.resolve();
    });
    void this.#read(client, control.readable, () => ready.resolve()).catch(() => {});
    await ready.promise;
  }

  /** Sends a file; resolves when the host has it or refuses it, over however many connections. */
  send(file: File): Promise<SentEvent> {
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<SentEvent>();
    this.#waiting.set(id, resolve);
    this.#sender.handle({ do: "send", id, file });
    return promise;
  }

  /** Sends a file that nobody waits for. */
  sendUntilCancelled(file: File): { cancel(): void } {
    const id = ++this.#lastId;
    this.#sender.handle({ do: "send", id, file });
    return { cancel: () => this.#sender.handle({ do: "cancel", id }) };
  }

  /** Settles when the connection is gone. */
  get closed(): Promise<unknown> {
    return this.#client?.closed ?? Promise.resolve();
  }

  /** Watches a stream. */
  watch(handlers: MediaReaderHandlers): void {
    if (this.#client === undefined) throw new Error("Cannot watch without a connection");
    this.#send({ type: "play", streamId: 0 });
    new MediaReader(this.#client, handlers);
  }

  /** Ends the connection below WebTransport, without a word. */
  cut(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#lost(client);
    client.conn.close({ closeCode: 0, reason: "" });
  }

  #send(message: ClientMessage): void {
    this.#writer?.write(encodeClientMessage(message)).catch(() => {});
  }

  async #read(
    client: QuicClient,
    readable: ReadableStream<Uint8Array>,
    onReady: () => void,
  ): Promise<void> {
    const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES);
    for await (const bytes of readable) {
      for (const payload of splitter.push(bytes)) {
        const message = parseServerMessage(payload);
        if (client !== this.#client) return;
        if (this.#isReady(client, message)) onReady();
      }
    }
  }

  /** True when files may be sent from now on. */
  #isReady(client: QuicClient, message: ServerMessage): boolean {
    if ("transferId" in message) {
      this.#sender.take(message as TransferMessage);
      return false;
    }
    if (message.type !== "file_rights") return false;
    this.#sender.connected({
      send: (sent) => this.#send(sent),
      openUnidirectional: async () => this.#counted(await client.openUnidirectional()),
    }, message.upload);
    return true;
  }

  /** A stream that kills its connection when enough went through. */
  #counted(stream: WritableStream<Uint8Array>): WritableStream<Uint8Array> {
    const writer = stream.getWriter();
    writer.closed.catch(() => {});
    return new WritableStream<Uint8Array>({
      write: async (bytes) => {
        const passed = bytes.subarray(0, Math.max(0, this.#bytesLeft));
        this.#bytesLeft -= bytes.byteLength;
        if (passed.byteLength > 0) await writer.write(passed);
        if (this.#bytesLeft < 0) this.cut();
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    });
  }

  #lost(client: QuicClient): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#writer = undefined;
    this.#sender.disconnected();
  }

  #take(event: SentEvent): void {
    if (event.state !== "done" && event.state !== "failed") return;
    this.#waiting.get(event.id)?.(event);
    this.#waiting.delete(event.id);
  }
}
