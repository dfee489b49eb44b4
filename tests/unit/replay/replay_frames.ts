/** Frames and a description for the tests of src/replay. */

import { BT601_LIMITED, type StreamDescription } from "../../../src/wire/codec.ts";
import type { EncodedFrame } from "../../../src/wire/frame.ts";

/** What a decoder must know of the frames of these tests. */
export const DESCRIPTION: StreamDescription = {
  id: 0,
  name: "Screen",
  kind: "video",
  codec: "avc1.42e02a",
  codedWidth: 1280,
  codedHeight: 720,
  colorSpace: BT601_LIMITED,
  optimizeForLatency: true,
  framerate: 60,
  bitrateBps: 10_000_000,
  encoder: "x264",
};

/** A frame whose bytes say its id. */
export function replayFrame(
  frameId: number,
  captureTimeUs: number,
  options: { readonly bytes?: number; readonly isKeyframe?: boolean } = {},
): EncodedFrame {
  const payload = new Uint8Array(options.bytes ?? 100).fill(1 + frameId % 255);
  const referenceDistance = options.isKeyframe ? 0 : 1;
  return { streamId: 0, frameId, referenceDistance, captureTimeUs, payload };
}
