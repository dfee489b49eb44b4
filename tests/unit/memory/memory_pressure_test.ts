import fc from "fast-check";
import t from "tap";
import { MemoryPressure, PRESSURE_LEVELS } from "../../../src/memory/memory_pressure.ts";

const SECOND_US = 1_000_000;

/** A pressure with a limit of 100 and one responder that writes down what it is asked. */
function bench() {
  const said: string[] = [];
  const pressure = new MemoryPressure({
    limitBytes: 100,
    onChange: ({ from, to, usedBytes }) => said.push(`${from} to ${to} at ${usedBytes}`),
    onFault: (name, error) => said.push(`${name} failed: ${String(error)}`),
  });
  const add = (name: string, level: "high" | "critical", order: number) => {
    pressure.add({
      ...{ name, level, order },
      respond: () => said.push(name),
      recover: () => said.push(`end of ${name}`),
    });
  };
  const take = () => said.splice(0);
  return { pressure, add, take };
}

t.test("MemoryPressure asks its responders in order, and undoes it in reverse", (t) => {
  const { pressure, add, take } = bench();
  add("third", "critical", 5);
  add("second", "high", 20);
  add("first", "high", 10);
  t.equal(pressure.push(74, 0), "normal");
  t.same(take(), []);
  t.equal(pressure.push(75, 1), "high");
  t.same(take(), ["normal to high at 75", "first", "second"]);
  t.equal(pressure.push(95, 2), "critical");
  t.same(take(), ["high to critical at 95", "third"]);
  pressure.push(10, 10);
  t.equal(pressure.push(10, 10 + 5 * SECOND_US), "high", "one level at a time");
  t.same(take(), ["critical to high at 10", "end of third"]);
  t.equal(pressure.push(10, 10 + 9 * SECOND_US), "high");
  t.equal(pressure.push(10, 10 + 10 * SECOND_US), "normal");
  t.same(take(), ["high to normal at 10", "end of second", "end of first"]);
  t.match(pressure.stats, { changes: 4, responses: 3 });
  t.end();
});

t.test("MemoryPressure does not swing about a mark", (t) => {
  const { pressure, add, take } = bench();
  add("trim", "high", 1);
  for (let second = 0; second < 25; second++) {
    pressure.push(second % 2 === 0 ? 76 : 72, second * SECOND_US);
  }
  t.same(take(), ["normal to high at 76", "trim"], "72 is above the mark at which it ends");
  for (let second = 25; second < 60; second++) {
    pressure.push(second % 4 === 0 ? 71 : 60, second * SECOND_US);
  }
  t.equal(pressure.level, "high", "never low for long enough");
  t.end();
});

t.test("MemoryPressure asks again while a level lasts, but not at once", (t) => {
  const { pressure, add, take } = bench();
  add("trim", "high", 1);
  for (let second = 0; second <= 65; second += 5) pressure.push(80, second * SECOND_US);
  t.same(take(), ["normal to high at 80", "trim", "trim", "trim"]);
  t.end();
});

t.test("MemoryPressure undoes later what freed much", (t) => {
  const { pressure, take } = bench();
  const said: string[] = [];
  pressure.add({
    ...{ name: "size", level: "critical", order: 1, holdUs: 60 * SECOND_US },
    respond: () => said.push("smaller"),
    recover: () => said.push("larger"),
  });
  pressure.push(95, 0);
  for (let second = 1; second < 60; second++) pressure.push(10, second * SECOND_US);
  t.same([pressure.level, said], ["normal", ["smaller"]]);
  pressure.push(10, 60 * SECOND_US);
  pressure.push(10, 61 * SECOND_US);
  t.same(said, ["smaller", "larger"], "once");
  t.equal(take().length, 3);
  pressure.push(95, 62 * SECOND_US);
  t.equal(said.length, 3, "and again when it is needed again");
  t.end();
});

t.test("MemoryPressure goes on when a responder throws", (t) => {
  const { pressure, add, take } = bench();
  pressure.add({
    ...{ name: "bad", level: "high", order: 1 },
    respond: () => {
      throw new Error("no");
    },
  });
  add("good", "high", 2);
  pressure.push(99, 0);
  t.same(take(), ["normal to critical at 99", "bad failed: Error: no", "good"]);
  t.throws(() => new MemoryPressure({ limitBytes: 0, onChange() {}, onFault() {} }), {
    name: "RangeError",
  });
  t.end();
});

t.test("MemoryPressure is never below what the use demands, and each recovery has its response", (t) => {
  const uses = fc.array(fc.record({ used: fc.nat(120), waitUs: fc.nat(8 * SECOND_US) }));
  t.doesNotThrow(() =>
    fc.assert(fc.property(uses, (steps) => {
      const { pressure, add, take } = bench();
      add("h", "high", 1);
      add("c", "critical", 2);
      let nowUs = 0;
      let active = 0;
      for (const { used, waitUs } of steps) {
        nowUs += waitUs;
        const rank = PRESSURE_LEVELS.indexOf(pressure.push(used, nowUs));
        if (rank < (used >= 90 ? 2 : used >= 75 ? 1 : 0)) return false;
      }
      for (const line of take()) {
        if (line === "end of c") active--;
        else if (line === "c" && active === 0) active++;
        if (active < 0) return false;
      }
      return (active === 1) === (pressure.level === "critical");
    }))
  );
  t.end();
});
