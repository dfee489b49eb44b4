/**
 * QueueDelay: how long packets wait in the path, from one-way delays: each minus the shortest of 10 s.
 * Part of send. It needs no synchronous clocks and is not blurred by the way back; a burst of one frame
 * is told from a queue that stands by the smallest of the newest delays.
 */

import type { PacketArrival } from "./congestion_controller.ts";
import { WindowedMinimum } from "./windowed_minimum.ts";

/** The shortest delay of this time is that of the queue that stands: some frames, or the newest. */
const STANDING_US = 85_000;
/** Most arrivals within it that are looked at. */
const RECENT = 32;
/** Arrivals sent within this time are of one frame. */
const GROUP_US = 5_000;
const BASE_WINDOW_US = 10_000_000;
/** Weight of the newest interval between arrivals. */
const INTERVAL_WEIGHT = 1 / 8;
const INTERVAL_US_MAX = 100_000;
/** Another clock or another path. */
const BREAK_US = 3_000_000;

/** The queue of one viewer's path. */
export class QueueDelay {
  readonly #base = new WindowedMinimum(BASE_WINDOW_US);
  readonly #recentUs = new Float64Array(RECENT);
  readonly #recentDelays = new Float64Array(RECENT);
  #count = 0;
  #lastSentUs = 0;
  #lastDelayUs = 0;
  #intervalUs = 16_667;
  #queueUs = 0;
  #standingUs = 0;

  /** What the newest arrival waited. */
  get queueUs(): number {
    return this.#queueUs;
  }

  /** What even the luckiest of the newest arrivals waited. */
  get standingUs(): number {
    return this.#standingUs;
  }

  /** Usual time between the frames that arrivals stand for. */
  get intervalUs(): number {
    return this.#intervalUs;
  }

  /** Takes an arrival, in the order of sending. */
  push(arrival: PacketArrival): void {
    const delayUs = arrival.arrivalUs - arrival.sentUs;
    if (this.#count > 0 && !(Math.abs(delayUs - this.#lastDelayUs) < BREAK_US)) this.rebase();
    const gapUs = arrival.sentUs - this.#lastSentUs;
    if (this.#count === 0 || gapUs >= GROUP_US) {
      if (this.#count > 0) {
        this.#intervalUs += (Math.min(INTERVAL_US_MAX, gapUs) - this.#intervalUs) * INTERVAL_WEIGHT;
      }
      this.#lastSentUs = arrival.sentUs;
    }
    this.#lastDelayUs = delayUs;
    this.#base.push(delayUs, arrival.sentUs);
    const baseUs = this.#base.value ?? delayUs;
    const slot = this.#count++ % RECENT;
    this.#recentUs[slot] = arrival.arrivalUs;
    this.#recentDelays[slot] = delayUs;
    this.#queueUs = delayUs - baseUs;
    this.#standingUs = Math.max(0, this.#luckiest(arrival.arrivalUs) - baseUs);
  }

  /** The shortest delay of the past is no longer that of the path. */
  rebase(): void {
    this.#base.clear();
    this.#count = 0;
    this.#queueUs = 0;
    this.#standingUs = 0;
  }

  #luckiest(nowUs: number): number {
    let luckiestUs = Infinity;
    for (let at = 0; at < Math.min(this.#count, RECENT); at++) {
      if (nowUs - this.#recentUs[at]! > STANDING_US) continue;
      luckiestUs = Math.min(luckiestUs, this.#recentDelays[at]!);
    }
    return luckiestUs;
  }
}
