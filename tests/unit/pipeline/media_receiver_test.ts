/** Tests of src/pipeline: sender to receiver over a seeded lossy, reordering path. */

import t from "tap";
import { FrameTee, MAX_SINKS } from "../../../src/pipeline/frame_tee.ts";
import { LOSS_REPORT_INTERVAL_US, MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../../../src/pipeline/media_receiver.ts";
import { MediaSender } from "../../../src/pipeline/media_sender.ts";
import type { EncodedFrame } from "../../../src/wire/frame.ts";
import { seededRandom } from "../../seeded.ts";

const FRAME_US = 16_667;

class Path {
  readonly datagrams: Uint8Array[] = [];
  readonly maxDatagramSize = 1200;
  open = true;
  sendDatagram(bytes: Uint8Array): boolean {
    if (this.open) this.datagrams.push(bytes.slice());
    return this.open;
  }
}

function frameOf(frameId: number, referenceDistance: number, bytes = 3000): EncodedFrame {
  const payload = new Uint8Array(bytes).fill(frameId & 0xff);
  return { streamId: 0, frameId, referenceDistance, captureTimeUs: frameId * FRAME_US, payload };
}

function pullAll(receiver: MediaReceiver, nowUs: number): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let frame = receiver.pull(nowUs); frame !== undefined; frame = receiver.pull(nowUs)) {
    frames.push({ ...frame, payload: frame.payload.slice() });
  }
  return frames;
}

t.test("MediaSender sends nothing before the first keyframe", (t) => {
  const path = new Path();
  const sender = new MediaSender({ connection: path, streamId: 0 });
  t.notOk(sender.push(frameOf(1, 1)));
  t.equal(path.datagrams.length, 0);
  t.ok(sender.push(frameOf(2, 0)));
  t.ok(sender.push(frameOf(3, 1)));
  path.open = false;
  sender.push(frameOf(4, 1));
  t.same(sender.stats.framesSkipped, 1);
  t.equal(sender.stats.packetsDropped, 3);
  t.end();
});

t.test("MediaReceiver yields reordered frames in order, byte for byte", (t) => {
  const random = seededRandom("receiver reordering");
  const path = new Path();
  const sender = new MediaSender({ connection: path, streamId: 0 });
  const receiver = new MediaReceiver({ streamId: 0 });
  const frames: ReceivedFrame[] = [];
  for (let id = 1; id <= 200; id++) {
    sender.push(frameOf(id, id === 1 ? 0 : 1, 1 + random.int(8000)));
    const burst = path.datagrams.splice(0).sort(() => random.next() - 0.5);
    for (const datagram of burst) {
      receiver.push(datagram, id * FRAME_US);
      frames.push(...pullAll(receiver, id * FRAME_US));
    }
  }
  t.equal(frames.length, 200, `seed ${random.seed}`);
  t.ok(frames.every((frame, index) => frame.frameId === index + 1));
  t.ok(frames.every((frame) => frame.payload.every((byte) => byte === (frame.frameId & 0xff))));
  t.equal(receiver.stats.packetsLost, 0);
  t.end();
});

t.test("MediaReceiver reports a loss at its deadline, and again until a frame repairs it", (t) => {
  const path = new Path();
  const sender = new MediaSender({ connection: path, streamId: 0 });
  const receiver = new MediaReceiver({ streamId: 0 });
  const deliver = (nowUs: number) => {
    for (const datagram of path.datagrams.splice(0)) receiver.push(datagram, nowUs);
    return pullAll(receiver, nowUs).map((frame) => frame.frameId);
  };
  sender.push(frameOf(1, 0));
  t.same(deliver(0), [1]);
  sender.push(frameOf(2, 1));
  path.datagrams.splice(1, 1);
  sender.push(frameOf(3, 1));
  t.same(deliver(1000), []);
  t.equal(receiver.takeLoss(1000), undefined, "patient at first");
  const deadline = receiver.deadline;
  if (deadline === undefined) throw new Error("No deadline");
  t.same(pullAll(receiver, deadline), []);
  t.same(receiver.takeLoss(deadline), { firstFrameId: 2, lastCompleteFrameId: 1 });
  t.equal(receiver.takeLoss(deadline), undefined);
  t.equal(receiver.deadline, deadline + LOSS_REPORT_INTERVAL_US);
  t.same(receiver.takeLoss(deadline + LOSS_REPORT_INTERVAL_US)?.firstFrameId, 2);
  sender.push(frameOf(4, 1));
  t.same(deliver(deadline + 1), [], "frame 4 refers to frame 3, which was not decodable");
  sender.push(frameOf(5, 4));
  t.same(deliver(deadline + 2), [5], "frame 5 refers to frame 1");
  t.equal(receiver.takeLoss(deadline + 9e6), undefined);
  sender.push(frameOf(6, 1));
  t.same(deliver(deadline + 3), [6]);
  t.equal(receiver.stats.framesUndecodable, 2);
  t.end();
});

t.test("MediaReceiver notices that the end of the last frame is missing", (t) => {
  const path = new Path();
  const sender = new MediaSender({ connection: path, streamId: 0 });
  const receiver = new MediaReceiver({ streamId: 0 });
  sender.push(frameOf(1, 0));
  path.datagrams.pop();
  for (const datagram of path.datagrams.splice(0)) receiver.push(datagram, 0);
  t.same(pullAll(receiver, 0), []);
  const deadline = receiver.deadline;
  if (deadline === undefined) throw new Error("No deadline");
  t.same(pullAll(receiver, deadline), []);
  t.same(receiver.takeLoss(deadline), { firstFrameId: 1, lastCompleteFrameId: 0 });
  t.end();
});

t.test("MediaReceiver never yields a frame without its reference, whatever is lost", (t) => {
  const random = seededRandom("receiver loss");
  for (let run = 0; run < 30; run++) {
    const path = new Path();
    const sender = new MediaSender({ connection: path, streamId: 0 });
    const receiver = new MediaReceiver({ streamId: 0 });
    const references = new Map<number, number>();
    const yielded = new Set<number>();
    let wanted: number | undefined = 0;
    let now = 0;
    for (let id = 1; id <= 300; id++) {
      const distance: number = wanted === undefined ? 1 : wanted === 0 ? 0 : id - wanted;
      wanted = undefined;
      references.set(id, distance);
      sender.push(frameOf(id, distance, 1 + random.int(6000)));
      for (const datagram of path.datagrams.splice(0)) {
        if (random.next() < 0.03) continue;
        receiver.push(datagram, now);
        if (random.next() < 0.02) receiver.push(datagram, now);
      }
      now += FRAME_US;
      for (const frame of pullAll(receiver, now)) {
        const distance = references.get(frame.frameId) ?? 0;
        if (distance !== 0 && !yielded.has(frame.frameId - distance)) {
          t.fail(`frame ${frame.frameId} lacks its reference, seed ${random.seed}`);
        }
        yielded.add(frame.frameId);
      }
      const loss = receiver.takeLoss(now);
      if (loss !== undefined) {
        wanted = id - loss.lastCompleteFrameId > 7 ? 0 : loss.lastCompleteFrameId;
      }
    }
    t.ok(yielded.size > 150, `${yielded.size} of 300 frames, seed ${random.seed}`);
  }
  t.end();
});

t.test("MediaReceiver counts malformed datagrams and other streams' packets", (t) => {
  const receiver = new MediaReceiver({ streamId: 1 });
  const path = new Path();
  new MediaSender({ connection: path, streamId: 0 }).push(frameOf(1, 0));
  for (const datagram of path.datagrams) receiver.push(datagram, 0);
  receiver.push(new Uint8Array(5), 0);
  t.equal(receiver.stats.malformed, 4);
  t.equal(receiver.pull(0), undefined);
  t.equal(receiver.deadline, undefined);
  t.end();
});

t.test("FrameTee serves every sink although one throws, up to its limit", (t) => {
  const faults: unknown[] = [];
  const tee = new FrameTee((error) => faults.push(error));
  const seen: number[] = [];
  const detach = tee.add(() => {
    throw new Error("sink");
  });
  tee.add((frame) => seen.push(frame.frameId));
  tee.push(frameOf(1, 0), 0);
  t.same([seen, faults.length], [[1], 1]);
  detach?.();
  tee.push(frameOf(2, 1), 0);
  t.same([seen, faults.length, tee.size], [[1, 2], 1, 1]);
  for (let sinks = tee.size; sinks < MAX_SINKS; sinks++) tee.add(() => {});
  t.equal(tee.add(() => {}), undefined);
  t.end();
});
