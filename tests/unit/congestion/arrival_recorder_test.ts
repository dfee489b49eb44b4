/** Tests of src/congestion/arrival_recorder.ts: bitmap, marks and averages, across the wrap. */

import t from "tap";
import { ArrivalRecorder, RECORDED_PACKETS } from "../../../src/congestion/arrival_recorder.ts";
import { add16 } from "../../../src/core/sequence.ts";
import { seededRandom } from "../../seeded.ts";

const arrivedBefore = (recorder: ArrivalRecorder, back: number): boolean =>
  (recorder.bitmap()[(back - 1) >> 3]! >> ((back - 1) & 7) & 1) === 1;

t.test("ArrivalRecorder has a bit for each of the last 512 packets, wherever ids wrap", (t) => {
  const random = seededRandom("arrival bitmap");
  const recorder = new ArrivalRecorder();
  t.equal(recorder.newestSequence, undefined);
  const arrived = new Set<number>();
  let sequence = 0xff00;
  let wrong = 0;
  for (let step = 0; step < 3000; step++) {
    sequence = add16(sequence, 1 + (random.next() < 0.1 ? random.int(5) : 0));
    const late = add16(sequence, -random.int(3));
    for (const one of [sequence, late]) {
      if (recorder.note(one, step * 500, 1) === arrived.has(one)) wrong++;
      arrived.add(one);
      arrived.delete(add16(one, 0x8000));
    }
    if (step % 100 !== 0) continue;
    for (let back = 1; back <= RECORDED_PACKETS; back++) {
      const isThere = arrived.has(add16(sequence, -back));
      if (arrivedBefore(recorder, back) !== isThere) t.fail(`bit ${back}, seed ${random.seed}`);
    }
  }
  t.equal(wrong, 0, `new or known, seed ${random.seed}`);
  t.equal(recorder.newestSequence, sequence);
  t.notOk(recorder.note(add16(sequence, -RECORDED_PACKETS), 0), "too old to be recorded");
  t.end();
});

t.test("ArrivalRecorder counts doubled packets once and keeps the newest one's time", (t) => {
  const recorder = new ArrivalRecorder();
  recorder.note(10, 1000, 1);
  recorder.note(12, 1100, 1);
  recorder.note(11, 1200, 1);
  recorder.note(12, 1300, 1);
  t.equal(recorder.packetsReceived, 3);
  t.equal(recorder.newestSequence, 12);
  t.equal(recorder.newestArrivalUs, 1100, "neither the late nor the doubled one");
  t.end();
});

t.test("ArrivalRecorder marks the last arrival of each frame, and repeats three", (t) => {
  const recorder = new ArrivalRecorder();
  recorder.note(0, 0, 1);
  recorder.note(1, 10, 1);
  recorder.note(2, 20);
  recorder.note(3, 1000, 2);
  t.same(recorder.takeMarks(), [
    { transportSequence: 2, arrivalUs: 20 },
    { transportSequence: 3, arrivalUs: 1000 },
  ], "a repair goes with the frame before it");
  recorder.note(4, 1010, 2);
  t.same(recorder.takeMarks().map((mark) => mark.transportSequence), [2, 3, 4]);
  recorder.note(5, 2000, 3);
  recorder.note(6, 3000, 4);
  t.same(recorder.takeMarks().map((mark) => mark.transportSequence), [2, 3, 4, 5, 6]);
  t.same(recorder.takeMarks().map((mark) => mark.transportSequence), [4, 5, 6]);
  for (let frame = 5; frame < 40; frame++) recorder.note(frame + 2, frame * 1000, frame);
  const marks = recorder.takeMarks();
  t.equal(marks.length, 16);
  t.same(marks.at(-1), { transportSequence: 41, arrivalUs: 39_000 });
  t.end();
});

t.test("ArrivalRecorder's averages follow loss and bursts, and not reordering", (t) => {
  const feed = (isLost: (index: number) => boolean) => {
    const recorder = new ArrivalRecorder();
    const held: number[] = [];
    for (let index = 0; index < 30_000; index++) {
      if (isLost(index)) continue;
      // Every tenth packet arrives two places late.
      if (index % 10 === 5) held.push(index);
      else recorder.note(index & 0xffff, index * 1000, index >> 4);
      if (index % 10 === 7) {
        for (const late of held.splice(0)) recorder.note(late & 0xffff, index * 1000);
      }
    }
    return recorder;
  };
  const clean = feed(() => false);
  t.same([clean.loss, clean.burstLength], [0, 1]);
  const single = feed((index) => index % 50 === 0);
  t.ok(Math.abs(single.loss - 0.02) < 0.01, `${single.loss}`);
  t.ok(single.burstLength < 1.01, `${single.burstLength}`);
  const bursts = feed((index) => index % 100 < 4);
  t.ok(Math.abs(bursts.loss - 0.04) < 0.025, `${bursts.loss}`);
  t.ok(Math.abs(bursts.burstLength - 4) < 0.01, `${bursts.burstLength}`);
  t.end();
});

t.test("ArrivalRecorder survives a jump over most of the number space", (t) => {
  const recorder = new ArrivalRecorder();
  for (let index = 0; index < 600; index++) recorder.note(index, index * 100, 1);
  const before = recorder.loss;
  recorder.note(30_000, 1e6, 2);
  t.equal(recorder.newestSequence, 30_000);
  t.ok(recorder.bitmap().every((byte) => byte === 0));
  t.ok(recorder.loss > before);
  recorder.note(29_999, 1e6, 2);
  t.ok(arrivedBefore(recorder, 1));
  t.end();
});
