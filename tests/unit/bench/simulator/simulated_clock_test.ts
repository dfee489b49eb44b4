/** Tests of the order of events, of time, and of the limit. */

import t from "tap";
import { SimulatedClock } from "../../../../bench/simulator/simulated_clock.ts";
import { seededRandom } from "../../../seeded.ts";

/** Writes down what happened and when. */
class Witness {
  readonly events: (readonly [atUs: number, argument: number])[] = [];

  onEvent(argument: number, nowUs: number): void {
    this.events.push([nowUs, argument]);
  }
}

t.test("events happen in order of time, then of scheduling", (t) => {
  const clock = new SimulatedClock();
  const witness = new Witness();
  clock.schedule(20, witness, 1);
  clock.schedule(10, witness, 2);
  clock.schedule(20, witness, 3);
  clock.schedule(10, witness, 4);
  t.equal(clock.deadline, 10);
  clock.run(15);
  t.same(witness.events, [[10, 2], [10, 4]]);
  t.equal(clock.nowUs(), 15);
  clock.run(20);
  t.same(witness.events.slice(2), [[20, 1], [20, 3]]);
  t.equal(clock.deadline, undefined);
  t.equal(clock.size, 0);
  t.end();
});

t.test("events of random times come out sorted and stable, beyond the first columns", (t) => {
  const clock = new SimulatedClock();
  const random = seededRandom("events");
  const witness = new Witness();
  const expected = Array.from({ length: 5000 }, (_, order) => {
    const atUs = random.int(500);
    clock.schedule(atUs, witness, order);
    return [atUs, order] as const;
  }).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  clock.run(1000);
  t.same(witness.events, expected);
  t.end();
});

t.test("an event may schedule others, for now and for later", (t) => {
  const clock = new SimulatedClock();
  const times: number[] = [];
  const chain = {
    onEvent(left: number, nowUs: number) {
      times.push(nowUs);
      if (left > 0) clock.schedule(nowUs + (left % 2) * 7, chain, left - 1);
    },
  };
  clock.schedule(5, chain, 4);
  clock.run(100);
  t.same(times, [5, 5, 12, 12, 19]);
  t.end();
});

t.test("what is past happens now, fractions are rounded up", (t) => {
  const clock = new SimulatedClock();
  const witness = new Witness();
  clock.run(50);
  clock.schedule(10, witness, 1);
  clock.schedule(50.2, witness, 2);
  clock.run(60);
  t.same(witness.events, [[50, 1], [51, 2]]);
  t.throws(() => clock.schedule(Number.NaN, witness), { message: /event at NaN us/ });
  t.end();
});

t.test("more events than the limit are refused", (t) => {
  const clock = new SimulatedClock({ eventsMax: 2 });
  const witness = new Witness();
  clock.schedule(1, witness);
  clock.schedule(2, witness);
  t.throws(() => clock.schedule(3, witness), { message: "Cannot hold more than 2 events" });
  clock.run(1);
  clock.schedule(3, witness, 9);
  clock.run(3);
  t.same(witness.events.at(-1), [3, 9]);
  t.end();
});
