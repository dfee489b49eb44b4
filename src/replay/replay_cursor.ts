/**
 * ReplayCursor: one reader's place in a replay. It begins at the keyframe before the time asked for,
 * so that a decoder can go on from there, gives frame after frame up to the newest, and says when what
 * it was about to give is no longer held. It holds a lease on its segment and no bytes of its own.
 */

import type { StreamDescription } from "../wire/codec.ts";
import type { IndexedFrame } from "./held_frames.ts";
import type { ReplayBuffer } from "./replay_buffer.ts";
import { LEASE_US, type SegmentLease } from "./segment_leases.ts";

/** What a cursor finds at its place. */
export type CursorStep =
  /** A frame; frames before the time asked for are only to be decoded. */
  | { readonly kind: "frame"; readonly frame: IndexedFrame; readonly isShown: boolean }
  /** What follows is of this kind; given before the first frame and when it changes. */
  | { readonly kind: "description"; readonly description: StreamDescription }
  /** From here to `toUs` nothing is held any more, or it was overwritten. */
  | { readonly kind: "gap"; readonly cause: "evicted" | "blanked"; readonly toUs: number }
  /** The newest frame was given. */
  | { readonly kind: "live" };

/** A reader; give it back with `using`. */
export class ReplayCursor implements Disposable {
  readonly #buffer: ReplayBuffer;
  readonly #targetUs: number;
  #serial: number;
  #description: StreamDescription | undefined;
  #lease: SegmentLease | undefined;
  /** Given by `pull`, to be copied by `read`. */
  #current: number | undefined;

  private constructor(buffer: ReplayBuffer, serial: number, targetUs: number) {
    this.#buffer = buffer;
    this.#serial = serial;
    this.#targetUs = targetUs;
  }

  /**
   * Opens a cursor that shows the frame on the screen at `timeUs` (capture time) and what follows;
   * undefined when nothing is held. A time before all that is held begins at the oldest frame.
   */
  static open(buffer: ReplayBuffer, timeUs: number, nowUs: number): ReplayCursor | undefined {
    const serial = buffer.serialAt(timeUs);
    if (serial === undefined) return undefined;
    const target = buffer.frame(serial)!;
    const start = buffer.keyframeBefore(serial) ?? serial;
    const cursor = new ReplayCursor(buffer, start, target.captureTimeUs);
    cursor.#hold(nowUs);
    return cursor;
  }

  /** Capture time of the first frame that is shown, in microseconds. */
  get targetUs(): number {
    return this.#targetUs;
  }

  /** Goes one step on. */
  pull(nowUs: number): CursorStep {
    this.#current = undefined;
    if (this.#serial >= this.#buffer.endSerial) {
      // A replay that was emptied may have gone past us.
      this.#serial = this.#buffer.endSerial;
      return { kind: "live" };
    }
    if (this.#serial < this.#buffer.firstSerial) {
      return this.#skipTo(this.#buffer.firstSerial, "evicted");
    }
    const frame = this.#buffer.frame(this.#serial)!;
    if (frame.isBlanked) return this.#skipTo(this.#afterBlank(), "blanked");
    const { description } = this.#buffer.segmentOf(this.#serial)!;
    if (description !== this.#description) {
      this.#description = description;
      return { kind: "description", description };
    }
    this.#hold(nowUs);
    this.#current = this.#serial++;
    return { kind: "frame", frame, isShown: frame.captureTimeUs >= this.#targetUs };
  }

  /** Copies the frame that `pull` gave last to the front of `target`; false when it has gone since. */
  read(target: Uint8Array): boolean {
    return this.#current !== undefined && this.#buffer.read(this.#current, target);
  }

  /** Gives the lease back; idempotent. */
  [Symbol.dispose](): void {
    if (this.#lease !== undefined) this.#buffer.release(this.#lease);
    this.#lease = undefined;
  }

  #skipTo(serial: number, cause: "evicted" | "blanked"): CursorStep {
    this.#serial = serial;
    const toUs = this.#buffer.frame(serial)?.captureTimeUs ?? this.#buffer.span?.endUs ?? 0;
    return { kind: "gap", cause, toUs };
  }

  #afterBlank(): number {
    let serial = this.#serial;
    while (this.#buffer.frame(serial)?.isBlanked) serial++;
    return serial;
  }

  #hold(nowUs: number): void {
    const segment = this.#buffer.segmentOf(this.#serial);
    if (segment === undefined) return;
    if (this.#lease?.segment === segment && this.#lease.untilUs > nowUs) {
      this.#lease.untilUs = nowUs + LEASE_US;
      return;
    }
    this[Symbol.dispose]();
    this.#lease = this.#buffer.lease(segment, nowUs);
  }
}
