/**
 * ClipboardSession: a session's part of the clipboard: offers on its control stream, contents on
 * streams of their own in both directions. Each stream has a time for its header, for its pieces and
 * for all of it; what a viewer asks for too often is refused, not queued.
 */

import { ProtocolError } from "../core/errors.ts";
import {
  CLIPBOARD_CONTENT_PREAMBLE,
  CLIPBOARD_FETCH_BYTES,
  CLIPBOARD_FETCH_PREAMBLE,
  CLIPBOARD_HEADER_BYTES,
  encodeClipboardAnswer,
  parseClipboardFetch,
  parseClipboardHeader,
} from "../wire/clipboard.ts";
import type { ClipboardFailure } from "../wire/clipboard.ts";
import { encodeServerMessage } from "../wire/control.ts";
import type { ClientMessage, ServerMessage } from "../wire/control.ts";
import type { ClipboardContent, ClipboardMember, ClipboardPort } from "./clipboard_port.ts";
import type { FeatureSession, FeatureStream, SessionFeature } from "./session_feature.ts";
import { StreamSource, within } from "./stream_source.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Offers: people copy less often; a page that is focused looks again. */
const OFFER_LIMIT = { perSecond: 5, burst: 10 };
/** Streams, both ways. */
const STREAM_LIMIT = { perSecond: 5, burst: 20 };
const OPEN_STREAMS_MAX = 6;
/** Content is written in such pieces, so that one that is not wanted any more ends soon. */
const PIECE_BYTES = 64 * 1024;
/** Beside a picture pieces are what this time has room for, so that no frame waits long behind one. */
const PIECE_MS = 10;
const PIECE_BYTES_MIN = 4 * 1024;

/** How long a viewer may take. */
export interface ClipboardTimes {
  readonly headerMs: number;
  /** For the next piece of a content. */
  readonly stepMs: number;
  /** For all of it. */
  readonly contentMs: number;
}

const TIMES: ClipboardTimes = { headerMs: 1000, stepMs: 5000, contentMs: 300_000 };

/** The clipboard of one session. */
export class ClipboardSession implements SessionFeature, ClipboardMember {
  readonly messages = ["clipboard_offer", "clipboard_refuse"] as const;
  readonly streams = [CLIPBOARD_CONTENT_PREAMBLE, CLIPBOARD_FETCH_PREAMBLE];
  readonly #session: FeatureSession;
  readonly #port: ClipboardPort;
  readonly #times: ClipboardTimes;
  readonly #offers = new TokenBucket(OFFER_LIMIT);
  readonly #opened = new TokenBucket(STREAM_LIMIT);
  #openStreams = 0;
  #forgetRights: (() => void) | undefined;

  constructor(session: FeatureSession, port: ClipboardPort, times: ClipboardTimes = TIMES) {
    this.#session = session;
    this.#port = port;
    this.#times = times;
  }

  get id(): string {
    return this.#session.id;
  }

  get streamId(): number | undefined {
    return this.#session.streamId;
  }

  get mayRead(): boolean {
    return this.#port.toViewer && this.#session.may("clipboard_read");
  }

  get mayWrite(): boolean {
    return this.#port.toHost && this.#session.may("clipboard_write");
  }

  tell(message: ServerMessage): void {
    // Of what there is only the newest counts; of requests and outcomes each.
    const isNews = message.type === "clipboard_state" || message.type === "clipboard_offer";
    this.#session.send(encodeServerMessage(message), isNews ? message.type : undefined);
  }

  onStart(): void {
    this.#port.join(this);
    this.#forgetRights = this.#session.rights.onChange(() => this.#rightsChanged());
    this.#port.greet(this);
  }

  onWatch(): void {
    this.#port.greet(this);
  }

  onMessage(message: ClientMessage, nowUs: number): void {
    if (message.type === "clipboard_refuse") {
      return this.#port.refuse(this, message.serial, message.content);
    }
    if (message.type !== "clipboard_offer") return;
    const { serial, items } = message;
    if (this.#offers.take(nowUs)) return this.#port.offer(this, serial, items);
    this.tell({ type: "clipboard_outcome", serial, outcome: "failed" });
  }

  async onStream(preamble: number, stream: FeatureStream): Promise<void> {
    const isBusy = this.#openStreams >= OPEN_STREAMS_MAX ||
      !this.#opened.take(this.#session.nowUs());
    const isFetch = preamble === CLIPBOARD_FETCH_PREAMBLE;
    if (isBusy || isFetch !== (stream.writable !== undefined)) {
      abandon(stream);
      if (isBusy) return;
      const what = "Cannot accept a clipboard's stream of that direction";
      throw new ProtocolError(what, { reason: "unexpected" });
    }
    this.#openStreams++;
    const over = new AbortController();
    over.signal.addEventListener("abort", () => abandon(stream));
    const timer = setTimeout(() => over.abort(), this.#times.contentMs);
    try {
      if (isFetch) await this.#serve(stream, over.signal);
      else await this.#receive(stream);
    } catch (error) {
      abandon(stream);
      // Anything else is a stream that the viewer gave up, or that was given up here.
      if (error instanceof ProtocolError) throw error;
    } finally {
      clearTimeout(timer);
      this.#openStreams--;
    }
  }

  close(): void {
    this.#forgetRights?.();
    this.#port.leave(this);
  }

  /** What it may not do any more ends at once, also what is under way. */
  #rightsChanged(): void {
    if (!this.mayWrite) this.#port.withdraw(this);
    this.#port.greet(this);
  }

  /** Answers a viewer that wants content. */
  async #serve(
    { firstBytes, reader, writable }: FeatureStream,
    over: AbortSignal,
  ): Promise<void> {
    const { headerMs, stepMs } = this.#times;
    const source = new StreamSource(CLIPBOARD_FETCH_PREAMBLE, firstBytes, reader);
    const request = parseClipboardFetch(
      await source.exactly(CLIPBOARD_FETCH_BYTES, headerMs),
    );
    if (source.restBytes > 0) tooLong("a request for content");
    reader.cancel().catch(() => {});
    const { serial, type } = request;
    const content: ClipboardContent | ClipboardFailure = this.mayRead
      ? await this.#port.fetch(this, serial, type)
      : "not_allowed";
    const writer = writable!.getWriter();
    writer.closed.catch(() => {});
    over.addEventListener("abort", () => void writer.abort().catch(() => {}));
    const write = (bytes: Uint8Array) => within(stepMs, writer.write(bytes));
    try {
      if (typeof content === "string") {
        await write(encodeClipboardAnswer({ failure: content, serial, type }));
      } else {
        const { bytes, hash } = content;
        const header = { type, serial, bytes: bytes.byteLength, hash };
        await write(encodeClipboardAnswer(header));
        for (let at = 0; at < bytes.byteLength;) {
          if (content.isStale || !this.mayRead) throw new Error("It is not offered any more");
          const rate = this.#port.rate(this);
          const piece = bytes.subarray(at, at + pieceBytes(rate));
          await write(piece);
          at += piece.byteLength;
          if (rate !== undefined) await pause(piece.byteLength * 1000 / rate, over);
        }
      }
      await within(stepMs, writer.close());
    } catch (error) {
      writer.abort().catch(() => {});
      throw error;
    } finally {
      if (typeof content !== "string") content.drop();
    }
  }

  /** Takes content that a program of the host waits for. */
  async #receive({ firstBytes, reader }: FeatureStream): Promise<void> {
    const source = new StreamSource(CLIPBOARD_CONTENT_PREAMBLE, firstBytes, reader);
    const { headerMs, stepMs } = this.#times;
    const header = parseClipboardHeader(await source.exactly(CLIPBOARD_HEADER_BYTES, headerMs));
    const content = this.mayWrite ? this.#port.expect(this, header) : undefined;
    if (content === undefined) {
      // Asked for some time before: something newer was offered since, or nobody waits any more.
      reader.cancel().catch(() => {});
      return;
    }
    try {
      let bytes: Uint8Array | undefined = source.rest();
      while (bytes !== undefined && this.mayWrite && content.push(bytes)) {
        bytes = content.isWhole ? undefined : await source.next(stepMs);
      }
      if (bytes !== undefined && this.mayWrite) tooLong("content");
    } finally {
      const isGood = content.end();
      reader.cancel().catch(() => {});
      if (!isGood) this.#port.refuse(this, header.serial, header.type);
    }
  }
}

function pieceBytes(rate: number | undefined): number {
  if (rate === undefined) return PIECE_BYTES;
  return Math.round(Math.min(PIECE_BYTES, Math.max(PIECE_BYTES_MIN, rate * PIECE_MS / 1000)));
}

/** Waits, but not beyond the end. */
function pause(waitMs: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    over.addEventListener("abort", end);
  });
}

function abandon({ reader, writable }: FeatureStream): void {
  reader.cancel().catch(() => {});
  if (writable !== undefined && !writable.locked) writable.abort().catch(() => {});
}

function tooLong(what: string): never {
  throw new ProtocolError(`Cannot accept ${what} that is longer than it says`, {
    reason: "too_large",
  });
}
