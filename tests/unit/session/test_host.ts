/**
 * TestHost: a SessionHost with two streams, real fan-out and no media process: what it is asked for is
 * a list, its frames are what a test pushes.
 */

import { MediaFanout } from "../../../src/pipeline/media_fanout.ts";
import type { MediaSender } from "../../../src/pipeline/media_sender.ts";
import type { StreamName } from "../../../src/wire/control.ts";
import type {
  HostFrame,
  HostFrameSink,
  SenderSettings,
  SessionHost,
} from "../../../src/session/session_host.ts";

/** A frame of `bytes` bytes, all of them its number. */
export function hostFrame(
  frameId: number,
  referenceDistance: number,
  { bytes = 2500, streamId = 0 } = {},
): HostFrame {
  return {
    ...{ streamId, frameId, referenceDistance, captureTimeUs: 1000 },
    payload: new Uint8Array(bytes).fill(frameId),
    ...{ grabUs: 1, convertUs: 2, firstSliceUs: 3, encodeUs: 4, emitUs: 500, bytes, qp: 24 },
  };
}

function fanoutOf(streamId: number): MediaFanout {
  return new MediaFanout({
    streamId,
    onFault: (error) => {
      throw error;
    },
  });
}

/** The host of two streams, numbers 0 and 1. */
export class TestHost implements SessionHost {
  features: SessionHost["features"] = [];
  readonly fanouts = [fanoutOf(0), fanoutOf(1)];
  /** Framed cursor of each stream that has one. */
  readonly cursors: (Uint8Array | undefined)[] = [];
  readonly streamNames: StreamName[] = [{ id: 0, name: "Left" }, { id: 1, name: "Right" }];
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
    return this.fanouts.reduce((sum, { size }) => sum + size, 0);
  }

  /** A frame of the encoder. */
  push(frame: HostFrame, nowUs: number): void {
    this.fanouts[frame.streamId]!.push(frame, nowUs);
    for (const sink of this.#sinks) sink(frame, nowUs);
  }

  findStream(wanted: string | undefined): number | undefined {
    if (wanted === undefined) return 0;
    return this.streamNames.find(({ id, name }) => name === wanted || String(id) === wanted)?.id;
  }

  greeting(): Uint8Array[] {
    return this.greetings;
  }

  senderSettings(streamId: number): SenderSettings | undefined {
    return streamId < this.fanouts.length ? this.settings : undefined;
  }

  pictureRate(): { fps: number; scale: number } {
    return { fps: 60, scale: 0.75 };
  }

  attach(
    streamId: number,
    sender: MediaSender,
    onFrame: HostFrameSink,
  ): (() => void) | undefined {
    const fanout = this.fanouts[streamId];
    if (fanout === undefined || !this.hasRoom || !fanout.add(sender)) return undefined;
    this.#sinks.add(onFrame);
    return () => {
      this.#sinks.delete(onFrame);
      fanout.remove(sender);
    };
  }

  cursor(streamId: number): Uint8Array | undefined {
    return this.cursors[streamId];
  }

  requestKeyframe(streamId: number): void {
    this.asked.push(`keyframe ${streamId}`);
  }

  invalidate(streamId: number, firstLostFrameId: number): void {
    this.asked.push(`invalidate ${streamId} ${firstLostFrameId}`);
  }

  sendInput(streamId: number, records: Uint8Array): void {
    this.asked.push(`input ${streamId} ${records.byteLength}`);
  }

  hostTimeUs(nowUs: number): number | undefined {
    return this.hostAheadUs === undefined ? undefined : nowUs + this.hostAheadUs;
  }
}
