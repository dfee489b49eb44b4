import t from "tap";
import { SEGMENT_US_MAX, SegmentPlan } from "../../../src/encode/segment_plan.ts";
import type { SegmentSituation } from "../../../src/encode/segment_plan.ts";

const SITUATION: SegmentSituation = {
  keyframe: { bytes: 40_000, qp: 24 },
  keyframeUs: 0,
  ...{ qp: 24, keyframeQp: 26, bitrateBps: 8_000_000, isNarrow: false, nowUs: 1_000_000 },
};

t.test("SegmentPlan makes a keyframe as any other where no path is the limit", (t) => {
  const keyframe = { bytes: 400_000, qp: 24 };
  t.same(new SegmentPlan().ask({ ...SITUATION, keyframe }), { qp: 26, bytesMax: 0 });
  t.end();
});

t.test("SegmentPlan fits a keyframe into 50 ms of a path that is the limit", (t) => {
  const narrow = { ...SITUATION, isNarrow: true };
  // 50 ms of 8 Mbit/s are 50,000 bytes, which is 30 % less than what is encoded once more.
  t.same(new SegmentPlan().ask(narrow), { qp: 24, bytesMax: 65_000 }, "not finer than the others");
  const twice = { ...narrow, keyframe: { bytes: 80_000, qp: 24 } };
  const { qp = 0 } = new SegmentPlan().ask(twice) ?? {};
  t.ok(qp > 24 && qp <= 30, `a little coarser: ${qp}`);
  t.end();
});

t.test("SegmentPlan lengthens segments whose keyframe would be seen, to 10 s at most", (t) => {
  const plan = new SegmentPlan();
  const large = { ...SITUATION, isNarrow: true, keyframe: { bytes: 400_000, qp: 24 } };
  t.equal(plan.ask(large), undefined);
  t.equal(plan.ask({ ...large, nowUs: SEGMENT_US_MAX - 1 }), undefined);
  const late = plan.ask({ ...large, nowUs: SEGMENT_US_MAX });
  t.ok(late !== undefined && late.qp > 40 && late.bytesMax === 65_000, JSON.stringify(late));
  t.end();
});

t.test("SegmentPlan sets aside what its keyframes take, and only theirs", (t) => {
  const plan = new SegmentPlan();
  t.equal(plan.push(50_000, 1_000_000, 8_000_000), 0, "a viewer's");
  t.equal(plan.setAsideBps(1_000_000), 0);
  plan.ask(SITUATION);
  t.equal(plan.push(50_000, 2_000_000, 8_000_000), 50_000, "planned");
  t.equal(plan.setAsideBps(2_000_000), 400_000, "50,000 bytes a second");
  plan.ask(SITUATION);
  t.equal(plan.push(1_000_000, 3_000_000, 8_000_000), 300_000, "30 % of the rate at most");
  t.equal(plan.setAsideBps(3_000_000), 2_400_000);
  t.equal(plan.setAsideBps(3_000_001 + 2 * SEGMENT_US_MAX), 0, "and not for ever");
  t.equal(plan.push(50_000, 4_000_000, 8_000_000), 0, "nobody asked");
  t.end();
});
