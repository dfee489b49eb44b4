/** Tests of src/pipeline/feedback_schedule.ts: when reports are due, and when none are. */

import t from "tap";
import {
  FEEDBACK_DELAY_US_MAX,
  FEEDBACK_INTERVAL_US_MIN,
  FeedbackSchedule,
} from "../../../src/pipeline/feedback_schedule.ts";

const START_US = 5_000_000;

/** Times of the reports until `untilUs`, relative to `START_US`, when every deadline is kept. */
function reports(schedule: FeedbackSchedule, untilUs: number): number[] {
  const times: number[] = [];
  for (let nowUs = START_US; times.length < 10_000;) {
    if (schedule.take(nowUs)) times.push(nowUs - START_US);
    const deadline = schedule.deadline;
    if (deadline === undefined || deadline > START_US + untilUs) break;
    nowUs = Math.max(nowUs, deadline);
  }
  return times;
}

t.test("FeedbackSchedule says nothing before anything arrived", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteUrgent();
  schedule.setTrouble(true);
  t.equal(schedule.deadline, undefined);
  t.notOk(schedule.take(START_US));
  t.end();
});

t.test("FeedbackSchedule reports an arrival within 10 ms, repeats twice, then is still", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteArrival(START_US);
  schedule.noteArrival(START_US + 9_000);
  t.same(reports(schedule, 60e6), [FEEDBACK_DELAY_US_MAX, 29_000, 69_000]);
  t.equal(schedule.deadline, undefined);
  t.end();
});

t.test("FeedbackSchedule reports what is urgent at once, but not twice in 5 ms", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteArrival(START_US);
  schedule.noteUrgent();
  t.ok(schedule.take(START_US));
  schedule.noteArrival(START_US + 1000);
  schedule.noteUrgent();
  t.equal(schedule.deadline, START_US + FEEDBACK_INTERVAL_US_MIN);
  t.notOk(schedule.take(START_US + FEEDBACK_INTERVAL_US_MIN - 1));
  t.ok(schedule.take(START_US + FEEDBACK_INTERVAL_US_MIN));
  t.end();
});

t.test("FeedbackSchedule insists while something is wrong: fast, slow, not at all", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteArrival(START_US);
  schedule.setTrouble(true);
  const times = reports(schedule, 60e6);
  t.equal(times[0], 0, "that it begins is urgent");
  const between = (from: number, to: number) => times.filter((us) => us >= from && us < to).length;
  t.ok(between(0, 2e6) > 120 && between(0, 2e6) <= 140, `${between(0, 2e6)} in the first 2 s`);
  t.ok(between(2e6, 10e6) >= 78 && between(2e6, 10e6) <= 82, `${between(2e6, 10e6)} until 10 s`);
  t.ok(between(10.2e6, 60e6) === 0);
  schedule.setTrouble(false);
  t.equal(schedule.deadline, undefined);
  t.end();
});

t.test("FeedbackSchedule has nothing to repeat while frames keep coming", (t) => {
  const schedule = new FeedbackSchedule();
  let count = 0;
  for (let us = 0; us < 1_000_000; us += 100) {
    if (us % 16_600 === 0) {
      schedule.noteArrival(START_US + us);
      schedule.noteUrgent();
    }
    if (schedule.take(START_US + us)) count++;
  }
  t.equal(count, Math.ceil(1_000_000 / 16_600));
  t.end();
});

t.test("FeedbackSchedule tells twice, and soon, that more is missing", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteArrival(START_US);
  schedule.setTrouble(true, 10);
  t.ok(schedule.take(START_US));
  t.ok(schedule.take(START_US), "in case the first is lost");
  t.notOk(schedule.take(START_US));
  schedule.noteArrival(START_US + 300);
  schedule.setTrouble(true, 12);
  t.equal(schedule.deadline, START_US + 1000);
  t.ok(schedule.take(START_US + 1000));
  t.ok(schedule.take(START_US + 1000));
  schedule.setTrouble(true, 11);
  t.ok(schedule.deadline! > START_US + 5000, "less is no news");
  schedule.setTrouble(true, 13);
  t.ok(schedule.take(START_US + 2000));
  schedule.setTrouble(false);
  t.notOk(schedule.take(START_US + 2000), "what came in the meantime needs no copy");
  t.end();
});

t.test("FeedbackSchedule waits for what will be known in a moment, and not longer", (t) => {
  const schedule = new FeedbackSchedule();
  schedule.noteArrival(START_US);
  schedule.noteUrgent();
  schedule.hold(START_US + 1000, START_US);
  t.equal(schedule.deadline, START_US + 1000);
  t.notOk(schedule.take(START_US + 999));
  schedule.hold(START_US + 40_000, START_US);
  t.ok(schedule.take(START_US), "40 ms are too long");
  schedule.hold(START_US + 6000, START_US + 5000);
  schedule.hold(undefined, START_US + 5000);
  schedule.noteUrgent();
  t.ok(schedule.take(START_US + 5000));
  t.end();
});
