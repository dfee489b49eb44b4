/**
 * RequestStream: an HTTP/3 request stream (RFC 9114, section 4.1) behind its first varint: the
 * header block of the request, the response, and then the bytes of DATA frames, which for a
 * WebTransport session carry capsules. Header block and time to send it are bounded.
 */
import {
  encodeFrame,
  FRAME_DATA,
  FRAME_HEADERS,
  H3_EXCESSIVE_LOAD,
  H3_FRAME_ERROR,
  H3_FRAME_UNEXPECTED,
  H3Error,
  type H3Frame,
  H3FrameReader,
} from "./h3_frames.ts";
import { decodeFieldSection, encodeFieldSection, type FieldLine } from "./qpack.ts";
import type { QuicLimits } from "./quic_limits.ts";
import { PieceReader } from "./receive_stream.ts";
import { encodeVarints } from "./varint.ts";

/** One request of a peer. */
export class RequestStream {
  /** Stream id, which names the session. */
  readonly id: number;
  /** Our side of the stream. */
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;

  readonly #reader: PieceReader;
  readonly #frames: H3FrameReader;
  readonly #headerTimeoutMs: number;

  /** Takes over `stream`, whose first varint `frameType` has been read already. */
  constructor(stream: Deno.QuicBidirectionalStream, frameType: number, limits: QuicLimits) {
    this.id = Number(stream.readable.id);
    this.writer = stream.writable.getWriter();
    this.writer.closed.catch(() => {});
    this.#reader = new PieceReader(stream.readable);
    this.#frames = new H3FrameReader(limits.headerBytesMax);
    this.#frames.push(encodeVarints(frameType));
    this.#headerTimeoutMs = limits.headerTimeoutMs;
  }

  /** The field lines of the request; undefined when it ends before they are complete. */
  async readHeaders(): Promise<FieldLine[] | undefined> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // The deadline itself ends the wait: a cancelled read answers later than others may fire.
      late.reject(new H3Error(H3_EXCESSIVE_LOAD, "Request header takes too long"));
      this.#reader.cancel();
    }, this.#headerTimeoutMs);
    try {
      const frame = await Promise.race([this.#nextFrame(), late.promise]);
      if (frame === undefined) return undefined;
      if (frame.type !== FRAME_HEADERS) {
        throw new H3Error(H3_FRAME_UNEXPECTED, `Request starts with frame type ${frame.type}`);
      }
      return decodeFieldSection(frame.payload);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends the response's header block. */
  respond(status: number): void {
    const section = encodeFieldSection([[":status", String(status)]]);
    this.writer.write(encodeFrame(FRAME_HEADERS, section)).catch(() => {});
  }

  /** Sends a response without a body and ends both directions. */
  refuse(status: number): void {
    this.respond(status);
    this.discard();
  }

  /** Ends both directions. */
  discard(): void {
    this.writer.close().catch(() => {});
    this.#reader.cancel();
  }

  /** Next piece of the body; undefined when the peer ended the stream between two frames. */
  async readData(): Promise<Uint8Array | undefined> {
    for (;;) {
      const frame = await this.#nextFrame();
      if (frame?.type === FRAME_DATA) return frame.payload;
      if (frame === undefined) {
        if (this.#frames.atBoundary) return undefined;
        throw new H3Error(H3_FRAME_ERROR, "Session stream ended inside a frame");
      }
      throw new H3Error(H3_FRAME_UNEXPECTED, `Frame type ${frame.type} on a session's stream`);
    }
  }

  async #nextFrame(): Promise<H3Frame | undefined> {
    for (;;) {
      const frame = this.#frames.next();
      if (frame !== undefined) return frame;
      const bytes = await this.#reader.read();
      if (bytes === undefined) return undefined;
      this.#frames.push(bytes);
    }
  }
}
