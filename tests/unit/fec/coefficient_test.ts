/** Tests of src/fec/coefficient.ts: the vectors, and that coefficients look random. */

import t from "tap";
import { coefficientOf, repairSeed } from "../../../src/fec/coefficient.ts";
import { fromHex } from "../../vectors/read_vectors.ts";

interface CoefficientVector {
  readonly repairId: number;
  readonly isReactive: boolean;
  readonly firstSourceId: number;
  readonly coefficients: string;
}

t.test("coefficientOf agrees with the vectors", async (t) => {
  const path = new URL("../../vectors/fec_coefficient.json", import.meta.url);
  const vectors = JSON.parse(await Deno.readTextFile(path)) as CoefficientVector[];
  t.ok(vectors.length >= 18);
  for (const { repairId, isReactive, firstSourceId, coefficients } of vectors) {
    const seed = repairSeed(repairId, isReactive);
    for (const [offset, coefficient] of fromHex(coefficients).entries()) {
      t.equal(coefficientOf(seed, (firstSourceId + offset) >>> 0), coefficient);
    }
  }
});

t.test("coefficientOf is never zero and uses all other values evenly", (t) => {
  const counts = new Uint32Array(256);
  for (let repairId = 0; repairId < 1000; repairId++) {
    const seed = repairSeed(repairId, false);
    for (let sourceId = 0; sourceId < 255; sourceId++) counts[coefficientOf(seed, sourceId)]!++;
  }
  t.equal(counts[0], 0);
  // 1,000 expected for each value; six standard deviations.
  t.ok(counts.subarray(1).every((count) => Math.abs(count - 1000) < 190), "within 190 of 1000");
  t.end();
});

t.test("coefficientOf differs between repairs of one window, reactive ones included", (t) => {
  const windows = new Set<string>();
  for (let repairId = 0; repairId < 500; repairId++) {
    for (const isReactive of [false, true]) {
      const seed = repairSeed(repairId, isReactive);
      windows.add(Array.from({ length: 32 }, (_, id) => coefficientOf(seed, id)).join());
    }
  }
  t.equal(windows.size, 1000);
  t.end();
});
