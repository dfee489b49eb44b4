/** Runs the fuzz targets of the mux and of gateways; WAVRY_FUZZ_CASES sets the cases of each. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { muxTargets } from "./targets/mux_targets.ts";

/** A case of the mux is a whole conversation. */
const DEFAULT_CASES = 10_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);

for (const target of muxTargets) {
  t.test(`Parser of ${target.name} survives ${cases} cases`, async (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) {
      await target.run(random);
    }
    t.ok(cases > 0, `${cases} cases`);
  });
}
