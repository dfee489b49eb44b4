/**
 * MediaReceiver: joins receive, recover, reorder and depacketize for one stream, up to decode. It
 * yields only frames whose reference was yielded before, because a decoder shows a frame without its
 * reference as if nothing were wrong, and says in feedback what arrived. 8 MB, whatever comes.
 */

import { ArrivalRecorder } from "../congestion/arrival_recorder.ts";
import { add32, unwrap32 } from "../core/sequence.ts";
import { ProtocolError } from "../core/errors.ts";
import { encodeFeedback } from "../wire/feedback.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { emptySourcePacket, PACKET_FLAG_END, parseSourcePacket } from "../wire/packet.ts";
import type { SourcePacket } from "../wire/packet.ts";
import { emptyRepairHeader, isRepairPacket, parseRepairPacket } from "../wire/repair.ts";
import { FeedbackSchedule } from "./feedback_schedule.ts";
import { FrameArrivals } from "./frame_arrivals.ts";
import { FrameOrder } from "./frame_order.ts";
import type { FrameOrderStats } from "./frame_order.ts";
import { RecoveryPath } from "./recovery_path.ts";

export { REORDER_WINDOW_PACKETS } from "../reorder/reorder_buffer.ts";

/** A repair that comes after this much silence shows a path that is back. */
const SILENCE_US = 20_000;

/** A frame that can be decoded, with its times on the receiver's clock. */
export interface ReceivedFrame extends EncodedFrame {
  /** Host time of the grab: right modulo 2^32 us, never going back within this receiver. */
  readonly captureTimeUs: number;
  /** Arrival of the first packet of the frame that came, in microseconds. */
  readonly firstArrivalUs: number;
  /** Arrival of the packet or repair that completed it. */
  readonly lastArrivalUs: number;
  /** Packets of it that repairs brought back. */
  readonly recoveredPackets: number;
}

/** Counters of a receiver. */
export interface MediaReceiverStats extends Readonly<FrameOrderStats> {
  readonly datagrams: number;
  /** Datagrams that break the packet format. */
  readonly malformed: number;
  /** Source packets that repairs brought back in time. */
  readonly recovered: number;
  /** Source packets that were given up: they neither came in time nor were recovered. */
  readonly packetsLost: number;
  readonly repairsReceived: number;
  /** Repairs that nothing was missing for, or that could not be used. */
  readonly repairsUnused: number;
  readonly feedbackSent: number;
}

/** What a receiver is made of. */
export interface MediaReceiverOptions {
  /** Packets of other streams are refused. */
  readonly streamId: number;
  /** The rung keeps order and loses nothing: packets are long, and none is waited for. */
  readonly isReliable?: boolean;
  /**
   * Hears of each packet that a repair brought back: measurements count them by it. The packet is
   * valid only during the call.
   */
  readonly onRecovered?: (packet: Readonly<SourcePacket>) => void;
}

/** Receives the frames of one stream. */
export class MediaReceiver {
  readonly #streamId: number;
  readonly #recorder = new ArrivalRecorder();
  readonly #schedule = new FeedbackSchedule();
  readonly #arrivals = new FrameArrivals();
  readonly #path: RecoveryPath;
  readonly #order: FrameOrder;
  readonly #packet = emptySourcePacket();
  readonly #repair = emptyRepairHeader();
  readonly #counts = { datagrams: 0, malformed: 0, feedbackSent: 0 };
  #nowUs = 0;
  #lastArrivalUs = -Infinity;
  #reportedDamage = 0;
  #captureTimeUs: number | undefined;
  #decodeQueue = 0;
  #presentedFrameId = 0;
  #presentedUs = 0;

  constructor(options: MediaReceiverOptions) {
    this.#streamId = options.streamId;
    this.#path = new RecoveryPath(options.streamId, {
      isReliable: options.isReliable === true,
      onRecovered: (packet) => {
        this.#arrivals.note(packet.frameId, this.#nowUs, true);
        options.onRecovered?.(packet);
      },
    });
    this.#order = new FrameOrder(this.#path);
  }

  get stats(): MediaReceiverStats {
    const { recovered, lost, repairsReceived, repairsUnused, corrupt } = this.#path.stats;
    const { malformed } = this.#counts;
    return {
      ...this.#counts,
      ...this.#order.stats,
      malformed: malformed + corrupt,
      recovered,
      packetsLost: lost,
      repairsReceived,
      repairsUnused,
    };
  }

  /** Most packets that waited for order at once since the last call. */
  takeReorderPeak(): number {
    return this.#path.takeReorderPeak();
  }

  /** Bytes held: FEC, reorder window, open frame and tables. */
  get bufferBytes(): number {
    return this.#path.bufferBytes + this.#order.bufferBytes + this.#recorder.bufferBytes +
      this.#arrivals.bufferBytes;
  }

  /** When `pull` and `pullFeedback` must be called although nothing arrives, or undefined. */
  get deadline(): number | undefined {
    const feedbackUs = this.#schedule.deadline;
    const gapUs = this.#order.deadline;
    if (feedbackUs === undefined) return gapUs;
    return gapUs === undefined ? feedbackUs : Math.min(gapUs, feedbackUs);
  }

  /** Takes one media datagram; what breaks the format is counted and dropped. */
  push(datagram: Uint8Array, nowUs: number): void {
    this.#counts.datagrams++;
    this.#nowUs = nowUs;
    try {
      if (isRepairPacket(datagram)) this.#pushRepair(datagram, nowUs);
      else this.#pushSource(datagram, nowUs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#counts.malformed++;
    }
  }

  /** The next frame to decode, or undefined. Its payload is valid until the next push or pull. */
  pull(nowUs: number): ReceivedFrame | undefined {
    this.#nowUs = nowUs;
    const frame = this.#order.pull(nowUs);
    if (frame === undefined) return undefined;
    const { frameId } = frame;
    this.#schedule.noteUrgent();
    this.#captureTimeUs = this.#captureTimeUs === undefined
      ? frame.captureTimeUs
      : unwrap32(this.#captureTimeUs, frame.captureTimeUs);
    return {
      ...frame,
      captureTimeUs: this.#captureTimeUs,
      firstArrivalUs: this.#arrivals.firstUs(frameId, nowUs),
      lastArrivalUs: this.#arrivals.lastUs(frameId, nowUs),
      recoveredPackets: this.#arrivals.recovered(frameId),
    };
  }

  /** The feedback datagram to send now, or undefined. Call it when `pull` has nothing more. */
  pullFeedback(nowUs: number): Uint8Array<ArrayBuffer> | undefined {
    const newestSequence = this.#recorder.newestSequence;
    if (newestSequence === undefined) return undefined;
    const missing = this.#path.missing(nowUs);
    const { damagedFrameId } = this.#order;
    const missingEndId = missing === undefined ? 0 : add32(missing.firstId, missing.length);
    this.#schedule.setTrouble(missing !== undefined || damagedFrameId !== 0, missingEndId);
    this.#schedule.hold(this.#path.knownAtUs(nowUs), nowUs);
    if (damagedFrameId !== this.#reportedDamage) this.#schedule.noteUrgent();
    if (!this.#schedule.take(nowUs)) return undefined;
    this.#reportedDamage = damagedFrameId;
    return encodeFeedback({
      streamId: this.#streamId,
      epoch: this.#path.epoch,
      sequence: this.#counts.feedbackSent++,
      newestSequence,
      newestArrivalUs: this.#recorder.newestArrivalUs,
      sentUs: nowUs,
      packetsReceived: this.#recorder.packetsReceived,
      firstMissingId: missing?.firstId ?? 0,
      missingLength: missing?.length ?? 0,
      deficit: missing?.deficit ?? 0,
      loss: this.#recorder.loss,
      burstLength: this.#recorder.burstLength,
      lastCompleteFrameId: this.#order.lastFrameId,
      damagedFrameId,
      presentedFrameId: this.#presentedFrameId,
      presentedUs: this.#presentedUs,
      recovered: this.#path.stats.recovered,
      decodeQueue: this.#decodeQueue,
      bitmap: this.#recorder.bitmap(),
      arrivals: this.#recorder.takeMarks(),
    });
  }

  /** The decoder lost frames from `firstFrameId` on; `lastGoodFrameId` 0: a keyframe is needed. */
  noteDamage(firstFrameId: number, lastGoodFrameId: number): void {
    this.#order.noteLost(firstFrameId, lastGoodFrameId);
    this.#schedule.setTrouble(true);
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

  #pushSource(datagram: Uint8Array, nowUs: number): void {
    const packet = parseSourcePacket(datagram, this.#packet);
    this.#expectStream(packet.streamId);
    this.#recorder.note(packet.transportSequence, nowUs, packet.frameId);
    this.#schedule.noteArrival(nowUs);
    if ((datagram[0]! & PACKET_FLAG_END) !== 0) this.#schedule.noteUrgent();
    this.#lastArrivalUs = nowUs;
    this.#arrivals.note(packet.frameId, nowUs, false);
    this.#order.notePackets();
    this.#path.pushSource(packet, datagram, nowUs);
  }

  #pushRepair(datagram: Uint8Array, nowUs: number): void {
    const repair = parseRepairPacket(datagram, this.#repair);
    this.#expectStream(repair.streamId);
    this.#recorder.note(repair.transportSequence, nowUs);
    this.#schedule.noteArrival(nowUs);
    if (nowUs - this.#lastArrivalUs > SILENCE_US) this.#schedule.noteUrgent();
    this.#lastArrivalUs = nowUs;
    this.#order.notePackets();
    this.#path.pushRepair(repair, datagram, nowUs);
  }

  #expectStream(streamId: number): void {
    if (streamId === this.#streamId) return;
    throw new ProtocolError(`Cannot accept a packet of stream ${streamId}`, {
      reason: "unexpected",
    });
  }
}
