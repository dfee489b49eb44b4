/**
 * PrefixReader: reads the few varints at the front of a stream byte by byte and leaves the rest in
 * it, so that the stream itself can be handed on without a wrapper. A header that takes too long from
 * its first byte on cancels the stream; a stream without any byte may wait, because opening a stream
 * opens all lower ones of its kind too (RFC 9000 section 3.2), and browsers leave some unused.
 */
import { H3_EXCESSIVE_LOAD, H3Error } from "./h3_frames.ts";
import { readVarint, VARINT_BYTES_MAX, varintLengthAt } from "./varint.ts";

/** Reads varints from the front of a byte stream within a deadline. */
export class PrefixReader {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #timeoutMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #late = Promise.withResolvers<never>();

  /** Locks `readable` until `release`; `timeoutMs` counts from its first byte. */
  constructor(readable: ReadableStream<Uint8Array>, timeoutMs: number) {
    this.#reader = readable.getReader({ mode: "byob" });
    this.#timeoutMs = timeoutMs;
    // Nobody may be reading when it comes to nothing.
    this.#late.promise.catch(() => {});
  }

  /**
   * The next varint, or undefined when the stream ends before it does. Throws H3Error when the
   * deadline passes, and what the stream throws when the connection dies.
   */
  async varint(): Promise<number | undefined> {
    const bytes = new Uint8Array(VARINT_BYTES_MAX);
    let size = 0;
    let wanted = 1;
    while (size < wanted) {
      const { value } = await Promise.race([
        this.#reader.read(new Uint8Array(wanted - size)),
        this.#late.promise,
      ]);
      if (value === undefined || value.length === 0) return undefined;
      this.#timer ??= setTimeout(() => this.#expire(), this.#timeoutMs);
      bytes.set(value, size);
      size += value.length;
      wanted = varintLengthAt(bytes[0]!);
    }
    return readVarint(bytes.subarray(0, size), 0);
  }

  /** Stops the deadline and unlocks the stream, which continues behind what was read. */
  release(): void {
    clearTimeout(this.#timer);
    this.#reader.releaseLock();
  }

  #expire(): void {
    // The deadline itself ends the wait: a cancelled read answers later than other deadlines may fire.
    this.#late.reject(new H3Error(H3_EXCESSIVE_LOAD, "Stream header takes too long"));
    this.#reader.cancel().catch(() => {});
  }
}
