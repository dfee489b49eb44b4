/** gc_trace: lines as V8 prints them, in the log of another program too, and a real process. */

import t from "tap";
import {
  allocatedBetween,
  type Collection,
  GC_TRACE_ENV,
  GcTrace,
  parseCollection,
} from "../../../../bench/measure/gc_trace.ts";

const SCAVENGE =
  "[17:0x5602a171e000]       70 ms: Scavenge 4.5 (5.0) -> 4.1 (5.8) MB, pooled: 0.0 MB, " +
  "2.35 / 0.00 ms (average mu = 1.000, current mu = 1.000) allocation failure; ";
const MARKING =
  "[17:0x563895cfa000]     1635 ms: Incremental Mark-Compact (reduce) 127.5 (142.0) -> 124.0 " +
  "(126.4) MB, pooled: 0.0 MB, 51.30 / 0.00 ms (+ 62.6 ms in 387 steps since start of marking, " +
  "biggest step 8.3 ms, walltime since start of marking 163 ms) (average mu = 0.904) request";

t.test("parseCollection reads both kinds, wherever they stand in a line", (t) => {
  t.match(parseCollection(`{"line":"${SCAVENGE}","msg":"Media process"}`), {
    pid: 17,
    atMs: 70,
    kind: "Scavenge",
    beforeBytes: 4.5 * 2 ** 20,
    pauseMs: 2.35,
    stepsMs: 0,
    longestStepMs: 0,
  });
  t.match(parseCollection(MARKING), {
    kind: "Incremental Mark-Compact",
    afterBytes: 124 * 2 ** 20,
    pauseMs: 51.3,
    stepsMs: 62.6,
    longestStepMs: 8.3,
  });
  t.equal(parseCollection("memory 0.0 s start: rss 1 MB (2) -> 3 MB, 1 / 2 ms"), undefined);
  t.end();
});

t.test("GcTrace gives those of one process and time, in order", (t) => {
  const trace = new GcTrace();
  for (const line of [MARKING, "", SCAVENGE, SCAVENGE.replace("[17:", "[18:")]) trace.push(line);
  t.same(trace.between(17, 0, 2000).map(({ atMs }) => atMs), [70, 1635]);
  t.same(trace.between(17, 71, 1635), []);
  t.equal(trace.between(18, 0, 2000).length, 1);
  t.equal(trace.refused, 0);
  t.end();
});

t.test("allocatedBetween counts what came between collections", (t) => {
  const at = (atMs: number, beforeBytes: number, afterBytes: number): Collection => ({
    ...{ pid: 1, atMs, kind: "Scavenge", beforeBytes, afterBytes },
    ...{ pauseMs: 1, stepsMs: 0, longestStepMs: 0 },
  });
  const collections = [at(1000, 50, 10), at(2000, 40, 20), at(4000, 15, 5), at(5000, 105, 5)];
  t.same(allocatedBetween(collections), { bytes: 30 + 0 + 100, seconds: 4 });
  t.same(allocatedBetween([]), { bytes: 0, seconds: 0 });
  t.end();
});

t.test("a real process prints its collections, and they say what it allocated", async (t) => {
  const script = "let n = 0; for (let i = 0; i < 1000; i++) n += new Array(5000).fill(i).length;";
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    env: GC_TRACE_ENV,
  }).output();
  const trace = new GcTrace();
  for (const line of new TextDecoder().decode(stdout).split("\n")) trace.push(line);
  const [first] = new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    return parseCollection(line) ?? [];
  });
  const all = trace.between(first?.pid ?? 0, 0, 1e6);
  t.ok(all.length >= 2 && all.every(({ pauseMs }) => pauseMs >= 0), `${all.length} collections`);
  const { bytes } = allocatedBetween(all);
  t.ok(bytes > 10e6 && bytes < 100e6, `${bytes} of about 40 MB`);
});
