import t from "tap";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import {
  DashboardHistory,
  historyBytes,
} from "../../../../src/server/dashboard/dashboard_history.ts";

t.test("DashboardHistory keeps the newest rows in their order", (t) => {
  const history = new DashboardHistory(new MemoryLedger().account("dashboard"), {
    columns: 2,
    capacity: 3,
  });
  t.same(history.since(0), [[], []]);
  for (let row = 0; row < 5; row++) {
    t.equal(history.sequence, row);
    history.push([row, row === 3 ? undefined : row * 10]);
  }
  t.same(history.since(0), [[2, 3, 4], [20, null, 40]], "what is not known is null");
  t.same(history.since(4), [[4], [40]], "what a page lacks");
  t.same(history.since(5), [[], []]);
  history.push([NaN, Infinity]);
  t.same(history.since(5), [[null], [null]], "no number that JSON cannot say");
  history.push([1]);
  t.same(history.since(6), [[1], [null]], "a short row");
  t.end();
});

t.test("DashboardHistory is in the ledger from its beginning to its end", (t) => {
  const ledger = new MemoryLedger();
  const bytes = () => ledger.snapshot().find(({ owner }) => owner === "dashboard")!.currentBytes;
  const history = new DashboardHistory(ledger.account("dashboard"), { columns: 4, capacity: 8 });
  t.equal(bytes(), historyBytes(4, 8));
  t.equal(bytes(), 256);
  for (let row = 0; row < 100; row++) history.push([row, row, row, row]);
  t.equal(bytes(), 256, "it never grows");
  history[Symbol.dispose]();
  t.equal(bytes(), 0);
  t.end();
});
