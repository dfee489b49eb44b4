import t from "tap";
import {
  NARROW_SEGMENT_US_MAX,
  SEGMENT_US_MAX,
  SegmentPlan,
} from "../../../src/encode/segment_plan.ts";
import type { SegmentSituation } from "../../../src/encode/segment_plan.ts";

const SITUATION: SegmentSituation = {
  keyframe: { bytes: 40_000, qp: 24 },
  keyframeUs: 0,
  ...{ qp: 24, bitrateBps: 8_000_000, isNarrow: false, nowUs: 1_000_000 },
};
const LARGE = { ...SITUATION, keyframe: { bytes: 400_000, qp: 24 } };

t.test("SegmentPlan makes a keyframe that leaves at once, hardly coarser than its neighbours", (t) => {
  // 50 ms of 8 Mbit/s are 50,000 bytes.
  t.same(new SegmentPlan().ask(SITUATION), { qp: 24, bytesMax: 50_000 }, "not finer");
  const more = { ...SITUATION, keyframe: { bytes: 55_000, qp: 24 } };
  const { qp = 0 } = new SegmentPlan().ask(more) ?? {};
  t.ok(qp > 24 && qp <= 28, `a little coarser: ${qp}`);
  t.end();
});

t.test("SegmentPlan lengthens segments whose keyframe would be seen, to 4 s at most", (t) => {
  const plan = new SegmentPlan();
  t.equal(plan.ask(LARGE), undefined);
  t.equal(plan.ask({ ...LARGE, nowUs: SEGMENT_US_MAX - 1 }), undefined);
  const late = plan.ask({ ...LARGE, nowUs: SEGMENT_US_MAX });
  t.same(late, { qp: 30, bytesMax: 0 }, "then it may take longer to arrive");
  t.end();
});

t.test("SegmentPlan lengthens them to 10 s on a path that is the limit", (t) => {
  const plan = new SegmentPlan();
  const narrow = { ...LARGE, isNarrow: true };
  t.equal(plan.ask({ ...narrow, nowUs: NARROW_SEGMENT_US_MAX - 1 }), undefined);
  const late = plan.ask({ ...narrow, nowUs: NARROW_SEGMENT_US_MAX });
  t.ok(late !== undefined && late.qp > 40 && late.bytesMax === 50_000, JSON.stringify(late));
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
  t.equal(plan.setAsideBps(3_000_001 + 2 * NARROW_SEGMENT_US_MAX), 0, "and not for ever");
  t.equal(plan.push(50_000, 4_000_000, 8_000_000), 0, "nobody asked");
  t.end();
});
