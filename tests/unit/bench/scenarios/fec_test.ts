/** Tests that the fec scenario measures what it says, with few rounds. */

import t from "tap";
import { measureResidualLoss } from "../../../../bench/scenarios/fec_residual.ts";
import { fec } from "../../../../bench/scenarios/fec.ts";
import { independentLoss } from "../../../../bench/simulator/loss_process.ts";
import { randomFromSeed } from "../../../seeded.ts";

t.test("fec reports every kernel, the codec and the channels", async (t) => {
  const lines: string[] = [];
  const { results, checks } = await fec.run({
    seed: 1,
    options: { rounds: 4, packets: 100_000 },
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
  });
  t.same(Object.keys(results.distributions).sort(), [
    "codec decode",
    "codec encode",
    "decode one repair",
    "encode one repair",
    "kernel relaxed",
    "kernel strict",
    "kernel table",
  ]);
  for (const [name, { p50 }] of Object.entries(results.distributions)) {
    t.ok(p50 !== null && p50 > 0, `${name}: ${p50}`);
  }
  // Speeds depend on what else the machine does; what is right or wrong does not.
  const lasting = checks.filter(({ name }) => /wrong bytes|isolated .*residual|memory/.test(name));
  t.equal(lasting.length, 5);
  for (const { name, pass, value } of lasting) t.ok(pass, `${name}: ${value}`);
  t.ok(lines.length >= 8);
});

t.test("fec ends when it is interrupted", async (t) => {
  const controller = new AbortController();
  const run = fec.run({
    seed: 1,
    options: { rounds: 4, packets: 1_000_000 },
    signal: controller.signal,
    log: () => controller.abort(new Error("Interrupted")),
  });
  await t.rejects(run, { message: "Interrupted" });
});

t.test("measureResidualLoss counts losses and recoveries that add up", (t) => {
  const options = { sourcePackets: 20_000, windowPackets: 64, redundancy: 0.2, framePackets: 5 };
  const clean = measureResidualLoss(() => false, options);
  t.match(clean, { lost: 0, recovered: 0, wrong: 0, overhead: 0.2 });
  const hopeless = measureResidualLoss(independentLoss(randomFromSeed(1), 0.5), options);
  t.ok(hopeless.lost > 9_000 && hopeless.recovered < 200, `${hopeless.recovered} recovered`);
  const unprotected = measureResidualLoss(independentLoss(randomFromSeed(1), 0.02), {
    ...options,
    redundancy: 0,
  });
  t.equal(unprotected.recovered, 0);
  t.equal(unprotected.overhead, 0);
  t.end();
});
