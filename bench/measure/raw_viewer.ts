/**
 * RawViewer: a viewer without a browser: a QUIC client that says hello, asks for the stream, reads its
 * datagrams and reports them, for scenarios that need many sessions quickly.
 */

import {
  type ClientMessage,
  encodeClientMessage,
  parseServerMessage,
  type ServerMessage,
  WIRE_VERSION,
} from "../../src/wire/control.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageSplitter } from "../../src/wire/framing.ts";
import { MediaReader } from "../../tests/media_reader.ts";
import { QuicClient } from "../../tests/quic_client.ts";
import type { Host } from "./host.ts";

/** One session; `close` or `vanish` ends it. */
export class RawViewer {
  readonly client: QuicClient;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #messages: AsyncGenerator<ServerMessage, void, undefined>;
  #reader: MediaReader | undefined;

  private constructor(
    client: QuicClient,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    messages: AsyncGenerator<ServerMessage, void, undefined>,
  ) {
    this.client = client;
    this.#writer = writer;
    this.#messages = messages;
  }

  /**
   * Connects with a fresh ticket, says hello and waits for the welcome and the catalog; to `port` where
   * another one than the host's own stands for it.
   */
  static async connect(host: Host, certChainPem: string, port?: number): Promise<RawViewer> {
    const { ticket, webTransport } = await host.newTicket() as {
      ticket: string;
      webTransport: { url: string };
    };
    const url = new URL(webTransport.url);
    const client = await QuicClient.connect({
      port: port ?? Number(url.port),
      certChainPem,
      path: url.pathname,
      origin: host.origin,
    });
    const control = await client.openBidirectional();
    const writer = control.writable.getWriter();
    writer.closed.catch(() => {});
    const viewer = new RawViewer(client, writer, messagesOf(control.readable));
    await viewer.send({ type: "hello", version: WIRE_VERSION, ticket });
    await viewer.waitFor("welcome");
    await viewer.waitFor("catalog");
    return viewer;
  }

  /** Sends a control message. */
  async send(message: ClientMessage): Promise<void> {
    await this.#writer.write(encodeClientMessage(message));
  }

  /** The next message of that type, before `play`; others before it are passed over. */
  async waitFor<T extends ServerMessage["type"]>(
    type: T,
  ): Promise<Extract<ServerMessage, { type: T }>> {
    for (;;) {
      const { value, done } = await this.#messages.next();
      if (done) throw new Error(`Cannot go on: the control stream ended before a ${type}`);
      if (value.type === type) return value as Extract<ServerMessage, { type: T }>;
    }
  }

  /** Asks for the stream and waits for its first `count` datagrams; reads on and reports on. */
  async play(streamId: number, count: number): Promise<void> {
    await this.send({ type: "play", streamId });
    const enough = Promise.withResolvers<void>();
    let arrived = 0;
    const media = () => {
      if (++arrived === count) enough.resolve();
    };
    this.#reader = new MediaReader(this.client, { media }, streamId);
    const { ended: over } = this.#reader;
    const lastWords = this.#readOn();
    if (count === 0) return;
    await Promise.race([enough.promise, over]);
    if (arrived >= count) return;
    const { code, reason } = await this.client.closed;
    throw new Error(
      `Cannot go on: closed before the video came (${code} "${reason}", ${await lastWords})`,
    );
  }

  /** Takes what the host says, as a viewer must who wants to stay; its last words, if any. */
  async #readOn(): Promise<string | undefined> {
    try {
      return (await this.waitFor("ended")).message;
    } catch {
      // The stream may go with the connection.
      return undefined;
    }
  }

  /** What receives the stream, once it plays. */
  get reader(): MediaReader | undefined {
    return this.#reader;
  }

  /** Leaves as a viewer does: says so, then closes. */
  async quit(): Promise<void> {
    await this.send({ type: "quit" });
    this.client.close(0, "");
  }

  /** Ends the connection below WebTransport, without a word. */
  vanish(): void {
    this.client.conn.close({ closeCode: 0, reason: "" });
  }
}

/** The certificate that the host made for QUIC and that pages pin by its hash. */
export async function readCertificate(stateDirectory: string): Promise<string> {
  const path = `${stateDirectory}/quic-certificates.json`;
  const [first] = JSON.parse(await Deno.readTextFile(path)) as { certChainPem: string }[];
  if (first === undefined) throw new Error(`Cannot find a certificate in "${path}"`);
  return first.certChainPem;
}

async function* messagesOf(
  readable: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerMessage, void, undefined> {
  const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES);
  for await (const bytes of readable) {
    for (const payload of splitter.push(bytes)) yield parseServerMessage(payload);
  }
}
