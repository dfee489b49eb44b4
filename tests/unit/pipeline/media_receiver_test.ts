/** Tests of src/pipeline/media_receiver.ts: order, recovery, gaps, epochs, damage and memory. */

import t from "tap";
import { FEEDBACK_INTERVAL_US_MIN } from "../../../src/pipeline/feedback_schedule.ts";
import { GAP_PATIENCE_US } from "../../../src/pipeline/frame_order.ts";
import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import { EPOCH_QUIET_US } from "../../../src/pipeline/recovery_path.ts";
import { TOLERANCE_US_MIN } from "../../../src/reorder/loss_detector.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { MAX_FRAME_BYTES } from "../../../src/wire/frame.ts";
import { seededRandom } from "../../seeded.ts";
import { CodedFeed, FRAME_US, frameOf } from "./coded_feed.ts";

/** A receiver that is driven as a viewer drives it. */
class Viewer {
  readonly receiver = new MediaReceiver({ streamId: 0 });
  readonly frames: ReceivedFrame[] = [];
  readonly feedback: Feedback[] = [];
  nowUs = 1_000_000;

  get frameIds(): number[] {
    return this.frames.map((frame) => frame.frameId);
  }

  receive(datagrams: readonly Uint8Array[]): void {
    for (const datagram of datagrams) {
      this.receiver.push(datagram, this.nowUs);
      this.#pump();
    }
  }

  /** Lets time pass, keeping every deadline. */
  wait(us: number): void {
    const untilUs = this.nowUs + us;
    for (let wakes = 0;; wakes++) {
      const deadline = this.receiver.deadline;
      if (deadline === undefined || deadline > untilUs) break;
      if (wakes > 1000) throw new Error("Deadlines without end");
      this.nowUs = Math.max(this.nowUs, deadline);
      this.#pump();
    }
    this.nowUs = untilUs;
  }

  #pump(): void {
    for (;;) {
      const frame = this.receiver.pull(this.nowUs);
      if (frame === undefined) break;
      this.frames.push({ ...frame, payload: frame.payload.slice() });
    }
    const datagram = this.receiver.pullFeedback(this.nowUs);
    if (datagram !== undefined) this.feedback.push(parseFeedback(datagram));
  }
}

function isIntact({ frameId, payload }: ReceivedFrame): boolean {
  return payload.every((byte) => byte === (frameId & 0xff));
}

t.test("MediaReceiver yields reordered frames in order, byte for byte", (t) => {
  const random = seededRandom("receiver reordering");
  const feed = new CodedFeed({ redundancy: 0.1, firstSourceId: 0xffff_ff00 });
  const viewer = new Viewer();
  for (let id = 1; id <= 200; id++) {
    const datagrams = feed.frame(frameOf(id, id === 1 ? 0 : 1, 1 + random.int(8000)));
    viewer.receive(datagrams.sort(() => random.next() - 0.5));
    viewer.wait(FRAME_US);
  }
  t.equal(viewer.frames.length, 200, `seed ${random.seed}`);
  t.ok(viewer.frames.every((frame, index) => frame.frameId === index + 1));
  t.ok(viewer.frames.every(isIntact));
  t.equal(viewer.receiver.stats.packetsLost, 0);
  t.equal(viewer.receiver.stats.repairsReceived > 20, true);
  t.end();
});

t.test("MediaReceiver recovers what repairs can, and no frame is lost", (t) => {
  const random = seededRandom("receiver recovery");
  const feed = new CodedFeed({ redundancy: 0.3, firstSourceId: 0xffff_f000 });
  const viewer = new Viewer();
  let lost = 0;
  for (let id = 1; id <= 1500; id++) {
    const datagrams = feed.frame(frameOf(id, id === 1 ? 0 : 1, 1 + random.int(15_000)));
    const sent = datagrams.filter((datagram) => {
      const isLost = random.next() < 0.05;
      if (isLost && (datagram[0]! & 0x10) === 0) lost++;
      return !isLost;
    });
    viewer.receive(sent);
    viewer.wait(FRAME_US);
  }
  const { stats } = viewer.receiver;
  t.ok(viewer.frames.length >= 1499, `${viewer.frames.length} frames, seed ${random.seed}`);
  t.ok(viewer.frames.every(isIntact));
  t.ok(lost > 300 && stats.recovered >= lost - 2, `${stats.recovered} of ${lost}`);
  t.equal(viewer.frames.reduce((sum, frame) => sum + frame.recoveredPackets, 0), stats.recovered);
  t.equal(stats.framesUndecodable, 0);
  t.equal(viewer.receiver.bufferBytes <= 8e6, true);
  t.end();
});

t.test("MediaReceiver recovers the first packet of a frame, and of all", (t) => {
  for (const lostFrame of [1, 2]) {
    const feed = new CodedFeed({ redundancy: 0.5 });
    const viewer = new Viewer();
    for (let id = 1; id <= 2; id++) {
      const datagrams = feed.frame(frameOf(id, id === 1 ? 0 : 1, 2000));
      viewer.receive(datagrams.slice(id === lostFrame ? 1 : 0));
    }
    t.same(viewer.frameIds, [1, 2], `first packet of frame ${lostFrame} lost`);
  }
  t.end();
});

t.test("MediaReceiver waits for a repair, then goes on without a keyframe", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  const second = feed.frame(frameOf(2, 1));
  const missingId = feed.nextSourceId - 2;
  viewer.receive([second[0]!, second[2]!]);
  viewer.wait(FRAME_US);
  for (let id = 3; id <= 8; id++) {
    viewer.receive(feed.frame(frameOf(id, 1)));
    viewer.wait(FRAME_US);
  }
  t.same(viewer.frameIds, [1]);
  t.match(viewer.feedback.at(-1), {
    firstMissingId: missingId,
    missingLength: 1,
    deficit: 1,
    lastCompleteFrameId: 1,
    damagedFrameId: 0,
  });
  viewer.receive([feed.reactive(missingId, 1)]);
  t.same(viewer.frameIds, [1, 2, 3, 4, 5, 6, 7, 8]);
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), { missingLength: 0, recovered: 1, lastCompleteFrameId: 8 });
  t.end();
});

t.test("MediaReceiver goes round a gap to a frame that it can decode, once it is loss", (t) => {
  for (const distance of [2, 0]) {
    const feed = new CodedFeed();
    const viewer = new Viewer();
    viewer.receive(feed.frame(frameOf(1, 0)));
    feed.frame(frameOf(2, 1));
    viewer.receive(feed.frame(frameOf(3, distance)));
    t.same(viewer.frameIds, [1], "it might be reordering");
    viewer.wait(TOLERANCE_US_MIN);
    t.same(viewer.frameIds, [1, 3]);
    viewer.receive(feed.frame(frameOf(4, 1)));
    t.same(viewer.frameIds, [1, 3, 4]);
    const { packetsLost, framesSkipped, framesUndecodable } = viewer.receiver.stats;
    t.same([packetsLost, framesSkipped, framesUndecodable], [3, 1, 0]);
    viewer.wait(FRAME_US);
    t.match(viewer.feedback.at(-1), { missingLength: 0, damagedFrameId: 0 });
  }
  t.end();
});

t.test("MediaReceiver goes round two gaps when a repair mends the first", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0, 500)));
  const lostId = feed.nextSourceId;
  feed.frame(frameOf(2, 1, 500));
  viewer.receive(feed.frame(frameOf(3, 1, 500)));
  feed.frame(frameOf(4, 1, 500));
  viewer.receive(feed.frame(frameOf(5, 2, 500)));
  viewer.wait(FRAME_US);
  t.same(viewer.frameIds, [1]);
  viewer.receive([feed.reactive(lostId, 1)]);
  t.same(viewer.frameIds, [1, 2, 3, 5], "frame 5 refers to 3");
  t.end();
});

t.test("MediaReceiver gives a gap up at last, and says from where on it is damaged", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  feed.frame(frameOf(2, 1));
  viewer.receive(feed.frame(frameOf(3, 1)));
  viewer.wait(GAP_PATIENCE_US - 1);
  t.match(viewer.feedback.at(-1), { damagedFrameId: 0, missingLength: 3, deficit: 3 });
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), {
    damagedFrameId: 2,
    lastCompleteFrameId: 1,
    missingLength: 0,
    deficit: 0,
  });
  t.equal(viewer.receiver.stats.framesUndecodable, 1);
  viewer.receive(feed.frame(frameOf(4, 3)));
  viewer.wait(FRAME_US);
  t.same(viewer.frameIds, [1, 4]);
  t.equal(viewer.feedback.at(-1)?.damagedFrameId, 0);
  t.end();
});

t.test("MediaReceiver gives up at once what the decoder cannot bring back", (t) => {
  const feed = new CodedFeed({ redundancy: 0.1 });
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  feed.frame(frameOf(2, 1, 120_000));
  viewer.receive(feed.frame(frameOf(3, 1)));
  viewer.wait(FRAME_US);
  t.equal(viewer.feedback.at(-1)?.damagedFrameId, 2, "100 packets are more than it looks for");
  t.end();
});

t.test("MediaReceiver reports that the end of the last frame is missing", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  const datagrams = feed.frame(frameOf(1, 0));
  viewer.receive(datagrams.slice(0, 2));
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), { firstMissingId: 2, missingLength: 1, deficit: 1 });
  viewer.receive([feed.reactive(2, 1)]);
  t.same(viewer.frameIds, [1]);
  viewer.receive(feed.frame(frameOf(2, 1)).slice(0, 1));
  viewer.wait(GAP_PATIENCE_US + FEEDBACK_INTERVAL_US_MIN);
  t.match(viewer.feedback.at(-1), { missingLength: 0, damagedFrameId: 2 });
  viewer.receive(feed.frame(frameOf(3, 2)));
  t.same(viewer.frameIds, [1, 3]);
  t.end();
});

t.test("MediaReceiver starts anew with an epoch and drops what belongs to an older one", (t) => {
  const feed = new CodedFeed({ redundancy: 0.5 });
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  const late = feed.frame(frameOf(2, 1));
  feed.startEpoch();
  for (let skipped = 3; skipped < 400; skipped++) feed.frame(frameOf(skipped, 1));
  feed.startEpoch();
  const next = feed.frame(frameOf(400, 255, 2000));
  viewer.receive(next);
  t.same(viewer.frameIds, [1], "its reference is not there");
  t.equal(viewer.receiver.stats.framesUndecodable, 1);
  const follower = feed.frame(frameOf(401, 0, 2000));
  viewer.receive([follower[1]!, follower[2]!]);
  t.same(viewer.frameIds, [1, 401], "a repair stands for the first packet of a frame");
  viewer.receive(late);
  t.same(viewer.frameIds, [1, 401]);
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), { epoch: 2, missingLength: 0 });
  feed.startEpoch();
  const repairs = feed.frame(frameOf(402, 1, 500)).slice(1);
  viewer.receive(repairs);
  viewer.receive(feed.frame(frameOf(403, 1, 500)));
  t.same(viewer.frameIds, [1, 401, 402, 403], "an epoch may begin with a repair");
  t.end();
});

t.test("MediaReceiver follows a sender that counted more epochs on than the number has", (t) => {
  for (const epochs of [8, 9, 15, 23]) {
    const feed = new CodedFeed();
    const viewer = new Viewer();
    viewer.receive(feed.frame(frameOf(1, 0)));
    for (let epoch = 0; epoch < epochs; epoch++) feed.startEpoch();
    viewer.wait(EPOCH_QUIET_US - 1);
    viewer.receive(feed.frame(frameOf(2, 0)));
    t.equal(viewer.frames.length, epochs % 16 <= 8 ? 2 : 1, `${epochs} epochs at once`);
    viewer.wait(EPOCH_QUIET_US);
    viewer.receive(feed.frame(frameOf(3, 0)));
    t.equal(viewer.frameIds.at(-1), 3, `${epochs} epochs, later`);
  }
  t.end();
});

t.test("MediaReceiver counts what an epoch leaves behind as lost", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  viewer.receive(feed.frame(frameOf(2, 1)).slice(1));
  feed.startEpoch();
  viewer.receive(feed.frame(frameOf(3, 2)));
  t.same(viewer.frameIds, [1, 3]);
  t.equal(viewer.receiver.stats.packetsLost, 1);
  t.end();
});

t.test("MediaReceiver hears of damage in the decoder", (t) => {
  const feed = new CodedFeed();
  const viewer = new Viewer();
  for (let id = 1; id <= 6; id++) viewer.receive(feed.frame(frameOf(id, id === 1 ? 0 : 1)));
  viewer.receiver.noteDecodeQueue(2);
  viewer.receiver.notePresented(4, 1_234_567.4);
  viewer.receiver.noteDamage(5, 4);
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), {
    damagedFrameId: 5,
    lastCompleteFrameId: 4,
    decodeQueue: 2,
    presentedFrameId: 4,
    presentedUs: 1_234_567,
  });
  viewer.receive(feed.frame(frameOf(7, 1)));
  t.equal(viewer.frames.length, 6, "frame 6 is no reference any more");
  viewer.receive(feed.frame(frameOf(8, 4)));
  t.equal(viewer.frameIds.at(-1), 8);
  viewer.receiver.noteDamage(0, 0);
  viewer.wait(FRAME_US);
  t.match(viewer.feedback.at(-1), { damagedFrameId: 9, lastCompleteFrameId: 0 });
  viewer.receive(feed.frame(frameOf(9, 1)));
  viewer.receive(feed.frame(frameOf(10, 0)));
  t.equal(viewer.frameIds.at(-1), 10);
  t.equal(viewer.receiver.stats.framesUndecodable, 2);
  t.end();
});

t.test("MediaReceiver never yields a frame without its reference, whatever is lost", (t) => {
  const random = seededRandom("receiver loss");
  for (let run = 0; run < 30; run++) {
    const feed = new CodedFeed({ redundancy: random.pick([0, 0.05, 0.2]) });
    const viewer = new Viewer();
    const distances = new Map<number, number>();
    for (let id = 1; id <= 300; id++) {
      const last = viewer.feedback.at(-1);
      const isDamaged = last !== undefined && (last.damagedFrameId !== 0 || last.missingLength > 0);
      const reach = isDamaged ? id - last.lastCompleteFrameId : 1;
      const distance = id === 1 || reach > 7 ? 0 : reach;
      distances.set(id, distance);
      for (const datagram of feed.frame(frameOf(id, distance, 1 + random.int(6000)))) {
        if (random.next() < 0.03) continue;
        viewer.receive(random.next() < 0.02 ? [datagram, datagram] : [datagram]);
      }
      viewer.wait(FRAME_US);
    }
    const yielded = new Set<number>();
    for (const { frameId } of viewer.frames) {
      const distance = distances.get(frameId)!;
      if (distance !== 0 && !yielded.has(frameId - distance)) {
        t.fail(`frame ${frameId} lacks its reference, seed ${random.seed}`);
      }
      yielded.add(frameId);
    }
    t.ok(yielded.size > 230, `${yielded.size} of 300 frames, seed ${random.seed}`);
    t.equal(yielded.size, viewer.frames.length, "none twice");
  }
  t.end();
});

t.test("MediaReceiver holds at most 8 MB, with the largest frame and losses without end", (t) => {
  const feed = new CodedFeed({ redundancy: 0.05 });
  const viewer = new Viewer();
  viewer.receive(feed.frame(frameOf(1, 0, MAX_FRAME_BYTES)));
  t.same(viewer.frameIds, [1]);
  for (let id = 2; id <= 6; id++) {
    const datagrams = feed.frame(frameOf(id, 1, MAX_FRAME_BYTES / 4));
    viewer.receive(datagrams.filter((_, index) => index % 7 !== 3));
  }
  viewer.wait(FRAME_US);
  t.same(viewer.frameIds, [1]);
  t.ok(viewer.receiver.bufferBytes <= 8e6, `${viewer.receiver.bufferBytes} bytes`);
  t.equal(viewer.feedback.at(-1)?.damagedFrameId, 2);
  t.end();
});

t.test("MediaReceiver counts malformed datagrams and other streams' packets", (t) => {
  const receiver = new MediaReceiver({ streamId: 1 });
  const datagrams = new CodedFeed({ redundancy: 0.5 }).frame(frameOf(1, 0, 2000));
  for (const datagram of datagrams) receiver.push(datagram, 0);
  receiver.push(new Uint8Array(5), 0);
  receiver.push(Uint8Array.of(0x10, 1), 0);
  t.equal(receiver.stats.malformed, datagrams.length + 2);
  t.equal(receiver.pull(0), undefined);
  t.equal(receiver.pullFeedback(0), undefined);
  t.equal(receiver.deadline, undefined);
  t.end();
});
