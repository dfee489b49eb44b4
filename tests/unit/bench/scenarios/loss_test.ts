/** Tests that the loss scenario measures what it says, with few frames, and repeats itself. */
// timeout: 240 s

import t from "tap";
import { loss } from "../../../../bench/scenarios/loss.ts";
import {
  type LossCell,
  type LossResult,
  type LossScheme,
  runLossCell,
} from "../../../../bench/scenarios/loss_experiment.ts";
import { matrixCells, SCHEMES } from "../../../../bench/scenarios/loss_matrix.ts";
import { channelLosses, CHANNELS } from "../../../../bench/simulator/profiles.ts";

const CELL = { seed: 3, oneWayUs: 10_000, fps: 60, framePackets: 5, frames: 600 };
const REED_SOLOMON: LossScheme = { kind: "baseline", name: "Reed-Solomon 10+2" };

function run(cell: LossCell, scheme: LossScheme): LossResult {
  const slices = runLossCell(cell, scheme);
  for (;;) {
    const step = slices.next();
    if (step.done) return step.value;
  }
}

t.test("loss reports every target, every channel and every way of repair", async (t) => {
  const plot = await Deno.makeTempFile({ suffix: ".svg" });
  const trace = await Deno.makeTempFile();
  await Deno.writeTextFile(trace, "0000000001\n0000000000\n");
  t.teardown(() => Promise.all([Deno.remove(plot), Deno.remove(trace)]));
  const { results, checks } = await loss.run({
    seed: 1,
    options: { frames: 1000, full: false, plot, trace },
    signal: new AbortController().signal,
    log: () => {},
  });
  t.equal(checks.length, 18);
  t.equal(new Set(checks.map(({ name }) => name)).size, 18);
  // So few frames carry no target of lateness; memory and the isolated losses they do.
  const lasting = checks.filter(({ name }) => /memory|isolated/.test(name));
  t.equal(lasting.length, 6);
  for (const { name, pass, value } of lasting) t.ok(pass, `${name}: ${value}`);
  const rows = results.tables![0]!.rows;
  t.same(new Set(rows.map(([channel]) => channel)), new Set([...Object.keys(CHANNELS), "trace"]));
  t.same(new Set(rows.map((row) => row[4])), new Set(Object.keys(SCHEMES)));
  t.equal(rows.length, (matrixCells(false).length + 1) * Object.keys(SCHEMES).length);
  const svg = await Deno.readTextFile(plot);
  for (const name of Object.keys(SCHEMES)) t.ok(svg.includes(`>${name}</text>`), name);
});

t.test("the full matrix has every channel at every place", (t) => {
  t.equal(matrixCells(true).length, Object.keys(CHANNELS).length * 4 * 2 * 6);
  t.end();
});

t.test("a cell is a function of its seed", (t) => {
  const cell = { ...CELL, losses: channelLosses("bursts_5_of_3") };
  const first = run(cell, { kind: "window" });
  t.same(run(cell, { kind: "window" }), first);
  t.match(first.digest, /^[\da-f]{16}$/);
  t.not(run({ ...cell, seed: 4 }, { kind: "window" }).digest, first.digest);
  t.same(run(cell, REED_SOLOMON), run(cell, REED_SOLOMON));
  t.end();
});

t.test("a clean channel is late for nobody, an unprotected one for ever", (t) => {
  const clean = { ...CELL, losses: [] };
  for (const scheme of Object.values(SCHEMES)) {
    const { late, never, frames } = run(clean, scheme);
    t.same([...late, never, frames], [0, 0, 0, 0, 600]);
  }
  const { late, never } = run({ ...CELL, losses: channelLosses("random_10") }, REED_SOLOMON);
  t.ok(never > 0.05, `${never}`);
  t.same(late, [never, never, never], "a block code has one chance");
  t.end();
});

t.test("the window brings back late what it cannot bring back in time", (t) => {
  const cell = { ...CELL, losses: channelLosses("bursts_2_of_3"), frames: 3000 };
  const { late, never, overhead } = run(cell, { kind: "window", redundancy: 0.2 });
  t.ok(late[0] > late[1] && late[1] > late[2], `${late}`);
  t.equal(never, 0);
  t.ok(overhead >= 0.2 && overhead < 0.35, `${overhead}`);
  t.end();
});

t.test("loss ends when it is interrupted", async (t) => {
  const controller = new AbortController();
  const interrupted = loss.run({
    seed: 1,
    options: { frames: 100_000, full: false, plot: "", trace: "" },
    signal: controller.signal,
    log: () => controller.abort(new Error("Interrupted")),
  });
  await t.rejects(interrupted, { message: "Interrupted" });
});
