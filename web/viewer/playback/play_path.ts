/**
 * Play path: which of the frames in the cache is due at a time, from a place on, forwards or back.
 * Pure look-ups; they walk from frame to frame, as far as playing went on since the last one.
 */

import { frameAt } from "./encoded_cache.ts";
import type { EncodedCache, FramePlace } from "./encoded_cache.ts";

/** What is due, and how far the cache goes on without a break. */
export interface ForwardPath {
  readonly place: FramePlace;
  /** Capture time of the last frame before the end. */
  readonly heldUntilUs: number;
  /** Why it ends: more may be there to read, nothing is held beyond, or the recording is over. */
  readonly end: "unknown" | "gap" | "last";
}

/** The last frame from `from` on that was captured at `dueUs` or before. */
export function nextForward(cache: EncodedCache, from: FramePlace, dueUs: number): ForwardPath {
  let place = from;
  for (;;) {
    const next = cache.after(place);
    if (next === undefined || frameAt(next).captureTimeUs > dueUs) break;
    place = next;
  }
  let last = place.group;
  while (last.next !== undefined) last = last.next;
  const heldUntilUs = last.frames.at(-1)!.captureTimeUs;
  const end = last.gap !== undefined ? "gap" : last.isLast ? "last" : "unknown";
  return { place, heldUntilUs, end };
}

/** The last frame up to `from` that was captured at `dueUs` or before, or the first that is held. */
export function nextReverse(
  cache: EncodedCache,
  from: FramePlace,
  dueUs: number,
): { readonly place: FramePlace; readonly isAtStart: boolean } {
  let place = from;
  while (frameAt(place).captureTimeUs > dueUs) {
    const before = cache.before(place);
    if (before === undefined) return { place, isAtStart: true };
    place = before;
  }
  return { place, isAtStart: false };
}
