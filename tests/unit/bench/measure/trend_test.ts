/** trendOf: its interval holds the true slope as often as it says, for samples that depend on another. */

import t from "tap";
import { studentT95, trendOf } from "../../../../bench/measure/trend.ts";
import { type SeededRandom, seededRandom } from "../../../seeded.ts";

const RUNS = 1000;
const SLOPE = 3;

/** A normal number, by Box and Muller. */
function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** Points over x from 0 to 1 with noise that remembers `memory` of the noise before. */
function pointsOf(random: SeededRandom, count: number, memory: number): [number, number][] {
  let noise = normal(random) / Math.sqrt(1 - memory ** 2);
  return Array.from({ length: count }, (_, at) => {
    const point: [number, number] = [at / count, SLOPE * at / count + noise];
    noise = memory * noise + normal(random);
    return point;
  });
}

t.test("trendOf covers the true slope in 95 % of runs, whatever the noise remembers", (t) => {
  const random = seededRandom("trend coverage");
  for (const [count, memory] of [[300, 0], [300, 0.8], [300, 0.95], [150, 0.9], [600, 0.98]]) {
    let covered = 0;
    for (let run = 0; run < RUNS; run++) {
      const { slope, margin } = trendOf(pointsOf(random, count!, memory!));
      if (Math.abs(slope - SLOPE) <= margin) covered++;
    }
    t.ok(covered / RUNS > 0.92, `${count} points, AR(1) ${memory}: ${covered / RUNS}`);
    t.ok(covered / RUNS < 0.985, "and it is no wider than it must be");
  }
  t.end();
});

t.test("trendOf finds a slope that is there", (t) => {
  const random = seededRandom("trend power");
  let found = 0;
  for (let run = 0; run < 200; run++) {
    const points = pointsOf(random, 300, 0.8).map(([x, y]): [number, number] => [x, y + 7 * x]);
    const { slope, margin } = trendOf(points);
    if (slope - margin > 0) found++;
  }
  t.ok(found > 190, `${found} of 200`);
  t.end();
});

t.test("trendOf of exact lines and of too little", (t) => {
  const line = Array.from({ length: 50 }, (_, x): [number, number] => [x, 2 * x + 1]);
  const { slope, margin, level } = trendOf(line);
  t.ok(Math.abs(slope - 2) < 1e-9 && margin < 1e-6);
  t.equal(level, 50, "in the middle");
  t.match(trendOf(line.map(([x]) => [x, 7])), { slope: 0, margin: 0, level: 7 });
  t.match(trendOf([]), { slope: 0, margin: Infinity, effective: 0 });
  t.match(trendOf([[1, 5]]), { slope: 0, margin: Infinity, level: 5 });
  t.match(trendOf([[0, 1], [1, 3], [2, 2]]), { margin: Infinity }, "three say nothing");
  t.end();
});

t.test("studentT95 is that of the tables", (t) => {
  for (
    const [freedom, quantile] of [
      [1, 12.706],
      [2, 4.303],
      [3, 3.182],
      [5, 2.571],
      [10, 2.228],
      [30, 2.042],
      [1e6, 1.96],
    ] as const
  ) {
    t.ok(Math.abs(studentT95(freedom) / quantile - 1) < 0.01, `${freedom}: ${quantile}`);
  }
  t.end();
});
