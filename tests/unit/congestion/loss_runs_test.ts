/** Tests of src/congestion/loss_runs.ts. */

import fc from "fast-check";
import t from "tap";
import { LossRuns } from "../../../src/congestion/loss_runs.ts";

function tell(runs: LossRuns, fates: string): void {
  for (const fate of fates) {
    if (fate === "x") runs.pushLost();
    else runs.pushArrived();
  }
}

t.test("LossRuns counts a run when it is over, across counts", (t) => {
  const runs = new LossRuns();
  tell(runs, "..xx");
  t.same(runs.take(), { packets: 2, lost: 0, bursts: 0 }, "the run goes on");
  tell(runs, "x.x.");
  t.same(runs.take(), { packets: 6, lost: 4, bursts: 2 });
  t.same(runs.take(), { packets: 0, lost: 0, bursts: 0 });
  t.end();
});

t.test("LossRuns takes back a loss that arrived after all", (t) => {
  const runs = new LossRuns();
  tell(runs, ".xx.");
  runs.correct();
  t.same(runs.take(), { packets: 4, lost: 1, bursts: 1 });
  runs.correct();
  tell(runs, ".x.");
  t.same(runs.take(), { packets: 3, lost: 0, bursts: 0 });
  runs.correct();
  t.same(runs.take(), { packets: 0, lost: 0, bursts: 0 });
  tell(runs, ".x.");
  t.same(runs.take(), { packets: 3, lost: 1, bursts: 1 }, "it hides no later loss");
  t.end();
});

t.test("LossRuns loses and invents nothing, however counts are taken", (t) => {
  const reports = fc.array(fc.stringMatching(/^[.x]{0,20}$/), { maxLength: 20 });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(reports, (parts) => {
        const runs = new LossRuns();
        const sum = { packets: 0, lost: 0, bursts: 0 };
        for (const part of [...parts, "."]) {
          tell(runs, part);
          const taken = runs.take();
          sum.packets += taken.packets;
          sum.lost += taken.lost;
          sum.bursts += taken.bursts;
        }
        const all = parts.join("") + ".";
        const lost = all.length - all.replaceAll("x", "").length;
        return sum.packets === all.length && sum.lost === lost &&
          sum.bursts === (all.match(/x+/g) ?? []).length;
      }),
      { seed: 1 },
    )
  );
  t.end();
});
