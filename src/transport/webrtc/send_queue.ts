/**
 * SendQueue: packets of one player that wait for their time: a frame leaves at once as long as it stays
 * within a micro-burst, and only what exceeds it is spread; part of send. As src/congestion/pacer.ts,
 * for packets that are views of a frame's buffer and get their numbers when they leave. Bounded in
 * bytes: what does not fit is refused, whole frames at a time.
 */

import {
  MICRO_BURST_BYTES_MAX,
  MICRO_BURST_BYTES_MIN,
  MICRO_BURST_US,
} from "../../congestion/pacer.ts";
import type { RtpUnit } from "./rtp_stream.ts";

/** Most bytes that wait: a keyframe of a large picture. */
export const QUEUE_BYTES_MAX = 1024 * 1024;
/** Pace of what exceeds the micro-burst, in targets. */
const PACE = 2;
const QUANTUM_US = 1_000;

/** The queue of one player. */
export class SendQueue {
  #units: RtpUnit[] = [];
  #head = 0;
  #bytes = 0;
  #level = 0;
  #levelUs = 0;
  #paceBps = 1;
  #burstBytes = MICRO_BURST_BYTES_MIN;

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When to pull again; undefined while nothing waits. */
  get deadline(): number | undefined {
    const unit = this.#units[this.#head];
    if (unit === undefined) return undefined;
    const quantum = Math.max(unit.payload.byteLength, this.#paceBps / 8e6 * QUANTUM_US);
    const over = this.#level + Math.min(this.#bytes, quantum) - this.#burstBytes;
    return this.#levelUs + Math.ceil(Math.max(0, over) * 8e6 / this.#paceBps);
  }

  /** The controller's target, from which pace and micro-burst follow. */
  setTarget(targetBps: number): void {
    this.#paceBps = Math.max(1, targetBps) * PACE;
    const wanted = targetBps / 8e6 * MICRO_BURST_US;
    this.#burstBytes = Math.min(MICRO_BURST_BYTES_MAX, Math.max(MICRO_BURST_BYTES_MIN, wanted));
  }

  /** Adds a frame's packets, all of them or none. */
  push(units: readonly RtpUnit[]): boolean {
    const bytes = units.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    if (this.#bytes + bytes > QUEUE_BYTES_MAX) return false;
    this.#units.push(...units);
    this.#bytes += bytes;
    return true;
  }

  /** The next packet that may leave; undefined when none may yet. */
  pull(nowUs: number): RtpUnit | undefined {
    this.#drain(nowUs);
    const unit = this.#units[this.#head];
    if (unit === undefined || this.#level + unit.payload.byteLength > this.#burstBytes) {
      return undefined;
    }
    this.#head++;
    this.#bytes -= unit.payload.byteLength;
    this.#level += unit.payload.byteLength;
    if (this.#head === this.#units.length) this.clear();
    return unit;
  }

  /** Bytes that left beside it count against the micro-burst, never more than all of it. */
  noteOther(bytes: number, nowUs: number): void {
    this.#drain(nowUs);
    this.#level = Math.max(this.#level, Math.min(this.#burstBytes, this.#level + bytes));
  }

  clear(): void {
    this.#units = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #drain(nowUs: number): void {
    const elapsedUs = Math.max(0, nowUs - this.#levelUs);
    this.#levelUs = Math.max(nowUs, this.#levelUs);
    this.#level = Math.max(0, this.#level - this.#paceBps / 8e6 * elapsedUs);
  }
}
