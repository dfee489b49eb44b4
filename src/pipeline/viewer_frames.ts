/**
 * ViewerFrames: which frames of a stream one viewer was sent and which it is known to have, so that
 * the sender can tell what the viewer can decode and which missing packets it still needs. It remembers
 * 128 frames, above one round trip of a second at 120 frames a second.
 */

import { add32, distance32 } from "../core/sequence.ts";
import type { EncodedFrame } from "../wire/frame.ts";

/** Frames remembered. */
export const REMEMBERED_FRAMES = 128;

/** The frames of one viewer. */
export class ViewerFrames {
  readonly #frameIds = new Uint32Array(REMEMBERED_FRAMES);
  readonly #referenceIds = new Uint32Array(REMEMBERED_FRAMES);
  readonly #isKey = new Uint8Array(REMEMBERED_FRAMES);
  readonly #firstSourceIds = new Uint32Array(REMEMBERED_FRAMES);
  readonly #sentUs = new Float64Array(REMEMBERED_FRAMES);
  /** Frames that reports named as complete; 0 is no frame. */
  readonly #completeIds = new Uint32Array(REMEMBERED_FRAMES);
  #sent = 0;
  /** Frames that were sent before the source ids of now began. */
  #epochStart = 0;
  #epochFirstId = 0;
  #nextSourceId = 0;
  #complete = 0;
  #lastCompleteId = 0;

  /** Newest frame that reports named as complete; 0 before the first. */
  get lastCompleteId(): number {
    return this.#lastCompleteId;
  }

  /** Newest frame that was sent; 0 before the first. */
  get newestId(): number {
    return this.#sent === 0 ? 0 : this.#frameIds[(this.#sent - 1) % REMEMBERED_FRAMES]!;
  }

  /** Packets of the newest frame so far. */
  get newestPackets(): number {
    if (this.#sent === this.#epochStart) return 0;
    const first = this.#firstSourceIds[(this.#sent - 1) % REMEMBERED_FRAMES]!;
    return distance32(first, this.#nextSourceId);
  }

  /** Newest source id that was sent since the ids began; undefined when there is none. */
  get lastSourceId(): number | undefined {
    return this.#sent === this.#epochStart ? undefined : add32(this.#nextSourceId, -1);
  }

  /** First source id that is not known to have arrived; undefined when nothing was sent. */
  get unacknowledgedFrom(): number | undefined {
    const acknowledged = this.acknowledgedSourceId;
    if (acknowledged !== undefined) return add32(acknowledged, 1);
    return this.#sent === this.#epochStart ? undefined : this.#epochFirstId;
  }

  /** The viewer begins anew, so that it has no frame. */
  clear(): void {
    this.#sent = 0;
    this.#epochStart = 0;
    this.#complete = 0;
    this.#lastCompleteId = 0;
  }

  /** Source ids begin anew elsewhere; the frames stay known. */
  startEpoch(): void {
    this.#epochStart = this.#sent;
  }

  /** A frame is sent whose first packet has `firstSourceId`. */
  push(frame: EncodedFrame, firstSourceId: number, nowUs: number): void {
    const slot = this.#sent % REMEMBERED_FRAMES;
    this.#frameIds[slot] = frame.frameId;
    this.#referenceIds[slot] = add32(frame.frameId, -frame.referenceDistance);
    this.#isKey[slot] = frame.referenceDistance === 0 ? 1 : 0;
    this.#firstSourceIds[slot] = firstSourceId;
    this.#sentUs[slot] = nowUs;
    this.#nextSourceId = firstSourceId;
    if (this.#sent === this.#epochStart) this.#epochFirstId = firstSourceId;
    this.#sent++;
  }

  /** A packet of that frame is sent. */
  notePacket(): void {
    this.#nextSourceId = add32(this.#nextSourceId, 1);
  }

  /** A report names `frameId` as complete. False when it was never sent, so that the report lies. */
  noteComplete(frameId: number): boolean {
    if (frameId === this.#lastCompleteId) return true;
    if (frameId !== 0 && (this.#sent === 0 || distance32(frameId, this.newestId) < 0)) return false;
    // A decoder that lost what it had says so by going back: what came since is not there either.
    const isLost = frameId === 0 || distance32(this.#lastCompleteId, frameId) < 0;
    if (isLost && this.#lastCompleteId !== 0) this.#complete = 0;
    if (frameId === 0) {
      this.#lastCompleteId = 0;
      return true;
    }
    this.#lastCompleteId = frameId;
    this.#completeIds[this.#complete % REMEMBERED_FRAMES] = frameId;
    this.#complete++;
    return true;
  }

  /**
   * True when the viewer can decode `frame`: a keyframe, or one that refers to a frame it has. With
   * `isContinuous` every frame that was sent counts as one it has, because repairs are under way.
   */
  canDecode(frame: EncodedFrame, isContinuous: boolean): boolean {
    if (frame.referenceDistance === 0) return true;
    const reference = add32(frame.frameId, -frame.referenceDistance);
    if (this.#isComplete(reference)) return true;
    return isContinuous && this.#find(reference) !== undefined;
  }

  /** Last source id of `lastCompleteId`, when that frame was sent with the ids of now. */
  get acknowledgedSourceId(): number | undefined {
    const back = this.#lastCompleteId === 0 ? undefined : this.#find(this.#lastCompleteId);
    if (back === undefined || this.#sent - back < this.#epochStart) return undefined;
    const next = back === 1
      ? this.#nextSourceId
      : this.#firstSourceIds[(this.#sent - back + 1) % REMEMBERED_FRAMES]!;
    return add32(next, -1);
  }

  /**
   * The first source id that the viewer needs when `firstMissingId` is missing: that one, or the start
   * of a newer frame which it can decode without. Undefined when the ids are not those of now.
   */
  neededFrom(firstMissingId: number): number | undefined {
    const kept = Math.min(this.#sent - this.#epochStart, REMEMBERED_FRAMES);
    if (kept === 0 || distance32(firstMissingId, this.#nextSourceId) <= 0) return undefined;
    for (let back = 1; back <= kept; back++) {
      const slot = (this.#sent - back) % REMEMBERED_FRAMES;
      const firstSourceId = this.#firstSourceIds[slot]!;
      if (distance32(firstSourceId, firstMissingId) >= 0) return firstMissingId;
      if (this.#isKey[slot] === 1 || this.#isComplete(this.#referenceIds[slot]!)) {
        return firstSourceId;
      }
    }
    return undefined;
  }

  /** When the frame of `sourceId` was sent; undefined when it is not remembered. */
  sentUsOf(sourceId: number): number | undefined {
    const kept = Math.min(this.#sent - this.#epochStart, REMEMBERED_FRAMES);
    for (let back = 1; back <= kept; back++) {
      const slot = (this.#sent - back) % REMEMBERED_FRAMES;
      if (distance32(this.#firstSourceIds[slot]!, sourceId) >= 0) return this.#sentUs[slot]!;
    }
    return undefined;
  }

  #isComplete(frameId: number): boolean {
    const kept = Math.min(this.#complete, REMEMBERED_FRAMES);
    for (let back = 1; back <= kept; back++) {
      if (this.#completeIds[(this.#complete - back) % REMEMBERED_FRAMES] === frameId) return true;
    }
    return false;
  }

  /** How far back `frameId` was sent, 1 for the newest. */
  #find(frameId: number): number | undefined {
    const kept = Math.min(this.#sent, REMEMBERED_FRAMES);
    for (let back = 1; back <= kept; back++) {
      if (this.#frameIds[(this.#sent - back) % REMEMBERED_FRAMES] === frameId) return back;
    }
    return undefined;
  }
}
