/** Runs the fuzz targets of files that viewers send; WAVRY_FUZZ_CASES sets the cases of each. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { fileTargets } from "./targets/file_targets.ts";

const DEFAULT_CASES = 20_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);

for (const target of fileTargets) {
  t.test(`Parser of ${target.name} survives ${cases} cases`, (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) target.run(random);
    t.ok(cases > 0, `${cases} cases`);
    t.end();
  });
}
