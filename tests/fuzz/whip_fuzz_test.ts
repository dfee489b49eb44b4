/** Runs the fuzz targets of publishing by WHIP; WAVRY_FUZZ_CASES sets the cases of each. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { whipTargets } from "./targets/whip_targets.ts";

/** A case of packets is a stream of some hundred. */
const DEFAULT_CASES = 2000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);

for (const target of whipTargets) {
  t.test(`The ${target.name} survives ${cases} cases`, (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) target.run(random);
    t.ok(cases > 0, `${cases} cases`);
    t.end();
  });
}
