import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import type { LogFields, Logger } from "../../../../src/core/log.ts";
import { machineLimitBytes, MemoryGuard } from "../../../../src/server/memory/memory_guard.ts";
import { sampleOf } from "../../memory/sample_fixture.ts";

/** A guard over a host whose server process uses what the test says; the other one uses 50 MB. */
function bench(limitMegabytes: number) {
  const done: string[] = [];
  const lines: [level: string, message: string, fields: LogFields][] = [];
  const at = (level: string) => (message: string, fields: LogFields = {}) => {
    lines.push([level, message, fields]);
  };
  const log: Logger = {
    error: at("error"),
    warn: at("warn"),
    info: at("info"),
    debug: at("debug"),
  };
  const clock = new ManualClock();
  const host = { megabytes: 0 };
  const guard = new MemoryGuard({
    limitBytes: limitMegabytes * 1e6,
    ...{ clock, log },
    sample: () => sampleOf(host.megabytes),
    trim: () => done.push("trim"),
    shortenReplay: (isShort) => done.push(isShort ? "shorter" : "longer"),
    economise: (isShort) => done.push(isShort ? "smaller" : "larger"),
    collect: () => done.push("collect"),
    onChange: ({ to }) => done.push(to),
  });
  const use = (megabytes: number, seconds: number) => {
    host.megabytes = megabytes - 50;
    clock.advance(seconds * 1e6);
    guard.check();
  };
  return { guard, use, done, lines };
}

t.test("MemoryGuard gives up what it can, refuses newcomers, and recovers", (t) => {
  const { guard, use, done } = bench(200);
  use(149, 0);
  t.same(done, []);
  use(150, 5);
  t.same(done, ["high", "trim"]);
  t.equal(guard.refusal, undefined, "who comes now still gets in");
  use(180, 5);
  t.same(done, ["high", "trim", "critical", "collect", "shorter", "smaller"]);
  t.equal(guard.refusal, "The host is short of memory");
  use(175, 5);
  use(175, 5);
  t.ok(guard.refusal !== undefined, "not yet");
  use(169, 5);
  use(169, 5);
  t.equal(guard.refusal, undefined);
  t.equal(guard.pressure.level, "high");
  use(139, 5);
  use(139, 5);
  t.equal(guard.pressure.level, "normal");
  t.notOk(done.includes("larger"), "picture and replay stay small for a minute");
  use(139, 60);
  t.same(done.slice(-2), ["larger", "longer"]);
  t.end();
});

t.test("MemoryGuard warns at most once in half a minute, and names who holds most", (t) => {
  const { use, lines } = bench(200);
  for (let i = 0; i < 14; i++) use(i % 2 === 0 ? 160 : 185, 5);
  const warnings = lines.filter(([level]) => level === "warn");
  t.equal(warnings.length, 3, "of 65 seconds");
  t.match(warnings[0], ["warn", "Memory is short", {
    level: "high",
    used: "160.0 MB",
    limit: "200.0 MB",
    largestOwner: "staging",
    largestBytes: 9_000_000,
  }]);
  t.end();
});

t.test("MemoryGuard looks after some hundred frames too", (t) => {
  const { guard, use, done, lines } = bench(200);
  use(100, 0);
  use(100, 0);
  const host = bench(60);
  for (let frame = 0; frame < 599; frame++) host.guard.onFrame();
  t.same(host.done, []);
  host.guard.onFrame();
  t.same(host.done, ["high", "trim"], "50 of 60 MB");
  t.equal(host.lines.filter(([level]) => level === "debug").length, 2, "each 300 frames");
  t.same(done, []);
  t.same(lines, []);
  t.equal(guard.pressure.level, "normal");
  t.end();
});

t.test("machineLimitBytes is no more than this machine has", (t) => {
  const limit = machineLimitBytes();
  t.ok(limit > 1e8 && limit <= Deno.systemMemoryInfo().total, String(limit));
  t.end();
});
