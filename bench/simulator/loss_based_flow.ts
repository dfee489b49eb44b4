/**
 * LossBasedFlow: a download beside the stream: a window that grows until packets are lost, after CUBIC
 * (RFC 9438, without the TCP-friendly region and slow-start heuristics). It models what fills the
 * queues of real paths; it carries no bytes.
 */

import type { LinkModel } from "./link_model.ts";
import type { EventTarget, SimulatedClock } from "./simulated_clock.ts";

const PACKET_BYTES = 1200;
const CUBIC_C = 0.4;
const CUBIC_BETA = 0.7;
const WINDOW_START = 10;
const WINDOW_MIN = 2;
/** Packets that arrive past a missing one before it is lost. */
const REORDERING = 3;
const TIMEOUT_US = 1_000_000;
/** States of packets in a ring that is far larger than any window here. */
const RING = 16_384;
const SENT = 1;
const SETTLED = 2;

/** Where a flow goes, and when. */
export interface LossBasedFlowOptions {
  readonly clock: SimulatedClock;
  readonly forward: LinkModel;
  /** Way back of acknowledgements. */
  readonly backDelayUs: number;
  readonly startUs: number;
}

/** One download without end. */
export class LossBasedFlow {
  readonly #options: LossBasedFlowOptions;
  readonly #states = new Uint8Array(RING);
  readonly #onAck: EventTarget;
  readonly #onTimeout: EventTarget;
  #window = WINDOW_START;
  #threshold = Infinity;
  #windowBeforeLoss = 0;
  #epochUs: number | undefined;
  #recoverUntil = -1;
  #next = 0;
  #oldest = 0;
  #newestAcked = -1;
  #inFlight = 0;
  #heardUs = 0;
  #deliveredBytes = 0;
  #losses = 0;

  constructor(options: LossBasedFlowOptions) {
    this.#options = options;
    this.#onAck = { onEvent: (packet, nowUs) => this.#acknowledge(packet, nowUs) };
    this.#onTimeout = { onEvent: (_, nowUs) => this.#watch(nowUs) };
    options.clock.schedule(options.startUs, this.#onTimeout);
  }

  /** Bytes that arrived so far. */
  get deliveredBytes(): number {
    return this.#deliveredBytes;
  }

  /** Packets lost so far. */
  get losses(): number {
    return this.#losses;
  }

  #send(nowUs: number): void {
    const { clock, forward, backDelayUs } = this.#options;
    while (this.#inFlight < Math.floor(this.#window) && this.#next - this.#oldest < RING - 1) {
      const packet = this.#next++;
      this.#states[packet % RING] = SENT;
      this.#inFlight++;
      forward.push(PACKET_BYTES, nowUs);
      const atUs = forward.deliveries[0];
      if (atUs !== undefined) clock.schedule(atUs + backDelayUs, this.#onAck, packet);
    }
  }

  #acknowledge(packet: number, nowUs: number): void {
    this.#heardUs = nowUs;
    this.#deliveredBytes += PACKET_BYTES;
    if (this.#settle(packet)) this.#grow(nowUs);
    this.#newestAcked = Math.max(this.#newestAcked, packet);
    while (this.#oldest <= this.#newestAcked - REORDERING) {
      if (this.#settle(this.#oldest)) this.#lose(this.#oldest, nowUs);
      this.#oldest++;
    }
    this.#send(nowUs);
  }

  /** The packet is no longer in flight; false when it was not. */
  #settle(packet: number): boolean {
    if (packet < this.#oldest || this.#states[packet % RING] !== SENT) return false;
    this.#states[packet % RING] = SETTLED;
    this.#inFlight--;
    return true;
  }

  #grow(nowUs: number): void {
    if (this.#window < this.#threshold) {
      this.#window++;
      return;
    }
    this.#epochUs ??= nowUs;
    const seconds = (nowUs - this.#epochUs) / 1e6;
    const plateau = Math.cbrt(this.#windowBeforeLoss * (1 - CUBIC_BETA) / CUBIC_C);
    const target = CUBIC_C * (seconds - plateau) ** 3 + this.#windowBeforeLoss;
    this.#window += Math.max(0.01, target - this.#window) / this.#window;
  }

  /** At most one cut for the packets of a window. */
  #lose(packet: number, nowUs: number): void {
    this.#losses++;
    if (packet <= this.#recoverUntil) return;
    this.#recoverUntil = this.#next - 1;
    this.#windowBeforeLoss = this.#window;
    this.#window = Math.max(WINDOW_MIN, this.#window * CUBIC_BETA);
    this.#threshold = this.#window;
    this.#epochUs = nowUs;
  }

  /** Starts the flow, and starts it again when nothing came back for long. */
  #watch(nowUs: number): void {
    if (nowUs - this.#heardUs >= TIMEOUT_US) {
      while (this.#oldest < this.#next) {
        if (this.#settle(this.#oldest)) this.#losses++;
        this.#oldest++;
      }
      if (this.#heardUs > 0) this.#threshold = Math.max(WINDOW_MIN, this.#window / 2);
      this.#window = WINDOW_START;
      this.#heardUs = nowUs;
    }
    this.#send(nowUs);
    this.#options.clock.schedule(nowUs + TIMEOUT_US, this.#onTimeout);
  }
}
