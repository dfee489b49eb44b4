/**
 * ReliableRig: a viewer over a rung that loses nothing: a real sender and receiver, one clock moved
 * by hand, and between them a link of a rate and a delay with a queue that only grows, as TCP shows
 * it; and an encoder that makes what the sender's path is said to carry.
 */

import { MediaFanout } from "../../../src/pipeline/media_fanout.ts";
import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import { MediaSender } from "../../../src/pipeline/media_sender.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import { isRepairPacket } from "../../../src/wire/repair.ts";

const FRAME_US = 16_667;
const KEYFRAME_FACTOR = 5;
/** What the picture needs at least. */
const FRAME_BYTES_MIN = 500;

interface Flying {
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** A stream with one viewer. */
export class ReliableRig {
  readonly faults: unknown[] = [];
  readonly fanout = new MediaFanout({
    streamId: 0,
    onFault: (error) => this.faults.push(error),
  });
  readonly receiver = new MediaReceiver({ streamId: 0, isReliable: true });
  readonly sender: MediaSender;
  readonly maxDatagramSize = 8192;
  nowUs = 0;
  rateBps = 20e6;
  delayUs = 10_000;
  /** Most that the encoder makes. */
  encoderBps = 15e6;
  /** Nothing passes while this is true. */
  isStopped = false;
  /** Bytes that wait for the link, and the most that did. */
  queuedBytes = 0;
  queuedBytesMax = 0;
  /** Time from capture to the decoder of frames that came, newest last. */
  readonly latenciesUs: number[] = [];
  /** Sizes of the packets that were sent. */
  readonly sizes: number[] = [];
  /** Repairs among them. */
  repairs = 0;
  #freeUs = 0;
  #link: Flying[] = [];
  #back: Flying[] = [];
  #frameId = 0;
  #wantsKeyframe = true;
  #referenceId = 0;

  constructor() {
    this.sender = new MediaSender({
      connection: this,
      streamId: 0,
      isReliable: true,
      limits: { startBps: 8e6, minBps: 300e3, maxBps: 18e6 },
      videoBpsMax: 15e6,
      frameIntervalUs: FRAME_US,
      onInvalidate: (first) => this.#referenceId = Math.min(this.#referenceId, first - 1),
      onKeyframeNeeded: () => this.#wantsKeyframe = true,
    });
    this.fanout.add(this.sender);
  }

  /** Takes a packet of the sender. */
  sendDatagram(bytes: Uint8Array): boolean {
    this.queuedBytes += bytes.length;
    this.queuedBytesMax = Math.max(this.queuedBytesMax, this.queuedBytes);
    this.sizes.push(bytes.length);
    if (isRepairPacket(bytes)) this.repairs++;
    this.#link.push({ atUs: 0, bytes: bytes.slice() });
    return true;
  }

  /** Time passes, with a frame every sixtieth of a second. */
  run(durationUs: number): void {
    const untilUs = this.nowUs + durationUs;
    let frameUs = this.nowUs;
    while (this.nowUs < untilUs) {
      this.nowUs += 500;
      if (this.nowUs >= frameUs) {
        frameUs += FRAME_US;
        this.#encode();
      }
      this.#step();
    }
  }

  /** The middle one of the latencies since the last call, in milliseconds. */
  takeLatencyMs(share = 0.5): number {
    const sorted = this.latenciesUs.splice(0).sort((a, b) => a - b);
    return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) / 1000;
  }

  #encode(): void {
    const bps = Math.min(this.encoderBps, this.sender.videoBps);
    const usual = Math.max(FRAME_BYTES_MIN, Math.round(bps / 8e6 * FRAME_US));
    const frameId = ++this.#frameId;
    const isKey = this.#wantsKeyframe;
    this.#wantsKeyframe = false;
    const distance = isKey ? 0 : frameId - this.#referenceId;
    const payload = new Uint8Array(isKey ? usual * KEYFRAME_FACTOR : usual);
    this.#referenceId = frameId;
    this.fanout.push({
      ...{ streamId: 0, frameId, captureTimeUs: this.nowUs, payload, layer: 0 },
      referenceDistance: distance > 255 ? 0 : distance,
    }, this.nowUs);
  }

  #step(): void {
    const { nowUs, receiver } = this;
    while (!this.isStopped && this.#link[0] !== undefined && this.#freeUs <= nowUs) {
      const { bytes } = this.#link.shift()!;
      this.queuedBytes -= bytes.length;
      this.#freeUs = Math.max(this.#freeUs, nowUs - 500) + bytes.length * 8e6 / this.rateBps;
      this.#back.push({ atUs: this.#freeUs + this.delayUs, bytes });
    }
    const due = (isFeedback: boolean) => {
      const found = this.#back.filter(({ atUs, bytes }) => {
        return atUs <= nowUs && (bytes[0]! >> 6 === 3) === isFeedback;
      });
      this.#back = this.#back.filter((one) => !found.includes(one));
      return found;
    };
    for (const { bytes } of due(false)) {
      receiver.push(bytes, nowUs);
      for (let frame = receiver.pull(nowUs); frame; frame = receiver.pull(nowUs)) {
        this.latenciesUs.push(nowUs - frame.captureTimeUs);
      }
    }
    const feedback = receiver.pullFeedback(nowUs);
    if (feedback !== undefined) this.#back.push({ atUs: nowUs + this.delayUs, bytes: feedback });
    for (const { bytes } of due(true)) this.sender.onFeedback(parseFeedback(bytes), nowUs);
    if ((this.sender.deadline ?? Infinity) <= nowUs) this.sender.pull(nowUs);
  }
}
