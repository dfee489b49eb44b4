/**
 * DtlsGuard: keeps a server's handshake messages that came before away from the library. It answers a
 * second copy of them with keys of its own making, also when the handshake is over by then, and reads
 * nothing any more; a browser sends copies when an answer takes longer than 50 ms. It repeats its own
 * messages by time, so that none has to be asked for. At most `SEEN_MAX` are remembered.
 */

const RECORD_HEADER_BYTES = 13;
const MESSAGE_HEADER_BYTES = 12;
const HANDSHAKE = 22;
/** ServerHello, and from Certificate to ServerHelloDone. */
const SERVER_MESSAGES: readonly number[] = [2, 11, 12, 13, 14];
const SEEN_MAX = 64;

/** What of one handshake came. */
export class DtlsGuard {
  readonly #seen = new Set<number>();
  #dropped = 0;

  /** Copies that were kept away. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False for a datagram that begins with a server's message that came before. */
  mayPass(datagram: Uint8Array): boolean {
    const key = keyOf(datagram);
    if (key === undefined) return true;
    if (this.#seen.has(key)) {
      this.#dropped++;
      return false;
    }
    if (this.#seen.size < SEEN_MAX) this.#seen.add(key);
    return true;
  }
}

/** Number and offset of the first message of a server before encryption begins. */
function keyOf(datagram: Uint8Array): number | undefined {
  if (datagram.byteLength < RECORD_HEADER_BYTES + MESSAGE_HEADER_BYTES) return undefined;
  const isPlain = datagram[3] === 0 && datagram[4] === 0;
  if (datagram[0] !== HANDSHAKE || !isPlain) return undefined;
  const at = RECORD_HEADER_BYTES;
  if (!SERVER_MESSAGES.includes(datagram[at]!)) return undefined;
  const number = (datagram[at + 4]! << 8) | datagram[at + 5]!;
  const offset = (datagram[at + 6]! << 16) | (datagram[at + 7]! << 8) | datagram[at + 8]!;
  return number * 0x100_0000 + offset;
}
