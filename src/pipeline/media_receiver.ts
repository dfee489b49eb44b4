/**
 * MediaReceiver: joins receive, recover, reorder and depacketize for one stream, up to decode. It
 * yields only frames whose reference was yielded before, because a decoder shows a frame without its
 * reference as if nothing were wrong; it reports what arrived in feedback. At most 8 MB, whatever comes.
 */

import { ArrivalRecorder } from "../congestion/arrival_recorder.ts";
import { add32, distance32, unwrap32 } from "../core/sequence.ts";
import { ProtocolError } from "../core/errors.ts";
import type { FecDecoderStats } from "../fec/fec_outcome.ts";
import { Depacketizer } from "../packet/depacketizer.ts";
import type { DepacketizerStats } from "../packet/depacketizer.ts";
import type { ReorderStats } from "../reorder/reorder_buffer.ts";
import { encodeFeedback } from "../wire/feedback.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { PACKET_FLAG_END, parseSourcePacket } from "../wire/packet.ts";
import type { SourcePacket } from "../wire/packet.ts";
import {
  emptyRepairHeader,
  isRepairPacket,
  parseRepairPacket,
  readU16,
  readU32,
} from "../wire/repair.ts";
import { FeedbackSchedule } from "./feedback_schedule.ts";
import { FrameArrivals } from "./frame_arrivals.ts";
import { RecoveryPath } from "./recovery_path.ts";
import type { Gap } from "./recovery_path.ts";
import { ReferenceChain } from "./reference_chain.ts";

/** A gap that neither a repair nor a frame that goes round it has ended by then is given up. */
export const GAP_PATIENCE_US = 400_000;
/** A repair that comes after this much silence shows a path that is back. */
const SILENCE_US = 20_000;
/** A jump of frame ids above this is a stream that started again. */
const FRAME_JUMP_MAX = 1000;

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
export interface MediaReceiverStats {
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
  readonly framesYielded: number;
  /** Complete frames whose reference is missing. */
  readonly framesUndecodable: number;
  /** Frames between two yielded ones that were not: lost, undecodable, or not sent. */
  readonly framesSkipped: number;
  readonly feedbackSent: number;
}

/** What a receiver is made of. */
export interface MediaReceiverOptions {
  /** Packets of other streams are refused. */
  readonly streamId: number;
  /** Hears of each packet that a repair brought back: measurements count them by it. */
  readonly onRecovered?: (packet: SourcePacket) => void;
}

/** Receives the frames of one stream. */
export class MediaReceiver {
  readonly #streamId: number;
  readonly #recorder = new ArrivalRecorder();
  readonly #schedule = new FeedbackSchedule();
  readonly #arrivals = new FrameArrivals();
  readonly #chain = new ReferenceChain();
  readonly #depacketizer = new Depacketizer();
  readonly #path: RecoveryPath;
  readonly #repair = emptyRepairHeader();
  readonly #counts = {
    datagrams: 0,
    malformed: 0,
    framesYielded: 0,
    framesUndecodable: 0,
    framesSkipped: 0,
    feedbackSent: 0,
  };
  #nowUs = 0;
  #lastArrivalUs = -Infinity;
  #gap: Gap | undefined;
  /** Something came since the frames behind the gap were looked at. */
  #mayGoRound = false;
  #reportedDamage = 0;
  #captureTimeUs: number | undefined;
  #decodeQueue = 0;
  #presentedFrameId = 0;
  #presentedUs = 0;

  constructor(options: MediaReceiverOptions) {
    this.#streamId = options.streamId;
    this.#path = new RecoveryPath(options.streamId, (packet) => {
      this.#arrivals.note(packet.frameId, this.#nowUs, true);
      options.onRecovered?.(packet);
    });
  }

  get stats(): MediaReceiverStats {
    const { recovered, lost, repairsReceived, repairsUnused, corrupt } = this.#path.stats;
    const { malformed } = this.#counts;
    return {
      ...this.#counts,
      malformed: malformed + corrupt,
      recovered,
      packetsLost: lost,
      repairsReceived,
      repairsUnused,
    };
  }

  /** Share of packets lost before recovery, 0 to 1, and packets of a burst of losses: averages. */
  get pathLoss(): { readonly loss: number; readonly burstLength: number } {
    return { loss: this.#recorder.loss, burstLength: this.#recorder.burstLength };
  }

  get depacketizerStats(): Readonly<DepacketizerStats> {
    return this.#depacketizer.stats;
  }

  get reorderStats(): Readonly<ReorderStats> | undefined {
    return this.#path.reorderStats;
  }

  get fecStats(): Readonly<FecDecoderStats> | undefined {
    return this.#path.fecStats;
  }

  /** Bytes held: FEC, reorder window, open frame and tables. */
  get bufferBytes(): number {
    return this.#path.bufferBytes + this.#depacketizer.bufferBytes + this.#recorder.bufferBytes +
      this.#arrivals.bufferBytes + this.#chain.bufferBytes;
  }

  /** When `pull` and `pullFeedback` must be called although nothing arrives, or undefined. */
  get deadline(): number | undefined {
    const feedbackUs = this.#schedule.deadline;
    const gap = this.#gap;
    if (gap === undefined) return feedbackUs;
    const gapUs = this.#nowUs < gap.lostAtUs ? gap.lostAtUs : gap.sinceUs + GAP_PATIENCE_US;
    return feedbackUs === undefined ? gapUs : Math.min(gapUs, feedbackUs);
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
    for (;;) {
      const bytes = this.#path.pull();
      if (bytes !== undefined) {
        const frame = this.#joinPacket(bytes, nowUs);
        if (frame !== undefined) return frame;
      } else if (!this.#passGap(nowUs)) {
        return undefined;
      }
    }
  }

  /** The feedback datagram to send now, or undefined. Call it when `pull` has nothing more. */
  pullFeedback(nowUs: number): Uint8Array<ArrayBuffer> | undefined {
    const newestSequence = this.#recorder.newestSequence;
    if (newestSequence === undefined) return undefined;
    const missing = this.#path.missing(nowUs);
    const damagedFrameId = this.#chain.damagedFrameId;
    this.#schedule.setTrouble(missing !== undefined || damagedFrameId !== 0);
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
      lastCompleteFrameId: this.#chain.lastFrameId,
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
    this.#chain.noteLost(firstFrameId, lastGoodFrameId);
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
    const packet = parseSourcePacket(datagram);
    this.#expectStream(packet.streamId);
    this.#recorder.note(packet.transportSequence, nowUs, packet.frameId);
    this.#schedule.noteArrival(nowUs);
    if ((datagram[0]! & PACKET_FLAG_END) !== 0) this.#schedule.noteUrgent();
    this.#lastArrivalUs = nowUs;
    this.#arrivals.note(packet.frameId, nowUs, false);
    this.#mayGoRound = true;
    this.#path.pushSource(packet, datagram, nowUs);
  }

  #pushRepair(datagram: Uint8Array, nowUs: number): void {
    const repair = parseRepairPacket(datagram, this.#repair);
    this.#expectStream(repair.streamId);
    this.#recorder.note(repair.transportSequence, nowUs);
    this.#schedule.noteArrival(nowUs);
    if (nowUs - this.#lastArrivalUs > SILENCE_US) this.#schedule.noteUrgent();
    this.#lastArrivalUs = nowUs;
    this.#mayGoRound = true;
    this.#path.pushRepair(repair, datagram, nowUs);
  }

  #expectStream(streamId: number): void {
    if (streamId === this.#streamId) return;
    throw new ProtocolError(`Cannot accept a packet of stream ${streamId}`, {
      reason: "unexpected",
    });
  }

  /** Goes past what is missing when waiting is of no use; false when there is nothing to do but wait. */
  #passGap(nowUs: number): boolean {
    const gap = this.#path.gap(nowUs);
    this.#gap = gap;
    if (gap === undefined || nowUs < gap.lostAtUs) return false;
    const wayRound = this.#mayGoRound ? this.#findWayRound(gap) : undefined;
    this.#mayGoRound = false;
    if (wayRound !== undefined) {
      this.#path.skipTo(wayRound);
      return true;
    }
    const isPatient = nowUs < gap.sinceUs + GAP_PATIENCE_US;
    if (isPatient && !this.#path.isHopeless(gap.firstId)) return false;
    this.#path.skipGap(gap);
    this.#chain.noteDamage();
    this.#depacketizer.abandon();
    this.#mayGoRound = true;
    return true;
  }

  /** First packet of the oldest frame behind the gap that is whole and can be decoded. */
  #findWayRound(gap: Gap): number | undefined {
    let held = this.#path.peekAfter(gap.firstId);
    while (held !== undefined) {
      const { id, packet } = held;
      const packetCount = readU16(packet, 16);
      const firstId = add32(id, -readU16(packet, 14));
      const canDecode = this.#chain.isDecodable(readU32(packet, 10), packet[19]!);
      const isBehind = distance32(gap.firstId, firstId) > 0;
      if (canDecode && isBehind && this.#path.holds(firstId, packetCount)) return firstId;
      // The rest of its frame would say the same.
      const lastId = add32(firstId, packetCount - 1);
      held = this.#path.peekAfter(distance32(id, lastId) > 0 ? lastId : id);
    }
    return undefined;
  }

  #joinPacket(bytes: Uint8Array, nowUs: number): ReceivedFrame | undefined {
    const outcome = this.#depacketizer.push(parseSourcePacket(bytes));
    if (outcome === "orphan" || outcome === "mismatch" || outcome === "too_large") {
      this.#chain.noteDamage();
      return undefined;
    }
    const frame = this.#depacketizer.frame;
    if (frame === undefined) return undefined;
    const { frameId } = frame;
    if (!this.#chain.isDecodable(frameId, frame.referenceDistance)) {
      this.#counts.framesUndecodable++;
      this.#chain.noteDamage();
      return undefined;
    }
    const skipped = distance32(this.#chain.lastFrameId, frameId) - 1;
    if (this.#chain.lastFrameId !== 0 && skipped > 0 && skipped < FRAME_JUMP_MAX) {
      this.#counts.framesSkipped += skipped;
    }
    this.#chain.noteYielded(frameId);
    this.#counts.framesYielded++;
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
}
