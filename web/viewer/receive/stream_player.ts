/**
 * StreamPlayer: the receiving half of the sentence for one connection: datagrams into MediaReceiver,
 * whole frames into the decoder, feedback back to the host. It owns one timer; what it holds is bounded
 * by the steps that it joins.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { unwrap32 } from "../../../src/core/sequence.ts";
import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { MediaReceiverStats, ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import type { ClientMessage } from "../../../src/wire/control.ts";
import type { ClockOffset } from "../../shared/clock_offset.ts";
import type { FrameLog } from "./frame_log.ts";
import type { FrameRecord } from "./frame_record.ts";
import type { FrameReceiver, FrameSource } from "./frame_source.ts";
import type { StatsCollector } from "./stats_collector.ts";

/** A request for a keyframe is repeated after this time, while none came. */
const KEYFRAME_REPEAT_MS = 250;

/** Shortest wait of the timer while frames wait for a decoder that is not ready. */
const UNREADY_WAIT_US = 10_000;
/**
 * Frames in the decoder and before it at which further ones wait in the reorder buffer: what a late
 * repair sets free at once is no reason to skip any.
 */
const BACKLOG_FRAMES = 8;
/** How often such frames are looked at again, besides at arrivals. */
const BACKLOG_WAIT_US = 4_000;
/** After this time the decoder is too slow, not busy: it gets them all, and skips what it must. */
const BACKLOG_PATIENCE_US = 200_000;

/** The decoder as the player sees it; see VideoFrameDecoder. */
export interface FrameDecoder {
  readonly isReady: boolean;
  /** Frames in the decoder and before it. */
  readonly depth: number;
  push(record: FrameRecord, referenceDistance: number, payload: Uint8Array): boolean;
}

/** What a player joins. */
export interface StreamPlayerParts {
  readonly streamId: number;
  /** The connection's rung keeps order and loses nothing. */
  readonly isReliable?: boolean;
  readonly clock: Clock;
  readonly decoder: FrameDecoder;
  readonly clockOffset: ClockOffset;
  readonly stats: StatsCollector;
  readonly log: FrameLog;
  /** Sends a control message to the host. */
  readonly send: (message: ClientMessage) => void;
  /** Sends a feedback datagram to the host. */
  readonly sendFeedback: (datagram: Uint8Array<ArrayBuffer>) => void;
  /** Where access units come from on a path that delivers those; without it, datagrams are pushed. */
  readonly frames?: FrameSource | undefined;
}

/** Plays one stream over one connection. */
export class StreamPlayer {
  readonly #parts: StreamPlayerParts;
  readonly #receiver: FrameReceiver;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;
  #keyframeTimer: ReturnType<typeof setTimeout> | undefined;
  #needsKeyframe = false;
  #firstDatagramUs = 0;
  #backlogSinceUs: number | undefined;

  constructor(parts: StreamPlayerParts) {
    this.#parts = parts;
    const { streamId, frames, isReliable = false } = parts;
    this.#receiver = frames?.open(streamId, (nowUs) => this.#arrived(nowUs)) ??
      new MediaReceiver({ streamId, isReliable });
  }

  /** Arrival of the first media datagram, 0 before it. */
  get firstDatagramUs(): number {
    return this.#firstDatagramUs;
  }

  /** What the receiving steps counted. */
  get receiverStats(): MediaReceiverStats {
    return this.#receiver.stats;
  }

  /** Most packets that waited for order at once since the last call. */
  takeReorderPeak(): number {
    return this.#receiver.takeReorderPeak();
  }

  /** Takes a media datagram that arrived at `nowUs`. */
  push(datagram: Uint8Array, nowUs: number): void {
    this.#receiver.push(datagram, nowUs);
    this.#arrived(nowUs);
  }

  /** Moves what can move; called on arrivals, at deadlines and when the decoder becomes ready. */
  pump(nowUs: number): void {
    const receiver = this.#receiver;
    const { decoder, sendFeedback } = this.#parts;
    let holdUs = this.#holdUs(nowUs);
    while (holdUs === 0) {
      const frame = receiver.pull(nowUs);
      if (frame === undefined) break;
      this.#decode(frame);
      holdUs = this.#holdUs(nowUs);
    }
    receiver.noteDecodeQueue(decoder.depth);
    const feedback = receiver.pullFeedback(nowUs);
    if (feedback !== undefined) sendFeedback(feedback);
    this.#armTimer(nowUs, holdUs);
  }

  /** The decoder lost frames: see DecoderHandlers.damage. */
  damaged(firstFrameId: number, lastGoodFrameId: number): void {
    this.#receiver.noteDamage(firstFrameId, lastGoodFrameId);
    if (lastGoodFrameId === 0) this.requestKeyframe();
    this.#armTimer(this.#parts.clock.nowUs(), 0);
  }

  /** A frame was drawn. */
  presented(frameId: number, atUs: number): void {
    this.#receiver.notePresented(frameId, atUs);
  }

  /** Asks for a keyframe, again and again until one comes. */
  requestKeyframe(): void {
    this.#needsKeyframe = true;
    if (this.#keyframeTimer !== undefined) return;
    const { send, streamId } = this.#parts;
    send({ type: "keyframe_request", streamId });
    this.#keyframeTimer = setTimeout(() => {
      this.#keyframeTimer = undefined;
      if (this.#needsKeyframe) this.requestKeyframe();
    }, KEYFRAME_REPEAT_MS);
  }

  /** Stops the timers. */
  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#keyframeTimer);
    this.#needsKeyframe = false;
  }

  #arrived(nowUs: number): void {
    if (this.#firstDatagramUs === 0) this.#firstDatagramUs = nowUs;
    this.pump(nowUs);
  }

  /** How long frames stay in the reorder buffer before another look; 0: the decoder takes them. */
  #holdUs(nowUs: number): number {
    const { decoder } = this.#parts;
    // Until it is ready, the decoder does not know what they are.
    if (!decoder.isReady) return UNREADY_WAIT_US;
    if (decoder.depth < BACKLOG_FRAMES) {
      this.#backlogSinceUs = undefined;
      return 0;
    }
    this.#backlogSinceUs ??= nowUs;
    return nowUs - this.#backlogSinceUs < BACKLOG_PATIENCE_US ? BACKLOG_WAIT_US : 0;
  }

  #decode(frame: ReceivedFrame): void {
    const { clock, clockOffset, decoder, stats, log } = this.#parts;
    const readyUs = clock.nowUs();
    if (frame.referenceDistance === 0) this.#needsKeyframe = false;
    const offsetUs = clockOffset.offsetUs;
    const record: FrameRecord = {
      frameId: frame.frameId,
      captureTimeUs: offsetUs === undefined
        ? frame.captureTimeUs
        : unwrap32(readyUs + offsetUs, frame.captureTimeUs % 0x1_0000_0000),
      bytes: frame.payload.byteLength,
      keyframe: frame.referenceDistance === 0,
      firstDatagramUs: frame.firstArrivalUs,
      lastDatagramUs: frame.lastArrivalUs,
      readyUs,
      decodeSubmitUs: 0,
      decodedUs: 0,
      drawUs: 0,
      presentedUs: 0,
      outcome: "pending",
      recovered: frame.recoveredPackets,
    };
    stats.received(record);
    log.add(record);
    decoder.push(record, frame.referenceDistance, frame.payload);
  }

  /** One timer, left alone while it fires early enough: most frames move the deadline. */
  #armTimer(nowUs: number, holdUs: number): void {
    const isBackedUp = holdUs > 0 && this.#parts.decoder.isReady;
    const dueUs = isBackedUp ? nowUs : this.#receiver.deadline;
    if (dueUs === undefined) return;
    const deadline = Math.max(dueUs, nowUs + holdUs);
    if (deadline >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = deadline;
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      this.pump(this.#parts.clock.nowUs());
    }, Math.max(0, (deadline - nowUs) / 1000));
  }
}
