/**
 * PictureSender: from the ring to the network: numbers the access units of one connection and gives
 * them to the packetizer, the FEC and the pacer that a host uses for its viewers, the other way round.
 * While the path is silent or full it takes nothing, and the ring holds what waits. One timer.
 */

import type { Clock } from "../../src/core/clock.ts";
import { MediaFanout } from "../../src/pipeline/media_fanout.ts";
import { MediaSender } from "../../src/pipeline/media_sender.ts";
import type { DatagramSink, MediaSenderStats } from "../../src/pipeline/media_sender.ts";
import type { Feedback } from "../../src/wire/feedback.ts";
import type { ChunkRing } from "./chunk_ring.ts";

/** Before anything is known of a path, it is taken for one that carries this. */
const START_BPS = 4_000_000;
const TARGET_BPS_MIN = 200_000;
/** Repairs come out of the target: room for them above the picture. */
const REPAIR_ROOM = 1.25;

/** What a sender is made of. */
export interface PictureSenderOptions {
  readonly connection: DatagramSink;
  readonly clock: Clock;
  /** The rung loses nothing: no repairs, and frames are left out whole. */
  readonly isReliable?: boolean;
  /** The host's number of the stream. */
  readonly streamId: number;
  readonly fps: number;
  readonly bitrateBpsMax: number;
  /** What the encoder made and was not sent yet. */
  readonly ring: ChunkRing;
  /** Host clock minus page clock; nothing is sent before it is known. */
  readonly offsetUs: () => number | undefined;
  readonly onKeyframeNeeded: () => void;
}

/** Sends pictures over one connection. */
export class PictureSender {
  readonly #options: PictureSenderOptions;
  readonly #fanout: MediaFanout;
  readonly #sender: MediaSender;
  #frameId = 0;
  #framesSent = 0;
  #bytesSent = 0;
  #isFirst = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;
  #isClosed = false;

  constructor(options: PictureSenderOptions) {
    this.#options = options;
    const { connection, streamId, fps, bitrateBpsMax, onKeyframeNeeded } = options;
    const { isReliable = false } = options;
    this.#fanout = new MediaFanout({ streamId, onFault: () => onKeyframeNeeded() });
    const maxBps = Math.max(TARGET_BPS_MIN, bitrateBpsMax * REPAIR_ROOM);
    this.#sender = new MediaSender({
      ...{ connection, streamId, isReliable },
      limits: { startBps: Math.min(maxBps, START_BPS), minBps: TARGET_BPS_MIN, maxBps },
      frameIntervalUs: 1e6 / fps,
      videoBpsMax: bitrateBpsMax,
      // A browser's encoder refers to the frame before and to no other: a keyframe mends it all.
      onInvalidate: () => onKeyframeNeeded(),
      onKeyframeNeeded,
    });
    this.#fanout.add(this.#sender);
  }

  get stats(): MediaSenderStats {
    return this.#sender.stats;
  }

  /** Frames that left, and their bytes. */
  get sent(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#framesSent, bytes: this.#bytesSent };
  }

  /** What the path carries of the picture, bits a second. */
  get videoBps(): number {
    return this.#sender.videoBps;
  }

  /** True while the path takes frames at once. */
  get canTake(): boolean {
    if (this.#isClosed || this.#options.offsetUs() === undefined) return false;
    return !this.#sender.isSilent && !this.#sender.isPacing;
  }

  /** Sends what waits in the ring, as far as the path takes it. */
  pump(): void {
    const { ring, clock } = this.#options;
    const nowUs = clock.nowUs();
    while (this.canTake) {
      const chunk = ring.pull();
      if (chunk === undefined) break;
      this.#frameId = (this.#frameId + 1) >>> 0;
      const offsetUs = this.#options.offsetUs() ?? 0;
      const before = this.#sender.stats.framesSent;
      this.#fanout.push({
        streamId: this.#options.streamId,
        frameId: this.#frameId,
        referenceDistance: chunk.isKeyframe ? 0 : 1,
        captureTimeUs: Math.max(0, chunk.captureUs + offsetUs),
        payload: chunk.payload,
      }, nowUs);
      if (this.#sender.stats.framesSent === before) continue;
      this.#framesSent++;
      this.#bytesSent += chunk.payload.byteLength;
    }
    // The path takes frames again, and what comes next could not be decoded.
    if (this.canTake && ring.needsKeyframe && !this.#isFirst) this.#options.onKeyframeNeeded();
    this.#isFirst = false;
    this.#arm();
  }

  /** Sends what is due by now: what was paced, and probes of a path that is silent. */
  tick(): void {
    if (this.#isClosed) return;
    this.#sender.pull(this.#options.clock.nowUs());
    this.pump();
  }

  /** The host reports what arrived. */
  onFeedback(feedback: Feedback, nowUs: number): void {
    if (this.#isClosed) return;
    this.#sender.onFeedback(feedback, nowUs);
    this.pump();
  }

  /** Bytes of sound that left beside the picture. */
  noteOther(bytes: number, nowUs: number): void {
    this.#sender.noteOther(bytes, nowUs);
  }

  /** Sends nothing any more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#fanout.remove(this.#sender);
    this.#sender.close();
  }

  #arm(): void {
    const dueUs = this.#isClosed ? undefined : this.#sender.deadline;
    if (dueUs === undefined || dueUs >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = dueUs;
    const waitMs = Math.max(0, dueUs - this.#options.clock.nowUs()) / 1000;
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      this.tick();
    }, waitMs);
  }
}
