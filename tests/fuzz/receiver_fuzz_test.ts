/** Runs the fuzz target of the receiving path; WAVRY_FUZZ_CASES sets its cases. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { receiverTargets } from "./targets/receiver_targets.ts";

const DEFAULT_CASES = 100_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);

for (const target of receiverTargets) {
  t.test(`Target ${target.name} survives ${cases} cases`, (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) target.run(random);
    t.ok(cases > 0, `${cases} cases`);
    t.end();
  });
}
