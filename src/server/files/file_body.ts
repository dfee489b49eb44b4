/**
 * FileBody: the bytes of one download as a stream that takes its pace from who reads it and from
 * the share of the session that asked. It holds one open file and the piece that it gave last.
 * Each piece is memory of its own: the runtime's server asks for the next one before it has sent a
 * small one.
 */

import type { TransferShare } from "../../files/transfer_share.ts";
import { ManagedBuffer } from "../../memory/managed_buffer.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { ByteSpan } from "../../recording/byte_range.ts";
import { FILE_CHUNK_BYTES } from "../../wire/file_transfer.ts";

/** A share is asked again after this time at the latest: its rate can change. */
const SHARE_WAIT_MS_MAX = 250;

/** How a body ended. */
export type FileBodyEnd = "complete" | "cancelled" | "failed" | "closed";

/** What a body is made of. */
export interface FileBodyOptions {
  readonly file: Deno.FsFile;
  /** Gives the file back; called once. */
  readonly release: () => void;
  readonly span: ByteSpan;
  readonly account: MemoryAccount;
  readonly nowUs: () => number;
  /** The share that holds now; undefined while nothing limits. */
  readonly share: () => TransferShare | undefined;
  /** Asked before each piece. */
  readonly isAllowed: () => boolean;
  /** Called once. */
  readonly onEnd: (end: FileBodyEnd) => void;
}

/** The body of one download. */
export class FileBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: FileBodyOptions;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #position: number;
  #tookUs: number;
  /** What was handed over last. */
  #piece: ManagedBuffer | undefined;
  #isSought = false;
  #isBusy = false;
  #isHeld = false;
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(options: FileBodyOptions) {
    this.#options = options;
    const { span, nowUs } = options;
    this.#position = span.start;
    this.#tookUs = nowUs();
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#end("cancelled"),
    }, { highWaterMark: 0 });
  }

  /** Bytes of the file that were handed over, those before the range included. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that were handed over. */
  get sentBytes(): number {
    return this.#position - this.#options.span.start;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** When its reader last had room, microseconds. */
  get tookUs(): number {
    return this.#isBusy ? this.#options.nowUs() : this.#tookUs;
  }

  /** Stops it and lets it go on. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#wake?.();
  }

  /** Ends it from our side: its reader sees that bytes are missing. Idempotent. */
  abort(): void {
    if (this.#isEnded) return;
    this.#end("closed");
    // Short of its length, the connection ends with it; an error would be printed by the runtime.
    this.#controller?.close();
  }

  async #pull(): Promise<void> {
    this.#isBusy = true;
    try {
      const bytes = await this.#next();
      if (this.#isEnded) return;
      this.#tookUs = this.#options.nowUs();
      if (bytes === undefined) {
        this.#end("failed");
        return this.#controller?.close();
      }
      this.#position += bytes.byteLength;
      this.#controller?.enqueue(bytes);
      // The reader of a body with a length asks no more after its last byte.
      if (this.#position === this.#options.span.end) this.#complete();
    } catch {
      if (this.#isEnded) return;
      this.#end("failed");
      this.#controller?.close();
    } finally {
      this.#isBusy = false;
    }
  }

  /** The next bytes that may go; undefined when the file has fewer than it had. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { file, span, account } = this.#options;
    const bytes = await this.#allowance(span.end - this.#position);
    if (bytes === 0) return undefined;
    if (!this.#isSought) await file.seek(this.#position, Deno.SeekMode.Start);
    this.#isSought = true;
    this.#piece?.[Symbol.dispose]();
    this.#piece = new ManagedBuffer(account, bytes);
    const { bytes: piece } = this.#piece;
    const read = await file.read(piece);
    return read === null || this.#isEnded ? undefined : piece.subarray(0, read);
  }

  /** Waits until some bytes may go; 0 when it has ended. */
  async #allowance(left: number): Promise<number> {
    const { nowUs, share: currentShare, isAllowed } = this.#options;
    const wanted = Math.min(left, FILE_CHUNK_BYTES);
    while (!this.#isEnded) {
      if (!isAllowed()) {
        this.abort();
        return 0;
      }
      const share = currentShare();
      const taken = this.#isHeld ? 0 : share?.take(wanted, nowUs()) ?? wanted;
      if (taken > 0) return taken;
      const waitMs = this.#isHeld ? Infinity : (share?.waitUs(wanted, nowUs()) ?? 0) / 1000;
      await this.#sleep(Math.min(SHARE_WAIT_MS_MAX, waitMs));
    }
    return 0;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #complete(): void {
    this.#controller?.close();
    this.#end("complete");
  }

  #end(end: FileBodyEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#wake?.();
    this.#options.release();
    this.#piece?.[Symbol.dispose]();
    this.#options.onEnd(end);
  }
}
