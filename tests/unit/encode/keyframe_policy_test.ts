/** Tests of src/encode/keyframe_policy.ts. */

import t from "tap";
import {
  JOIN_INTERVAL_US_MAX,
  KEYFRAME_INTERVAL_US_MAX,
  KEYFRAME_INTERVAL_US_MIN,
  KeyframePolicy,
  REPAIR_JOIN_US,
  SEGMENT_INTERVAL_US_MIN,
} from "../../../src/encode/keyframe_policy.ts";

const SECOND = 1_000_000;

t.test("KeyframePolicy grants the first request at once and joins the next ones", async (t) => {
  const policy = new KeyframePolicy();
  t.equal(policy.deadline, undefined);
  t.equal(policy.pull(0), false);
  policy.request(SECOND);
  policy.request(SECOND + 1);
  t.equal(policy.pull(SECOND + 1), true);
  t.equal(policy.pull(SECOND + 2), false, "once");
  policy.request(SECOND + 10);
  t.equal(policy.pull(SECOND + 10), false, "too soon");
  t.equal(policy.deadline, SECOND + 1 + KEYFRAME_INTERVAL_US_MIN);
  t.equal(policy.pull(SECOND + 1 + KEYFRAME_INTERVAL_US_MIN), true);
  t.equal(policy.stats.keyframeRequests, 3);
  t.equal(policy.stats.keyframeRequestsJoined, 1);
});

t.test("KeyframePolicy backs off under requests without end and recovers", async (t) => {
  const policy = new KeyframePolicy();
  const granted: number[] = [];
  for (let nowUs = SECOND; nowUs < 21 * SECOND; nowUs += 10_000) {
    policy.request(nowUs);
    if (policy.pull(nowUs)) granted.push(nowUs);
  }
  t.ok(granted.length <= 15, `${granted.length} keyframes in 20 s`);
  const gaps = granted.slice(1).map((at, index) => at - (granted[index] ?? 0));
  t.ok(Math.min(...gaps) >= KEYFRAME_INTERVAL_US_MIN);
  t.ok(Math.max(...gaps) <= KEYFRAME_INTERVAL_US_MAX + 10_000);
  t.equal(gaps.at(-1), KEYFRAME_INTERVAL_US_MAX);
  const later = 30 * SECOND;
  policy.request(later);
  t.equal(policy.pull(later), true);
  policy.request(later + 1);
  t.equal(policy.deadline, later + KEYFRAME_INTERVAL_US_MIN, "short again after a quiet time");
});

t.test("KeyframePolicy takes a keyframe as the answer to earlier requests only", async (t) => {
  const policy = new KeyframePolicy();
  policy.push(1, true, SECOND);
  policy.request(SECOND + 50);
  policy.push(7, true, SECOND + 60);
  t.equal(policy.deadline, undefined, "captured after the request");
  policy.request(SECOND + 70);
  policy.push(8, true, SECOND + 65);
  t.equal(policy.deadline, SECOND + 65 + KEYFRAME_INTERVAL_US_MIN, "captured before it");
  policy.push(9, false, SECOND + 80);
  t.ok(policy.deadline !== undefined, "an ordinary frame answers nothing");
});

t.test("KeyframePolicy repairs first and joins reports of one loss", async (t) => {
  const policy = new KeyframePolicy();
  policy.push(20, false, SECOND);
  t.equal(policy.reportLoss(15, true, SECOND), "repair");
  t.equal(policy.reportLoss(15, true, SECOND + 10), "joined");
  t.equal(policy.reportLoss(18, true, SECOND + 10), "joined", "covered by the repair");
  t.equal(policy.reportLoss(12, true, SECOND + 20), "repair", "an older loss is not covered");
  t.equal(policy.reportLoss(21, true, SECOND + 30), "repair", "a later loss is not covered");
  const later = SECOND + 30 + REPAIR_JOIN_US;
  t.equal(policy.reportLoss(21, true, later), "repair", "the repair may have been lost too");
  t.equal(policy.stats.invalidations, 6);
  t.equal(policy.stats.invalidationsJoined, 2);
});

t.test("KeyframePolicy asks for a keyframe where the encoder cannot repair", async (t) => {
  const policy = new KeyframePolicy();
  t.equal(policy.reportLoss(3, false, SECOND), "keyframe");
  t.equal(policy.pull(SECOND), true);
  t.equal(policy.reportLoss(3, false, SECOND + 5), "keyframe");
  t.equal(policy.pull(SECOND + 5), false, "under the same limit as requests");
});

t.test("KeyframePolicy lets nobody who joins wait for the back-off of others", async (t) => {
  const policy = new KeyframePolicy();
  const keyframes: number[] = [];
  const waits: number[] = [];
  let joinedUs: number | undefined;
  let frameId = 0;
  for (let nowUs = SECOND; nowUs < 31 * SECOND; nowUs += 10_000) {
    // One viewer asks without end; another one joins every 1.7 s.
    policy.request(nowUs, "damage");
    if (nowUs % 1_700_000 === 0) {
      joinedUs ??= nowUs;
      policy.request(nowUs, "join");
    }
    if (!policy.pull(nowUs)) continue;
    keyframes.push(nowUs);
    policy.push(++frameId, true, nowUs);
    if (joinedUs !== undefined) waits.push(nowUs - joinedUs);
    joinedUs = undefined;
  }
  t.ok(waits.length >= 17, `${waits.length} viewers joined`);
  t.ok(Math.max(...waits) <= JOIN_INTERVAL_US_MAX, `waited ${Math.max(...waits)} us at most`);
  t.ok(keyframes.length <= 15 + waits.length + 15, `${keyframes.length} keyframes in 30 s`);
  const gaps = keyframes.slice(1).map((at, index) => at - (keyframes[index] ?? 0));
  t.ok(Math.min(...gaps) >= KEYFRAME_INTERVAL_US_MIN, "never closer than the shortest interval");
});

t.test("KeyframePolicy bounds what viewers that join without end cost", async (t) => {
  const policy = new KeyframePolicy();
  const granted: number[] = [];
  for (let nowUs = SECOND; nowUs < 11 * SECOND; nowUs += 5000) {
    policy.request(nowUs, "join");
    if (policy.pull(nowUs)) granted.push(nowUs);
  }
  const gaps = granted.slice(1).map((at, index) => at - (granted[index] ?? 0));
  t.equal(gaps[0], KEYFRAME_INTERVAL_US_MIN, "a second wave gets its picture soon");
  t.equal(Math.max(...gaps), JOIN_INTERVAL_US_MAX);
  t.ok(granted.length <= 25, `${granted.length} keyframes in 10 s`);
  policy.request(11 * SECOND, "damage");
  t.equal(
    policy.deadline,
    (granted.at(-1) ?? 0) + KEYFRAME_INTERVAL_US_MIN,
    "joins make nobody's damage wait longer",
  );
});

t.test("KeyframePolicy lets a segment begin a second after any keyframe, unless one comes", async (t) => {
  const policy = new KeyframePolicy();
  t.ok(policy.maySegment(SECOND));
  policy.push(1, true, SECOND);
  t.notOk(policy.maySegment(SECOND + SEGMENT_INTERVAL_US_MIN - 1));
  t.ok(policy.maySegment(SECOND + SEGMENT_INTERVAL_US_MIN));
  policy.request(2 * SECOND);
  t.notOk(policy.maySegment(3 * SECOND), "the one that a viewer waits for serves as well");
  t.ok(policy.pull(3 * SECOND));
  t.notOk(policy.maySegment(3 * SECOND + 1));
  t.ok(policy.maySegment(3 * SECOND + SEGMENT_INTERVAL_US_MIN));
});
