/**
 * MotionMeter: how motion of a hand goes out: how many reports came, how many were sent, and how long
 * the oldest one that was not sent yet had to wait. It counts and decides nothing.
 */

/** Motion that waits longer than this many milliseconds is a frame late on most displays. */
export const FRAME_MS = 1000 / 60;

/** Counters of motion. */
export interface MotionStats {
  /** Reports of the device. */
  reports: number;
  /** What of them was sent; the rest went with a later one. */
  sent: number;
  /** Longest time from the event to the hand-over to the network's thread. */
  waitMsMax: number;
  /** Times that this was more than a frame. */
  late: number;
}

/** Counts motion since the last `take`. */
export class MotionMeter {
  #stats = fresh();
  #oldestMs: number | undefined;

  /** `count` reports came, the first of them at `atMs`. */
  report(count: number, atMs: number): void {
    this.#stats.reports += count;
    this.#oldestMs ??= atMs;
  }

  /** Everything reported is on its way. */
  sent(nowMs: number): void {
    if (this.#oldestMs === undefined) return;
    const waitMs = nowMs - this.#oldestMs;
    this.#oldestMs = undefined;
    this.#stats.sent++;
    this.#stats.waitMsMax = Math.max(this.#stats.waitMsMax, waitMs);
    if (waitMs > FRAME_MS) this.#stats.late++;
  }

  /** What was reported is for nobody. */
  drop(): void {
    this.#oldestMs = undefined;
  }

  /** Counters since the last time. */
  take(): MotionStats {
    const stats = this.#stats;
    this.#stats = fresh();
    return stats;
  }
}

function fresh(): MotionStats {
  return { reports: 0, sent: 0, waitMsMax: 0, late: 0 };
}
