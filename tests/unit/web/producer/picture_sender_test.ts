/** Tests of web/producer/picture_sender.ts against the host's own receiver, without a network. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { MediaReceiver } from "../../../../src/pipeline/media_receiver.ts";
import { parseFeedback } from "../../../../src/wire/feedback.ts";
import { ChunkRing, CHUNKS_MAX } from "../../../../web/producer/chunk_ring.ts";
import { PictureSender } from "../../../../web/producer/picture_sender.ts";

const STREAM = 3;
const FRAME_US = 33_333;
const ROUND_TRIP_US = 3000;
const OFFSET_US = 5_000_000;

function setUp() {
  const clock = new ManualClock();
  const ring = new ChunkRing();
  const receiver = new MediaReceiver({ streamId: STREAM });
  const rig = { isCut: false, offsetUs: OFFSET_US as number | undefined, keyframes: 0 };
  const frames: { frameId: number; captureTimeUs: number; bytes: number; distance: number }[] = [];
  const sender = new PictureSender({
    connection: {
      maxDatagramSize: 1200,
      sendDatagram: (bytes) => {
        if (!rig.isCut) receiver.push(bytes.slice(), clock.nowUs());
        return true;
      },
    },
    ...{ clock, ring, streamId: STREAM, fps: 30, bitrateBpsMax: 8e6 },
    offsetUs: () => rig.offsetUs,
    onKeyframeNeeded: () => void rig.keyframes++,
  });
  t.teardown(() => sender.close());
  const step = (bytes = 4000, isKeyframe = false) => {
    clock.advance(FRAME_US);
    // The sender's own timer, which the simulated clock does not drive.
    sender.tick();
    ring.push({ isKeyframe, captureUs: clock.nowUs(), payload: new Uint8Array(bytes).fill(7) });
    sender.pump();
    report();
  };
  const report = () => {
    const nowUs = clock.nowUs();
    for (let got = receiver.pull(nowUs); got !== undefined; got = receiver.pull(nowUs)) {
      const { frameId, captureTimeUs, payload, referenceDistance } = got;
      frames.push({
        ...{ frameId, captureTimeUs, bytes: payload.byteLength },
        distance: referenceDistance,
      });
    }
    const feedback = receiver.pullFeedback(nowUs);
    clock.advance(ROUND_TRIP_US);
    if (feedback === undefined || rig.isCut) return;
    sender.onFeedback(parseFeedback(feedback), clock.nowUs());
  };
  return { clock, ring, sender, rig, frames, step, report };
}

t.test("PictureSender delivers frames whole, in order, in the host's clock", (t) => {
  const { frames, step, ring, sender } = setUp();
  for (let index = 0; index < 60; index++) step(4000, index === 0);
  t.equal(frames.length, 60);
  t.same(frames.map(({ frameId }) => frameId), frames.map((_frame, index) => index + 1));
  t.same(frames.map(({ distance }) => distance).slice(0, 3), [0, 1, 1]);
  t.equal(frames[9]!.captureTimeUs, OFFSET_US + 10 * FRAME_US + 9 * ROUND_TRIP_US);
  t.equal(frames[9]!.bytes, 4000);
  t.same(sender.sent, { frames: 60, bytes: 240_000 });
  t.equal(ring.stats.evicted, 0);
  t.end();
});

t.test("PictureSender sends nothing before it knows the host's clock", (t) => {
  const { rig, frames, step, ring } = setUp();
  rig.offsetUs = undefined;
  for (let index = 0; index < 3; index++) step(1000, index === 0);
  t.equal(frames.length, 0);
  t.equal(ring.size, 3);
  rig.offsetUs = OFFSET_US;
  step(1000);
  t.equal(frames.length, 4, "then all that waited");
  t.end();
});

t.test("PictureSender leaves a stalled path's chunks in the ring, which counts what it gives up", (t) => {
  const { rig, frames, step, sender, ring } = setUp();
  for (let index = 0; index < 30; index++) step(4000, index === 0);
  rig.isCut = true;
  for (let index = 0; index < 40; index++) {
    step();
  }
  t.equal(sender.canTake, false, "the path is silent");
  t.ok(ring.stats.evicted > CHUNKS_MAX, `${ring.stats.evicted} given up`);
  t.ok(ring.size <= CHUNKS_MAX);
  t.equal(ring.needsKeyframe, true);
  const before = frames.length;
  const asked = rig.keyframes;
  rig.isCut = false;
  for (let index = 0; index < 30 && rig.keyframes === asked; index++) {
    step();
  }
  t.ok(rig.keyframes > asked, "a keyframe is asked for");
  for (let index = 0; index < 20; index++) step(4000, index === 0);
  t.ok(frames.length > before + 10, `${frames.length - before} frames after it`);
  t.end();
});
