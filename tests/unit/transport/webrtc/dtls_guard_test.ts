/** Tests of src/transport/webrtc/dtls_guard.ts: a server's messages pass once, everything else always. */

import t from "tap";
import { DtlsGuard } from "../../../../src/transport/webrtc/dtls_guard.ts";
import { seededRandom } from "../../../seeded.ts";

/** One record with one handshake message. */
function record(
  messageType: number,
  { number = 0, offset = 0, type = 22, epoch = 0, sequence = 0 } = {},
): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  bytes[0] = type;
  view.setUint16(1, 0xfefd);
  view.setUint16(3, epoch);
  view.setUint16(9, sequence);
  view.setUint16(11, 27);
  bytes[13] = messageType;
  view.setUint16(17, number);
  view.setUint16(20, offset);
  return bytes;
}

t.test("A server's messages pass once, whatever number their records have", (t) => {
  const guard = new DtlsGuard();
  t.ok(guard.mayPass(record(2, { number: 1 })));
  t.notOk(guard.mayPass(record(2, { number: 1, sequence: 5 })), "the same again");
  t.ok(guard.mayPass(record(11, { number: 2 })));
  t.ok(guard.mayPass(record(11, { number: 2, offset: 1000 })), "its next part");
  t.notOk(guard.mayPass(record(11, { number: 2, offset: 1000 })));
  t.ok(guard.mayPass(record(14, { number: 5 })));
  t.equal(guard.dropped, 2);
  t.end();
});

t.test("Everything else passes as often as it comes", (t) => {
  const guard = new DtlsGuard();
  const others = [
    record(1),
    record(3),
    record(16, { number: 2 }),
    record(20, { number: 7, epoch: 1 }),
    record(2, { type: 23, epoch: 1 }),
    record(2).subarray(0, 20),
    new Uint8Array(0),
  ];
  for (const bytes of [...others, ...others]) t.ok(guard.mayPass(bytes));
  t.equal(guard.dropped, 0);
  t.end();
});

t.test("What it remembers is bounded, and no bytes confuse it", (t) => {
  const guard = new DtlsGuard();
  for (let number = 0; number < 1000; number++) guard.mayPass(record(2, { number }));
  t.ok(guard.mayPass(record(2, { number: 900 })), "beyond what it remembers all pass");
  t.notOk(guard.mayPass(record(2, { number: 10 })));
  const random = seededRandom("dtls guard");
  for (let i = 0; i < 1000; i++) guard.mayPass(random.bytes(random.int(60)));
  t.ok(guard.dropped >= 1);
  t.end();
});
