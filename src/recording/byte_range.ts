/**
 * ByteRange: which bytes of a file a request asks for, after RFC 9110: Range, If-Range and the other
 * conditions. It reads headers and does no I/O. Numbers past 2^53 are taken as beyond every file; at
 * most `MAX_RANGES` ranges count, and sets that ask for more than the file get the whole of it.
 */

/** Ranges of one request; a request with more gets the whole file. */
export const MAX_RANGES = 5;

/** Bytes from `start` to before `end`. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/** What is known of a file as it is now. */
export interface FileVersion {
  readonly bytes: number;
  /** Strong validator, with its quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
}

/** What a request gets. */
export type RangeOutcome =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly spans: readonly ByteSpan[] }
  | { readonly kind: "not_modified" }
  | { readonly kind: "precondition_failed" }
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeOutcome = { kind: "whole" };
const UNSATISFIABLE: RangeOutcome = { kind: "unsatisfiable" };

/** Judges a GET or HEAD by its conditions and its Range, in the order of RFC 9110, 13.2.2. */
export function judgeRequest(
  method: "GET" | "HEAD",
  headers: Pick<Headers, "get">,
  file: FileVersion,
): RangeOutcome {
  const failed = failedCondition(headers, file);
  if (failed !== undefined) return { kind: failed };
  const range = headers.get("range");
  // HEAD has no ranges: it tells of the whole file.
  if (method === "HEAD" || range === null) return WHOLE;
  const ifRange = headers.get("if-range");
  if (ifRange !== null && !isSameVersion(ifRange.trim(), file)) return WHOLE;
  return parseRange(range, file.bytes);
}

/** The spans that a Range header names in a file of `bytes`. */
export function parseRange(header: string, bytes: number): RangeOutcome {
  const match = /^bytes=(.+)$/i.exec(header.trim());
  // A unit that nobody knows is no range, and neither is none at all.
  if (match === null) return WHOLE;
  const spans: ByteSpan[] = [];
  let wantedBytes = 0;
  let asked = 0;
  for (const element of (match[1] ?? "").split(",")) {
    const text = element.trim();
    if (text === "") continue;
    if (++asked > MAX_RANGES) return WHOLE;
    const span = parseSpan(text, bytes);
    if (span === "invalid") return UNSATISFIABLE;
    if (span === undefined) continue;
    spans.push(span);
    wantedBytes += span.end - span.start;
  }
  if (spans.length === 0) return UNSATISFIABLE;
  // Overlapping ranges would make a file larger than it is.
  if (wantedBytes > bytes) return WHOLE;
  return { kind: "part", spans };
}

/** The value of Content-Range for a span; without one, that of an answer 416. */
export function contentRange(span: ByteSpan | undefined, bytes: number): string {
  return span === undefined ? `bytes */${bytes}` : `bytes ${span.start}-${span.end - 1}/${bytes}`;
}

/** The value of Last-Modified. */
export function httpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

/** One range; undefined when it holds no byte of the file. */
function parseSpan(text: string, bytes: number): ByteSpan | undefined | "invalid" {
  const match = /^(\d*)\s*-\s*(\d*)$/.exec(text);
  const [first = "", last = ""] = match?.slice(1) ?? [];
  if (match === null || (first === "" && last === "")) return "invalid";
  if (first === "") {
    const start = Math.max(0, bytes - parsePosition(last));
    return start < bytes ? { start, end: bytes } : undefined;
  }
  const start = parsePosition(first);
  const end = last === "" ? bytes : Math.min(bytes, parsePosition(last) + 1);
  return start < end ? { start, end } : undefined;
}

/** A position; no file has a byte there when it is past 2^53, so how far past does not count. */
function parsePosition(digits: string): number {
  const significant = digits.replace(/^0+/, "");
  if (significant.length > 16) return Number.MAX_SAFE_INTEGER;
  return Math.min(Number(significant), Number.MAX_SAFE_INTEGER);
}

function failedCondition(
  headers: Pick<Headers, "get">,
  file: FileVersion,
): "not_modified" | "precondition_failed" | undefined {
  const ifMatch = headers.get("if-match");
  const ifUnmodifiedSince = parseDate(headers.get("if-unmodified-since"));
  if (ifMatch !== null) {
    const isKnown = ifMatch.trim() === "*" || tagsOf(ifMatch).includes(file.etag);
    if (!isKnown) return "precondition_failed";
  } else if (ifUnmodifiedSince !== undefined && secondsOf(file) > ifUnmodifiedSince) {
    return "precondition_failed";
  }
  const ifNoneMatch = headers.get("if-none-match");
  const ifModifiedSince = parseDate(headers.get("if-modified-since"));
  if (ifNoneMatch !== null) {
    const tags = tagsOf(ifNoneMatch).map((tag) => tag.replace(/^W\//, ""));
    if (ifNoneMatch.trim() === "*" || tags.includes(file.etag)) return "not_modified";
  } else if (ifModifiedSince !== undefined && secondsOf(file) <= ifModifiedSince) {
    return "not_modified";
  }
  return undefined;
}

/** True when an If-Range names the file as it is: by its strong tag, or by its exact date. */
function isSameVersion(ifRange: string, file: FileVersion): boolean {
  if (ifRange.startsWith('"') || ifRange.startsWith("W/")) return ifRange === file.etag;
  return parseDate(ifRange) === secondsOf(file);
}

function tagsOf(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

function secondsOf({ modifiedMs }: FileVersion): number {
  return Math.floor(modifiedMs / 1000);
}

function parseDate(text: string | null): number | undefined {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
