/**
 * STUN guard: whether a datagram may reach the ICE agent of a peer. A request must prove that its
 * sender knows the password of this session (RFC 8489, section 14.5): the library answers, and sends
 * media to, whoever asks. What is no request passes: it is checked by keys of its own.
 */

import { createHmac, timingSafeEqual } from "node:crypto";

const HEADER_BYTES = 20;
const MAGIC_COOKIE = 0x2112a442;
const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const USE_CANDIDATE = 0x0025;
const INTEGRITY_BYTES = 20;
const ATTRIBUTE_HEADER_BYTES = 4;
/** Bits of the type that say what class a message is of; a request has none of them. */
const CLASS_BITS = 0x0110;
/** A check of a browser has 100 to 150 bytes. */
const STUN_BYTES_MAX = 1500;

/** True for a datagram that begins as a STUN message does. */
export function isStun(bytes: Uint8Array): boolean {
  if (bytes.byteLength < HEADER_BYTES || bytes[0]! > 3) return false;
  return viewOf(bytes).getUint32(4) === MAGIC_COOKIE;
}

/**
 * What a datagram is: "refused" is a request whose sender does not know `password` and `usernameStart`,
 * "nomination" one that says that the path it came by is to be used from now on, "check" any other;
 * "other" is no request.
 */
export type DatagramKind = "refused" | "nomination" | "check" | "other";

/** Tells what a datagram is. */
export function kindOfDatagram(
  bytes: Uint8Array,
  known: { readonly usernameStart: string; readonly password: string },
): DatagramKind {
  if (!isStun(bytes)) return "other";
  const view = viewOf(bytes);
  if ((view.getUint16(0) & CLASS_BITS) !== 0) return "other";
  if (bytes.byteLength > STUN_BYTES_MAX) return "refused";
  let username = "";
  let nominates = false;
  for (let at = HEADER_BYTES; at + ATTRIBUTE_HEADER_BYTES <= bytes.byteLength;) {
    const type = view.getUint16(at);
    const size = view.getUint16(at + 2);
    const value = at + ATTRIBUTE_HEADER_BYTES;
    if (value + size > bytes.byteLength) return "refused";
    if (type === USE_CANDIDATE) nominates = true;
    if (type === USERNAME) username = new TextDecoder().decode(bytes.subarray(value, value + size));
    if (type === MESSAGE_INTEGRITY) {
      const isOurs = size === INTEGRITY_BYTES && username.startsWith(known.usernameStart);
      if (!isOurs || !isIntact(bytes, at, known.password)) return "refused";
      return nominates ? "nomination" : "check";
    }
    at = value + Math.ceil(size / 4) * 4;
  }
  return "refused";
}

/** The length in what is hashed ends with the attribute itself. */
function isIntact(bytes: Uint8Array, at: number, password: string): boolean {
  // A copy: `slice` of Node's buffers is none.
  const hashed = new Uint8Array(bytes.subarray(0, at));
  const length = at + ATTRIBUTE_HEADER_BYTES + INTEGRITY_BYTES - HEADER_BYTES;
  viewOf(hashed).setUint16(2, length);
  const expected = createHmac("sha1", password).update(hashed).digest();
  const value = at + ATTRIBUTE_HEADER_BYTES;
  return timingSafeEqual(expected, bytes.subarray(value, value + INTEGRITY_BYTES));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
