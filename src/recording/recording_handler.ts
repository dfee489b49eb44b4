/**
 * RecordingHandler: answers GET and HEAD for the files of recordings, whole and in ranges, and keeps
 * count of all that this takes: bodies, reads, segments, handles. It holds nothing whole in memory,
 * whatever the size of a file or the number of readers, and refuses what would exceed its limits.
 */

import type { MemoryAccount } from "../memory/memory_ledger.ts";
import { contentRange, httpDate, judgeRequest, type RangeOutcome } from "./byte_range.ts";
import { type ByteLayout, multipartLayout, plainLayout } from "./byte_layout.ts";
import { DeliveryAdmission, type DeliveryPlace } from "./delivery_admission.ts";
import { type BodyEnd, DeliveryBody } from "./delivery_body.ts";
import { DELIVERY_LIMITS, type DeliveryKind, segmentBytesFor } from "./delivery_limits.ts";
import { DeliveryCounters, type DeliveryStats } from "./delivery_stats.ts";
import { FileHandles, type FileIdentity } from "./file_handles.ts";
import { ReadGate, READS_MAX, READS_MIN } from "./read_gate.ts";
import { fileNameOf, type RecordingEntry } from "./recording_source.ts";
import { SegmentCache } from "./segment_cache.ts";
import { keyPrefix, SegmentReader } from "./segment_reader.ts";

const CONTENT_TYPE = "video/mp4";

/** One request for a file. */
export interface DeliveryRequest {
  readonly method: "GET" | "HEAD";
  readonly headers: Pick<Headers, "get">;
  /** Settles when the answer has left this process or never will; undefined where nobody knows. */
  readonly sent?: Promise<unknown> | undefined;
  /** Asked before each segment: who may no longer read gets no more. */
  readonly isAllowed: () => boolean;
  /** Offers the file as a download. */
  readonly isDownload: boolean;
}

/** What a handler is made of. */
export interface RecordingHandlerOptions {
  readonly folder: string;
  readonly account: MemoryAccount;
  readonly nowUs: () => number;
  /** Characters that no recording holds, for the parts of a multipart answer. */
  readonly newBoundary: () => string;
}

interface OpenBody {
  readonly body: DeliveryBody;
  readonly path: string;
  readonly kind: DeliveryKind;
}

/** The place of a body, from its beginning until its answer has left the runtime. */
interface BodyPlace {
  readonly bytes: number;
  /** When the body ended. */
  sinceUs: number;
  readonly giveBack: () => void;
}

/** Serves the files of one folder. */
export class RecordingHandler {
  readonly #options: RecordingHandlerOptions;
  readonly #handles: FileHandles;
  readonly #cache = new SegmentCache(DELIVERY_LIMITS.cache);
  readonly #gate = new ReadGate();
  readonly #reader: SegmentReader;
  readonly #admission: DeliveryAdmission;
  readonly #counters = new DeliveryCounters();
  /** Oldest first. */
  readonly #bodies = new Set<OpenBody>();
  readonly #places = new Set<BodyPlace>();
  /** Places that went on though the runtime still holds what was booked for them. */
  readonly #overdue = new Set<BodyPlace>();
  #overdueBytes = 0;
  #isShort = false;

  constructor(options: RecordingHandlerOptions) {
    const { folder, account, nowUs } = options;
    this.#options = options;
    this.#handles = new FileHandles(folder, nowUs);
    this.#reader = new SegmentReader({
      ...{ handles: this.#handles, cache: this.#cache, gate: this.#gate, account, nowUs },
    });
    this.#admission = new DeliveryAdmission({
      budgetBytes: DELIVERY_LIMITS.budgetBytes,
      nowUs,
      onWait: () => this.#endStalled(DELIVERY_LIMITS.stalledWhenFullUs),
    });
  }

  /** What it holds and has done. */
  get stats(): DeliveryStats {
    return {
      ...this.#counters.stats,
      activeStreams: this.#bodies.size,
      budgetBytes: this.#admission.budgetBytes,
      bookedBytes: this.#admission.bytes,
      overdueBytes: this.#overdueBytes,
      queueDepth: this.#admission.waiting,
      admission: this.#admission.stats,
      reader: this.#reader.stats,
      readsUnderWay: this.#gate.active,
      readsWaiting: this.#gate.waiting,
      readsMax: this.#gate.limit,
      flights: this.#reader.flights,
      cache: this.#cache.stats,
      cacheEntries: this.#cache.entries,
      cacheBytes: this.#cache.bytes,
      isCacheFull: this.#cache.isFull,
      openFiles: this.#handles.open,
    };
  }

  /** Answers a request for the file of a recording; undefined when it is not there. */
  async serve(entry: RecordingEntry, request: DeliveryRequest): Promise<Response | undefined> {
    const identity = await this.#handles.inspect(entry.path);
    if (identity === undefined) return undefined;
    this.#counters.requested();
    const outcome = judgeRequest(request.method, request.headers, identity);
    const headers = fileHeaders(identity, entry, request.isDownload);
    const early = answerWithoutBody(outcome, identity, headers);
    if (early !== undefined) return early;
    const kind = kindOf(outcome);
    const layout = this.#layout(outcome, identity, headers);
    headers.set("content-length", String(layout.bytes));
    const status = outcome.kind === "part" ? 206 : 200;
    if (request.method === "HEAD" || layout.bytes === 0) {
      return new Response(null, { status, headers });
    }
    const { bodyBytes, requestBytes } = DELIVERY_LIMITS;
    const bookBytes = requestBytes + Math.min(layout.bytes, bodyBytes);
    const place = await this.#admission.enter(bookBytes);
    if (place === undefined) return this.#refuse();
    if (this.#bodies.size >= DELIVERY_LIMITS.keepAliveBodies) headers.set("connection", "close");
    const body = this.#open(identity, { layout, kind, place, request, bookBytes });
    return new Response(body.stream, { status, headers });
  }

  /** Ends all that is under way for a file, and forgets it. */
  forget(path: string): void {
    for (const entry of [...this.#bodies]) if (entry.path === path) entry.body.abort();
    this.#cache.drop(keyPrefix(path));
    this.#handles.closeIdle(path);
  }

  /** Gives up what it can of its memory: 0 nothing, 1 some, 2 all but the least. */
  economise(level: 0 | 1 | 2): void {
    this.#isShort = level > 0;
    this.#cache.limit([1, 0.25, 0][level] ?? 1);
    this.#gate.limit = [READS_MAX, (READS_MAX + READS_MIN) / 2, READS_MIN][level] ?? READS_MAX;
    this.#admission.limit([1, 0.5, 0.25][level] ?? 1);
  }

  /** Ends what took too long; called every second or so. */
  tick(nowUs: number): void {
    const isFull = this.#admission.waiting > 0;
    this.#endStalled(isFull ? DELIVERY_LIMITS.stalledWhenFullUs : DELIVERY_LIMITS.stalledUs);
    if (isFull) this.#passOn(nowUs);
    this.#admission.expire(nowUs);
    this.#reader.expire(nowUs);
    this.#cache.expire(nowUs);
    this.#handles.expire(nowUs);
  }

  /** Ends everything and gives all back. Idempotent. */
  close(): void {
    this.#admission.close();
    for (const { body } of [...this.#bodies]) body.abort();
    for (const { giveBack } of [...this.#places]) giveBack();
    this.#reader.close();
    this.#gate.close();
    this.#cache.clear();
    this.#handles.close();
  }

  #open(
    identity: FileIdentity,
    { layout, kind, place, request, bookBytes }: {
      layout: ByteLayout;
      kind: DeliveryKind;
      place: DeliveryPlace;
      request: DeliveryRequest;
      bookBytes: number;
    },
  ): DeliveryBody {
    const { sent, isAllowed } = request;
    this.#counters.opened(kind, bookBytes);
    const own: BodyPlace = {
      bytes: bookBytes,
      sinceUs: Infinity,
      giveBack: () => {
        if (!this.#places.delete(own)) return;
        this.#counters.left(kind, bookBytes);
        place.release();
      },
    };
    this.#places.add(own);
    // What was handed over is still in the runtime until it was sent.
    const onSent = () => {
      if (this.#overdue.delete(own)) this.#overdueBytes -= bookBytes;
      own.giveBack();
    };
    void sent?.then(onSent, onSent);
    const body = new DeliveryBody({
      ...{ identity, layout, isAllowed, reader: this.#reader, nowUs: this.#options.nowUs },
      segmentBytes: () => segmentBytesFor(this.#isShort ? Infinity : this.#bodies.size),
      readsAhead: () => !this.#isShort && this.#bodies.size <= DELIVERY_LIMITS.readAheadBodies,
      onEnd: (end: BodyEnd) => {
        this.#bodies.delete(open);
        this.#counters.ended(end, body.bytes);
        own.sinceUs = this.#options.nowUs();
        if (sent === undefined) own.giveBack();
      },
    });
    const open = { body, path: identity.path, kind };
    this.#bodies.add(open);
    return body;
  }

  #layout(outcome: RangeOutcome, { bytes }: FileIdentity, headers: Headers): ByteLayout {
    headers.set("content-type", CONTENT_TYPE);
    if (outcome.kind !== "part") return plainLayout([{ start: 0, end: bytes }]);
    const [first] = outcome.spans;
    if (outcome.spans.length === 1) {
      headers.set("content-range", contentRange(first, bytes));
      return plainLayout(outcome.spans);
    }
    const boundary = this.#options.newBoundary();
    headers.set("content-type", `multipart/byteranges; boundary=${boundary}`);
    return multipartLayout(outcome.spans, {
      ...{ boundary, contentType: CONTENT_TYPE, fileBytes: bytes },
    });
  }

  #refuse(): Response {
    this.#counters.refused();
    const message = "Cannot serve more readers of recordings now: try again";
    return Response.json({ error: { reason: "too_many_readers", message } }, {
      status: 503,
      headers: { "retry-after": String(DELIVERY_LIMITS.retryAfterSeconds) },
    });
  }

  /** Ends bodies whose readers took nothing for that long, though there was something to take. */
  #endStalled(stalledUs: number): void {
    const nowUs = this.#options.nowUs();
    for (const { body } of [...this.#bodies]) {
      if (body.isReading || nowUs - body.tookUs < stalledUs) continue;
      this.#counters.stalled();
      body.abort();
    }
  }

  /** Gives on places whose last bytes wait in the runtime, out of reach, for who takes nothing. */
  #passOn(nowUs: number): void {
    const { leavingWhenFullUs, budgetBytes } = DELIVERY_LIMITS;
    for (const own of [...this.#places]) {
      if (nowUs - own.sinceUs < leavingWhenFullUs) continue;
      if (this.#overdueBytes + own.bytes > budgetBytes) return;
      this.#overdue.add(own);
      this.#overdueBytes += own.bytes;
      own.giveBack();
    }
  }
}

function fileHeaders(
  identity: FileIdentity,
  entry: RecordingEntry,
  isDownload: boolean,
): Headers {
  const disposition = isDownload ? "attachment" : "inline";
  return new Headers({
    "accept-ranges": "bytes",
    "etag": identity.etag,
    "last-modified": httpDate(identity.modifiedMs),
    "content-disposition": `${disposition}; filename="${fileNameOf(entry.title)}.mp4"`,
    "x-content-type-options": "nosniff",
    // Compression would break ranges, and a copy must not outlive a deletion.
    "cache-control": "private, no-cache, no-transform",
  });
}

function answerWithoutBody(
  outcome: RangeOutcome,
  { bytes }: FileIdentity,
  headers: Headers,
): Response | undefined {
  if (outcome.kind === "not_modified") {
    headers.delete("content-disposition");
    return new Response(null, { status: 304, headers });
  }
  if (outcome.kind === "precondition_failed") return new Response(null, { status: 412, headers });
  if (outcome.kind !== "unsatisfiable") return undefined;
  headers.set("content-range", contentRange(undefined, bytes));
  return new Response(null, { status: 416, headers });
}

function kindOf(outcome: RangeOutcome): DeliveryKind {
  if (outcome.kind !== "part") return "whole";
  return outcome.spans.length === 1 ? "range" : "multipart";
}
