import fc from "fast-check";
import t from "tap";
import {
  DeliveryQueue,
  MAX_DELIVERIES,
  MAX_DELIVERY_BYTES,
} from "../../../../bench/relay/delivery_queue.ts";

const send = () => {};

t.test("packets leave in the order of their times, those of one time as they came", (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), (times) => {
      const queue = new DeliveryQueue();
      times.forEach((timeUs, index) => {
        queue.push({ timeUs, bytes: Uint8Array.of(index), send });
      });
      const left: number[] = [];
      for (let next = queue.pull(50); next !== undefined; next = queue.pull(50)) {
        left.push(next.bytes[0]!);
      }
      const expected = times.map((timeUs, index) => ({ timeUs, index: index & 255 }))
        .toSorted((a, b) => a.timeUs - b.timeUs)
        .map(({ index }) => index);
      t.same(left, expected);
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test("a packet stays until its time", (t) => {
  const queue = new DeliveryQueue();
  t.equal(queue.deadline, undefined);
  queue.push({ timeUs: 30, bytes: Uint8Array.of(1), send });
  queue.push({ timeUs: 20, bytes: Uint8Array.of(2), send });
  t.equal(queue.deadline, 20);
  t.equal(queue.pull(19), undefined);
  t.same(queue.pull(25)?.bytes, Uint8Array.of(2));
  t.equal(queue.pull(25), undefined);
  t.equal(queue.size, 1);
  queue.clear();
  t.equal(queue.deadline, undefined);
  t.end();
});

t.test("it refuses what is too much, by number and by bytes", (t) => {
  const many = new DeliveryQueue();
  const empty = new Uint8Array(0);
  for (let index = 0; index < MAX_DELIVERIES; index++) {
    if (!many.push({ timeUs: index, bytes: empty, send })) t.fail(`refused at ${index}`);
  }
  t.notOk(many.push({ timeUs: 0, bytes: empty, send }));
  many.pull(0);
  t.ok(many.push({ timeUs: 0, bytes: empty, send }), "one left, one comes");

  const large = new DeliveryQueue();
  t.ok(large.push({ timeUs: 0, bytes: new Uint8Array(MAX_DELIVERY_BYTES), send }));
  t.notOk(large.push({ timeUs: 0, bytes: new Uint8Array(1), send }));
  large.pull(0);
  t.ok(large.push({ timeUs: 0, bytes: new Uint8Array(1), send }), "its bytes are free again");
  t.end();
});
