/**
 * Clipboard: how content of a clipboard crosses: an offer on the control stream says what there is, the
 * content follows only when it is asked for, on a stream of its own behind a header with its size and
 * hash. One content is at most `MAX_CLIPBOARD_BYTES`; what a host takes is less.
 *
 *     0  u8   to the host: 0x43, the stream's first byte; from the host: 0, or why there is none
 *     1  u8   type: 1 text, 2 png, 3 html
 *     2  u16  0
 *     4  u32  serial of the offer
 *     8  u32  bytes of the content
 *    12  32   SHA-256 of the content
 *    44       content
 */

import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import * as schema from "../core/schema.ts";

/** Types of content: text is UTF-8 with lines that end in a line feed. */
export const CLIPBOARD_TYPES = ["text", "png", "html"] as const;
/** One of `CLIPBOARD_TYPES`. */
export type ClipboardType = (typeof CLIPBOARD_TYPES)[number];

/** No host takes more than this, whatever its options say. */
export const MAX_CLIPBOARD_BYTES = 64 * 1024 * 1024;
/** First byte of a stream that brings content to the host. */
export const CLIPBOARD_CONTENT_PREAMBLE = 0x43;
/** First byte of a stream on which a viewer asks for content and gets it. */
export const CLIPBOARD_FETCH_PREAMBLE = 0x63;
/** Bytes before the content. */
export const CLIPBOARD_HEADER_BYTES = 44;
/** Bytes of a request, its first byte included. */
export const CLIPBOARD_FETCH_BYTES = 8;
/** Bytes of a hash. */
export const CLIPBOARD_HASH_BYTES = 32;

/** Why there is no content. */
export const CLIPBOARD_FAILURES = [
  /** Something newer is offered. */
  "gone",
  "too_large",
  /** The program, or the viewer, that offered it does not give it. */
  "refused",
  "timeout",
  /** This session may not have it. */
  "not_allowed",
  /** What came is not what its header says, or not of its type. */
  "bad_content",
] as const;
/** One of `CLIPBOARD_FAILURES`. */
export type ClipboardFailure = (typeof CLIPBOARD_FAILURES)[number];

/** What stands before content. */
export interface ClipboardHeader {
  readonly type: ClipboardType;
  readonly serial: number;
  readonly bytes: number;
  readonly hash: Uint8Array;
}

/** What a viewer asks for. */
export interface ClipboardFetch {
  readonly type: ClipboardType;
  readonly serial: number;
}

const serial = schema.integer(0, 0xffff_ffff);
const type = schema.oneOf(CLIPBOARD_TYPES);
const bytes = schema.integer(0, MAX_CLIPBOARD_BYTES);

/** Messages that a viewer sends. */
export const clipboardClientMessages = {
  /** What the viewer's clipboard has, in the place of what it offered before; nothing when empty. */
  clipboard_offer: {
    serial,
    items: schema.list(schema.object({ type, bytes }), CLIPBOARD_TYPES.length),
  },
  /** Content that the host asked for cannot be had. */
  clipboard_refuse: { serial, content: type },
} as const;

/** Messages that the server sends. */
export const clipboardServerMessages = {
  /** What this session may do; sent at the start and when it changes. */
  clipboard_state: {
    /** The host's clipboard comes to the viewer. */
    toViewer: schema.boolean,
    /** The viewer's clipboard goes to the host. */
    toHost: schema.boolean,
    /** Types that are taken, and the most bytes of each. */
    limits: schema.list(schema.object({ type, bytes }), CLIPBOARD_TYPES.length),
    /** Why there is no clipboard; empty while there is one. */
    reason: schema.text(256),
  },
  /** What the host's clipboard has; newest wins. */
  clipboard_offer: {
    serial,
    types: schema.list(type, CLIPBOARD_TYPES.length),
    /** It was copied just now, and not before this viewer came. */
    isNew: schema.boolean,
  },
  /** A program of the host wants what the viewer offered. */
  clipboard_request: { serial, content: type },
  /** What came of the viewer's offer: from "owned" on, programs of the host paste it. */
  clipboard_outcome: {
    serial,
    outcome: schema.oneOf(["owned", "too_large", "not_allowed", "failed"]),
  },
} as const;

/** The first bytes of a stream with content for the host; the content follows. */
export function encodeClipboardHeader(header: ClipboardHeader): Uint8Array<ArrayBuffer> {
  return headerBytes(CLIPBOARD_CONTENT_PREAMBLE, header);
}

/** What a host answers a request with: a header with content behind it, or why there is none. */
export function encodeClipboardAnswer(
  answer: ClipboardHeader | (ClipboardFetch & { readonly failure: ClipboardFailure }),
): Uint8Array<ArrayBuffer> {
  if (!("failure" in answer)) return headerBytes(0, answer);
  const { failure, type, serial } = answer;
  const hash = new Uint8Array(CLIPBOARD_HASH_BYTES);
  return headerBytes(CLIPBOARD_FAILURES.indexOf(failure) + 1, { type, serial, bytes: 0, hash });
}

/** A request for content: all that a viewer writes on a stream. */
export function encodeClipboardFetch({ type, serial }: ClipboardFetch): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(CLIPBOARD_FETCH_BYTES);
  new ByteWriter(target).u8(CLIPBOARD_FETCH_PREAMBLE).u8(codeOf(type)).u16(0).u32(serial);
  return target;
}

/** Parses a header for the host, with its first byte. Throws ProtocolError. */
export function parseClipboardHeader(source: Uint8Array): ClipboardHeader {
  const { first, ...header } = parse(source);
  if (first !== CLIPBOARD_CONTENT_PREAMBLE) throw badValue("first byte", first);
  return header;
}

/** Parses what a host answers. Throws ProtocolError. */
export function parseClipboardAnswer(source: Uint8Array): ClipboardHeader | ClipboardFailure {
  const { first, ...header } = parse(source);
  if (first === 0) return header;
  const failure = CLIPBOARD_FAILURES[first - 1];
  if (failure === undefined) throw badValue("failure", first);
  return failure;
}

/** Parses a request, with its first byte. Throws ProtocolError. */
export function parseClipboardFetch(source: Uint8Array): ClipboardFetch {
  const reader = new ByteReader(source);
  const first = reader.u8();
  if (first !== CLIPBOARD_FETCH_PREAMBLE) throw badValue("first byte", first);
  return { type: typeOf(reader), serial: reader.u32() };
}

function headerBytes(first: number, header: ClipboardHeader): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(CLIPBOARD_HEADER_BYTES);
  new ByteWriter(target).u8(first).u8(codeOf(header.type)).u16(0).u32(header.serial)
    .u32(header.bytes);
  target.set(header.hash.subarray(0, CLIPBOARD_HASH_BYTES), 12);
  return target;
}

function parse(source: Uint8Array): ClipboardHeader & { readonly first: number } {
  const reader = new ByteReader(source);
  const first = reader.u8();
  const type = typeOf(reader);
  const serial = reader.u32();
  const bytes = reader.u32();
  if (bytes > MAX_CLIPBOARD_BYTES) {
    throw new ProtocolError(`Cannot accept a clipboard of ${bytes} bytes`, { reason: "too_large" });
  }
  return { first, type, serial, bytes, hash: reader.bytes(CLIPBOARD_HASH_BYTES).slice() };
}

function codeOf(type: ClipboardType): number {
  return CLIPBOARD_TYPES.indexOf(type) + 1;
}

/** The type and the two bytes behind it. */
function typeOf(reader: ByteReader): ClipboardType {
  const code = reader.u8();
  const type = CLIPBOARD_TYPES[code - 1];
  if (type === undefined) throw badValue("type", code);
  const reserved = reader.u16();
  if (reserved !== 0) throw badValue("reserved field", reserved);
  return type;
}

function badValue(what: string, value: number): ProtocolError {
  return new ProtocolError(`Cannot accept a clipboard's ${what} ${value}`, { reason: "bad_value" });
}
