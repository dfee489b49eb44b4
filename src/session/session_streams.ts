/**
 * SessionStreams: the streams that a viewer opens beside its control stream, each given to its owner
 * by its first byte: the one input stream, and those of the session's features. How many may be open
 * is the listener's limit; a stream that is nobody's breaks the protocol.
 */

import { ProtocolError } from "../core/errors.ts";
import type { IncomingConnection } from "../transport/connection.ts";
import { INPUT_STREAM_PREAMBLE } from "../wire/input.ts";
import { judgeStream } from "./permissions.ts";
import type { SessionFeatures } from "./session_feature.ts";
import type { SessionRights } from "./session_rights.ts";

/** What the streams of a session need. */
export interface SessionStreamsOptions {
  readonly connection: IncomingConnection;
  readonly rights: SessionRights;
  readonly features: SessionFeatures;
  /** Takes pieces of the input stream, its first byte included; false once the session ends. */
  readonly pushInput: (bytes: Uint8Array) => boolean;
  /** The input stream is over. */
  readonly onInputEnd: () => void;
  /** Owns the outcome of reading one stream. */
  readonly guard: (task: Promise<void>) => void;
}

/** Reads what a viewer opens. */
export class SessionStreams {
  readonly #options: SessionStreamsOptions;
  #hasInput = false;

  constructor(options: SessionStreamsOptions) {
    this.#options = options;
  }

  /** Takes streams from the viewer to us until the connection is over. */
  async readUnidirectional(): Promise<void> {
    const { connection, features, guard } = this.#options;
    for (;;) {
      const stream = await connection.acceptUnidirectional();
      if (stream === undefined) return;
      const mayInput = judgeStream(this.#options.rights, INPUT_STREAM_PREAMBLE) !== "refused";
      const isWanted = features.takesStreams || (!this.#hasInput && mayInput);
      if (!isWanted) {
        stream.cancel().catch(() => {});
        this.#refuse();
      }
      guard(this.#route(stream, undefined));
    }
  }

  /** Takes bidirectional streams until the connection is over; only features have such. */
  async readBidirectional(): Promise<void> {
    const { connection, features, guard } = this.#options;
    for (;;) {
      const stream = await connection.acceptBidirectional();
      if (stream === undefined) return;
      if (!features.takesStreams) {
        stream.readable.cancel().catch(() => {});
        stream.writable.abort().catch(() => {});
        this.#refuse();
      }
      guard(this.#route(stream.readable, stream.writable));
    }
  }

  async #route(
    readable: ReadableStream<Uint8Array>,
    writable: WritableStream<Uint8Array> | undefined,
  ): Promise<void> {
    const reader = readable.getReader();
    let first = await reader.read();
    while (!first.done && first.value.byteLength === 0) first = await reader.read();
    // Opened and never used, as browsers do now and then.
    if (first.done) return;
    const preamble = first.value[0]!;
    const verdict = judgeStream(this.#options.rights, preamble);
    const isInput = preamble === INPUT_STREAM_PREAMBLE && writable === undefined;
    // Records are judged one by one, so that a stream of input may come late and be of use later.
    if (isInput && verdict !== "refused") return await this.#readInput(reader, first.value);
    if (verdict === "allowed") {
      const firstBytes = first.value.subarray(1);
      const task = this.#options.features.onStream(preamble, { firstBytes, reader, writable });
      if (task !== undefined) return await task;
    }
    reader.cancel().catch(() => {});
    writable?.abort().catch(() => {});
    if (verdict !== "late") this.#refuse();
  }

  async #readInput(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    first: Uint8Array,
  ): Promise<void> {
    const { pushInput, onInputEnd } = this.#options;
    if (this.#hasInput) {
      reader.cancel().catch(() => {});
      this.#refuse();
    }
    this.#hasInput = true;
    let bytes: Uint8Array | undefined = first;
    while (bytes !== undefined && pushInput(bytes)) bytes = (await reader.read()).value;
    // A viewer that ends its input stream cannot raise its keys any more.
    onInputEnd();
  }

  #refuse(): never {
    throw new ProtocolError(`Cannot accept a stream from a ${this.#options.rights.role}`, {
      reason: "unexpected",
    });
  }
}
