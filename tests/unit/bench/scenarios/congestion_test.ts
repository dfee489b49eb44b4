/** Tests that the congestion scenario measures what it says, with one seed. */

import t from "tap";
import { congestion } from "../../../../bench/scenarios/congestion.ts";
import { CONGESTION_CASES } from "../../../../bench/scenarios/congestion_cases.ts";
import {
  arrivedBps,
  fairness,
  queueWaits,
  secondsToReach,
  utilisation,
} from "../../../../bench/scenarios/congestion_figures.ts";
import { runCongestion } from "../../../../bench/scenarios/congestion_run.ts";

const SHORT = {
  controller: "trend",
  seconds: 8,
  rates: [{ fromUs: 0, bps: 20e6 }, { fromUs: 4e6, bps: 6e6 }],
  viewersAtUs: [0, 1e6],
} as const;

t.test("congestion reports every part of every case and passes with a seed", async (t) => {
  const lines: string[] = [];
  const { results, checks } = await congestion.run({
    seed: 3,
    options: { seeds: 1 },
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
  });
  const parts = CONGESTION_CASES.reduce((sum, { parts }) => sum + parts.length, 0);
  t.equal(Object.keys(results.distributions).length, 2 * parts);
  t.equal(lines.length, 2 * CONGESTION_CASES.length);
  t.same(results.tables?.map(({ rows }) => rows.length), [parts, parts]);
  for (const [name, { count }] of Object.entries(results.distributions)) t.ok(count > 100, name);
  t.ok(checks.length > 20);
  for (const { name, pass, value } of checks) t.ok(pass, `${name}: ${value}`);
});

t.test("congestion ends when it is interrupted", async (t) => {
  const controller = new AbortController();
  const run = congestion.run({
    seed: 1,
    options: { seeds: 1 },
    signal: controller.signal,
    log: () => controller.abort(new Error("Interrupted")),
  });
  await t.rejects(run, { message: "Interrupted" });
});

t.test("runCongestion repeats with its seed, and not with another", (t) => {
  const [first, again, other] = [1, 1, 2].map((seed) => runCongestion({ ...SHORT, seed }).digest);
  t.equal(first, again);
  t.not(first, other);
  t.end();
});

t.test("figures of a run fit together", (t) => {
  const trace = runCongestion({ ...SHORT, seed: 1 });
  const span = { fromUs: 2e6, toUs: 4e6 };
  const rates = trace.viewers.map((viewer) => arrivedBps(trace, viewer, span));
  t.ok(rates.every((bps) => bps > 1e6 && bps < 20e6), `${rates}`);
  const used = utilisation(trace, { linkBps: 20e6, span });
  t.ok(used > (rates[0]! + rates[1]!) / 20e6 && used <= 1.01, `${used}`);
  const waits = queueWaits(trace, { fromUs: 0, toUs: 8e6 });
  t.equal(waits.length, trace.packetsSent);
  t.ok(waits.every((ms) => ms >= 0 && ms < 500));
  const [viewer] = trace.viewers;
  const found = secondsToReach(trace, {
    viewer: viewer!,
    span: { fromUs: 0, toUs: 4e6 },
    bps: 9e6,
  });
  t.ok(found !== undefined && found < 4, `${found}`);
  t.equal(secondsToReach(trace, { viewer: viewer!, span, bps: 1e9 }), undefined);
  t.same([fairness([5, 5]), fairness([5, 0]), fairness([0, 0])], [1, 0.5, 0]);
  t.end();
});
