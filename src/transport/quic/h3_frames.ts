/**
 * h3_frames: HTTP/3 frames, stream types, settings and error codes (RFC 9114, RFC 9220, RFC 9297,
 * draft-ietf-webtrans-http3), which carry WebTransport below `send | receive`. The reader is
 * incremental and keeps at most `frameBytesMax` bytes of one frame; a length that promises more is
 * refused before anything is allocated for it.
 */
import { ByteQueue } from "./byte_queue.ts";
import { encodeVarints, readVarint, varintLengthAt } from "./varint.ts";

/** Frame types, RFC 9114 section 7.2. */
export const FRAME_DATA = 0x00;
export const FRAME_HEADERS = 0x01;
export const FRAME_CANCEL_PUSH = 0x03;
export const FRAME_SETTINGS = 0x04;
export const FRAME_PUSH_PROMISE = 0x05;
export const FRAME_GOAWAY = 0x07;
export const FRAME_MAX_PUSH_ID = 0x0d;
/** First varint of a WebTransport bidirectional stream; a session id follows, no length. */
export const FRAME_WEBTRANSPORT_STREAM = 0x41;

/** Types of unidirectional streams: RFC 9114 section 6.2, RFC 9204 section 4.2, WebTransport. */
export const STREAM_CONTROL = 0x00;
export const STREAM_PUSH = 0x01;
export const STREAM_QPACK_ENCODER = 0x02;
export const STREAM_QPACK_DECODER = 0x03;
export const STREAM_WEBTRANSPORT = 0x54;

/** Error codes of HTTP/3 (RFC 9114 section 8.1), QPACK (RFC 9204 section 6) and datagrams. */
export const H3_NO_ERROR = 0x100;
export const H3_STREAM_CREATION_ERROR = 0x103;
export const H3_CLOSED_CRITICAL_STREAM = 0x104;
export const H3_FRAME_UNEXPECTED = 0x105;
export const H3_FRAME_ERROR = 0x106;
export const H3_EXCESSIVE_LOAD = 0x107;
export const H3_ID_ERROR = 0x108;
export const H3_SETTINGS_ERROR = 0x109;
export const H3_MISSING_SETTINGS = 0x10a;
export const H3_REQUEST_INCOMPLETE = 0x10d;
export const H3_MESSAGE_ERROR = 0x10e;
export const H3_DATAGRAM_ERROR = 0x33;
export const QPACK_DECOMPRESSION_FAILED = 0x200;
export const QPACK_ENCODER_STREAM_ERROR = 0x201;

/** Settings, by identifier: RFC 9114, RFC 9204, RFC 9220, RFC 9297, WebTransport drafts 2 and 7. */
export const SETTING_QPACK_MAX_TABLE_CAPACITY = 0x01;
export const SETTING_MAX_FIELD_SECTION_SIZE = 0x06;
export const SETTING_QPACK_BLOCKED_STREAMS = 0x07;
export const SETTING_ENABLE_CONNECT_PROTOCOL = 0x08;
export const SETTING_H3_DATAGRAM = 0x33;
export const SETTING_ENABLE_WEBTRANSPORT = 0x2b603742;
export const SETTING_WT_MAX_SESSIONS = 0xc671706a;

/** Most settings accepted in one frame; browsers send fewer than ten. */
export const SETTINGS_MAX = 64;

/** Bytes of frames of unknown type that one stream may carry before it counts as an attack. */
export const SKIPPED_BYTES_MAX = 65_536;

/** Bytes break HTTP/3: `code` is what the connection is closed with. */
export class H3Error extends Error {
  override readonly name = "H3Error";
  /** HTTP/3 or QPACK error code. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** One frame, or one piece of a DATA frame's payload. */
export interface H3Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** A frame of `type` around `payload`. */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const head = encodeVarints(type, payload.length);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  return frame;
}

/** A SETTINGS frame with `settings` as pairs of identifier and value. */
export function encodeSettings(settings: readonly (readonly [number, number])[]): Uint8Array {
  return encodeFrame(FRAME_SETTINGS, encodeVarints(...settings.flat()));
}

/** The settings in a SETTINGS payload. Throws H3Error for repeats and HTTP/2's settings. */
export function decodeSettings(payload: Uint8Array): Map<number, number> {
  const settings = new Map<number, number>();
  let offset = 0;
  while (offset < payload.length) {
    const id = readVarint(payload, offset);
    if (id >= 0) offset += varintLengthAt(payload[offset]!);
    const value = id < 0 ? -1 : readVarint(payload, offset);
    if (value < 0) throw new H3Error(H3_FRAME_ERROR, "Settings end inside a varint");
    offset += varintLengthAt(payload[offset]!);
    if (settings.has(id)) throw new H3Error(H3_SETTINGS_ERROR, `Setting ${id} repeats`);
    if (id >= 0x02 && id <= 0x05) {
      throw new H3Error(H3_SETTINGS_ERROR, `Setting ${id} belongs to HTTP/2`);
    }
    if (settings.size === SETTINGS_MAX) {
      throw new H3Error(H3_EXCESSIVE_LOAD, `More than ${SETTINGS_MAX} settings`);
    }
    settings.set(id, value);
  }
  return settings;
}

const KEPT_TYPES: ReadonlySet<number> = new Set([
  FRAME_HEADERS,
  FRAME_CANCEL_PUSH,
  FRAME_SETTINGS,
  FRAME_PUSH_PROMISE,
  FRAME_GOAWAY,
  FRAME_MAX_PUSH_ID,
]);

/** HTTP/2 frame types that must not appear in HTTP/3, RFC 9114 section 7.2.8. */
const FORBIDDEN_TYPES: ReadonlySet<number> = new Set([0x02, 0x06, 0x08, 0x09]);

/**
 * Cuts a byte stream into frames. `push` takes the bytes as they arrive, `next` gives whole frames,
 * except DATA, which comes in pieces as it arrives; unknown frames are skipped (RFC 9114 section 9).
 */
export class H3FrameReader {
  readonly #frameBytesMax: number;
  readonly #queue = new ByteQueue();
  #dataLeft = 0;
  #skipLeft = 0;
  #skippedBytes = 0;

  /** Keeps at most `frameBytesMax` bytes of a frame that is not DATA. */
  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** True between two frames: the only place where a stream may end. */
  get atBoundary(): boolean {
    return this.#queue.length === 0 && this.#dataLeft === 0 && this.#skipLeft === 0;
  }

  /** Takes the next bytes of the stream; drain with `next` before the next call. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  /** The next frame, or undefined until more bytes arrive. Throws H3Error. */
  next(): H3Frame | undefined {
    while (this.#queue.length > 0) {
      if (this.#skipLeft > 0) {
        this.#skipLeft -= this.#queue.take(this.#skipLeft).length;
        continue;
      }
      if (this.#dataLeft > 0) {
        const payload = this.#queue.take(this.#dataLeft);
        this.#dataLeft -= payload.length;
        return { type: FRAME_DATA, payload };
      }
      const frame = this.#nextHead();
      if (frame !== "again") return frame;
    }
    return undefined;
  }

  /** Reads type and length; the frame when it is whole, "again" when its payload is streamed. */
  #nextHead(): H3Frame | undefined | "again" {
    const type = readVarint(this.#queue.bytes, 0);
    if (type < 0) return undefined;
    const lengthAt = varintLengthAt(this.#queue.bytes[0]!);
    if (FORBIDDEN_TYPES.has(type)) {
      throw new H3Error(H3_FRAME_UNEXPECTED, `Frame type ${type} belongs to HTTP/2`);
    }
    const length = readVarint(this.#queue.bytes, lengthAt);
    if (length < 0) return undefined;
    const headLength = lengthAt + varintLengthAt(this.#queue.bytes[lengthAt]!);
    if (KEPT_TYPES.has(type)) return this.#wholeFrame(type, headLength, length);
    this.#queue.take(headLength);
    if (type === FRAME_DATA) {
      this.#dataLeft = length;
    } else {
      this.#skippedBytes += headLength + length;
      if (this.#skippedBytes > SKIPPED_BYTES_MAX) {
        throw new H3Error(H3_EXCESSIVE_LOAD, `More than ${SKIPPED_BYTES_MAX} bytes to skip`);
      }
      this.#skipLeft = length;
    }
    return "again";
  }

  #wholeFrame(type: number, headLength: number, length: number): H3Frame | undefined {
    if (length > this.#frameBytesMax) {
      throw new H3Error(
        H3_EXCESSIVE_LOAD,
        `Frame of ${length} bytes exceeds ${this.#frameBytesMax}`,
      );
    }
    if (this.#queue.length < headLength + length) return undefined;
    this.#queue.take(headLength);
    return { type, payload: this.#queue.take(length) };
  }
}
