/** Runs the fuzz targets of WebRTC; WAVRY_FUZZ_CASES sets the cases of each. */

import t from "tap";
import { seededRandom } from "../seeded.ts";
import { webrtcTargets } from "./targets/webrtc_targets.ts";

/** An offer is a whole text. */
const DEFAULT_CASES = 10_000;
const cases = Number(Deno.env.get("WAVRY_FUZZ_CASES") ?? DEFAULT_CASES);

for (const target of webrtcTargets) {
  t.test(`Parser of ${target.name} survives ${cases} cases`, async (t) => {
    const random = seededRandom(`fuzz ${target.name}`);
    for (let index = 0; index < cases; index++) {
      await target.run(random);
    }
    t.ok(cases > 0, `${cases} cases`);
  });
}
