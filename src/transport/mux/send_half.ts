/**
 * SendHalf: the writing half of a stream of a MuxConnection: what its user writes waits here, one
 * chunk at a time, until the windows let it go in pieces. Holds no copy: the writer waits.
 */

import { TransportError } from "../../core/errors.ts";

/** The connection's side of a half. */
export interface SendHalfOwner {
  /** Sends a piece of the stream; it is copied before this returns. */
  sendData(id: number, piece: Uint8Array): void;
  sendEnd(id: number): void;
  sendReset(id: number, code: number): void;
  /** There is something to send. */
  wantsToSend(half: SendHalf): void;
  /** What the peer holds of it changed from `before` to `after` bytes. */
  sendHoldingChanged(before: number, after: number): void;
  /** Nothing more will be sent and the peer has taken all. */
  sendHalfOver(half: SendHalf): void;
}

/** How the call of the writer that waits ends. */
interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The half that writes. */
export class SendHalf {
  readonly id: number;
  readonly writable: WritableStream<Uint8Array>;
  readonly #owner: SendHalfOwner;
  #controller!: WritableStreamDefaultController;
  #chunk: Uint8Array | undefined;
  #offset = 0;
  #settle: Settle | undefined;
  #isEnding = false;
  #isEnded = false;
  #isOver = false;
  #outstanding = 0;

  constructor(id: number, owner: SendHalfOwner) {
    this.id = id;
    this.#owner = owner;
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        // Before `abort` is called below, a write that waits would have to end.
        controller.signal.addEventListener("abort", () => this.#abandon());
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#end(),
      abort: () => this.#abandon(),
    });
  }

  /** Bytes sent that the peer has not given credit for again. */
  get outstandingBytes(): number {
    return this.#outstanding;
  }

  /** True while it waits for room. */
  get isWaiting(): boolean {
    return !this.#isOver && (this.#chunk !== undefined || (this.#isEnding && !this.#isEnded));
  }

  /** True when nothing more will happen to it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends one piece of at most `room` bytes; false when it could do nothing. */
  sendPiece(room: number): boolean {
    const chunk = this.#chunk;
    if (chunk === undefined) return this.#sendEnd();
    if (room <= 0) return false;
    const end = Math.min(chunk.length, this.#offset + room);
    const piece = chunk.subarray(this.#offset, end);
    this.#offset = end;
    this.#hold(this.#outstanding + piece.length);
    this.#owner.sendData(this.id, piece);
    if (end === chunk.length) {
      this.#chunk = undefined;
      this.#takeSettle()?.resolve();
    }
    return true;
  }

  /** The peer took `bytes`; false when it had no more than fewer. */
  credit(bytes: number): boolean {
    // It may have been on its way when this half was given up.
    if (this.#isOver) return true;
    if (bytes > this.#outstanding) return false;
    this.#hold(this.#outstanding - bytes);
    if (this.#isEnded && this.#outstanding === 0) this.#over();
    return true;
  }

  /** The peer wants no more. */
  stop(code: number): void {
    if (this.#isOver) return;
    const message = "Cannot write: the peer stopped the stream";
    this.#fail(new TransportError(message, { reason: "reset", code }));
    this.#reset(code);
  }

  /** The connection is gone. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#fail(error);
    this.#over();
  }

  #write(chunk: Uint8Array): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      this.#reset(0);
      throw new TypeError("Cannot write what is no Uint8Array");
    }
    if (this.#isOver || chunk.length === 0) return Promise.resolve();
    this.#chunk = chunk;
    this.#offset = 0;
    return this.#wait();
  }

  #end(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#isEnding = true;
    return this.#wait();
  }

  #wait(): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#owner.wantsToSend(this);
    return settled;
  }

  #sendEnd(): boolean {
    if (!this.#isEnding || this.#isEnded) return false;
    this.#isEnded = true;
    this.#owner.sendEnd(this.id);
    this.#takeSettle()?.resolve();
    if (this.#outstanding === 0) this.#over();
    return true;
  }

  #abandon(): void {
    this.#takeSettle()?.reject(new TransportError("Stream was given up", { reason: "closed" }));
    this.#reset(0);
  }

  /** Gives up what is not sent; behind its end there is nothing to give up. */
  #reset(code: number): void {
    if (this.#isOver) return;
    if (!this.#isEnded) this.#owner.sendReset(this.id, code);
    this.#over();
  }

  #fail(error: unknown): void {
    this.#chunk = undefined;
    this.#takeSettle()?.reject(error);
    this.#controller.error(error);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunk = undefined;
    this.#hold(0);
    this.#owner.sendHalfOver(this);
  }

  #hold(bytes: number): void {
    const before = this.#outstanding;
    this.#outstanding = bytes;
    this.#owner.sendHoldingChanged(before, bytes);
  }

  #takeSettle(): Settle | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    return settle;
  }
}
