/**
 * close_reason: what may be said when a connection is closed, the same on every transport: a 32-bit
 * code and 1,024 bytes of text (draft-ietf-webtrans-http3, section 6).
 */

/** Longest close reason in bytes of UTF-8. */
export const CLOSE_REASON_BYTES_MAX = 1_024;

/** Throws RangeError unless `code` is an integer of 32 bits. */
export function checkCloseCode(code: number): void {
  if (Number.isInteger(code) && code >= 0 && code <= 0xffff_ffff) return;
  throw new RangeError(`Cannot close with code ${code}: not a 32-bit integer`);
}

/** `reason` cut to the longest allowed, at a character. */
export function cutCloseReason(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(CLOSE_REASON_BYTES_MAX));
  return reason.slice(0, read);
}
