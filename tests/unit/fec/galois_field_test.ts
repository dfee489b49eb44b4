/** Tests of src/fec/galois_field.ts against the slow field and the vectors. */

import t from "tap";
import { inverse, multiply } from "../../../src/fec/galois_field.ts";
import { slowMultiply } from "./slow_field.ts";

interface ProductVector {
  readonly left: number;
  readonly right: number;
  readonly product: number;
}

t.test("multiply agrees with the schoolbook product for all pairs", (t) => {
  let wrong = 0;
  for (let left = 0; left < 256; left++) {
    for (let right = 0; right < 256; right++) {
      if (multiply(left, right) !== slowMultiply(left, right)) wrong++;
    }
  }
  t.equal(wrong, 0);
  t.end();
});

t.test("multiply agrees with the vectors", async (t) => {
  const path = new URL("../../vectors/fec_product.json", import.meta.url);
  const vectors = JSON.parse(await Deno.readTextFile(path)) as ProductVector[];
  t.ok(vectors.length >= 8);
  for (const { left, right, product } of vectors) t.equal(multiply(left, right), product);
});

t.test("inverse gives one for every byte but zero", (t) => {
  for (let value = 1; value < 256; value++) t.equal(multiply(value, inverse(value)), 1);
  t.end();
});
