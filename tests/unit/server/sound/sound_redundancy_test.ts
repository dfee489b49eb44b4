/** Tests of src/server/sound/sound_redundancy.ts. */

import t from "tap";
import { SoundRedundancy } from "../../../../src/server/sound/sound_redundancy.ts";
import { seededRandom } from "../../../seeded.ts";

const SECOND = 1_000_000;
const path = (loss: number, rest: { burstLength?: number; targetBps?: number } = {}) => ({
  ...{ loss, burstLength: 1, targetBps: 20e6 },
  ...rest,
});
const SOUND_BPS = 128_000;

t.test("a path of which nothing is known gets one copy, a clean one none after 10 s", (t) => {
  const redundancy = new SoundRedundancy();
  t.equal(redundancy.depth, 1);
  redundancy.observe(undefined, SOUND_BPS, 0);
  t.equal(redundancy.depth, 1);
  redundancy.observe(path(0), SOUND_BPS, 0);
  redundancy.observe(path(0), SOUND_BPS, 10 * SECOND - 1);
  t.equal(redundancy.depth, 1);
  redundancy.observe(path(0), SOUND_BPS, 10 * SECOND);
  t.equal(redundancy.depth, 0);
  redundancy.observe(path(0), SOUND_BPS, 60 * SECOND);
  t.equal(redundancy.depth, 0);
  t.end();
});

t.test("losses raise it at once, by how many and by how they come", (t) => {
  const redundancy = new SoundRedundancy();
  redundancy.observe(path(0.02), SOUND_BPS, 0);
  t.equal(redundancy.depth, 2);
  const bursts = new SoundRedundancy();
  bursts.observe(path(0.001), SOUND_BPS, 0);
  t.equal(bursts.depth, 1);
  bursts.observe(path(0.001, { burstLength: 3 }), SOUND_BPS, 1);
  t.equal(bursts.depth, 2);
  t.end();
});

t.test("it falls one step at a time, and not while half of the loss is left", (t) => {
  const redundancy = new SoundRedundancy();
  redundancy.observe(path(0.02), SOUND_BPS, 0);
  for (let second = 1; second < 60; second++) {
    redundancy.observe(path(0.003), SOUND_BPS, second * SECOND);
  }
  t.equal(redundancy.depth, 2, "three quarters of the step's loss are there");
  redundancy.observe(path(0), SOUND_BPS, 60 * SECOND);
  redundancy.observe(path(0), SOUND_BPS, 70 * SECOND);
  t.equal(redundancy.depth, 1);
  redundancy.observe(path(0), SOUND_BPS, 79 * SECOND);
  redundancy.observe(path(0.0002), SOUND_BPS, 80 * SECOND);
  redundancy.observe(path(0), SOUND_BPS, 81 * SECOND);
  redundancy.observe(path(0), SOUND_BPS, 90 * SECOND);
  t.equal(redundancy.depth, 1, "one loss begins the calm anew");
  redundancy.observe(path(0), SOUND_BPS, 91 * SECOND);
  t.equal(redundancy.depth, 0);
  t.end();
});

t.test("copies never take more than a quarter of the path", (t) => {
  const redundancy = new SoundRedundancy();
  redundancy.observe(path(0.02, { targetBps: 1_100_000 }), SOUND_BPS, 0);
  t.equal(redundancy.depth, 1);
  redundancy.observe(path(0.02, { targetBps: 400_000 }), SOUND_BPS, 1);
  t.equal(redundancy.depth, 0);
  redundancy.observe(path(0.02), SOUND_BPS, 2);
  t.equal(redundancy.depth, 2);
  t.end();
});

t.test("ten minutes at 2 % loss leave no more than two gaps", (t) => {
  const random = seededRandom("sound at 2 % loss");
  const redundancy = new SoundRedundancy();
  redundancy.observe(path(0.02), SOUND_BPS, 0);
  let gaps = 0;
  const lost: boolean[] = [];
  for (let frame = 0; frame < 60_000; frame++) {
    lost.push(random.next() < 0.02);
    const first = frame - redundancy.depth;
    if (first >= 0 && lost.slice(first).every((isLost) => isLost)) gaps++;
  }
  t.ok(gaps <= 2, `${gaps} gaps`);
  t.end();
});
