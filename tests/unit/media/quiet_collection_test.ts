/** Tests of src/media/quiet_collection.ts. */

import t from "tap";
import { QuietCollection } from "../../../src/media/quiet_collection.ts";

const SECOND_US = 1_000_000;

t.test("garbage is collected every two minutes", (t) => {
  let collected = 0;
  const collection = new QuietCollection(() => collected++);
  for (let second = 0; second < 120; second++) collection.push(5 * SECOND_US + second * SECOND_US);
  t.equal(collected, 0);
  collection.push(125 * SECOND_US);
  t.equal(collected, 1);
  for (let second = 126; second < 245; second++) collection.push(second * SECOND_US);
  t.equal(collected, 1);
  collection.push(245 * SECOND_US);
  t.equal(collected, 2);
  t.equal(collection.collections, 2);
  t.end();
});

t.test("not while somebody plays, and soon after", (t) => {
  let collected = 0;
  const collection = new QuietCollection(() => collected++);
  collection.push(0);
  for (let second = 1; second <= 600; second++) {
    collection.noteInput(second * SECOND_US);
    collection.push(second * SECOND_US + 1);
  }
  t.equal(collected, 0);
  collection.push(601 * SECOND_US);
  t.equal(collected, 0);
  collection.push(602 * SECOND_US);
  t.equal(collected, 1);
  t.end();
});
