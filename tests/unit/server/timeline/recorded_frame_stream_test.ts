/** Tests of src/server/timeline/recorded_frame_stream.ts: where sound is between the frames. */

import t from "tap";
import type { RecordingRow } from "../../../../src/recording/catalog.ts";
import type { FrameBatch, RecordedReader } from "../../../../src/recording/recorded_frames.ts";
import { recordedFrameStream } from "../../../../src/server/timeline/recorded_frame_stream.ts";
import { FrameStreamReader, STREAMED_SOUND_US_MAX } from "../../../../src/wire/frame_stream.ts";

const ROW = {
  ...{ streamId: 0, name: "Test", codec: "avc1.42e02a", width: 64, height: 64, startUs: 0 },
} as RecordingRow;

/** A part of frames and packets at these times, in milliseconds. */
function part(frames: readonly number[], packets: readonly number[], holeMs = 10): FrameBatch {
  return {
    part: { startUs: Math.min(...frames, ...packets) * 1000 },
    frames: frames.map((ms, index) => ({
      frame: {
        ...{ frameId: ms, captureTimeUs: ms * 1000, bytes: 5, layer: 0, offset: 0 },
        referenceDistance: index === 0 ? 0 : 1,
      },
      sample: Uint8Array.of(0, 0, 0, 1, 0x65),
    })),
    packets: packets.map((ms, index) => ({
      captureTimeUs: ms * 1000,
      durationUs: (index === packets.length - 1 ? holeMs : 10) * 1000,
      payload: Uint8Array.of(1),
    })),
  } as unknown as FrameBatch;
}

/** What is read of parts: F and S with milliseconds, and the longest packet. */
async function read(parts: readonly FrameBatch[], atMs: number, toMs: number) {
  const left = [...parts];
  const reader = {
    soundChannels: 2,
    next: () => Promise.resolve(left.shift()),
    [Symbol.dispose]: () => {},
  } as unknown as RecordedReader;
  let ends = 0;
  const { stream } = recordedFrameStream({
    ...{ row: ROW, reader, atUs: atMs * 1000, toUs: toMs * 1000, isAllowed: () => true },
    onEnd: () => ends++,
  });
  const records = new FrameStreamReader();
  const order: string[] = [];
  let longestUs = 0;
  for await (const piece of stream) {
    for (const record of records.push(piece)) {
      if (record.kind === "frame") {
        order.push(`${record.frame.isShown ? "F" : "f"}${record.frame.captureTimeUs / 1000}`);
      } else if (record.kind === "sound") {
        order.push(`S${record.sound.captureTimeUs / 1000}`);
        longestUs = Math.max(longestUs, record.sound.durationUs);
      }
    }
  }
  t.equal(ends, 1);
  return { order: order.join(" "), longestUs };
}

t.test("sound comes between frames, from the first one on, over the edges of parts", async (t) => {
  const parts = [
    part([100, 133, 166], [90, 100, 110, 120, 130, 140, 150, 160, 170, 180]),
    part([175, 200], [190, 200]),
  ];
  const { order } = await read(parts, 133, 1000);
  const first = "f100 S100 S110 S120 S130 F133 S140 S150 S160 F166 S170";
  t.equal(order, `${first} F175 S180 S190 F200 S200`);
  const { order: some } = await read(parts, 133, 150);
  t.equal(some, "f100 S100 S110 S120 S130 F133 S140", "no further than it was asked for");
});

t.test("parts of sound alone wait for the frame after them, or the end", async (t) => {
  const parts = [part([100], [100, 110]), part([], [120, 130]), part([140], [140])];
  t.equal((await read(parts, 100, 1000)).order, "F100 S100 S110 S120 S130 F140 S140");
  t.equal((await read(parts.slice(0, 2), 100, 1000)).order, "F100 S100 S110 S120 S130");
  t.equal((await read(parts.slice(0, 2), 100, 115)).order, "F100 S100 S110", "which may be a part");
});

t.test("a hole in the sound breaks no reader", async (t) => {
  const { order, longestUs } = await read([part([100], [100, 110], 300)], 100, 1000);
  t.equal(order, "F100 S100 S110");
  t.equal(longestUs, STREAMED_SOUND_US_MAX);
});
