/**
 * ArrivalRecorder: what a viewer remembers of the packets that arrived, for its feedback: the receiving
 * end of congestion control. It knows the last 512 transport sequences, one arrival time for each of
 * the last 16 frames, and averages of loss and burst length; recovered packets never come here.
 */

import { add16, distance16 } from "../core/sequence.ts";
import { MAX_FEEDBACK_ARRIVALS, MAX_FEEDBACK_BITMAP_BYTES } from "../wire/feedback.ts";
import type { ArrivalMark } from "../wire/feedback.ts";

/** Packets that the bitmap reaches back over. */
export const RECORDED_PACKETS = 8 * MAX_FEEDBACK_BITMAP_BYTES;
/** A power of two above it, so that a slot is not used anew while it is read. */
const SLOTS = 2 * RECORDED_PACKETS;
/** A packet that did not come within this time of later ones counts as lost in the averages. */
const SETTLE_US = 40_000;
/** Marks that are given again, so that a lost report loses none. */
const MARKS_REPEATED = 3;
/** Weight of one look at the settled packets, and of one burst. */
const WEIGHT = 1 / 16;

/** Records the packets of one stream, sources and repairs alike. */
export class ArrivalRecorder {
  readonly #arrived = new Uint8Array(SLOTS);
  readonly #bitmap = new Uint8Array(MAX_FEEDBACK_BITMAP_BYTES);
  readonly #marks: ArrivalMark[] = [];
  /** The newest mark is still that of the frame at hand. */
  #isMarkOpen = false;
  #markedFrameId: number | undefined;
  #marksGiven = 0;
  #newest: number | undefined;
  #newestArrivalUs = 0;
  #packetsReceived = 0;
  /** The averages know packets up to here. */
  #settled = 0;
  #checkpoint = 0;
  #checkpointUs = 0;
  #loss = 0;
  #burstLength = 1;
  #run = 0;

  /** Newest transport sequence, or undefined before the first packet. */
  get newestSequence(): number | undefined {
    return this.#newest;
  }

  /** When that packet arrived. */
  get newestArrivalUs(): number {
    return this.#newestArrivalUs;
  }

  /** Packets that arrived, doubled ones once. */
  get packetsReceived(): number {
    return this.#packetsReceived;
  }

  /** Average share of packets that did not arrive, 0 to 1. */
  get loss(): number {
    return this.#loss;
  }

  /** Average packets of a run of losses, at least 1. */
  get burstLength(): number {
    return this.#burstLength;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#arrived.byteLength + this.#bitmap.byteLength;
  }

  /**
   * A packet arrived; `frameId` is that of a source packet. False for one that is known already or
   * that is too old to be recorded.
   */
  note(sequence: number, nowUs: number, frameId?: number): boolean {
    if (this.#newest === undefined) this.#start(sequence, nowUs);
    const newest = this.#newest!;
    const ahead = distance16(newest, sequence);
    if (ahead <= -RECORDED_PACKETS) return false;
    if (ahead > 0) this.#advance(sequence);
    const slot = sequence & (SLOTS - 1);
    if (this.#arrived[slot] === 1) return false;
    this.#arrived[slot] = 1;
    this.#packetsReceived++;
    if (ahead >= 0) {
      this.#newestArrivalUs = nowUs;
      this.#mark(sequence, nowUs, frameId);
    }
    this.#settle(nowUs);
    return true;
  }

  /** Bit i: packet `newestSequence - 1 - i` arrived. Valid until the next call. */
  bitmap(): Uint8Array {
    const bits = this.#bitmap.fill(0);
    if (this.#newest === undefined) return bits;
    for (let index = 0; index < RECORDED_PACKETS; index++) {
      const slot = (this.#newest - 1 - index) & (SLOTS - 1);
      bits[index >> 3]! |= this.#arrived[slot]! << (index & 7);
    }
    return bits;
  }

  /** The last arrival of each frame since the last call and of some before, oldest first. */
  takeMarks(): readonly ArrivalMark[] {
    this.#marks.splice(0, Math.max(0, this.#marksGiven - MARKS_REPEATED));
    this.#marksGiven = this.#marks.length;
    this.#isMarkOpen = false;
    return this.#marks.slice();
  }

  #start(sequence: number, nowUs: number): void {
    this.#newest = sequence;
    this.#settled = add16(sequence, -1);
    this.#checkpoint = sequence;
    this.#checkpointUs = nowUs;
  }

  #advance(sequence: number): void {
    let newest = this.#newest!;
    while (newest !== sequence) {
      newest = add16(newest, 1);
      this.#arrived[newest & (SLOTS - 1)] = 0;
      if (distance16(this.#settled, newest) > RECORDED_PACKETS) {
        this.#settleUpTo(add16(newest, -RECORDED_PACKETS / 2));
      }
    }
    this.#newest = sequence;
  }

  #mark(transportSequence: number, arrivalUs: number, frameId: number | undefined): void {
    const isSameFrame = frameId === undefined || frameId === this.#markedFrameId;
    if (this.#isMarkOpen && isSameFrame) this.#marks.pop();
    else if (this.#marks.length === MAX_FEEDBACK_ARRIVALS) {
      this.#marks.shift();
      this.#marksGiven = Math.max(0, this.#marksGiven - 1);
    }
    this.#marks.push({ transportSequence, arrivalUs });
    this.#isMarkOpen = true;
    this.#markedFrameId = frameId ?? this.#markedFrameId;
  }

  /** Looks at packets that were overtaken long enough ago. */
  #settle(nowUs: number): void {
    if (nowUs - this.#checkpointUs < SETTLE_US) return;
    this.#settleUpTo(this.#checkpoint);
    this.#checkpoint = this.#newest!;
    this.#checkpointUs = nowUs;
  }

  #settleUpTo(sequence: number): void {
    let packets = 0;
    let lost = 0;
    while (distance16(this.#settled, sequence) > 0) {
      this.#settled = add16(this.#settled, 1);
      packets++;
      if (this.#arrived[this.#settled & (SLOTS - 1)] === 0) {
        lost++;
        this.#run++;
      } else if (this.#run > 0) {
        this.#burstLength += (this.#run - this.#burstLength) * WEIGHT;
        this.#run = 0;
      }
    }
    if (packets > 0) this.#loss += (lost / packets - this.#loss) * WEIGHT;
  }
}
