import t from "tap";
import { MAX_DIAGNOSTIC_LINES, MAX_KEPT_FAILURES, TapReader } from "../../runner/tap_reader.ts";

function read(...lines: string[]): TapReader {
  const reader = new TapReader();
  for (const line of lines) reader.push(line);
  return reader;
}

t.test("TapReader counts leaf points and not the summaries of subtests", async (t) => {
  const tap = read(
    "TAP version 14",
    "# Subtest: outer",
    "    ok 1 - first",
    "    # Subtest: inner",
    "        ok 1 - second",
    "        ok 2 - third",
    "        1..2",
    "    ok 2 - inner # time=1.5ms",
    "    1..2",
    "ok 1 - outer # time=3ms",
    "ok 2 - alone",
    "1..2",
  );
  t.equal(tap.passed, 4);
  t.equal(tap.failed, 0);
  t.equal(tap.planSeen, true);
});

t.test("TapReader keeps the path and the diagnostic of a failure once", async (t) => {
  const tap = read(
    "# Subtest: outer",
    "    not ok 1 - one is two",
    "      ---",
    "      diff: |",
    "        -2",
    "        ok 3 - text that looks like a point",
    "      ...",
    "    1..1",
    "not ok 1 - outer # time=3ms",
    "  ---",
    "  at: somewhere",
    "  ...",
    "1..1",
  );
  t.equal(tap.failed, 1);
  t.equal(tap.passed, 0);
  t.strictSame(tap.failures, [{
    path: ["outer", "one is two"],
    diagnostic: ["diff: |", "  -2", "  ok 3 - text that looks like a point"],
  }]);
});

t.test("TapReader counts a failed summary whose points all passed", async (t) => {
  const tap = read("# Subtest: late", "    ok 1 - a", "    1..1", "not ok 1 - late", "1..1");
  t.equal(tap.passed, 1);
  t.equal(tap.failed, 1);
  t.strictSame(tap.failures[0]?.path, ["late"]);
});

t.test("TapReader lists skips and fails those without a reason", async (t) => {
  const tap = read("ok 1 - input # SKIP no device", "ok 2 - silent # SKIP", "1..2");
  t.strictSame(tap.skips, [{ path: ["input"], reason: "no device" }]);
  t.equal(tap.passed, 0);
  t.strictSame(tap.failures, [{ path: ["silent"], diagnostic: ["skipped without a reason"] }]);
});

t.test("TapReader fails tests that assert nothing, TODO marks and a bail-out", async (t) => {
  const empty = read("# Subtest: empty", "    1..0", "ok 1 - empty", "1..1");
  t.strictSame(empty.failures[0]?.path, ["empty", "asserts nothing"]);
  t.equal(empty.failed, 1);
  t.equal(read("ok 1 - later # TODO later", "1..1").failed, 1);
  t.equal(read("Bail out! no display").failed, 1);
});

t.test("TapReader keeps a bounded amount of text", async (t) => {
  const tap = new TapReader();
  for (let index = 0; index < MAX_KEPT_FAILURES + 10; index++) {
    tap.push(`not ok ${index + 1} - x`);
    tap.push("  ---");
    for (let line = 0; line < MAX_DIAGNOSTIC_LINES * 2; line++) tap.push("  text");
    tap.push("  ...");
  }
  t.equal(tap.failed, MAX_KEPT_FAILURES + 10);
  t.equal(tap.failures.length, MAX_KEPT_FAILURES);
  t.equal(tap.failures[0]?.diagnostic.length, MAX_DIAGNOSTIC_LINES + 1);
});

t.test("TapReader sees that a plan is missing", async (t) => {
  t.equal(read("ok 1 - a").planSeen, false);
  t.equal(read("# Subtest: a", "    ok 1 - b", "    1..1").planSeen, false);
});
