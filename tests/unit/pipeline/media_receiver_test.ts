/** Tests of src/pipeline/media_receiver.ts: order, recovery, references, damage and memory. */

import t from "tap";
import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import { MAX_FRAME_BYTES } from "../../../src/wire/frame.ts";
import { seededRandom } from "../../seeded.ts";
import { CodedFeed, FRAME_US, frameOf } from "./coded_feed.ts";
import { ReceivingViewer } from "./receiving_viewer.ts";

function isIntact({ frameId, payload }: ReceivedFrame): boolean {
  return payload.every((byte) => byte === (frameId & 0xff));
}

t.test("MediaReceiver yields reordered frames in order, byte for byte", (t) => {
  const random = seededRandom("receiver reordering");
  const feed = new CodedFeed({ redundancy: 0.1, firstSourceId: 0xffff_ff00 });
  const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
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
    const viewer = new ReceivingViewer();
    for (let id = 1; id <= 2; id++) {
      const datagrams = feed.frame(frameOf(id, id === 1 ? 0 : 1, 2000));
      viewer.receive(datagrams.slice(id === lostFrame ? 1 : 0));
    }
    t.same(viewer.frameIds, [1, 2], `first packet of frame ${lostFrame} lost`);
  }
  t.end();
});

t.test("MediaReceiver hears of damage in the decoder", (t) => {
  const feed = new CodedFeed();
  const viewer = new ReceivingViewer();
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
    const viewer = new ReceivingViewer();
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
  const viewer = new ReceivingViewer();
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
