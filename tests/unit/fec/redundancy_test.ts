/** Tests of src/fec/redundancy.ts. */

import t from "tap";
import {
  CLEAN_REPORTS,
  MAX_REDUNDANCY,
  MIN_LOSSY_REDUNDANCY,
  reactiveRepairLimit,
  RedundancyPolicy,
} from "../../../src/fec/redundancy.ts";
import { burstLoss } from "../../../bench/simulator/loss_process.ts";
import type { LossProcess } from "../../../bench/simulator/loss_process.ts";
import { seededRandom } from "../../seeded.ts";

const FREE = { isCongested: false };
const FRAME_PACKETS = 20;

/** Reports `frames` frames of a channel; returns the average redundancy. */
function observeFrames(policy: RedundancyPolicy, isLost: LossProcess, frames: number): number {
  let wasLost = false;
  let sum = 0;
  for (let frame = 0; frame < frames; frame++) {
    let lost = 0;
    let bursts = 0;
    for (let packet = 0; packet < FRAME_PACKETS; packet++) {
      const isNowLost = isLost(0);
      if (isNowLost) lost++;
      if (wasLost && !isNowLost) bursts++;
      wasLost = isNowLost;
    }
    policy.observe({ packets: FRAME_PACKETS, lost, bursts }, FREE);
    sum += policy.redundancy;
  }
  return sum / frames;
}

t.test("RedundancyPolicy falls to nothing on a clean path, 1 % of a minute at most", (t) => {
  const policy = new RedundancyPolicy();
  t.equal(policy.redundancy, MIN_LOSSY_REDUNDANCY, "a path that is not known yet is covered");
  const average = observeFrames(policy, () => false, 3600);
  t.equal(policy.redundancy, 0);
  t.ok(average <= 0.01, `average ${average}`);
  t.end();
});

t.test("RedundancyPolicy follows the formula while packets are lost", (t) => {
  const policy = new RedundancyPolicy();
  policy.setRoundTrip(2);
  const random = seededRandom("redundancy");
  observeFrames(policy, burstLoss(random, { rate: 0.02, meanBurst: 3 }), 3000);
  const { loss, burstLength, redundancy } = policy;
  const formula = 1.2 * loss + 0.75 * burstLength * Math.sqrt(1.27 * loss);
  t.ok(burstLength > 2 && burstLength < 4.5, `burst length ${burstLength}`);
  t.equal(redundancy, Math.min(MAX_REDUNDANCY, Math.max(MIN_LOSSY_REDUNDANCY, formula)));
  t.end();
});

t.test("RedundancyPolicy counts bursts less on short paths and more on long ones", (t) => {
  const [short, middle, long] = [1, 2, 4].map((frames) => {
    const policy = new RedundancyPolicy();
    policy.setRoundTrip(frames);
    for (let report = 0; report < 100; report++) {
      policy.observe({ packets: 100, lost: 2, bursts: 1 }, FREE);
    }
    return policy.redundancy;
  });
  t.ok(short! < middle! && middle! < long!, `${short} < ${middle} < ${long}`);
  t.end();
});

t.test("RedundancyPolicy keeps its floor for seconds after a loss, then lets go", (t) => {
  const policy = new RedundancyPolicy();
  observeFrames(policy, () => false, 3600);
  policy.observe({ packets: 20, lost: 1, bursts: 1 }, FREE);
  t.ok(policy.redundancy >= MIN_LOSSY_REDUNDANCY, "the first loss brings it back");
  observeFrames(policy, () => false, CLEAN_REPORTS);
  t.ok(policy.redundancy >= MIN_LOSSY_REDUNDANCY);
  observeFrames(policy, () => false, CLEAN_REPORTS);
  t.equal(policy.redundancy, 0);
  t.end();
});

t.test("RedundancyPolicy stays in its bounds for any report", (t) => {
  const policy = new RedundancyPolicy();
  for (const lost of [20, 20, 20, 1000, 0, 20]) {
    policy.observe({ packets: 20, lost, bursts: 1 }, FREE);
    t.ok(policy.redundancy >= 0 && policy.redundancy <= MAX_REDUNDANCY);
    t.ok(policy.loss <= 1);
  }
  const before = policy.redundancy;
  policy.observe({ packets: 0, lost: 0, bursts: 0 }, FREE);
  t.equal(policy.redundancy, before, "a report of nothing says nothing");
  t.end();
});

t.test("RedundancyPolicy does not rise while the path is congested", (t) => {
  const policy = new RedundancyPolicy();
  for (let report = 0; report < 20; report++) {
    policy.observe({ packets: 20, lost: 5, bursts: 1 }, { isCongested: true });
  }
  t.equal(policy.redundancy, MIN_LOSSY_REDUNDANCY);
  policy.observe({ packets: 20, lost: 5, bursts: 1 }, FREE);
  t.ok(policy.redundancy > 0.3, "the averages went on");
  t.end();
});

t.test("reactiveRepairLimit is 20, the packets of the frame, and the deficit", (t) => {
  t.equal(reactiveRepairLimit(20, 3), 3);
  t.equal(reactiveRepairLimit(10, 15), 10);
  t.equal(reactiveRepairLimit(400, 64), 20);
  t.equal(reactiveRepairLimit(1, 1), 1, "a frame of one packet can be sent again");
  t.equal(reactiveRepairLimit(20, 0), 0);
  t.end();
});

t.test("a fixed redundancy follows no report", (t) => {
  const policy = new RedundancyPolicy({ fixed: 0.2 });
  for (let report = 0; report < 700; report++) {
    policy.observe({ packets: 20, lost: 0, bursts: 0 }, { isCongested: false });
  }
  t.equal(policy.redundancy, 0.2);
  policy.observe({ packets: 20, lost: 10, bursts: 1 }, { isCongested: false });
  t.equal(policy.redundancy, 0.2);
  t.throws(() => new RedundancyPolicy({ fixed: 0.6 }), {
    message: "Cannot use a redundancy of 0.6",
  });
  t.end();
});
