// timeout: 120 s
/** memory: a real run of seconds with a real host, viewers and floor sees everything it should. */

import t from "tap";
import { MEMORY_OPTIONS, type MemoryOptions } from "../../../../bench/scenarios/memory_options.ts";
import { memoryOutcome } from "../../../../bench/scenarios/memory.ts";
import { plotMemory } from "../../../../bench/scenarios/memory_plot.ts";
import { runMemory } from "../../../../bench/scenarios/memory_run.ts";

t.setTimeout(110_000);

const FALLBACKS = Object.fromEntries(
  Object.entries(MEMORY_OPTIONS).map(([name, { fallback }]) => [name, fallback]),
) as unknown as MemoryOptions;

t.test("a run of seconds sees phases, viewers, collections, owners and the floor", async (t) => {
  // A tenth of a minute: the option itself takes whole ones.
  const options = {
    ...FALLBACKS,
    size: "640x360",
    minutes: 0.1,
    viewers: 1,
    further: 1,
    warmUp: 1,
  };
  const lines: string[] = [];
  const run = {
    ...{ seed: 1, options, signal: new AbortController().signal },
    log: (line: string) => void lines.push(line),
  };
  const seen = await runMemory(run, { keepWarm: 1, idle: 3, join: 1, look: 0.2, floor: 2 });
  const phases = [...new Set(seen.looks.map(({ phase }) => phase))];
  t.same(phases, ["idle", "viewer 1", "warm-up", "measured", "further 1", "after"]);
  t.ok(seen.looks.length > 40, `${seen.looks.length} looks`);
  t.ok(seen.looks.every(({ server, media }) => server.pid !== media.pid));
  t.ok(seen.looks.every((look) => look.onceBytes! < look.rssBytes), "shared pages count once");
  t.equal(seen.viewersLost, 0);
  t.ok(seen.receiveBytes! > 1e6, "the receiving path of a viewer");
  t.ok(seen.answersMs.length >= 3, `${seen.answersMs.length} answers`);
  t.ok(seen.trace.between(seen.serverPid, 0, 1e6).length > 0, "collections of the server");
  t.ok(seen.trace.between(seen.mediaPid, 0, 1e6).length > 0, "and of the media process");
  const { oneRuntimeBytes, twoRuntimesBytes, encoderBytes } = seen.floor;
  t.ok(twoRuntimesBytes > oneRuntimeBytes && twoRuntimesBytes < 2 * oneRuntimeBytes);
  t.ok(encoderBytes > 1e6);

  const { results, checks, csv } = memoryOutcome(run, seen);
  const value = (name: string) => results.values[name]?.value ?? NaN;
  t.ok(value("frame rate") > 0 && value("frame rate") < 70, `${value("frame rate")} a second`);
  t.ok(value("memory, no viewer") > 50 && value("memory, peak") > value("memory, no viewer"));
  t.ok(value("frames of the pool used again") > 0.9);
  t.ok(Object.values(results.values).every((one) => Number.isFinite(one.value)), "for JSON");
  const [courses, owners] = results.tables!;
  t.equal(courses!.rows.length, 12);
  t.ok(owners!.rows.some(([owner, end]) => owner === "fec" && Number(end) > 0));
  const failed = checks.filter(({ pass }) => !pass).map(({ name }) => name);
  for (const name of ["viewers lost", "buffers never given back", "FEC of a viewer, MB"]) {
    t.ok(checks.some((check) => check.name === name));
    t.notOk(failed.includes(name), name);
  }
  t.equal(csv!.split("\r\n").length, seen.looks.length + 2);
  const svg = plotMemory(seen, options);
  for (const text of ["no viewer", "measured", "nobody", "each page once"]) t.match(svg, text);
  t.notMatch(svg, /NaN|Infinity|undefined/);
  t.ok(lines.some((line) => /measured: [\d.]+ MB once/.test(line)));
});
