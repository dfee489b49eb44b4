/** Tests that the reorder scenario measures what it says, with few packets. */

import t from "tap";
import { reorder } from "../../../../bench/scenarios/reorder.ts";

t.test("reorder reports each kind of arrival, and what the buffer must keep", async (t) => {
  const { results, checks } = await reorder.run({
    seed: 1,
    options: { packets: 4_000, rounds: 2 },
    signal: new AbortController().signal,
    log: () => {},
  });
  t.equal(Object.keys(results.distributions).length, 8);
  for (const [name, { p50, count }] of Object.entries(results.distributions)) {
    t.ok(p50 !== null && p50 > 0 && count === 2, `${name}: ${p50}`);
  }
  const [table] = results.tables ?? [];
  t.equal(table?.rows.length, 4);
  t.ok(table?.rows.every((row) => row.length === table.columns.length));
  // Speeds depend on what else the machine does; what is right or wrong does not.
  const lasting = checks.filter(({ name }) => /bytes held|out of place|delivered/.test(name));
  t.equal(lasting.length, 11);
  for (const { name, pass, value } of lasting) t.ok(pass, `${name}: ${value}`);
  const valueOf = (name: string) => results.values[name]?.value ?? 0;
  t.equal(valueOf("in order: delivered"), 4_000);
  t.equal(valueOf("reordered: delivered"), 4_000);
  const arrived = valueOf("bursts lost: delivered");
  t.ok(arrived > 3_800 && arrived < 4_000, `${arrived} of what was not lost`);
  t.ok(valueOf("hostile: held by the map") > 1_000_000, "without limits it holds what comes");
});

t.test("reorder ends when it is interrupted", async (t) => {
  const controller = new AbortController();
  const run = reorder.run({
    seed: 1,
    options: { packets: 2_000, rounds: 1 },
    signal: controller.signal,
    log: () => controller.abort(new Error("Interrupted")),
  });
  await t.rejects(run, { message: "Interrupted" });
});
