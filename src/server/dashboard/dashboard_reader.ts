/**
 * DashboardReader: one open page of the dashboard as a stream of server-sent events. What it waits for
 * is bounded: the greeting, and then the newest sample alone, so that a slow page misses samples and
 * holds none. One that takes nothing for long is given up.
 */

/** A page that took nothing for this long is gone, whatever its connection says. */
export const STALL_MS = 30_000;

/** What a reader is made of. */
export interface DashboardReaderOptions {
  /** What it gets before anything else. */
  readonly greeting: Uint8Array<ArrayBuffer>;
  readonly nowMs: () => number;
  /** The stream is over, whoever ended it. */
  readonly onEnd: () => void;
}

/** One page. */
export class DashboardReader {
  /** What the page reads. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: DashboardReaderOptions;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #greeting: Uint8Array<ArrayBuffer> | undefined;
  #newest: Uint8Array<ArrayBuffer> | undefined;
  #wake: (() => void) | undefined;
  #takenMs: number;
  #dropped = 0;
  #hasEnded = false;

  constructor(options: DashboardReaderOptions) {
    this.#options = options;
    this.#greeting = options.greeting;
    this.#takenMs = options.nowMs();
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#end(),
      // Nothing is made ahead of a read: what waits here can still be replaced.
    }, { highWaterMark: 0 });
  }

  /** Samples that a newer one replaced. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that wait for the page; a sample is counted for each page that it waits for. */
  get heldBytes(): number {
    return (this.#greeting?.byteLength ?? 0) + (this.#newest?.byteLength ?? 0);
  }

  /** Gives it the newest event, in place of one that waits; ends it when it has stalled. */
  offer(event: Uint8Array<ArrayBuffer>): void {
    if (this.#hasEnded) return;
    if (this.#wake === undefined && this.#options.nowMs() - this.#takenMs >= STALL_MS) {
      return this.fail("The page takes nothing");
    }
    if (this.#newest !== undefined) this.#dropped++;
    this.#newest = event;
    this.#wake?.();
  }

  /** Ends the stream after a last event; idempotent. */
  close(event: Uint8Array<ArrayBuffer>): void {
    if (this.#hasEnded) return;
    this.#controller?.enqueue(event);
    this.#controller?.close();
    this.#end();
  }

  /** Breaks the stream off; idempotent. */
  fail(why: string): void {
    if (this.#hasEnded) return;
    this.#controller?.error(new Error(why));
    this.#end();
  }

  async #pull(): Promise<void> {
    this.#takenMs = this.#options.nowMs();
    if (this.#greeting === undefined && this.#newest === undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
      this.#takenMs = this.#options.nowMs();
    }
    if (this.#hasEnded) return;
    const event = this.#greeting ?? this.#newest;
    if (this.#greeting !== undefined) this.#greeting = undefined;
    else this.#newest = undefined;
    if (event !== undefined) this.#controller?.enqueue(event);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#greeting = undefined;
    this.#newest = undefined;
    this.#wake?.();
    this.#options.onEnd();
  }
}

/** An event as the page reads it; `data` becomes one line of JSON. */
export function eventText(name: string, data: unknown, id?: string): string {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return `event: ${name}\n${idLine}data: ${JSON.stringify(data)}\n\n`;
}
