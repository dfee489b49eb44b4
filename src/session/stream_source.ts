/**
 * StreamSource: the bytes of a stream that a viewer opened, with a time for each wait, for capabilities
 * whose streams begin with a header of a known size.
 */

import { ProtocolError } from "../core/errors.ts";

/** The bytes of a stream, its first one included, with a time for each wait. */
export class StreamSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #held: Uint8Array;

  constructor(
    preamble: number,
    firstBytes: Uint8Array,
    reader: ReadableStreamDefaultReader<Uint8Array>,
  ) {
    this.#reader = reader;
    this.#held = joined(Uint8Array.of(preamble), firstBytes);
  }

  get restBytes(): number {
    return this.#held.byteLength;
  }

  /** What came beyond the bytes that were asked for. */
  rest(): Uint8Array {
    return this.#held;
  }

  /** The next bytes of any number; undefined at the end. Rejects when they take too long. */
  async next(limitMs: number): Promise<Uint8Array | undefined> {
    return (await within(limitMs, this.#reader.read())).value;
  }

  /** The first `count` bytes. Rejects with ProtocolError when the stream ends before. */
  async exactly(count: number, limitMs: number): Promise<Uint8Array> {
    while (this.#held.byteLength < count) {
      const bytes = await this.next(limitMs);
      if (bytes === undefined) {
        throw new ProtocolError("Cannot use a clipboard's stream without its header", {
          reason: "truncated",
        });
      }
      this.#held = joined(this.#held, bytes);
    }
    const first = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return first;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const result = new Uint8Array(first.byteLength + second.byteLength);
  result.set(first);
  result.set(second, first.byteLength);
  return result;
}

/** `task`, or a rejection after `limitMs`. */
export async function within<T>(limitMs: number, task: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("It took too long")), limitMs);
  });
  try {
    return await Promise.race([task, late]);
  } finally {
    clearTimeout(timer);
    task.catch(() => {});
  }
}
