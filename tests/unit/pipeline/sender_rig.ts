/**
 * SenderRig: a fan-out with viewers whose paths a test decides packet by packet: real senders, groups
 * and receivers, one clock moved by hand, and a list of what the host is asked for.
 */

import { MediaFanout } from "../../../src/pipeline/media_fanout.ts";
import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import { MediaSender } from "../../../src/pipeline/media_sender.ts";
import type { MediaSenderOptions } from "../../../src/pipeline/media_sender.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import type { EncodedFrame, FrameLayer } from "../../../src/wire/frame.ts";

/** One frame at 60 a second. */
export const FRAME_US = 16_667;
const STREAM_ID = 0;

/** A frame whose bytes tell its number. */
export function frameOf(
  frameId: number,
  referenceDistance: number,
  more: { readonly bytes?: number; readonly layer?: FrameLayer } = {},
): EncodedFrame {
  const payload = new Uint8Array(more.bytes ?? 10_000).fill(frameId);
  const captureTimeUs = frameId * FRAME_US;
  return {
    ...{ streamId: STREAM_ID, frameId, referenceDistance, captureTimeUs, payload },
    layer: more.layer ?? 0,
  };
}

interface Flying {
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** One viewer. */
export class RigViewer {
  readonly sender: MediaSender;
  readonly receiver = new MediaReceiver({ streamId: STREAM_ID });
  /** All that was sent, lost or not. */
  readonly sent: Uint8Array[] = [];
  readonly yielded: number[] = [];
  readonly asked: string[] = [];
  /** True for a packet that is lost. */
  isLost: (packet: Uint8Array) => boolean = () => false;
  /** True while feedback does not come through. */
  isMute = false;
  oneWayUs = 20_000;
  maxDatagramSize = 1200;
  readonly #rig: SenderRig;
  #there: Flying[] = [];
  #back: Flying[] = [];

  constructor(rig: SenderRig, options: Partial<MediaSenderOptions>) {
    this.#rig = rig;
    this.sender = new MediaSender({
      connection: this,
      streamId: STREAM_ID,
      limits: { startBps: 20e6, minBps: 300e3, maxBps: 25e6 },
      frameIntervalUs: FRAME_US,
      onInvalidate: (first) => this.asked.push(`invalidate ${first}`),
      onKeyframeNeeded: () => this.asked.push("keyframe"),
      ...options,
    });
  }

  /** Takes a packet of the sender. */
  sendDatagram(bytes: Uint8Array): boolean {
    const packet = bytes.slice();
    this.sent.push(packet);
    const atUs = this.#rig.nowUs + this.oneWayUs;
    if (!this.isLost(packet)) this.#there.push({ atUs, bytes: packet });
    return true;
  }

  /** Lets happen what is due at the clock's time. */
  step(): void {
    const { nowUs } = this.#rig;
    for (const { bytes } of this.#due(this.#there)) this.receiver.push(bytes, nowUs);
    this.#there = this.#there.filter(({ atUs }) => atUs > nowUs);
    for (let frame = this.receiver.pull(nowUs); frame; frame = this.receiver.pull(nowUs)) {
      this.yielded.push(frame.frameId);
    }
    const feedback = this.receiver.pullFeedback(nowUs);
    if (feedback !== undefined && !this.isMute) {
      this.#back.push({ atUs: nowUs + this.oneWayUs, bytes: feedback });
    }
    for (const { bytes } of this.#due(this.#back)) {
      this.sender.onFeedback(parseFeedback(bytes), nowUs);
    }
    this.#back = this.#back.filter(({ atUs }) => atUs > nowUs);
    if ((this.sender.deadline ?? Infinity) <= nowUs) this.sender.pull(nowUs);
  }

  #due(queue: readonly Flying[]): Flying[] {
    return queue.filter(({ atUs }) => atUs <= this.#rig.nowUs);
  }
}

/** A stream with viewers. */
export class SenderRig {
  readonly faults: unknown[] = [];
  readonly fanout = new MediaFanout({
    streamId: STREAM_ID,
    onFault: (error) => this.faults.push(error),
  });
  readonly viewers: RigViewer[] = [];
  nowUs = 0;

  /** A viewer comes. */
  join(options: Partial<MediaSenderOptions> = {}): RigViewer {
    const viewer = new RigViewer(this, options);
    this.viewers.push(viewer);
    this.fanout.add(viewer.sender);
    return viewer;
  }

  /** Time passes, in steps of a millisecond. */
  run(durationUs: number): void {
    const untilUs = this.nowUs + durationUs;
    while (this.nowUs < untilUs) {
      this.nowUs = Math.min(untilUs, this.nowUs + 1000);
      for (const viewer of this.viewers) viewer.step();
    }
  }

  /** A frame is sent, and the time of one frame passes. */
  push(frame: EncodedFrame): void {
    this.fanout.push(frame, this.nowUs);
    this.run(FRAME_US);
  }

  /** Frames `from` to `to`, each referring to the one before. */
  play(from: number, to: number, bytes?: number): void {
    for (let id = from; id <= to; id++) {
      this.push(frameOf(id, id === 1 ? 0 : 1, bytes === undefined ? {} : { bytes }));
    }
  }
}
