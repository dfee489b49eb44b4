/** Tests of the replay scenario: a short run with everything real. Times are not judged here. */

import t from "tap";
import { CHROMIUM_PATH } from "../../../../bench/measure/machine.ts";
import { replay } from "../../../../bench/scenarios/replay.ts";
import { measureMemory } from "../../../../bench/scenarios/replay_writing.ts";

const skip = await Deno.stat(CHROMIUM_PATH).then(() => false, () => `no ${CHROMIUM_PATH}`);

t.test("A replay of 30 s at 10 Mbit/s takes its payload and little more", (t) => {
  const { payloadBytes, beyondPercent, heldSeconds } = measureMemory(30, 10_000_000);
  t.ok(payloadBytes > 36_000_000 && payloadBytes <= 37_500_000, `${payloadBytes} bytes`);
  t.ok(beyondPercent > 0 && beyondPercent <= 1, `${beyondPercent} %`);
  t.ok(heldSeconds > 28 && heldSeconds <= 30, `${heldSeconds} s`);
  t.end();
});

t.test("bench replay seeks, shows and watches", { skip, timeout: 100_000 }, async (t) => {
  const options = {
    ...{ size: "640x360", content: "video" as const, held: 2, seeks: 40, shown: 10 },
    ...{ rounds: 1, seconds: 2 },
  };
  const { results, checks } = await replay.run({
    seed: 1,
    options,
    signal: new AbortController().signal,
    log: () => {},
  });
  const check = (name: string) => checks.find((one) => one.name === name);
  t.match(check("memory beyond the payload, %"), { pass: true });
  t.match(check("seeks that gave another frame"), { value: 0, pass: true });
  t.match(check("shown frames that were others"), { value: 0, pass: true });
  t.equal(results.distributions["seek, read from the host"]?.count, 40);
  t.equal(results.distributions["seek -> shown"]?.count, 10);
  t.ok((results.distributions["live, no reader"]?.count ?? 0) > 5);
  t.ok((results.distributions["live, 4 readers"]?.count ?? 0) > 5);
  t.ok((results.values["seconds scrubbed"]?.value ?? 0) > 0);
  t.equal(checks.length, 7);
});
