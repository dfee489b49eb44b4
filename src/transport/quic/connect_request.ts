/**
 * connect_request: what a request's field lines ask for (RFC 9114 section 4.3, RFC 9220). Only an
 * extended CONNECT for WebTransport goes on to the gate; everything else gets its HTTP status here.
 */
import type { FieldLine } from "./qpack.ts";

/** The parts of a WebTransport request that a gate may judge. */
export interface ConnectRequest {
  readonly authority: string;
  readonly path: string;
  /** The Origin header, or undefined when absent. */
  readonly origin: string | undefined;
}

const PSEUDO_FIELDS: ReadonlySet<string> = new Set([
  ":method",
  ":scheme",
  ":authority",
  ":path",
  ":protocol",
]);

/** Values of :protocol that mean WebTransport: all drafts so far, and the name of later ones. */
const PROTOCOLS: ReadonlySet<string> = new Set(["webtransport", "webtransport-h3"]);

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
// deno-lint-ignore no-control-regex
const BAD_VALUE = /[\x00\r\n]/;

const STATUS_BAD_REQUEST = 400;
const STATUS_METHOD_NOT_ALLOWED = 405;
const STATUS_NOT_IMPLEMENTED = 501;

/** The request in `lines`, or the HTTP status that refuses it. */
export function parseConnectRequest(lines: readonly FieldLine[]): ConnectRequest | number {
  const fields = collectFields(lines);
  if (fields === undefined) return STATUS_BAD_REQUEST;
  const method = fields.get(":method");
  if (method === undefined) return STATUS_BAD_REQUEST;
  if (method !== "CONNECT") return STATUS_METHOD_NOT_ALLOWED;
  if (!PROTOCOLS.has(fields.get(":protocol") ?? "")) return STATUS_NOT_IMPLEMENTED;
  const authority = fields.get(":authority");
  const path = fields.get(":path");
  const isComplete = fields.get(":scheme") === "https" && !!authority && path?.startsWith("/");
  if (!isComplete) return STATUS_BAD_REQUEST;
  return { authority, path: path!, origin: fields.get("origin") };
}

/** The fields by name, or undefined when the section is malformed. */
function collectFields(lines: readonly FieldLine[]): Map<string, string> | undefined {
  const fields = new Map<string, string>();
  let isPastPseudo = false;
  for (const [name, value] of lines) {
    const isPseudo = name.startsWith(":");
    if (isPseudo ? isPastPseudo || !PSEUDO_FIELDS.has(name) : !FIELD_NAME.test(name)) {
      return undefined;
    }
    isPastPseudo ||= !isPseudo;
    // A second Origin or pseudo field is an attempt to show the gate one value and mean another.
    if (fields.has(name) && (isPseudo || name === "origin")) return undefined;
    if (BAD_VALUE.test(value)) return undefined;
    fields.set(name, value);
  }
  return fields;
}
