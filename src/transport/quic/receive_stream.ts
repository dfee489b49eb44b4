/**
 * receive_stream: reads the runtime's QUIC streams with buffers that fit. The runtime would allocate
 * 64 KiB for every read that waits, several of them for each session; here a waiting read holds 1 KiB
 * and grows with what arrives, so that 1,000 idle sessions cost megabytes less and bulk stays fast.
 */

/** Buffer of a read on a stream that has carried little so far. */
const PIECE_BYTES_MIN = 1_024;

/** Buffer of a read on a stream that carries bulk. */
const PIECE_BYTES_MAX = 65_536;

/** Reads a byte stream piece by piece; a piece that fills its buffer doubles the next one. */
export class PieceReader {
  readonly #reader: ReadableStreamBYOBReader;
  #pieceBytes = PIECE_BYTES_MIN;

  /** Locks `readable`, which must be a byte stream, for good. */
  constructor(readable: ReadableStream<Uint8Array>) {
    this.#reader = readable.getReader({ mode: "byob" });
    this.#reader.closed.catch(() => {});
  }

  /** The next bytes, or undefined at the end. Rejects with what the stream fails with. */
  async read(): Promise<Uint8Array | undefined> {
    const { value } = await this.#reader.read(new Uint8Array(this.#pieceBytes));
    if (value === undefined || value.length === 0) return undefined;
    if (value.length === this.#pieceBytes && value.length < PIECE_BYTES_MAX) this.#pieceBytes *= 2;
    return value;
  }

  /** Reads into `view`, whose buffer is taken; the view that comes back is empty at the end. */
  async readInto(view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return (await this.#reader.read(view)).value;
  }

  /** Asks the peer to stop sending; never rejects. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }
}

/** `native` as a byte stream that holds a small buffer while it waits, and nothing before a read. */
export function receiveStream(native: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = new PieceReader(native);
  const source: UnderlyingByteSource = {
    type: "bytes",
    pull: async (controller) => {
      const request = controller.byobRequest;
      if (request?.view) {
        const view = request.view;
        const into = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        const filled = await reader.readInto(into);
        if (filled === undefined || filled.length === 0) controller.close();
        if (filled !== undefined) request.respondWithNewView(filled);
        return;
      }
      const piece = await reader.read();
      if (piece === undefined) controller.close();
      else controller.enqueue(piece as Uint8Array<ArrayBuffer>);
    },
    cancel: () => reader.cancel(),
  };
  return new ReadableStream(source, { highWaterMark: 0 }) as ReadableStream<Uint8Array>;
}
