/**
 * DeliveryBody: the body of one answer as a stream that takes its pace from who reads it: nothing is
 * read from the disk before there is room for it, one segment ahead at most. Bytes that were handed
 * over are good until the next are asked for: whoever reads sends or copies them first, as the
 * runtime's server does. However it ends, it holds nothing afterwards.
 */

import type { ByteLayout } from "./byte_layout.ts";
import type { FileIdentity } from "./file_handles.ts";
import type { FileSegment } from "./file_segment.ts";
import type { SegmentReader, SegmentTicket } from "./segment_reader.ts";

/** How a body ended. */
export type BodyEnd = "complete" | "cancelled" | "failed" | "closed";

/** What a body is made of. */
export interface DeliveryBodyOptions {
  readonly identity: FileIdentity;
  readonly layout: ByteLayout;
  readonly reader: SegmentReader;
  readonly nowUs: () => number;
  /** Bytes of the segments that it asks for now: fewer when there are many readers. */
  readonly segmentBytes: () => number;
  /** True while a segment may be read before it is asked for. */
  readonly readsAhead: () => boolean;
  /** Asked before each piece. */
  readonly isAllowed: () => boolean;
  /** Called once. */
  readonly onEnd: (end: BodyEnd) => void;
}

/** One piece that is handed over at once, or on its way from the disk. */
interface NextPiece {
  readonly ticket: SegmentTicket | undefined;
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

/** The body of one answer. */
export class DeliveryBody {
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: DeliveryBodyOptions;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  /** What was handed over last. */
  #handed: FileSegment | undefined;
  #ahead: NextPiece | undefined;
  #pieceIndex = 0;
  #position: number | undefined;
  #bytes = 0;
  #tookUs: number;
  /** What it waits for. */
  #current: SegmentTicket | undefined;
  #isEnded = false;

  constructor(options: DeliveryBodyOptions) {
    this.#options = options;
    this.#tookUs = options.nowUs();
    this.stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#end("cancelled"),
    }, { highWaterMark: 0 });
  }

  /** Bytes handed over so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When its reader last had room, or was given something, microseconds. */
  get tookUs(): number {
    return this.#tookUs;
  }

  /** True while its reader waits for the disk, and not the other way round. */
  get isReading(): boolean {
    return this.#current !== undefined;
  }

  /** Bytes of segments that it holds. */
  get heldBytes(): number {
    return this.#handed?.byteLength ?? 0;
  }

  /** Ends it from our side; its reader sees that bytes are missing. Idempotent. */
  abort(): void {
    if (this.#isEnded) return;
    this.#end("closed");
    // Short of its length, the connection ends with it; an error would be printed by the runtime.
    this.#controller?.close();
  }

  async #pull(): Promise<void> {
    this.#tookUs = this.#options.nowUs();
    this.#letGo();
    if (!this.#options.isAllowed()) return this.abort();
    const piece = this.#ahead ?? this.#next();
    this.#ahead = undefined;
    if (piece === undefined) return this.#complete();
    if (this.#options.readsAhead()) this.#ahead = this.#next();
    if (piece.bytes !== undefined) return this.#hand(piece.bytes);
    this.#current = piece.ticket;
    const segment = await piece.ticket?.segment;
    this.#current = undefined;
    if (this.#isEnded) return segment?.release();
    if (segment === undefined || segment.byteLength < piece.end) {
      segment?.release();
      this.#end("failed");
      return this.#controller?.close();
    }
    this.#handed = segment;
    this.#hand(segment.bytes.subarray(piece.start, piece.end));
  }

  #hand(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes += bytes.byteLength;
    // A slow disk is not the reader's fault.
    this.#tookUs = this.#options.nowUs();
    this.#controller?.enqueue(bytes);
    // The reader of a body with a length asks no more after its last byte.
    if (this.#bytes === this.#options.layout.bytes) this.#complete();
  }

  #complete(): void {
    if (this.#isEnded) return;
    // The last segment stays readable until the runtime has taken it.
    const last = this.#handed;
    this.#handed = undefined;
    this.#controller?.close();
    this.#end("complete");
    if (last !== undefined) setTimeout(() => last.release(), 0);
  }

  /** Asks for what comes next; undefined after the last. */
  #next(): NextPiece | undefined {
    const { layout, identity, reader, segmentBytes } = this.#options;
    const piece = layout.pieces[this.#pieceIndex];
    if (piece === undefined) return undefined;
    if (piece instanceof Uint8Array) {
      this.#pieceIndex++;
      return { ticket: undefined, start: 0, end: piece.byteLength, bytes: piece };
    }
    const position = this.#position ?? piece.start;
    const bytes = Math.min(segmentBytes(), roundedUp(piece.end - piece.start));
    const start = position - position % bytes;
    const end = Math.min(piece.end, start + bytes);
    this.#position = end < piece.end ? end : undefined;
    if (end === piece.end) this.#pieceIndex++;
    const ticket = reader.ask({ identity, start, bytes });
    return { ticket, start: position - start, end: end - start, bytes: undefined };
  }

  #letGo(): void {
    this.#handed?.release();
    this.#handed = undefined;
  }

  #end(end: BodyEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#letGo();
    const ahead = this.#ahead?.ticket;
    this.#ahead = undefined;
    if (ahead !== undefined) {
      ahead.cancel();
      void ahead.segment.then((segment) => segment?.release());
    }
    this.#current?.cancel();
    this.#options.onEnd(end);
  }
}

/** The next power of two, one page at least: a short range needs no long read. */
function roundedUp(bytes: number): number {
  return 2 ** Math.max(12, Math.ceil(Math.log2(bytes)));
}
