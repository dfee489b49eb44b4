/** Tests of src/fec/repair_schedule.ts. */

import t from "tap";
import {
  MAX_PENDING_REPAIRS,
  REPAIR_GROUP_PACKETS,
  RepairSchedule,
} from "../../../src/fec/repair_schedule.ts";

function pushFrame(schedule: RepairSchedule, packets: number): number {
  for (let index = 1; index <= packets; index++) schedule.push(index === packets);
  let repairs = 0;
  while (schedule.take()) repairs++;
  return repairs;
}

t.test("RepairSchedule pays at the end of a frame", (t) => {
  const schedule = new RepairSchedule();
  schedule.redundancy = 0.2;
  for (let index = 1; index < 20; index++) {
    schedule.push(false);
    t.equal(schedule.pending, 0);
  }
  schedule.push(true);
  t.equal(schedule.pending, 4);
  t.end();
});

t.test("RepairSchedule adds up fractions over small frames", (t) => {
  for (const redundancy of [0.01, 0.05, 0.1, 1 / 3, 0.5]) {
    const schedule = new RepairSchedule();
    schedule.redundancy = redundancy;
    let repairs = 0;
    for (let frame = 0; frame < 3000; frame++) repairs += pushFrame(schedule, 1);
    t.ok(Math.abs(repairs - 3000 * redundancy) <= 1, `${repairs} repairs at ${redundancy}`);
  }
  t.end();
});

t.test("RepairSchedule gives each frame its minimum and no more at no redundancy", (t) => {
  const schedule = new RepairSchedule();
  t.equal(pushFrame(schedule, 20), 0);
  schedule.minRepairsPerFrame = 1;
  t.equal(pushFrame(schedule, 20), 1);
  schedule.redundancy = 0.1;
  t.equal(pushFrame(schedule, 20), 2, "the minimum is not added to what is due");
  t.end();
});

t.test("RepairSchedule pays large frames in groups", (t) => {
  const schedule = new RepairSchedule();
  schedule.redundancy = 0.25;
  for (let index = 1; index < REPAIR_GROUP_PACKETS; index++) schedule.push(false);
  t.equal(schedule.pending, 0);
  schedule.push(false);
  t.equal(schedule.pending, REPAIR_GROUP_PACKETS / 4);
  t.end();
});

t.test("RepairSchedule keeps a limited number of repairs that nobody takes", (t) => {
  const schedule = new RepairSchedule();
  schedule.redundancy = 0.5;
  for (let index = 0; index < 10_000; index++) schedule.push(true);
  t.equal(schedule.pending, MAX_PENDING_REPAIRS);
  schedule.clear();
  t.equal(schedule.take(), false);
  t.end();
});

t.test("RepairSchedule gives two repairs to a small frame, and one to a tiny one", (t) => {
  const schedule = new RepairSchedule();
  schedule.redundancy = 0.05;
  schedule.minRepairsPerFrame = 2;
  const due = (packets: number): number => {
    for (let packet = 1; packet <= packets; packet++) schedule.push(packet === packets);
    let taken = 0;
    while (schedule.take()) taken++;
    return taken;
  };
  t.same([1, 2, 3, 4, 7].map(due), [1, 1, 1, 2, 2]);
  schedule.redundancy = 0.5;
  t.same([8, 8].map(due), [4, 4], "no more than its credit where that is more");
  t.end();
});
