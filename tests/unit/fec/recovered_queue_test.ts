/** Tests of src/fec/recovered_queue.ts: order and bound. */

import t from "tap";
import { RecoveredQueue } from "../../../src/fec/recovered_queue.ts";

t.test("RecoveredQueue keeps the newest 512 ids in order", (t) => {
  const queue = new RecoveredQueue();
  const ids = Array.from({ length: 300 }, (_, id) => id);
  t.ok(ids.every((id) => queue.push(id)));
  t.same(ids.slice(0, 200).map(() => queue.shift()), ids.slice(0, 200));
  for (let id = 300; id < 712; id++) queue.push(id);
  t.equal(queue.size, 512);
  t.notOk(queue.push(0xffff_ffff), "the oldest went for it");
  t.equal(queue.shift(), 201);
  t.equal(queue.clear(), 511);
  t.equal(queue.size, 0);
  t.ok(queue.push(5));
  t.equal(queue.shift(), 5);
  t.end();
});
