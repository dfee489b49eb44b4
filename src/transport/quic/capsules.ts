/**
 * capsules: the messages on a session's CONNECT stream (RFC 9297, section 3): close and drain of
 * draft-ietf-webtrans-http3. The reader keeps at most one close capsule; unknown capsules are
 * skipped, within a budget.
 */
import { ByteQueue } from "./byte_queue.ts";
import { CLOSE_REASON_BYTES_MAX } from "../close_reason.ts";
import { H3_EXCESSIVE_LOAD, H3_MESSAGE_ERROR, H3Error } from "./h3_frames.ts";
import { encodeVarints, readVarint, varintLengthAt } from "./varint.ts";

/** CLOSE_WEBTRANSPORT_SESSION: a 32-bit code and a reason end the session. */
export const CAPSULE_CLOSE_SESSION = 0x2843;

/** DRAIN_WEBTRANSPORT_SESSION: a hint that the session should end soon. */
export const CAPSULE_DRAIN_SESSION = 0x78ae;

/** Bytes of unknown capsules that a session may carry before it counts as an attack. */
export const SKIPPED_CAPSULE_BYTES_MAX = 65_536;

const CODE_BYTES = 4;

/** What a capsule says; capsules of other types are skipped. */
export type Capsule =
  | { readonly type: "close"; readonly code: number; readonly reason: string }
  | { readonly type: "drain" };

/** A close capsule. A reason beyond 1,024 bytes is cut at a character. */
export function encodeCloseCapsule(code: number, reason: string): Uint8Array {
  const text = new Uint8Array(CLOSE_REASON_BYTES_MAX);
  const { written } = new TextEncoder().encodeInto(reason, text);
  const head = encodeVarints(CAPSULE_CLOSE_SESSION, CODE_BYTES + written);
  const capsule = new Uint8Array(head.length + CODE_BYTES + written);
  capsule.set(head);
  new DataView(capsule.buffer).setUint32(head.length, code >>> 0);
  capsule.set(text.subarray(0, written), head.length + CODE_BYTES);
  return capsule;
}

/** Cuts the payload of a CONNECT stream's DATA frames into capsules. */
export class CapsuleReader {
  readonly #queue = new ByteQueue();
  #skipLeft = 0;
  #skippedBytes = 0;

  /** True between two capsules: the only place where the stream may end. */
  get atBoundary(): boolean {
    return this.#queue.length === 0 && this.#skipLeft === 0;
  }

  /** Takes the next bytes; drain with `next` before the next call. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  /** The next capsule, or undefined until more bytes arrive. Throws H3Error. */
  next(): Capsule | undefined {
    while (this.#queue.length > 0) {
      if (this.#skipLeft > 0) {
        this.#skipLeft -= this.#queue.take(this.#skipLeft).length;
        continue;
      }
      const type = readVarint(this.#queue.bytes, 0);
      if (type < 0) return undefined;
      const lengthAt = varintLengthAt(this.#queue.bytes[0]!);
      const length = readVarint(this.#queue.bytes, lengthAt);
      if (length < 0) return undefined;
      const headLength = lengthAt + varintLengthAt(this.#queue.bytes[lengthAt]!);
      if (type === CAPSULE_CLOSE_SESSION) return this.#close(headLength, length);
      this.#skip(headLength, length);
      if (type === CAPSULE_DRAIN_SESSION) return { type: "drain" };
    }
    return undefined;
  }

  #close(headLength: number, length: number): Capsule | undefined {
    if (length < CODE_BYTES || length > CODE_BYTES + CLOSE_REASON_BYTES_MAX) {
      throw new H3Error(H3_MESSAGE_ERROR, `Close capsule of ${length} bytes`);
    }
    if (this.#queue.length < headLength + length) return undefined;
    this.#queue.take(headLength);
    const payload = this.#queue.take(length);
    const code = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
    const reason = new TextDecoder().decode(payload.subarray(CODE_BYTES));
    return { type: "close", code, reason };
  }

  #skip(headLength: number, length: number): void {
    this.#skippedBytes += headLength + length;
    if (this.#skippedBytes > SKIPPED_CAPSULE_BYTES_MAX) {
      throw new H3Error(
        H3_EXCESSIVE_LOAD,
        `More than ${SKIPPED_CAPSULE_BYTES_MAX} bytes of capsules to skip`,
      );
    }
    this.#queue.take(headLength);
    this.#skipLeft = length;
  }
}
