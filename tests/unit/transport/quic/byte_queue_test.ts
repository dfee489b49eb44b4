/** Tests of src/transport/quic/byte_queue.ts. */

import t from "tap";
import { ByteQueue } from "../../../../src/transport/quic/byte_queue.ts";

t.test("ByteQueue gives bytes in order of arrival, across pushes", (t) => {
  const queue = new ByteQueue();
  queue.push(Uint8Array.of(1, 2, 3));
  t.same([...queue.take(2)], [1, 2]);
  queue.push(Uint8Array.of(4, 5));
  t.equal(queue.length, 3);
  t.same([...queue.bytes], [3, 4, 5]);
  t.same([...queue.take(9)], [3, 4, 5], "no more than there is");
  t.equal(queue.length, 0);
  t.equal(queue.take(1).length, 0);
  t.end();
});
