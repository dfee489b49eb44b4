/** Tests of web/viewer/receive/rtc_frames.ts: marked access units find the player of their stream. */

import t from "tap";
import { FRAME_SEI_BYTES_MAX, writeFrameSei } from "../../../../src/wire/frame_sei.ts";
import { RtcFrames } from "../../../../web/viewer/receive/rtc_frames.ts";

const SLICE = [0, 0, 0, 1, 0x65, 1, 2, 3];

function accessUnit(streamId: number, frameId: number, referenceDistance: number): Uint8Array {
  const unit = new Uint8Array(FRAME_SEI_BYTES_MAX);
  const mark = { streamId, frameId, referenceDistance, layer: 0 as const, captureTimeUs: 5 };
  const bytes = writeFrameSei(unit, mark);
  return Uint8Array.from([0, 0, 0, 1, ...unit.subarray(0, bytes), ...SLICE]);
}

t.test("Each access unit goes to the player of its stream, without its mark", (t) => {
  const clock = { nowUs: () => 1000 };
  const frames = new RtcFrames(clock);
  const seen: string[] = [];
  const one = frames.open(1, (nowUs) => seen.push(`1 at ${nowUs}`));
  const two = frames.open(2, () => seen.push("2"));
  frames.push(accessUnit(1, 1, 0));
  frames.push(accessUnit(2, 1, 0));
  frames.push(accessUnit(1, 2, 1));
  t.same(seen, ["1 at 1000", "2", "1 at 1000"]);
  const frame = one.pull(1000);
  t.match(frame, { streamId: 1, frameId: 1, referenceDistance: 0, lastArrivalUs: 1000 });
  t.same([...frame?.payload ?? []], SLICE);
  t.equal(one.pull(1000)?.frameId, 2);
  t.equal(two.pull(1000)?.frameId, 1);
  t.end();
});

t.test("What says nothing of itself, or is of a stream that nobody watches, is counted", (t) => {
  const frames = new RtcFrames({ nowUs: () => 0 });
  const receiver = frames.open(1, () => {});
  frames.push(Uint8Array.from(SLICE));
  frames.push(new Uint8Array(0));
  frames.push(accessUnit(7, 1, 0));
  t.equal(receiver.pull(0), undefined);
  t.same(frames.stats, { frames: 3, unmarked: 2, unwatched: 1 });
  t.throws(() => frames.open(16, () => {}), { name: "RangeError" });
  t.end();
});

t.test("A player that begins anew gets what comes from then on", (t) => {
  const frames = new RtcFrames({ nowUs: () => 0 });
  const before = frames.open(1, () => {});
  frames.push(accessUnit(1, 1, 0));
  const after = frames.open(1, () => {});
  frames.push(accessUnit(1, 2, 1));
  t.equal(before.pull(0)?.frameId, 1);
  t.equal(before.pull(0), undefined);
  t.equal(after.pull(0), undefined, "it needs a keyframe of its own");
  t.end();
});

t.test("Frames are read until the receiver ends", async (t) => {
  const frames = new RtcFrames({ nowUs: () => 0 });
  const receiver = frames.open(1, () => {});
  const units = [accessUnit(1, 1, 0), accessUnit(1, 2, 1)];
  await frames.read(
    new ReadableStream({
      start(controller) {
        for (const unit of units) controller.enqueue({ data: unit.slice().buffer });
        controller.close();
      },
    }),
  );
  t.same([receiver.pull(0)?.frameId, receiver.pull(0)?.frameId], [1, 2]);
  await frames.read(ReadableStream.from([]).pipeThrough(new TransformStream()) as never);
  t.equal(frames.stats.frames, 2, "a receiver without any");
});
