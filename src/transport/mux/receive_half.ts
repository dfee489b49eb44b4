/**
 * ReceiveHalf: the reading half of a stream of a MuxConnection: bytes wait here until its user takes
 * them, and only then the peer gets credit again. Small pieces are put together, so that what waits
 * costs at most twice its bytes.
 */

import { TransportError } from "../../core/errors.ts";

/** The connection's side of a half. */
export interface ReceiveHalfOwner {
  /** Gives the peer `bytes` of credit. */
  sendCredit(id: number, bytes: number): void;
  sendStop(id: number, code: number): void;
  /** What this end holds of it changed from `before` to `after` bytes. */
  receiveHoldingChanged(before: number, after: number): void;
  /** Nothing more will come and all is taken. */
  receiveHalfOver(half: ReceiveHalf): void;
}

/** Pieces below this are put together in buffers of twice this. */
const SMALL_PIECE_BYTES = 512;

/** A buffer of this end's own into which small pieces go. */
interface Gathering {
  readonly buffer: Uint8Array;
  filled: number;
}

/** The half that reads. */
export class ReceiveHalf {
  readonly id: number;
  readonly readable: ReadableStream<Uint8Array>;
  readonly #owner: ReceiveHalfOwner;
  readonly #creditStepBytes: number;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #pieces: (Uint8Array | Gathering)[] = [];
  #wake: (() => void) | undefined;
  /** Received and not credited. */
  #held = 0;
  /** Taken by the user and not credited yet. */
  #taken = 0;
  #hasEnded = false;
  #isStopped = false;
  #isOver = false;

  /** Tells the peer of credit in steps of `creditStepBytes`, or less at the end. */
  constructor(id: number, owner: ReceiveHalfOwner, creditStepBytes: number) {
    this.id = id;
    this.#owner = owner;
    this.#creditStepBytes = creditStepBytes;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#stop(),
    }, { highWaterMark: 0 });
  }

  /** Bytes received that the peer has no credit for again. */
  get heldBytes(): number {
    return this.#held;
  }

  /** True once the peer said that nothing more comes. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Takes bytes of the peer, which are kept as they are. */
  push(bytes: Uint8Array): void {
    this.#hold(this.#held + bytes.length);
    if (this.#isStopped || this.#isOver) return;
    this.#add(bytes);
    this.#wakeReader();
  }

  /** The peer ended the stream. */
  end(): void {
    this.#hasEnded = true;
    if (this.#isStopped) return this.#over();
    this.#credit();
    // All is taken: the reader need not come again for the stream to be over.
    if (!this.#isOver && this.#pieces.length === 0) this.#finish();
  }

  /** The peer gave the stream up. */
  reset(code: number): void {
    this.#hasEnded = true;
    const message = "Cannot read: the peer reset the stream";
    this.#fail(new TransportError(message, { reason: "reset", code }));
    this.#over();
  }

  /** The connection is gone. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#fail(error);
    this.#over();
  }

  #add(bytes: Uint8Array): void {
    const last = this.#pieces.at(-1);
    if (bytes.length >= SMALL_PIECE_BYTES || (last === undefined && this.#wake !== undefined)) {
      this.#pieces.push(bytes);
      return;
    }
    const fits = last !== undefined && "filled" in last &&
      last.filled + bytes.length <= last.buffer.length;
    const into = fits ? last : { buffer: new Uint8Array(2 * SMALL_PIECE_BYTES), filled: 0 };
    if (!fits) this.#pieces.push(into);
    into.buffer.set(bytes, into.filled);
    into.filled += bytes.length;
  }

  #pull(): Promise<void> | void {
    if (this.#deliver()) return;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #wakeReader(): void {
    const wake = this.#wake;
    if (wake === undefined || !this.#deliver()) return;
    this.#wake = undefined;
    wake();
  }

  /** Gives the reader what is next; false when there is nothing. */
  #deliver(): boolean {
    const next = this.#pieces.shift();
    if (next === undefined) return false;
    const bytes = "filled" in next ? next.buffer.subarray(0, next.filled) : next;
    this.#taken += bytes.length;
    this.#controller.enqueue(bytes);
    this.#credit();
    return true;
  }

  /** Gives credit for what was taken, in steps; at the end for all, so that the peer may forget it. */
  #credit(): void {
    if (this.#taken === 0) return;
    const isLast = this.#hasEnded && this.#pieces.length === 0;
    if (this.#taken < this.#creditStepBytes && !isLast) return;
    const bytes = this.#taken;
    this.#taken = 0;
    this.#hold(this.#held - bytes);
    this.#owner.sendCredit(this.id, bytes);
    if (isLast && this.#held === 0) this.#finish();
  }

  #finish(): void {
    this.#controller.close();
    this.#wake?.();
    this.#wake = undefined;
    this.#over();
  }

  #stop(): void {
    if (this.#isOver || this.#isStopped) return;
    this.#isStopped = true;
    this.#pieces.length = 0;
    this.#wake?.();
    this.#wake = undefined;
    if (this.#hasEnded) {
      // Nothing more comes: the peer only waits for its credit.
      this.#taken = this.#held;
      this.#hold(0);
      this.#owner.sendCredit(this.id, this.#taken);
      return this.#over();
    }
    this.#owner.sendStop(this.id, 0);
  }

  #fail(error: unknown): void {
    if (!this.#isStopped) this.#controller.error(error);
    this.#wake?.();
    this.#wake = undefined;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pieces.length = 0;
    this.#hold(0);
    this.#owner.receiveHalfOver(this);
  }

  #hold(bytes: number): void {
    const before = this.#held;
    this.#held = bytes;
    this.#owner.receiveHoldingChanged(before, bytes);
  }
}
