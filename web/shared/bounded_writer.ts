/**
 * BoundedWriter: a reliable stream that is written without waiting. What the path has not taken is
 * bounded: above `PENDING_BYTES_MAX` the path counts as dead, and whoever owns it is told.
 */

/** Bytes that may wait for the network: more means a dead path. */
const PENDING_BYTES_MAX = 256 * 1024;

/** Writes to one stream. */
export class BoundedWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #onStalled: () => void;
  #pendingBytes = 0;

  constructor(stream: WritableStream<Uint8Array>, onStalled: () => void) {
    this.#writer = stream.getWriter();
    this.#writer.closed.catch(() => {});
    this.#onStalled = onStalled;
  }

  /** Writes in order; never throws, never waits. */
  write(bytes: Uint8Array): void {
    this.#pendingBytes += bytes.byteLength;
    if (this.#pendingBytes > PENDING_BYTES_MAX) {
      this.#onStalled();
      return;
    }
    const settle = () => {
      this.#pendingBytes -= bytes.byteLength;
    };
    this.#writer.write(bytes).then(settle, settle);
  }

  /** Nothing follows what was written. Never throws. */
  end(): void {
    this.#writer.close().catch(() => {});
  }
}
