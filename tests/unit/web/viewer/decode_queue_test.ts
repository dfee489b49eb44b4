/** Tests of web/viewer/decode/decode_queue.ts. */

import t from "tap";
import {
  DecodeQueue,
  MAX_IN_DECODER,
  MAX_WAIT_US,
  MAX_WAITING,
} from "../../../../web/viewer/decode/decode_queue.ts";
import type { QueuedFrame } from "../../../../web/viewer/decode/decode_queue.ts";
import { frameRecord } from "./frame_record_fixture.ts";

function frame(frameId: number, referenceDistance: number, readyUs = 0): QueuedFrame<string> {
  return {
    record: { ...frameRecord(frameId), readyUs },
    referenceDistance,
    chunk: `frame ${frameId}`,
  };
}

function setUp() {
  const decoded: number[] = [];
  const damage: [number, number][] = [];
  const queue = new DecodeQueue<string>(
    (queued) => decoded.push(queued.record.frameId),
    (first, lastGood) => damage.push([first, lastGood]),
  );
  return { queue, decoded, damage };
}

t.test("DecodeQueue keeps at most two frames in the decoder and the rest in order", (t) => {
  const { queue, decoded } = setUp();
  queue.push(frame(1, 0));
  for (let id = 2; id <= 6; id++) queue.push(frame(id, 1));
  t.same(decoded, [1, 2]);
  t.equal(queue.inDecoder, MAX_IN_DECODER);
  t.equal(queue.waiting, 4);
  queue.released();
  queue.released();
  queue.released();
  t.same(decoded, [1, 2, 3, 4, 5]);
  t.end();
});

t.test("DecodeQueue gives up what waits too long, however little it is", (t) => {
  const { queue, damage } = setUp();
  queue.push(frame(1, 0, 1_000));
  queue.push(frame(2, 1, 2_000));
  t.ok(queue.push(frame(3, 1, 3_000)));
  t.ok(queue.push(frame(4, 1, 3_000 + MAX_WAIT_US)));
  t.notOk(queue.push(frame(5, 1, 3_001 + MAX_WAIT_US)));
  t.same(damage, [[3, 2]]);
  t.equal(queue.waiting, 0);
  t.end();
});

t.test("DecodeQueue takes all that a gap held back, at once", (t) => {
  const { queue, decoded, damage } = setUp();
  queue.push(frame(1, 0, 0));
  queue.released();
  // Two seconds of a still screen, then 400 ms of frames at 60 a second whose gap was repaired.
  for (let id = 2; id <= 25; id++) t.ok(queue.push(frame(id, 1, 2_400_000)));
  while (queue.inDecoder > 0) queue.released();
  t.equal(decoded.length, 25);
  t.same(damage, []);
  t.end();
});

t.test("DecodeQueue gives up what waits when there is too much of it", (t) => {
  const { queue, decoded, damage } = setUp();
  queue.push(frame(1, 0));
  let id = 2;
  for (; id <= MAX_IN_DECODER + MAX_WAITING; id++) t.ok(queue.push(frame(id, 1)));
  t.equal(queue.waiting, MAX_WAITING);
  t.notOk(queue.push(frame(id, 1)));
  t.equal(queue.waiting, 0);
  t.same(damage, [[3, 2]], "the first frame that is missing, and the last one decoded");
  t.equal(queue.stats.framesSkipped, MAX_WAITING + 1);
  queue.released();
  t.notOk(queue.push(frame(id + 1, 1)), "its reference was thrown away");
  t.equal(queue.stats.framesUndecodable, 1);
  t.ok(queue.push(frame(id + 2, id)), "one that refers to a decoded frame goes on");
  t.same(decoded, [1, 2, id + 2]);
  t.end();
});

t.test("DecodeQueue skips to a keyframe", (t) => {
  const { queue, decoded } = setUp();
  queue.push(frame(1, 0));
  for (let id = 2; id <= 8; id++) queue.push(frame(id, 1));
  const waiting = frame(9, 1);
  queue.push(waiting);
  queue.push(frame(10, 0));
  t.equal(queue.waiting, 1);
  t.equal(waiting.record.outcome, "skipped");
  queue.released();
  t.same(decoded, [1, 2, 10]);
  t.end();
});

t.test("DecodeQueue lets nothing but a keyframe through after a reset", (t) => {
  const { queue, decoded, damage } = setUp();
  queue.push(frame(1, 0));
  queue.push(frame(2, 1));
  queue.reset();
  t.equal(queue.inDecoder, 0);
  t.notOk(queue.push(frame(3, 1)));
  t.same(damage, [[3, 0]], "0 asks for a keyframe");
  t.ok(queue.push(frame(4, 0)));
  t.same(decoded, [1, 2, 4]);
  t.end();
});

t.test("DecodeQueue does not mistake a frame for one that had its slot 256 frames ago", (t) => {
  const { queue } = setUp();
  queue.push(frame(5, 0));
  queue.released();
  t.notOk(queue.push(frame(5 + 256 + 1, 1)));
  t.end();
});
