/**
 * TestHost: a SessionHost with one stream, real fan-out and no media process: what it is asked for is
 * a list, its frames are what a test pushes.
 */

import { MediaFanout } from "../../../src/pipeline/media_fanout.ts";
import type { MediaSender } from "../../../src/pipeline/media_sender.ts";
import type {
  HostFrame,
  HostFrameSink,
  SenderSettings,
  SessionHost,
} from "../../../src/session/session_host.ts";

/** A frame of `bytes` bytes, all of them its number. */
export function hostFrame(frameId: number, referenceDistance: number, bytes = 2500): HostFrame {
  return {
    ...{ streamId: 0, frameId, referenceDistance, captureTimeUs: 1000 },
    payload: new Uint8Array(bytes).fill(frameId),
    ...{ grabUs: 1, convertUs: 2, firstSliceUs: 3, encodeUs: 4, emitUs: 500, bytes, qp: 24 },
  };
}

/** The host of one stream, number 0. */
export class TestHost implements SessionHost {
  readonly fanout = new MediaFanout({
    streamId: 0,
    onFault: (error) => {
      throw error;
    },
  });
  readonly asked: string[] = [];
  readonly greetings: Uint8Array[] = [];
  readonly #sinks = new Set<HostFrameSink>();
  hasRoom = true;
  settings: SenderSettings = {
    controller: "trend",
    limits: { startBps: 20e6, minBps: 300e3, maxBps: 20e6 },
    frameIntervalUs: 16_667,
    videoBpsMax: 20e6,
  };
  /** What the host's clock is ahead of the server's; undefined while it is not known. */
  hostAheadUs: number | undefined = 1_000_000_000;

  /** Viewers attached now. */
  get viewers(): number {
    return this.fanout.size;
  }

  /** A frame of the encoder. */
  push(frame: HostFrame, nowUs: number): void {
    this.fanout.push(frame, nowUs);
    for (const sink of this.#sinks) sink(frame, nowUs);
  }

  greeting(): Uint8Array[] {
    return this.greetings;
  }

  senderSettings(streamId: number): SenderSettings | undefined {
    return streamId === 0 ? this.settings : undefined;
  }

  pictureRate(): { fps: number; scale: number } {
    return { fps: 60, scale: 0.75 };
  }

  attach(
    streamId: number,
    sender: MediaSender,
    onFrame: HostFrameSink,
  ): (() => void) | undefined {
    if (streamId !== 0 || !this.hasRoom || !this.fanout.add(sender)) return undefined;
    this.#sinks.add(onFrame);
    return () => {
      this.#sinks.delete(onFrame);
      this.fanout.remove(sender);
    };
  }

  cursor(_streamId: number): Uint8Array | undefined {
    return undefined;
  }

  requestKeyframe(streamId: number): void {
    this.asked.push(`keyframe ${streamId}`);
  }

  invalidate(streamId: number, firstLostFrameId: number): void {
    this.asked.push(`invalidate ${streamId} ${firstLostFrameId}`);
  }

  sendInput(_streamId: number, records: Uint8Array): void {
    this.asked.push(`input ${records.byteLength}`);
  }

  hostTimeUs(nowUs: number): number | undefined {
    return this.hostAheadUs === undefined ? undefined : nowUs + this.hostAheadUs;
  }
}
