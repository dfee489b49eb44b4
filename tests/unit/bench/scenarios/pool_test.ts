/** Tests that the pool scenario measures what it says, with few frames. */

import t from "tap";
import { buildNative } from "../../../../ffi/build.ts";
import { pool } from "../../../../bench/scenarios/pool.ts";

await buildNative();

t.test("pool reports each size and way, and what the pool must keep", async (t) => {
  const lines: string[] = [];
  const { results, checks } = await pool.run({
    seed: 1,
    options: { frames: 50, rounds: 1 },
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
  });
  t.equal(Object.keys(results.distributions).length, 3 * 3 + 2);
  for (const [name, { p50, count }] of Object.entries(results.distributions)) {
    t.ok(p50 !== null && p50 > 0, `${name}: ${p50}`);
    t.equal(count, name.startsWith("packet") ? 15 : 50, name);
  }
  const [frames, packets] = results.tables ?? [];
  t.equal(frames?.rows.length, 9);
  t.equal(packets?.rows.length, 2);
  for (const { rows, columns } of results.tables ?? []) {
    t.ok(rows.every((row) => row.length === columns.length), "a figure in each column");
  }
  // Speeds depend on what else the machine does; what is right or wrong does not.
  const lasting = checks.filter(({ name }) => /without an alloc|not counted|heap bytes/.test(name));
  t.equal(lasting.length, 7);
  for (const { name, pass, value } of lasting) t.ok(pass, `${name}: ${value}`);
  const faults = (way: string) => results.values[`1080p, ${way}: page faults`]?.value ?? 0;
  t.ok(
    faults("native allocation") > 100 * faults("FrameBufferPool"),
    "page faults tell ways apart",
  );
  t.equal(lines.length, 10);
});

t.test("pool ends when it is interrupted", async (t) => {
  const controller = new AbortController();
  const run = pool.run({
    seed: 1,
    options: { frames: 50, rounds: 1 },
    signal: controller.signal,
    log: () => controller.abort(new Error("Interrupted")),
  });
  await t.rejects(run, { message: "Interrupted" });
});
