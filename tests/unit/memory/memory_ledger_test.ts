import fc from "fast-check";
import t from "tap";
import { MAX_WATCHES, MemoryLedger } from "../../../src/memory/memory_ledger.ts";

t.test("MemoryLedger sums what accounts booked and what it reads, by owner", (t) => {
  const ledger = new MemoryLedger();
  const pages = ledger.account("pages");
  pages.allocated(100);
  pages.allocated(50);
  pages.released(100);
  let waiting = 7;
  ledger.watch("send_queue", () => ({ currentBytes: waiting, live: 1 }));
  const unwatch = ledger.watch("send_queue", () => ({ currentBytes: 3, live: 2 }));
  t.match(ledger.snapshot(), [
    { owner: "send_queue", currentBytes: 10, peakBytes: 10, live: 3 },
    { owner: "pages", currentBytes: 50, peakBytes: 150, live: 1, allocations: 2 },
  ]);
  waiting = 1;
  unwatch();
  t.match(ledger.snapshot(), [
    { owner: "send_queue", currentBytes: 1, peakBytes: 10, live: 1 },
    {},
  ]);
  t.equal(ledger.account("pages"), pages, "one book for each owner");
  t.end();
});

t.test("MemoryLedger keeps the peak of an owner whose figures have gone", (t) => {
  const ledger = new MemoryLedger();
  const unwatch = ledger.watch("fec", () => ({ currentBytes: 5 }));
  ledger.snapshot();
  unwatch();
  t.match(ledger.snapshot(), [{ owner: "fec", currentBytes: 0, peakBytes: 5, live: 0 }]);
  t.end();
});

t.test("MemoryAccount refuses what cannot be true", (t) => {
  const account = new MemoryLedger().account("packet");
  t.throws(() => account.released(0), { name: "RangeError" });
  account.allocated(4);
  t.throws(() => account.released(5), /Cannot give back 5 bytes: packet holds fewer/);
  t.throws(() => account.allocated(-1), /Cannot book a buffer of -1 bytes/);
  t.throws(() => account.allocated(1.5), { name: "RangeError" });
  t.end();
});

t.test("MemoryAccount ends at nothing when everything is given back, in any order", (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(fc.nat(1 << 20)), fc.array(fc.nat()), (sizes, order) => {
      const account = new MemoryLedger().account("packet");
      for (const bytes of sizes) account.allocated(bytes);
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
      const left = [...sizes];
      for (const pick of order) {
        if (left.length > 0) account.released(left.splice(pick % left.length, 1)[0]!);
      }
      for (const bytes of left) account.released(bytes);
      const { currentBytes, peakBytes, live, allocations } = account.reading;
      return currentBytes === 0 && live === 0 && peakBytes === total &&
        allocations === sizes.length;
    }))
  );
  t.end();
});

t.test("MemoryLedger watches a bounded number of figures", (t) => {
  const ledger = new MemoryLedger();
  for (let i = 0; i < MAX_WATCHES; i++) ledger.watch("reorder", () => ({ currentBytes: 1 }));
  t.throws(() => ledger.watch("reorder", () => ({ currentBytes: 1 })), { name: "CapacityError" });
  t.match(ledger.snapshot(), [{ currentBytes: MAX_WATCHES }]);
  t.end();
});
