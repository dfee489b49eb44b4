/**
 * MediaReceiver: joins receive, reorder and depacketize for one stream, up to decode. It yields only
 * frames whose reference was yielded before, because a decoder shows a frame without its reference
 * as if nothing were wrong. Memory: the reorder window and one frame, both bounded.
 */

import { distance32, unwrap32 } from "../core/sequence.ts";
import { ProtocolError } from "../core/errors.ts";
import { Depacketizer } from "../packet/depacketizer.ts";
import type { DepacketizerStats } from "../packet/depacketizer.ts";
import { LossDetector } from "../reorder/loss_detector.ts";
import { ReorderBuffer } from "../reorder/reorder_buffer.ts";
import type { ReorderStats } from "../reorder/reorder_buffer.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { parseSourcePacket } from "../wire/packet.ts";

/** A loss report is repeated after this time while no decodable frame came. */
export const LOSS_REPORT_INTERVAL_US = 50_000;
/** Frames whose decodability is remembered: the longest reference distance of the wire. */
const DECODABLE_HISTORY = 256;
/** A frame whose rest does not come is given up this long after its last packet. */
const TAIL_LOSS_US = 30_000;

/** A frame that can be decoded, with its times on the receiver's clock. */
export interface ReceivedFrame extends EncodedFrame {
  /** Host time of the grab: right modulo 2^32 us, never going back within this receiver. */
  readonly captureTimeUs: number;
  /** Arrival of the first packet of the frame that came, in microseconds. */
  readonly firstArrivalUs: number;
  /** Arrival of the packet that completed it. */
  readonly lastArrivalUs: number;
}

/** What to tell the sender about damage. */
export interface LossReport {
  readonly firstFrameId: number;
  /** Last frame that was yielded; 0 when none was, so that only a keyframe helps. */
  readonly lastCompleteFrameId: number;
}

/** Counters of a receiver. */
export interface MediaReceiverStats {
  datagrams: number;
  /** Datagrams that break the packet format. */
  malformed: number;
  framesYielded: number;
  /** Complete frames whose reference is missing. */
  framesUndecodable: number;
  packetsLost: number;
}

/** Receives the frames of one stream. */
export class MediaReceiver {
  readonly #streamId: number;
  readonly #depacketizer = new Depacketizer();
  readonly #lossDetector = new LossDetector();
  readonly #decodable = new Uint8Array(DECODABLE_HISTORY);
  readonly #stats: MediaReceiverStats = {
    datagrams: 0,
    malformed: 0,
    framesYielded: 0,
    framesUndecodable: 0,
    packetsLost: 0,
  };
  #reorder: ReorderBuffer | undefined;
  #lastFrameId: number | undefined;
  #newestFrameId = 0;
  #captureTimeUs: number | undefined;
  #firstArrivalUs = 0;
  #lastArrivalUs = 0;
  #arrivalFrameId = -1;
  #damagedFrom: number | undefined;
  #reportDueUs = 0;

  /** For packets of `streamId`. */
  constructor(options: { readonly streamId: number }) {
    this.#streamId = options.streamId;
  }

  get stats(): Readonly<MediaReceiverStats> {
    return this.#stats;
  }

  get depacketizerStats(): Readonly<DepacketizerStats> {
    return this.#depacketizer.stats;
  }

  get reorderStats(): Readonly<ReorderStats> | undefined {
    return this.#reorder?.stats;
  }

  /** Bytes held by the reorder window and the open frame. */
  get bufferBytes(): number {
    return (this.#reorder?.bufferBytes ?? 0) + this.#depacketizer.bufferBytes;
  }

  /** When `pull` must be called again although nothing arrives, or undefined. */
  get deadline(): number | undefined {
    const gap = this.#lossDetector.deadline;
    const tail = this.#depacketizer.openFrameId === undefined
      ? undefined
      : this.#lastArrivalUs + TAIL_LOSS_US;
    const report = this.#damagedFrom === undefined ? undefined : this.#reportDueUs;
    return earliest(earliest(gap, tail), report);
  }

  /** Takes one media datagram; what breaks the format is counted and dropped. */
  push(datagram: Uint8Array, nowUs: number): void {
    this.#stats.datagrams++;
    let sourceId: number;
    try {
      const packet = parseSourcePacket(datagram);
      if (packet.streamId !== this.#streamId) {
        throw new ProtocolError(`Cannot accept a packet of stream ${packet.streamId}`, {
          reason: "unexpected",
        });
      }
      sourceId = packet.sourceId;
      // The window starts at the first packet of the first frame seen, so that a reordered start
      // is not taken for a loss.
      this.#reorder ??= new ReorderBuffer((sourceId - packet.packetIndex) >>> 0);
      this.#noteArrival(packet.frameId, nowUs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#stats.malformed++;
      return;
    }
    const expected = this.#reorder.nextId;
    const outcome = this.#reorder.push(sourceId, datagram);
    if (outcome === "window_moved") {
      this.#stats.packetsLost += distance32(expected, this.#reorder.nextId);
      this.#lossDetector.abandon();
      this.#markDamage(nowUs);
    }
  }

  /** The next frame to decode, or undefined. Its payload is valid until the next push or pull. */
  pull(nowUs: number): ReceivedFrame | undefined {
    const reorder = this.#reorder;
    if (reorder === undefined) return undefined;
    for (;;) {
      const bytes = reorder.pull();
      if (bytes !== undefined) {
        this.#lossDetector.observe(undefined, nowUs);
        const frame = this.#joinPacket(bytes, nowUs);
        if (frame !== undefined) return frame;
        continue;
      }
      const missing = reorder.blocked ? reorder.nextId : undefined;
      if (this.#lossDetector.observe(missing, nowUs)) {
        this.#stats.packetsLost += reorder.skipGap();
        this.#lossDetector.abandon();
        this.#markDamage(nowUs);
        continue;
      }
      if (missing === undefined) this.#checkTail(nowUs);
      return undefined;
    }
  }

  /** What to report now: at once when damage is found, then again while it lasts. */
  takeLoss(nowUs: number): LossReport | undefined {
    if (this.#damagedFrom === undefined || nowUs < this.#reportDueUs) return undefined;
    this.#reportDueUs = nowUs + LOSS_REPORT_INTERVAL_US;
    return { firstFrameId: this.#damagedFrom, lastCompleteFrameId: this.#lastFrameId ?? 0 };
  }

  #joinPacket(bytes: Uint8Array, nowUs: number): ReceivedFrame | undefined {
    const packet = parseSourcePacket(bytes);
    const outcome = this.#depacketizer.push(packet);
    if (outcome === "orphan" || outcome === "mismatch" || outcome === "too_large") {
      this.#markDamage(nowUs);
      return undefined;
    }
    const frame = this.#depacketizer.frame;
    if (frame === undefined) return undefined;
    this.#forgetUpTo(frame.frameId);
    if (!this.#isDecodable(frame)) {
      this.#stats.framesUndecodable++;
      this.#markDamage(nowUs);
      return undefined;
    }
    this.#decodable[frame.frameId % DECODABLE_HISTORY] = 1;
    this.#lastFrameId = frame.frameId;
    this.#damagedFrom = undefined;
    this.#stats.framesYielded++;
    const captureTimeUs = this.#captureTimeUs === undefined
      ? frame.captureTimeUs
      : unwrap32(this.#captureTimeUs, frame.captureTimeUs);
    this.#captureTimeUs = captureTimeUs;
    return {
      ...frame,
      captureTimeUs,
      firstArrivalUs: this.#arrivalFrameId === frame.frameId ? this.#firstArrivalUs : nowUs,
      lastArrivalUs: this.#arrivalFrameId === frame.frameId ? this.#lastArrivalUs : nowUs,
    };
  }

  #isDecodable(frame: EncodedFrame): boolean {
    if (frame.referenceDistance === 0) return true;
    const reference = (frame.frameId - frame.referenceDistance) >>> 0;
    return this.#decodable[reference % DECODABLE_HISTORY] === 1;
  }

  /** Frames that never came must not inherit what their slot said 256 frames ago. */
  #forgetUpTo(frameId: number): void {
    const ahead = distance32(this.#newestFrameId, frameId);
    const stale = ahead < 0 ? DECODABLE_HISTORY : Math.min(ahead, DECODABLE_HISTORY);
    for (let back = 0; back < stale; back++) {
      this.#decodable[((frameId - back) >>> 0) % DECODABLE_HISTORY] = 0;
    }
    this.#newestFrameId = frameId;
  }

  #markDamage(nowUs: number): void {
    if (this.#damagedFrom !== undefined) return;
    this.#damagedFrom = this.#lastFrameId === undefined ? 1 : (this.#lastFrameId + 1) >>> 0;
    this.#reportDueUs = nowUs;
  }

  #checkTail(nowUs: number): void {
    if (this.#depacketizer.openFrameId === undefined) return;
    if (nowUs - this.#lastArrivalUs < TAIL_LOSS_US) return;
    this.#depacketizer.abandon();
    this.#markDamage(nowUs);
  }

  #noteArrival(frameId: number, nowUs: number): void {
    if (frameId !== this.#arrivalFrameId) {
      if (distance32(this.#arrivalFrameId, frameId) < 0 && this.#arrivalFrameId >= 0) return;
      this.#arrivalFrameId = frameId;
      this.#firstArrivalUs = nowUs;
    }
    this.#lastArrivalUs = nowUs;
  }
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Math.min(a, b);
}
