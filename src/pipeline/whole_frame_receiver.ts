/**
 * WholeFrameReceiver: MediaReceiver's sibling for a path that delivers access units instead of
 * packets, as RTP does in a browser. It yields only frames whose reference was yielded before, never an
 * older one after a newer, and says in feedback what is damaged. What waits for the decoder is 8 MB at
 * most.
 */

import { distance32, unwrap32 } from "../core/sequence.ts";
import { encodeFeedback } from "../wire/feedback.ts";
import { MAX_FRAME_BYTES } from "../wire/frame.ts";
import type { FrameMark } from "../wire/frame_sei.ts";
import type { MediaReceiverStats, ReceivedFrame } from "./media_receiver.ts";
import { ReferenceChain } from "./reference_chain.ts";

/** Frames and bytes that wait for a decoder; beyond them a keyframe is needed anyway. */
export const WAITING_FRAMES_MAX = 128;
export const WAITING_BYTES_MAX = 2 * MAX_FRAME_BYTES;
/** A jump of frame ids above this is a stream that started again. */
const FRAME_JUMP_MAX = 1000;
/** Reports while frames come, and while some are missing. The rate does not follow from them. */
const REPORT_INTERVAL_US = 100_000;
const TROUBLE_INTERVAL_US = 30_000;
/** Reports of damage go on for this long after the last frame. */
const ACTIVE_US = 10_000_000;
const NO_BYTES = new Uint8Array(0);

interface WaitingFrame {
  readonly mark: FrameMark;
  readonly payload: Uint8Array;
  readonly arrivalUs: number;
}

/** Receives the access units of one stream. */
export class WholeFrameReceiver {
  readonly #streamId: number;
  readonly #chain = new ReferenceChain();
  readonly #waiting: WaitingFrame[] = [];
  readonly #counts = {
    datagrams: 0,
    malformed: 0,
    framesYielded: 0,
    framesUndecodable: 0,
    framesSkipped: 0,
    feedbackSent: 0,
  };
  #waitingBytes = 0;
  #captureTimeUs: number | undefined;
  #newestId: number | undefined;
  #arrivalUs = 0;
  #hasNews = false;
  #isUrgent = false;
  #sentUs = -Infinity;
  #reportedDamage = 0;
  #decodeQueue = 0;
  #presentedFrameId = 0;
  #presentedUs = 0;

  constructor(options: { readonly streamId: number }) {
    this.#streamId = options.streamId;
  }

  /** As a receiver of packets counts; a frame counts as one datagram, and no packet is seen. */
  get stats(): MediaReceiverStats {
    return {
      ...this.#counts,
      recovered: 0,
      packetsLost: 0,
      repairsReceived: 0,
      repairsUnused: 0,
    };
  }

  /** The browser puts packets in order: nothing waits for that here. */
  takeReorderPeak(): number {
    return 0;
  }

  /** Bytes that wait for the decoder, and the frames remembered. */
  get bufferBytes(): number {
    return this.#waitingBytes + this.#chain.bufferBytes;
  }

  /** When `pull` and `pullFeedback` must be called although nothing arrives, or undefined. */
  get deadline(): number | undefined {
    const isTrouble = this.#chain.damagedFrameId !== 0;
    if (isTrouble && this.#sentUs - this.#arrivalUs < ACTIVE_US) {
      return this.#isUrgent ? this.#arrivalUs : this.#sentUs + TROUBLE_INTERVAL_US;
    }
    if (!this.#hasNews) return undefined;
    return Math.max(this.#arrivalUs, this.#sentUs + REPORT_INTERVAL_US);
  }

  /** A datagram with a packet: this path has none. */
  push(_datagram: Uint8Array, _nowUs: number): void {
    this.#counts.malformed++;
  }

  /** Takes an access unit, and keeps it until it is pulled. */
  pushFrame(mark: FrameMark, payload: Uint8Array, nowUs: number): void {
    this.#counts.datagrams++;
    this.#arrivalUs = nowUs;
    this.#hasNews = true;
    const bytes = payload.byteLength;
    if (mark.streamId !== this.#streamId || bytes === 0 || bytes > MAX_FRAME_BYTES) {
      this.#counts.malformed++;
      return;
    }
    const isFull = this.#waiting.length >= WAITING_FRAMES_MAX ||
      this.#waitingBytes + bytes > WAITING_BYTES_MAX;
    if (isFull) {
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      this.#noteDamage();
    }
    this.#waiting.push({ mark, payload, arrivalUs: nowUs });
    this.#waitingBytes += bytes;
  }

  /** The next frame to decode, or undefined. Its payload stays valid. */
  pull(_nowUs: number): ReceivedFrame | undefined {
    for (;;) {
      const next = this.#waiting.shift();
      if (next === undefined) return undefined;
      this.#waitingBytes -= next.payload.byteLength;
      if (this.#isDecodable(next.mark)) return this.#yield(next);
    }
  }

  /** The feedback datagram to send now, or undefined. */
  pullFeedback(nowUs: number): Uint8Array<ArrayBuffer> | undefined {
    const { damagedFrameId } = this.#chain;
    if (damagedFrameId !== this.#reportedDamage) this.#isUrgent = true;
    const dueUs = this.#isUrgent ? nowUs : this.deadline;
    if (dueUs === undefined || nowUs < dueUs) return undefined;
    this.#sentUs = nowUs;
    this.#hasNews = false;
    this.#isUrgent = false;
    this.#reportedDamage = damagedFrameId;
    return encodeFeedback({
      ...{ streamId: this.#streamId, epoch: 0, sequence: this.#counts.feedbackSent++ },
      ...{ newestSequence: 0, newestArrivalUs: this.#arrivalUs, sentUs: nowUs },
      packetsReceived: 0,
      ...{ firstMissingId: 0, missingLength: 0, deficit: 0, loss: 0, burstLength: 1 },
      lastCompleteFrameId: this.#chain.lastFrameId,
      damagedFrameId,
      presentedFrameId: this.#presentedFrameId,
      presentedUs: this.#presentedUs,
      recovered: 0,
      decodeQueue: this.#decodeQueue,
      ...{ bitmap: NO_BYTES, arrivals: [] },
    });
  }

  /** The decoder lost frames from `firstFrameId` on; `lastGoodFrameId` 0: a keyframe is needed. */
  noteDamage(firstFrameId: number, lastGoodFrameId: number): void {
    this.#chain.noteLost(firstFrameId, lastGoodFrameId);
    this.#isUrgent = true;
  }

  /** Frames in the decoder and before it. */
  noteDecodeQueue(frames: number): void {
    this.#decodeQueue = frames;
  }

  /** A frame was drawn. */
  notePresented(frameId: number, atUs: number): void {
    this.#presentedFrameId = frameId;
    this.#presentedUs = Math.round(atUs);
  }

  #isDecodable({ frameId, referenceDistance }: FrameMark): boolean {
    const ahead = this.#newestId === undefined ? 1 : distance32(this.#newestId, frameId);
    // What comes late would be shown after what came later; a stream that began anew is not late.
    if (ahead <= 0 && ahead > -FRAME_JUMP_MAX) return false;
    if (this.#chain.isDecodable(frameId, referenceDistance)) return true;
    this.#counts.framesUndecodable++;
    this.#noteDamage();
    return false;
  }

  #yield({ mark, payload, arrivalUs }: WaitingFrame): ReceivedFrame {
    const { frameId, referenceDistance, layer, streamId } = mark;
    const skipped = this.#newestId === undefined ? 0 : distance32(this.#newestId, frameId) - 1;
    if (skipped > 0 && skipped < FRAME_JUMP_MAX) this.#counts.framesSkipped += skipped;
    this.#newestId = frameId;
    this.#chain.noteYielded(frameId);
    this.#counts.framesYielded++;
    this.#captureTimeUs = this.#captureTimeUs === undefined
      ? mark.captureTimeUs
      : unwrap32(this.#captureTimeUs, mark.captureTimeUs);
    return {
      ...{ streamId, frameId, referenceDistance, layer, payload },
      captureTimeUs: this.#captureTimeUs,
      firstArrivalUs: arrivalUs,
      lastArrivalUs: arrivalUs,
      recoveredPackets: 0,
    };
  }

  #noteDamage(): void {
    this.#chain.noteDamage();
    this.#isUrgent = true;
  }
}
