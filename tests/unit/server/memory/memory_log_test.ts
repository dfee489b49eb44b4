import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { defaultConfig } from "../../../../src/server/config/config.ts";
import { MemoryLog } from "../../../../src/server/memory/memory_log.ts";
import { sampleOf } from "../../memory/sample_fixture.ts";

function logOf(changes: Parameters<typeof defaultConfig>[0]) {
  const printed: string[] = [];
  let samples = 0;
  const clock = new ManualClock();
  const log = new MemoryLog({
    config: defaultConfig(changes),
    clock,
    sample: () => {
      samples++;
      return sampleOf(100, clock.nowUs() / 1000);
    },
    print: (text) => printed.push(text),
  });
  return { log, printed, samples: () => samples, clock };
}

t.test("MemoryLog does nothing when nobody asks, but answers a signal", (t) => {
  const { log, printed, samples } = logOf({});
  t.equal(log.mark, undefined, "callers have nothing to call");
  log.start();
  t.equal(samples(), 0);
  log.signal();
  t.equal(printed.length, 1);
  t.match(printed[0], /^memory 0\.0 s signal: rss 150\.0 MB .*\n$/);
  log.close();
  t.equal(printed.length, 1);
  t.end();
});

t.test("MemoryLog begins with a baseline, and ends with the profile of the run", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const memoryCsv = `${folder}/memory.csv`;
  const { log, printed, clock } = logOf({ logMemoryCheckpoints: true, memoryCsv });
  log.mark?.("session_open");
  log.start();
  t.same(printed, [], "nothing before the baseline");
  while (printed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  clock.advance(1_000_000);
  log.mark?.("session_open");
  log.signal();
  log.close();
  const names = printed.map((line) => line.split(/[ :]/)[3]);
  t.same(names.slice(0, -2), ["start", "session_open", "signal", "end"], "a signal is one line");
  t.match(printed.at(-2), /^resident memory over 1 s: baseline 150\.0 MB, .*too short/);
  t.match(printed.at(-1), /^proportional memory over 1 s: baseline 120\.0 MB, /);
  const rows = (await Deno.readTextFile(memoryCsv)).trimEnd().split("\n");
  t.equal(rows.length, 5);
  t.match(rows[0], /^time,elapsed_s,name,/);
  t.same(rows.slice(1).map((row) => row.split(",")[2]), names.slice(0, -2));
});

t.test("MemoryLog names a file that it cannot write", (t) => {
  t.throws(() => logOf({ memoryCsv: "/nowhere/memory.csv" }), {
    name: "ConfigError",
    message: /^Cannot use --memory-csv "\/nowhere\/memory.csv": /,
  });
  t.end();
});
