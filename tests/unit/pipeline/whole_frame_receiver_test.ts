/** Tests of src/pipeline/whole_frame_receiver.ts: what goes to the decoder, damage, bounds, reports. */

import t from "tap";
import {
  WAITING_BYTES_MAX,
  WAITING_FRAMES_MAX,
  WholeFrameReceiver,
} from "../../../src/pipeline/whole_frame_receiver.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import { seededRandom } from "../../seeded.ts";

const STREAM = 3;

/** A receiver on a clock of its own. */
class Desk {
  readonly receiver = new WholeFrameReceiver({ streamId: STREAM });
  nowUs = 1_000_000;

  push(frameId: number, referenceDistance: number, bytes = 10): void {
    const mark = {
      streamId: STREAM,
      ...{ frameId, referenceDistance },
      layer: 0 as const,
      captureTimeUs: frameId * 16_667,
    };
    this.receiver.pushFrame(mark, new Uint8Array(bytes).fill(frameId), this.nowUs);
  }

  /** Ids of the frames that can be decoded now. */
  pull(): number[] {
    const ids: number[] = [];
    for (;;) {
      const frame = this.receiver.pull(this.nowUs);
      if (frame === undefined) return ids;
      ids.push(frame.frameId);
    }
  }

  /** The report that is due, if one is. */
  report(): ReturnType<typeof parseFeedback> | undefined {
    const bytes = this.receiver.pullFeedback(this.nowUs);
    return bytes === undefined ? undefined : parseFeedback(bytes);
  }
}

t.test("Frames go to the decoder in order, each after its reference", (t) => {
  const desk = new Desk();
  desk.push(5, 1);
  t.same(desk.pull(), [], "nothing before a keyframe");
  desk.push(6, 0);
  desk.push(7, 1);
  desk.push(8, 2);
  t.same(desk.pull(), [6, 7, 8]);
  desk.push(10, 1);
  t.same(desk.pull(), [], "its reference never came");
  desk.push(11, 3);
  t.same(desk.pull(), [11], "an older reference is as good");
  desk.push(9, 1);
  t.same(desk.pull(), [], "what is late is not shown after what is newer");
  desk.push(11, 3);
  t.same(desk.pull(), [], "nor is anything twice");
  const { framesYielded, framesUndecodable, framesSkipped, datagrams } = desk.receiver.stats;
  t.same({ framesYielded, framesUndecodable, framesSkipped, datagrams }, {
    framesYielded: 4,
    framesUndecodable: 2,
    framesSkipped: 2,
    datagrams: 8,
  });
  t.end();
});

t.test("A stream that counts anew goes on with its keyframe", (t) => {
  const desk = new Desk();
  desk.push(50_000, 0);
  desk.push(1, 0);
  desk.push(2, 1);
  t.same(desk.pull(), [50_000, 1, 2]);
  desk.push(0xffff_ffff, 0);
  t.same(desk.pull(), [], "and 4 frames ago is late");
  t.end();
});

t.test("Ids wrap", (t) => {
  const desk = new Desk();
  desk.push(0xffff_ffff, 0);
  desk.push(0, 1);
  desk.push(1, 2);
  t.same(desk.pull(), [0xffff_ffff, 0, 1]);
  t.equal(desk.receiver.stats.framesSkipped, 0);
  t.end();
});

t.test("Damage is told at once and again until it is mended", (t) => {
  const desk = new Desk();
  desk.push(1, 0);
  desk.pull();
  t.equal(desk.report()?.damagedFrameId, 0);
  desk.push(3, 1);
  desk.pull();
  t.match(desk.report(), { damagedFrameId: 2, lastCompleteFrameId: 1, streamId: STREAM });
  t.equal(desk.report(), undefined, "once, for a moment");
  const againUs = desk.receiver.deadline ?? Infinity;
  t.ok(againUs > desk.nowUs && againUs < desk.nowUs + 100_000, "and soon again");
  desk.nowUs = againUs;
  t.equal(desk.report()?.damagedFrameId, 2);
  desk.push(4, 3);
  desk.pull();
  t.match(desk.report(), { damagedFrameId: 0, lastCompleteFrameId: 4 }, "mended");
  t.equal(desk.receiver.deadline, undefined, "nothing to say while nothing happens");
  t.end();
});

t.test("What the decoder lost counts as damage", (t) => {
  const desk = new Desk();
  for (let id = 1; id <= 5; id++) desk.push(id, id === 1 ? 0 : 1);
  desk.pull();
  desk.report();
  desk.receiver.noteDamage(4, 3);
  t.match(desk.report(), { damagedFrameId: 4, lastCompleteFrameId: 3 });
  desk.push(6, 1);
  t.same(desk.pull(), []);
  desk.push(7, 4);
  t.same(desk.pull(), [7], "a frame that refers to what it has");
  desk.receiver.noteDamage(0, 0);
  desk.push(8, 1);
  t.same(desk.pull(), [], "everything is lost");
  desk.push(9, 0);
  t.same(desk.pull(), [9]);
  t.end();
});

t.test("What waits for a decoder is bounded, whatever comes", (t) => {
  const desk = new Desk();
  const random = seededRandom("whole frames");
  let most = 0;
  for (let id = 1; id <= 2000; id++) {
    desk.push(id, random.next() < 0.1 ? 0 : 1, random.int(200_000));
    most = Math.max(most, desk.receiver.bufferBytes);
    if (random.next() < 0.02) desk.pull();
  }
  t.ok(most <= WAITING_BYTES_MAX + 4096, `${most} bytes`);
  const before = desk.pull().length;
  t.ok(before <= WAITING_FRAMES_MAX, `${before} frames`);
  t.end();
});

t.test("Frames of other streams, empty ones and packets are refused", (t) => {
  const { receiver, nowUs } = new Desk();
  const mark = { streamId: 1, frameId: 1, referenceDistance: 0, layer: 0 as const };
  receiver.pushFrame({ ...mark, captureTimeUs: 0 }, new Uint8Array(5), nowUs);
  receiver.pushFrame({ ...mark, streamId: STREAM, captureTimeUs: 0 }, new Uint8Array(0), nowUs);
  receiver.push(new Uint8Array(100), nowUs);
  t.equal(receiver.pull(nowUs), undefined);
  t.equal(receiver.stats.malformed, 3);
  t.end();
});

t.test("Capture times go on over their 32 bits", (t) => {
  const { receiver, nowUs } = new Desk();
  const mark = { streamId: STREAM, layer: 0 as const };
  const first = { ...mark, frameId: 1, referenceDistance: 0, captureTimeUs: 0xffff_fff0 };
  receiver.pushFrame(first, Uint8Array.of(1), nowUs);
  receiver.pushFrame(
    { ...mark, frameId: 2, referenceDistance: 1, captureTimeUs: 16_000 },
    Uint8Array.of(1),
    nowUs,
  );
  t.equal(receiver.pull(nowUs)?.captureTimeUs, 0xffff_fff0);
  t.equal(receiver.pull(nowUs)?.captureTimeUs, 2 ** 32 + 16_000);
  t.end();
});
