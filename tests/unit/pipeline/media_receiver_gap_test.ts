/** Tests of src/pipeline/media_receiver.ts: what is waited for, gone round and given up; epochs. */

import t from "tap";
import { FEEDBACK_INTERVAL_US_MIN } from "../../../src/pipeline/feedback_schedule.ts";
import { GAP_PATIENCE_US } from "../../../src/pipeline/frame_order.ts";
import { EPOCH_QUIET_US } from "../../../src/pipeline/recovery_path.ts";
import { DETECTOR_WINDOW, TOLERANCE_US_MIN } from "../../../src/reorder/loss_detector.ts";
import { CodedFeed, FRAME_US, frameOf } from "./coded_feed.ts";
import { ReceivingViewer } from "./receiving_viewer.ts";

t.test("MediaReceiver waits for a repair, then goes on without a keyframe", (t) => {
  const feed = new CodedFeed();
  const viewer = new ReceivingViewer();
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
    const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  feed.frame(frameOf(2, 1, 120_000));
  viewer.receive(feed.frame(frameOf(3, 1)));
  viewer.wait(FRAME_US);
  t.equal(viewer.feedback.at(-1)?.damagedFrameId, 2, "100 packets are more than it looks for");
  t.end();
});

t.test("MediaReceiver gives up what is too old to be remembered, without another packet", (t) => {
  const feed = new CodedFeed();
  const viewer = new ReceivingViewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  const lostId = feed.nextSourceId;
  feed.frame(frameOf(2, 1));
  viewer.receive(feed.frame(frameOf(3, 1, 1_100_000)));
  feed.frame(frameOf(4, 1, 200_000));
  t.same(viewer.frameIds, [1]);
  viewer.receive([feed.reactive(feed.nextSourceId - 10, 10)]);
  t.ok(feed.nextSourceId - lostId > DETECTOR_WINDOW);
  viewer.wait(FRAME_US);
  t.equal(viewer.feedback.at(-1)?.damagedFrameId, 2);
  t.end();
});

t.test("MediaReceiver reports that the end of the last frame is missing", (t) => {
  const feed = new CodedFeed();
  const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
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
    const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
  viewer.receive(feed.frame(frameOf(1, 0)));
  viewer.receive(feed.frame(frameOf(2, 1)).slice(1));
  feed.startEpoch();
  viewer.receive(feed.frame(frameOf(3, 2)));
  t.same(viewer.frameIds, [1, 3]);
  t.equal(viewer.receiver.stats.packetsLost, 1);
  t.end();
});

t.test("MediaReceiver knows a lost tail by the spacing of packets, and a slow path by it too", (t) => {
  const feed = new CodedFeed();
  const viewer = new ReceivingViewer();
  const [first, second] = [feed.frame(frameOf(1, 0, 4000)), feed.frame(frameOf(2, 1, 4000))];
  viewer.receive(first);
  viewer.wait(FRAME_US);
  viewer.receive(second.slice(0, 2));
  viewer.wait(TOLERANCE_US_MIN);
  t.match(viewer.feedback.at(-1), { firstMissingId: first.length + 2 }, "packets came at once");
  viewer.receive(second.slice(2));
  viewer.wait(200_000);
  const slow = feed.frame(frameOf(3, 1, 8000));
  const before = viewer.feedback.length;
  for (const packet of slow) {
    viewer.receive([packet]);
    viewer.wait(3000);
  }
  const early = viewer.feedback.slice(before).filter(({ missingLength }) => missingLength > 0);
  t.ok(early.length <= 2, `${early.length} reports of what was only slow`);
  t.same(viewer.frameIds, [1, 2, 3]);
  for (const packet of feed.frame(frameOf(4, 1, 8000))) {
    viewer.receive([packet]);
    t.match(viewer.feedback.at(-1), { missingLength: 0 }, "slow, as before");
    viewer.wait(3000);
  }
  t.end();
});
