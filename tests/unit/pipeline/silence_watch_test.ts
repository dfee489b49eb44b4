/** Tests of src/pipeline/silence_watch.ts and reactive_repairs.ts. */

import t from "tap";
import { ReactiveRepairs } from "../../../src/pipeline/reactive_repairs.ts";
import {
  BROKEN_US,
  FIRST_SILENCE_US,
  PROBE_INTERVAL_US,
  SILENCE_US_MIN,
  SilenceWatch,
  SLOW_PROBE_INTERVAL_US,
  TAIL_TRIES,
} from "../../../src/pipeline/silence_watch.ts";
import type { Flight } from "../../../src/pipeline/silence_watch.ts";

const RTT_US = 20_000;
const idle: Flight = { unheardSinceUs: undefined, unheardFromUs: undefined, rttUs: RTT_US };
const flying: Flight = { unheardSinceUs: 0, unheardFromUs: 0, rttUs: RTT_US };

/** Follows the deadlines until `untilUs`. */
function follow(watch: SilenceWatch, flight: Flight, untilUs: number) {
  const taken: { action: string; atUs: number }[] = [];
  for (;;) {
    const atUs = watch.deadline(flight);
    if (atUs === undefined || atUs > untilUs) return taken;
    t.equal(watch.pull(flight, atUs - 1), "none", "not before its time");
    taken.push({ action: watch.pull(flight, atUs), atUs });
  }
}

t.test("SilenceWatch has nothing to do while nothing is under way", (t) => {
  const watch = new SilenceWatch();
  t.equal(watch.deadline(idle), undefined);
  t.equal(watch.pull(idle, 1e9), "none");
  t.end();
});

t.test("SilenceWatch repairs a tail with growing patience, then calls it silence", (t) => {
  const watch = new SilenceWatch();
  watch.noteReport();
  const taken = follow(watch, flying, SILENCE_US_MIN + 3 * PROBE_INTERVAL_US);
  t.same(taken.slice(0, 3), [
    { action: "tail", atUs: 40_000 },
    { action: "tail", atUs: 80_000 },
    { action: "silence", atUs: SILENCE_US_MIN },
  ]);
  t.same(taken.slice(3).map(({ atUs }) => atUs - SILENCE_US_MIN), [40_000, 80_000, 120_000]);
  t.ok(taken.slice(3).every(({ action }) => action === "probe"));
  const later = follow(watch, flying, SILENCE_US_MIN + BROKEN_US + PROBE_INTERVAL_US);
  t.equal(later.filter(({ action }) => action === "broken").length, 1, "once, when it lasts");
  t.ok(watch.isSilent);
  t.ok(watch.noteReport(), "a report ends it");
  t.notOk(watch.noteReport());
  t.equal(watch.silences, 1);
  watch.noteMedia();
  t.equal(watch.tailTries, 0);
  t.end();
});

t.test("SilenceWatch tries a tail three times on a path that is slow to report", (t) => {
  const watch = new SilenceWatch();
  const taken = follow(watch, flying, FIRST_SILENCE_US);
  t.same(taken.map(({ action }) => action), [...Array(TAIL_TRIES).fill("tail"), "silence"]);
  t.equal(taken.at(-1)?.atUs, FIRST_SILENCE_US, "nothing was ever heard");
  t.end();
});

t.test("SilenceWatch lets a process that stalled read what came meanwhile", (t) => {
  const watch = new SilenceWatch();
  watch.noteReport();
  t.equal(watch.pull(flying, 400_000), "none", "long after the tail and the silence");
  t.equal(watch.deadline(flying), 420_000);
  t.equal(watch.pull(flying, 419_999), "none");
  t.equal(watch.pull(flying, 420_000), "silence", "nothing had come");
  t.end();
});

t.test("SilenceWatch probes for as long as it takes, more rarely after a while", (t) => {
  const watch = new SilenceWatch();
  watch.noteReport();
  const taken = follow(watch, flying, 60_000_000);
  const probes = taken.filter(({ action }) => action === "probe");
  const gaps = probes.slice(1).map(({ atUs }, index) => atUs - probes[index]!.atUs);
  t.equal(gaps[0], PROBE_INTERVAL_US);
  t.equal(gaps.at(-1), SLOW_PROBE_INTERVAL_US);
  t.ok(probes.length < 60 * 5 + 130, `${probes.length} in a minute`);
  watch.clear();
  t.notOk(watch.isSilent);
  t.end();
});

t.test("ReactiveRepairs sends what is wanting and not yet on its way", (t) => {
  const reactive = new ReactiveRepairs(16_667);
  const gap = { deficit: 3, surplus: 0, framePackets: 20, newestSequence: 100, rttUs: 40_000 };
  t.match(new ReactiveRepairs(16_667).answer({ ...gap, surplus: 2 }, 0), { repairs: 5, unmet: 0 });
  const whole = { ...gap, deficit: 0, surplus: 2 };
  t.match(new ReactiveRepairs(16_667).answer(whole, 0), { repairs: 0 }, "nothing is wanting");
  t.match(reactive.answer(gap, 0), { repairs: 3, unmet: 0 });
  for (let sequence = 101; sequence <= 103; sequence++) reactive.note(sequence, 0);
  t.match(reactive.answer(gap, 10_000), { repairs: 0, unmet: 0 }, "all are on their way");
  t.match(
    reactive.answer({ ...gap, newestSequence: 102 }, 20_000),
    { repairs: 2 },
    "two were lost",
  );
  t.match(reactive.answer(gap, 61_000), { repairs: 3 }, "all were lost, and their time has passed");
  reactive.clear();
  t.match(reactive.answer(gap, 1000), { repairs: 3 }, "other ids, other repairs");
  t.equal(reactive.count, 3);
  t.end();
});

t.test("ReactiveRepairs keeps to its share of a frame interval", (t) => {
  const reactive = new ReactiveRepairs(16_667);
  const path = { newestSequence: 65_530, rttUs: 40_000 };
  const gap = { ...path, deficit: 15, surplus: 0, framePackets: 12 };
  const first = reactive.answer(gap, 0);
  t.same(first, { repairs: 12, unmet: 3, limit: 12 });
  for (let sent = 0; sent < 12; sent++) reactive.note((65_531 + sent) & 0xffff, 0);
  t.match(reactive.answer(gap, 5000), { repairs: 0, unmet: 3 }, "none are left of this interval");
  t.match(reactive.answer(gap, 17_000), { repairs: 3, unmet: 0 }, "sequences wrapped");
  const large = reactive.answer({ ...gap, framePackets: 500, deficit: 100 }, 40_000);
  t.equal(large.limit, 20);
  t.end();
});
