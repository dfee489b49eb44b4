/** Tests of web/viewer/input/record_hold.ts: order, limits, and that it lets go by itself. */

import t from "tap";
import { HOLD_MS_MAX, RecordHold } from "../../../../web/viewer/input/record_hold.ts";

function rig() {
  const sent: string[] = [];
  const hold = new RecordHold((record, datagram) => {
    if (datagram !== undefined) sent.push(`motion ${datagram[0]}`);
    if (record !== undefined) sent.push(`record ${record[0]}`);
  });
  const record = (number: number) => hold.send(Uint8Array.of(number), undefined);
  return { hold, sent, record };
}

t.test("records wait in their order, motion does not wait", (t) => {
  const { hold, sent, record } = rig();
  record(1);
  hold.hold();
  record(2);
  hold.send(undefined, Uint8Array.of(7));
  hold.send(Uint8Array.of(3), Uint8Array.of(8));
  t.same(sent, ["record 1", "motion 7", "motion 8"]);
  t.ok(hold.isHolding);
  hold.release();
  record(4);
  t.same(sent.slice(3), ["record 2", "record 3", "record 4"]);
  t.notOk(hold.isHolding);
  t.end();
});

t.test("a hold that nobody ends, ends", async (t) => {
  const { hold, sent, record } = rig();
  hold.hold();
  record(1);
  await new Promise((resolve) => setTimeout(resolve, HOLD_MS_MAX + 100));
  t.same(sent, ["record 1"]);
  hold.hold();
  for (let number = 0; number < 512; number++) record(number);
  t.equal(sent.length, 513, "and so does one of too many records");
});

t.test("what waits goes with its connection", (t) => {
  const { hold, sent, record } = rig();
  hold.hold();
  record(1);
  hold.clear();
  hold.release();
  t.same(sent, []);
  record(2);
  t.same(sent, ["record 2"]);
  t.end();
});
