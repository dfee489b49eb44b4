/**
 * StreamPlayer: the receiving half of the sentence for one connection: datagrams into MediaReceiver,
 * whole frames into the decoder, pictures to the presenter, damage back to the host. It owns one
 * timer; what it holds is bounded by the steps that it joins.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { unwrap32 } from "../../../src/core/sequence.ts";
import { LOSS_REPORT_INTERVAL_US, MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import type { ClientMessage } from "../../../src/wire/control.ts";
import type { ClockOffset } from "./clock_offset.ts";
import type { FrameLog } from "./frame_log.ts";
import type { FrameRecord } from "./frame_record.ts";
import type { StatsCollector } from "./stats_collector.ts";

/** A request for a keyframe is repeated after this time, while none came. */
const KEYFRAME_REPEAT_MS = 250;

/** When reports of loss have brought nothing for this long, only a keyframe helps. */
const REPAIR_PATIENCE_US = 400_000;

/** The decoder as the player sees it; see VideoFrameDecoder. */
export interface FrameDecoder {
  readonly isReady: boolean;
  push(record: FrameRecord, referenceDistance: number, payload: Uint8Array): boolean;
}

/** What a player joins. */
export interface StreamPlayerParts {
  readonly streamId: number;
  readonly clock: Clock;
  readonly decoder: FrameDecoder;
  readonly clockOffset: ClockOffset;
  readonly stats: StatsCollector;
  readonly log: FrameLog;
  /** Sends a control message to the host. */
  readonly send: (message: ClientMessage) => void;
}

/** Plays one stream over one connection. */
export class StreamPlayer {
  readonly #parts: StreamPlayerParts;
  readonly #receiver: MediaReceiver;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;
  #keyframeTimer: ReturnType<typeof setTimeout> | undefined;
  #needsKeyframe = false;
  #firstDatagramUs = 0;
  #lossReportedUs = 0;
  #damagedSinceUs = 0;

  constructor(parts: StreamPlayerParts) {
    this.#parts = parts;
    this.#receiver = new MediaReceiver({ streamId: parts.streamId });
  }

  /** Arrival of the first media datagram, 0 before it. */
  get firstDatagramUs(): number {
    return this.#firstDatagramUs;
  }

  /** Takes a media datagram that arrived at `nowUs`. */
  push(datagram: Uint8Array, nowUs: number): void {
    if (this.#firstDatagramUs === 0) this.#firstDatagramUs = nowUs;
    this.#receiver.push(datagram, nowUs);
    this.pump(nowUs);
  }

  /** Moves what can move; called on arrivals, at deadlines and when the decoder becomes ready. */
  pump(nowUs: number): void {
    // Frames stay in the reorder buffer until the decoder knows what they are.
    if (!this.#parts.decoder.isReady) return;
    for (;;) {
      const frame = this.#receiver.pull(nowUs);
      if (frame === undefined) break;
      this.#decode(frame);
    }
    const loss = this.#receiver.takeLoss(nowUs);
    if (loss !== undefined) this.#reportLoss(loss.firstFrameId, loss.lastCompleteFrameId);
    this.#armTimer(nowUs);
  }

  /** The decoder lost frames: see DecoderHandlers.damage. */
  damaged(firstFrameId: number, lastGoodFrameId: number): void {
    if (lastGoodFrameId !== 0) this.#reportLoss(firstFrameId, lastGoodFrameId);
    else this.requestKeyframe();
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
    };
    stats.received(record);
    log.add(record);
    if (decoder.push(record, frame.referenceDistance, frame.payload)) this.#damagedSinceUs = 0;
  }

  #reportLoss(firstFrameId: number, lastCompleteFrameId: number): void {
    const { clock, send, streamId } = this.#parts;
    if (lastCompleteFrameId === 0) return this.requestKeyframe();
    const nowUs = clock.nowUs();
    if (this.#damagedSinceUs === 0) this.#damagedSinceUs = nowUs;
    if (nowUs - this.#damagedSinceUs > REPAIR_PATIENCE_US) return this.requestKeyframe();
    if (nowUs - this.#lossReportedUs < LOSS_REPORT_INTERVAL_US) return;
    this.#lossReportedUs = nowUs;
    send({ type: "loss_report", streamId, firstFrameId, lastCompleteFrameId });
  }

  /** One timer, left alone while it fires early enough: most frames move the deadline. */
  #armTimer(nowUs: number): void {
    const deadline = this.#receiver.deadline;
    if (deadline === undefined || deadline >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = deadline;
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      this.pump(this.#parts.clock.nowUs());
    }, Math.max(0, (deadline - nowUs) / 1000));
  }
}
