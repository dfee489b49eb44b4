/**
 * LibrarySocket: what the WebTransport library takes for the TCP socket of one browser, while the real
 * one is in another process. Whole WebSocket messages come and go; frames (RFC 6455) exist between
 * here and the library only. What the library throws while it reads ends this socket and no other. It
 * holds one message that is not complete yet.
 */

import { capsuleFault } from "./capsule_check.ts";

/** Longest message that the library may send: it sends pieces of streams of a quarter of that. */
const MESSAGE_BYTES_MAX = 65_536;
/** Messages that may come while the library makes a session of the socket. */
const WAITING_MESSAGES_MAX = 1024;
/** A frame whose length fits into its first two bytes, and one that needs two or eight more. */
const SHORT_LENGTH_MAX = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;
const OPCODE_BINARY = 0x2;
const OPCODE_CLOSE = 0x8;
/** Type of the capsule that ends a session, 0x2843. */
const CLOSE_CAPSULE = [0x68, 0x43] as const;
/** Longest type of a capsule. */
const TYPE_BYTES_MAX = 8;
/** A frame that means nothing. */
const EMPTY_PONG = [0x8a, 0x80, 0, 0, 0, 0];
/** The rest of an HTTP answer, which the library writes before its first frame. */
const HEADER_END = "\r\n\r\n";
const HEADER_BYTES_MAX = 4096;

/** Where messages of the library go. */
export interface SocketPeer {
  /** Takes a message, which is copied before this returns; false: wait for `drain`. */
  send(message: Uint8Array): boolean;
  /** Nothing more comes: the library closed, or could not go on for the reason given. */
  ended(fault: unknown): void;
}

type Handler = (...values: unknown[]) => void;

/** One socket; its unlisted names are those of Node's, which the library calls. */
export class LibrarySocket {
  /** Of the browser, for the library's logs. */
  readonly remoteAddress: string;
  readonly remotePort = 0;
  readonly #peer: SocketPeer;
  readonly #handlers = new Map<string, Handler[]>();
  /** Frames that the library has not read: more than one only before it begins to. */
  readonly #incoming: Uint8Array[] = [];
  #isRead = false;
  /** The library has said that its session ends. */
  #isClosing = false;
  /** The browser's socket went before the library read what came. */
  #isGone = false;
  #isAnswered = false;
  #head: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #message: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #opcode = 0;
  #isBlocked = false;
  #isBroken = false;
  #isEnded = false;

  constructor(peer: SocketPeer, remoteAddress: string) {
    this.#peer = peer;
    this.remoteAddress = remoteAddress;
  }

  /** True while nothing should be written: what is beyond waits in the library. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** True once no message comes or goes any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** True once the browser's socket went away, or the library could not go on. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Gives the library a message of the browser. */
  push(message: Uint8Array): void {
    // A stream that comes to a session that has closed makes the library throw where nobody catches it.
    if (this.#isEnded || this.#isClosing) return;
    if (this.#incoming.length === WAITING_MESSAGES_MAX) {
      return this.#end(new RangeError(`Cannot keep ${WAITING_MESSAGES_MAX} messages`));
    }
    const fault = capsuleFault(message);
    if (fault !== undefined) return this.#end(new TypeError(`Cannot take ${fault}`));
    this.#incoming.push(frameOf(message));
    if (this.#isRead) this.#offer();
  }

  /** The peer takes messages again. */
  drain(): void {
    if (!this.#isBlocked || this.#isEnded) return;
    this.#isBlocked = false;
    try {
      this.#emit("drain");
    } catch (fault) {
      this.#end(fault);
    }
  }

  /** The browser's socket is gone. Not named "close": what has that is a stream of HTTP/2 to the library. */
  abandon(): void {
    if (this.#isEnded) return;
    // What came before may say why it went.
    this.#isGone = !this.#isRead && this.#incoming.length > 0;
    if (this.#isGone) return;
    this.#isBroken = true;
    this.#end(undefined);
  }

  // Names of Node's from here on.

  on(name: string, handler: Handler): this {
    const handlers = this.#handlers.get(name);
    if (handlers === undefined) this.#handlers.set(name, [handler]);
    else handlers.push(handler);
    // The library is in the middle of making a session, which who asked for it has not got yet.
    if (name === "readable") {
      setTimeout(() => {
        this.#isRead = true;
        this.#offer();
        if (this.#isGone) this.abandon();
      }, 0);
    }
    return this;
  }

  read(): Uint8Array | null {
    return this.#incoming.shift() ?? null;
  }

  write(bytes: Uint8Array | string, done?: () => void): boolean {
    if (!this.#isEnded) {
      if (!this.#isAnswered) this.#skipAnswer(bytes);
      else if (typeof bytes !== "string") this.#collect(bytes);
    }
    if (done !== undefined) queueMicrotask(done);
    return !this.#isBlocked;
  }

  end(): void {
    if (!this.#isEnded) this.#end(undefined);
  }

  destroy(): void {
    this.end();
  }

  #offer(): void {
    if (this.#isEnded) return;
    try {
      this.#emit("readable");
    } catch (fault) {
      this.#end(fault);
    }
  }

  /** Takes the frames that the library writes, in whatever pieces. */
  #collect(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.byteLength > 0 && !this.#isEnded) {
      if (this.#message === undefined) {
        const joined = this.#head.byteLength === 0 ? rest : joinBytes(this.#head, rest);
        const header = readHeader(joined);
        if (header === undefined) {
          this.#head = joined.slice();
          return;
        }
        this.#head = new Uint8Array(0);
        if (header.length > MESSAGE_BYTES_MAX) {
          return this.#end(new RangeError(`Cannot send a message of ${header.length} bytes`));
        }
        this.#message = new Uint8Array(header.length);
        this.#filled = 0;
        this.#opcode = header.opcode;
        rest = joined.subarray(header.bytes);
      }
      const part = rest.subarray(0, this.#message.byteLength - this.#filled);
      this.#message.set(part, this.#filled);
      this.#filled += part.byteLength;
      rest = rest.subarray(part.byteLength);
      if (this.#filled === this.#message.byteLength) this.#finish(this.#message);
    }
  }

  #finish(message: Uint8Array): void {
    this.#message = undefined;
    if (this.#opcode === OPCODE_BINARY) {
      if (message[0] === CLOSE_CAPSULE[0] && message[1] === CLOSE_CAPSULE[1]) {
        this.#isClosing = true;
      }
      if (!this.#peer.send(message)) this.#isBlocked = true;
    } else if (this.#opcode === OPCODE_CLOSE) this.#end(undefined);
    // The library answers pings of the browser, which the server process has answered already.
  }

  #skipAnswer(bytes: Uint8Array | string): void {
    const text = typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
    this.#isAnswered = text.slice(0, HEADER_BYTES_MAX).includes(HEADER_END);
  }

  #end(fault: unknown): void {
    this.#isEnded = true;
    if (fault !== undefined) this.#isBroken = true;
    this.#incoming.length = 0;
    this.#message = undefined;
    this.#peer.ended(fault);
    try {
      this.#emit("close");
    } catch {
      // A session that broke while it read may break again while it ends; nobody uses it any more.
    }
    this.#handlers.clear();
  }

  #emit(name: string): void {
    for (const handler of this.#handlers.get(name) ?? []) handler();
  }
}

/** A frame with a message, masked by zeros: the library understands no frame without a mask. */
function frameOf(message: Uint8Array): Uint8Array {
  const { byteLength } = message;
  const isShort = byteLength <= SHORT_LENGTH_MAX;
  const isLong = byteLength > 0xffff;
  const start = 2 + MASK_BYTES + (isShort ? 0 : isLong ? 8 : 2);
  // It takes a frame with nothing but a type, such as an empty datagram, only when another one follows.
  const followUp = byteLength <= TYPE_BYTES_MAX ? EMPTY_PONG : [];
  // The library reads with Node's names for bytes.
  const frame = Buffer.alloc(start + byteLength + followUp.length);
  frame[0] = 0x80 | OPCODE_BINARY;
  frame[1] = 0x80 | (isShort ? byteLength : isLong ? LENGTH_64 : LENGTH_16);
  if (isLong) frame.writeUInt32BE(byteLength, 6);
  else if (!isShort) frame.writeUInt16BE(byteLength, 2);
  frame.set(message, start);
  frame.set(followUp, start + byteLength);
  return frame;
}

/** The header of a frame without a mask; undefined while bytes are missing. */
function readHeader(
  bytes: Uint8Array,
): { bytes: number; length: number; opcode: number } | undefined {
  if (bytes.byteLength < 2) return undefined;
  const opcode = bytes[0]! & 0x0f;
  const short = bytes[1]! & 0x7f;
  if (short <= SHORT_LENGTH_MAX) return { bytes: 2, length: short, opcode };
  const headerBytes = short === LENGTH_64 ? 10 : 4;
  if (bytes.byteLength < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = short === LENGTH_64 ? Number(view.getBigUint64(2)) : view.getUint16(2);
  return { bytes: headerBytes, length, opcode };
}

function joinBytes(head: Uint8Array, rest: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.byteLength + rest.byteLength);
  joined.set(head);
  joined.set(rest, head.byteLength);
  return joined;
}
