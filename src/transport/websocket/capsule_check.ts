/**
 * capsuleFault: whether a browser's message is one whole capsule of the library's mapping, with all
 * integers that its type needs. The library reads past the end of one that is not, into the message
 * that follows, and throws; such a message ends its session before the library sees it. A function.
 */

/** Integers at the start of a capsule, by its type. Types without a row have none. */
const INTEGERS: Readonly<Record<number, number>> = {
  /** Reset of a stream, and a wish that it stops: stream, code. */
  0x190b4d39: 2,
  0x190b4d3a: 2,
  /** Bytes of a stream, without and with its end. */
  0x190b4d3b: 1,
  0x190b4d3c: 1,
  /** Windows: of the session, of a stream; streams of each kind. */
  0x190b4d3d: 1,
  0x190b4d3e: 2,
  0x190b4d3f: 1,
  0x190b4d40: 1,
  /** What waits for them. */
  0x190b4d41: 1,
  0x190b4d42: 2,
  0x190b4d43: 1,
  0x190b4d44: 1,
};
/** The end of the session: a code of 32 bits and text. */
const CLOSE_TYPE = 0x2843;
const CLOSE_CODE_BYTES = 4;

/** What is wrong with a message, or undefined. */
export function capsuleFault(message: Uint8Array): string | undefined {
  const typeBytes = integerBytes(message, 0);
  if (typeBytes === undefined) return "a capsule without a type";
  let type = message[0]! & 0x3f;
  for (let at = 1; at < typeBytes; at++) type = type * 256 + message[at]!;
  if (type === CLOSE_TYPE) {
    return message.byteLength < typeBytes + CLOSE_CODE_BYTES ? "an end without a code" : undefined;
  }
  let offset = typeBytes;
  for (let left = INTEGERS[type] ?? 0; left > 0; left--) {
    const bytes = integerBytes(message, offset);
    if (bytes === undefined) return `a capsule of type ${type} that is too short`;
    offset += bytes;
  }
  return undefined;
}

/** Length of the integer of RFC 9000, section 16, at `offset`; undefined when it is not whole. */
function integerBytes(message: Uint8Array, offset: number): number | undefined {
  const first = message[offset];
  if (first === undefined) return undefined;
  const bytes = 1 << (first >> 6);
  return offset + bytes <= message.byteLength ? bytes : undefined;
}
