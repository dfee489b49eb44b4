/**
 * FileDelivery: answers GET and HEAD for the files of the drop folder: whole or from a byte on, as a
 * download and never as a page, and their SHA-256 for who asks for it. A few at once, each with one
 * buffer; who takes nothing for a minute loses its place.
 */

import { createHash } from "node:crypto";
import type { DropFolder } from "../../files/drop_folder.ts";
import { safeFileName } from "../../files/file_name.ts";
import type { TransferShare } from "../../files/transfer_share.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import { contentRange, httpDate, judgeRequest } from "../../recording/byte_range.ts";
import type { ByteSpan, RangeOutcome } from "../../recording/byte_range.ts";
import { FileHandles, type FileIdentity } from "../../recording/file_handles.ts";
import { FILE_CHUNK_BYTES, FILE_TRANSFERS_MAX } from "../../wire/file_transfer.ts";
import { FileBody, type FileBodyEnd } from "./file_body.ts";

/** Downloads of all browsers at once. */
export const DOWNLOADS_MAX = 16;
/** Who takes nothing for this long has left. */
const STALLED_US = 60_000_000;
/** Requests that wait for a place, and how long. */
export const DOWNLOADS_WAITING_MAX = 64;
export const DOWNLOAD_WAIT_US_MAX = 60_000_000;
/** Sums that are remembered. */
const DIGESTS_MAX = 64;
const RETRY_SECONDS = 2;

/** A request for a file. */
export interface FileRequest {
  readonly method: "GET" | "HEAD";
  readonly headers: Pick<Headers, "get">;
  /** Whose request it is. */
  readonly browserSessionId: string;
  /** Asked before each piece. */
  readonly isAllowed: () => boolean;
}

/** What delivery is made of. */
export interface FileDeliveryOptions {
  readonly folder: DropFolder;
  readonly account: MemoryAccount;
  readonly nowUs: () => number;
  /** The share of a browser's session that holds now; undefined while nothing limits. */
  readonly share: (browserSessionId: string) => TransferShare | undefined;
  readonly onEnd: (end: FileBodyEnd, bytes: number) => void;
}

/** One download that is under way. */
export interface Download {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  readonly browserSessionId: string;
  readonly body: FileBody;
}

/** A request that waits for its turn. */
interface Waiting {
  readonly browserSessionId: string;
  readonly sinceUs: number;
  readonly settle: (isIn: boolean) => void;
}

/** Gives files out. */
export class FileDelivery {
  readonly #options: FileDeliveryOptions;
  readonly #handles: FileHandles;
  readonly #downloads = new Map<string, Download>();
  /** Whose places are taken, one entry for each. */
  readonly #places: string[] = [];
  /** First come first. */
  readonly #waiting = new Set<Waiting>();
  readonly #digests = new Map<string, string>();
  #digesting: Promise<unknown> = Promise.resolve();
  #nextId = 1;

  constructor(options: FileDeliveryOptions) {
    this.#options = options;
    this.#handles = new FileHandles(options.folder.path, options.nowUs);
  }

  /** Downloads that are under way. */
  get downloads(): IterableIterator<Download> {
    return this.#downloads.values();
  }

  /** Requests that wait for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The download of that id. */
  download(id: string): Download | undefined {
    return this.#downloads.get(id);
  }

  /** Answers for the file of that name; undefined when there is none. */
  async serve(name: string, request: FileRequest): Promise<Response | undefined> {
    const path = this.#options.folder.pathOf(name);
    const identity = path === undefined ? undefined : await this.#handles.inspect(path);
    if (identity === undefined) return undefined;
    const headers = headersOf(identity, name);
    const outcome = judgeRequest(request.method, request.headers, identity);
    const early = answerWithoutBody(outcome, identity, headers);
    if (early !== undefined) return early;
    if (request.headers.get("want-repr-digest")?.includes("sha-256") === true) {
      headers.set("repr-digest", `sha-256=:${await this.#digest(identity)}:`);
    }
    const span = spanOf(outcome, identity);
    const isPart = outcome.kind === "part" && outcome.spans.length === 1;
    if (isPart) headers.set("content-range", contentRange(span, identity.bytes));
    headers.set("content-length", String(span.end - span.start));
    const status = isPart ? 206 : 200;
    if (request.method === "HEAD" || span.end === span.start) {
      return new Response(null, { status, headers });
    }
    return await this.#send(name, { identity, span, request, status, headers });
  }

  /** Ends who takes nothing, and forgets handles that nobody uses. */
  tick(nowUs: number): void {
    this.#handles.expire(nowUs);
    for (const waiting of [...this.#waiting]) {
      if (nowUs - waiting.sinceUs >= DOWNLOAD_WAIT_US_MAX) this.#settle(waiting, false);
    }
    for (const { body } of [...this.#downloads.values()]) {
      if (!body.isHeld && nowUs - body.tookUs > STALLED_US) body.abort();
    }
  }

  /** Ends everything. Idempotent. */
  close(): void {
    for (const waiting of [...this.#waiting]) this.#settle(waiting, false);
    for (const { body } of [...this.#downloads.values()]) body.abort();
    this.#handles.close();
  }

  async #send(
    name: string,
    { identity, span, request, status, headers }: {
      identity: FileIdentity;
      span: ByteSpan;
      request: FileRequest;
      status: number;
      headers: Headers;
    },
  ): Promise<Response | undefined> {
    const { browserSessionId, isAllowed } = request;
    if (!await this.#enter(browserSessionId)) return tooMany();
    const handle = await this.#handles.take(identity).catch(() => undefined);
    if (handle === undefined) {
      this.#leave(browserSessionId);
      return undefined;
    }
    const { account, nowUs, share, onEnd } = this.#options;
    const id = `d${this.#nextId++}`;
    const body = new FileBody({
      ...{ file: handle.file, span, account, nowUs, isAllowed },
      release: () => this.#handles.drop(handle),
      share: () => share(browserSessionId),
      onEnd: (end) => {
        this.#downloads.delete(id);
        this.#leave(browserSessionId);
        onEnd(end, body.position - span.start);
      },
    });
    this.#downloads.set(id, { id, name, bytes: identity.bytes, browserSessionId, body });
    return new Response(body.stream, { status, headers });
  }

  /** Takes a place, waiting for one where all are taken; false when there is none in time. */
  async #enter(browserSessionId: string): Promise<boolean> {
    if (this.#hasPlace(browserSessionId)) {
      this.#places.push(browserSessionId);
      return true;
    }
    if (this.#waiting.size >= DOWNLOADS_WAITING_MAX) return false;
    const { promise, resolve: settle } = Promise.withResolvers<boolean>();
    this.#waiting.add({ browserSessionId, sinceUs: this.#options.nowUs(), settle });
    return await promise;
  }

  #hasPlace(browserSessionId: string): boolean {
    const own = this.#places.filter((id) => id === browserSessionId).length;
    return this.#places.length < DOWNLOADS_MAX && own < FILE_TRANSFERS_MAX;
  }

  #leave(browserSessionId: string): void {
    this.#places.splice(this.#places.indexOf(browserSessionId), 1);
    for (const waiting of [...this.#waiting]) {
      if (!this.#hasPlace(waiting.browserSessionId)) continue;
      this.#places.push(waiting.browserSessionId);
      this.#settle(waiting, true);
    }
  }

  #settle(waiting: Waiting, isIn: boolean): void {
    this.#waiting.delete(waiting);
    waiting.settle(isIn);
  }

  /** SHA-256 of a file in base64; one file is read at a time. */
  async #digest(identity: FileIdentity): Promise<string> {
    const known = this.#digests.get(identity.etag);
    if (known !== undefined) return known;
    const digesting = this.#digesting.then(() => sha256Of(identity.path));
    this.#digesting = digesting.catch(() => {});
    const digest = await digesting;
    this.#digests.set(identity.etag, digest);
    const [oldest] = this.#digests.keys();
    if (this.#digests.size > DIGESTS_MAX && oldest !== undefined) this.#digests.delete(oldest);
    return digest;
  }
}

async function sha256Of(path: string): Promise<string> {
  using file = await Deno.open(path);
  const hash = createHash("sha256");
  const piece = new Uint8Array(FILE_CHUNK_BYTES);
  for (let read = await file.read(piece); read !== null; read = await file.read(piece)) {
    hash.update(piece.subarray(0, read));
  }
  return hash.digest("base64");
}

function headersOf(identity: FileIdentity, name: string): Headers {
  const shown = safeFileName(name);
  const plain = shown.replace(/[^A-Za-z0-9 ._-]/g, "_");
  const encoded = encodeURIComponent(shown).replace(/['()*]/g, (letter) => {
    return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return new Headers({
    "accept-ranges": "bytes",
    "etag": identity.etag,
    "last-modified": httpDate(identity.modifiedMs),
    // Whatever is in it, no browser shows it here or guesses what it is.
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`,
    "cache-control": "private, no-cache, no-transform",
  });
}

function answerWithoutBody(
  outcome: RangeOutcome,
  { bytes }: FileIdentity,
  headers: Headers,
): Response | undefined {
  if (outcome.kind === "not_modified") return new Response(null, { status: 304, headers });
  if (outcome.kind === "precondition_failed") return new Response(null, { status: 412, headers });
  if (outcome.kind !== "unsatisfiable") return undefined;
  headers.set("content-range", contentRange(undefined, bytes));
  return new Response(null, { status: 416, headers });
}

/** The bytes that are sent: one range, or for several the whole, as a server may. */
function spanOf(outcome: RangeOutcome, { bytes }: FileIdentity): ByteSpan {
  const [first] = outcome.kind === "part" ? outcome.spans : [];
  const isOne = outcome.kind === "part" && outcome.spans.length === 1;
  return isOne && first !== undefined ? first : { start: 0, end: bytes };
}

function tooMany(): Response {
  const message = `Cannot send more than ${FILE_TRANSFERS_MAX} files at once: try again`;
  return Response.json({ error: { reason: "too_many_downloads", message } }, {
    status: 503,
    headers: { "retry-after": String(RETRY_SECONDS) },
  });
}
