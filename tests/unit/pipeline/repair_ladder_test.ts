/** Tests of src/pipeline/repair_ladder.ts. */

import t from "tap";
import {
  KEYFRAME_INTERVAL_US_MAX,
  REFERENCE_INTERVAL_US_MIN,
  REFERENCE_PATIENCE_US,
  RepairLadder,
} from "../../../src/pipeline/repair_ladder.ts";
import { REFERENCE_FRAMES_KEPT } from "../../../src/wire/frame.ts";

const RTT_US = 40_000;
const recent = { rttUs: RTT_US, lastCompleteFrameId: 100, newestFrameId: 103 };
const old = { ...recent, newestFrameId: 100 + REFERENCE_FRAMES_KEPT };

/** What a ladder does in `durationUs` when damage is reported each millisecond. */
function actions(ladder: RepairLadder, damage: typeof recent, durationUs: number) {
  const taken: { action: string; atUs: number }[] = [];
  for (let atUs = 0; atUs < durationUs; atUs += 1000) {
    const action = ladder.climb(damage, atUs);
    if (action !== "none") taken.push({ action, atUs });
  }
  return taken;
}

t.test("RepairLadder asks for another reference at once, and again once per round trip", (t) => {
  const ladder = new RepairLadder();
  const taken = actions(ladder, recent, 200_000);
  t.same(taken.map(({ atUs }) => atUs), [0, 50_000, 100_000, 150_000]);
  t.ok(taken.every(({ action }) => action === "reference"));
  t.equal(ladder.counts.reference, 4);
  const slow = actions(new RepairLadder(), { ...recent, rttUs: 120_000 }, 200_000);
  t.same(slow.map(({ atUs }) => atUs), [0, 120_000]);
  t.end();
});

t.test("RepairLadder waits for what it asked for to arrive and to be reported", (t) => {
  const ladder = new RepairLadder();
  t.equal(ladder.climb(recent, 0), "reference");
  ladder.noteAnswer(45_000);
  t.equal(ladder.climb(recent, 50_000), "none");
  t.equal(ladder.climb(recent, 104_000), "none");
  t.equal(ladder.climb(recent, 105_000), "reference", "the answer was lost as well");
  ladder.heal();
  t.notOk(ladder.isDamaged);
  t.equal(ladder.climb({ ...recent, lastCompleteFrameId: 102 }, 106_000), "none", "too close");
  t.equal(
    ladder.climb({ ...recent, lastCompleteFrameId: 102 }, 125_000),
    "reference",
    "new damage",
  );
  t.end();
});

t.test("RepairLadder is not driven by reports of ever other damage", (t) => {
  const ladder = new RepairLadder();
  let references = 0;
  for (let atUs = 0; atUs < 390_000; atUs += 500) {
    const lastCompleteFrameId = 100 + atUs / 500 % 3;
    if (ladder.climb({ ...recent, lastCompleteFrameId }, atUs) === "reference") references++;
  }
  t.ok(references <= 20, `${references} in 390 ms`);
  t.end();
});

t.test("RepairLadder wants a keyframe where no reference can help", (t) => {
  t.equal(new RepairLadder().climb(old, 0), "keyframe", "older than the encoder's frames");
  t.equal(new RepairLadder().climb({ ...recent, lastCompleteFrameId: 0 }, 0), "keyframe");
  const ladder = new RepairLadder();
  const taken = actions(ladder, recent, REFERENCE_PATIENCE_US + 10_000);
  t.same(taken.at(-1), { action: "keyframe", atUs: REFERENCE_PATIENCE_US }, "and after patience");
  t.ok(REFERENCE_PATIENCE_US > REFERENCE_INTERVAL_US_MIN);
  t.end();
});

t.test("RepairLadder asks for keyframes ever more rarely, and then for a lower rate", (t) => {
  const ladder = new RepairLadder();
  const taken = actions(ladder, old, 20_000_000);
  const times = taken.map(({ atUs }) => atUs);
  t.same(times.slice(0, 5), [0, 100_000, 300_000, 700_000, 1_500_000]);
  const last = times.at(-1)! - times.at(-2)!;
  t.equal(last, KEYFRAME_INTERVAL_US_MAX, "every other second at last");
  t.same(taken.slice(0, 4).map(({ action }) => action), [
    "keyframe",
    "keyframe",
    "keyframe",
    "rate",
  ], "the fourth within two seconds");
  t.match(ladder.counts, { keyframe: times.length, rate: 1, reference: 0 });
  t.equal(ladder.climb(old, 60_000_000), "keyframe");
  t.equal(ladder.climb(old, 60_100_000), "keyframe", "a quiet time ends it");
  t.end();
});

t.test("RepairLadder does not ask for the keyframe that comes with a new viewer", (t) => {
  const ladder = new RepairLadder();
  ladder.noteKeyframe(0);
  t.equal(ladder.climb(old, 50_000), "none");
  t.equal(ladder.climb(old, 200_000), "keyframe");
  t.end();
});

t.test("RepairLadder names the highest rung since the last question", (t) => {
  const ladder = new RepairLadder();
  t.equal(ladder.takeRung(), "none");
  ladder.noteReactive();
  ladder.noteRepair();
  t.equal(ladder.takeRung(), "reactive");
  t.equal(ladder.takeRung(), "none");
  ladder.climb(recent, 0);
  t.equal(ladder.takeRung(), "reference");
  ladder.noteRateCut();
  t.equal(ladder.takeRung(), "rate");
  t.match(ladder.counts, { repairs: 1, reactive: 1, reference: 1, keyframe: 0, rate: 1 });
  t.end();
});
