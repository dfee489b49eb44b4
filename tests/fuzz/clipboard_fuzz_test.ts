/** Runs the fuzz targets of the clipboard; WAVRY_FUZZ_CASES sets the cases of each. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { clipboardTargets, runScreenCase } from "./targets/clipboard_targets.ts";

const DEFAULT_CASES = 100_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);
/** A case of many steps, and of some turns of the event loop. */
const SCREEN_SHARE = 100;

for (const target of clipboardTargets) {
  t.test(`${target.name} survives ${cases} cases`, (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) target.run(random);
    t.ok(cases > 0, `${cases} cases`);
    t.end();
  });
}

t.test("a screen's clipboard holds its limits and gives back what it booked", async (t) => {
  const random = seededRandom("fuzz clipboard of a screen");
  const screenCases = Math.ceil(cases / SCREEN_SHARE);
  let contents = 0;
  for (let index = 0; index < screenCases; index++) contents += await runScreenCase(random);
  t.ok(contents > 0, `${screenCases} cases, ${contents} contents came`);
});
