import v8 from "node:v8";
import vm from "node:vm";
import t from "tap";
import { ManagedBuffer } from "../../../src/memory/managed_buffer.ts";
import { MemoryLedger, type UndisposedBuffer } from "../../../src/memory/memory_ledger.ts";

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

t.test("ManagedBuffer is in the book from its creation to its disposal", (t) => {
  const account = new MemoryLedger().account("packet");
  {
    using buffer = new ManagedBuffer(account, 16);
    t.equal(buffer.bytes.byteLength, 16);
    t.match(account.reading, { currentBytes: 16, live: 1 });
  }
  t.match(account.reading, { currentBytes: 0, live: 0, peakBytes: 16, allocations: 1 });
  const taken = Uint8Array.of(1, 2, 3);
  const buffer = new ManagedBuffer(account, taken);
  t.equal(buffer.bytes, taken, "taken over, not copied");
  buffer[Symbol.dispose]();
  buffer[Symbol.dispose]();
  t.equal(account.reading.live, 0, "given back once");
  t.throws(() => buffer.bytes, /Cannot use a buffer of packet that was given back/);
  t.end();
});

t.test("ManagedBuffer reports one that was collected without disposal, and keeps it booked", async (t) => {
  const reports: UndisposedBuffer[] = [];
  const ledger = new MemoryLedger((report) => reports.push(report));
  const account = ledger.account("replay");
  (() => {
    new ManagedBuffer(account, 1000);
    using _kept = new ManagedBuffer(account, 24);
  })();
  for (let round = 0; round < 50 && reports.length === 0; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  t.same(reports, [{ owner: "replay", bytes: 1000 }]);
  t.match(ledger.snapshot(), [{ owner: "replay", currentBytes: 1000, live: 1, undisposed: 1 }]);
});
