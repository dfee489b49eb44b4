import t from "tap";
import { MemoryBudget } from "../../../src/memory/memory_budget.ts";

const budget = new MemoryBudget([
  { owner: "runtime", process: "server", bytes: 100_000_000, why: "the runtime" },
  { owner: "send_queue", process: "server", bytes: 1_000, count: 3, why: "for each viewer" },
  { owner: "runtime", process: "media", bytes: 50_000_000, why: "the runtime" },
]);

t.test("MemoryBudget is the sum of its lines", (t) => {
  t.equal(budget.totalBytes(), 150_003_000);
  t.equal(budget.totalBytes("server"), 100_003_000);
  t.equal(budget.totalBytes("media"), 50_000_000);
  t.equal(budget.limitBytesOf("send_queue"), 3_000);
  t.equal(budget.limitBytesOf("runtime"), 150_000_000, "of both processes");
  t.equal(budget.limitBytesOf("replay"), undefined);
  t.equal(budget.summary, "at most 150.0 MB: server 100.0 MB, media 50.0 MB");
  t.end();
});

t.test("MemoryBudget shows every line with its reason", (t) => {
  t.same(budget.text().split("\n"), [
    "server process",
    "  runtime         100.0 MB  the runtime",
    "  send_queue        3.0 kB  3 x 1.0 kB: for each viewer",
    "  sum             100.0 MB",
    "",
    "media process",
    "  runtime          50.0 MB  the runtime",
    "  sum              50.0 MB",
    "",
    "  both            150.0 MB",
    "",
  ]);
  t.end();
});

t.test("MemoryBudget refuses a line that is no number of bytes", (t) => {
  for (const bytes of [NaN, -1, 0.5, Infinity]) {
    const line = { owner: "fec", process: "server", bytes, why: "" } as const;
    t.throws(() => new MemoryBudget([line]), { name: "RangeError" });
  }
  t.end();
});
