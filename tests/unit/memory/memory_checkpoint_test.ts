import t from "tap";
import {
  CHECKPOINT_CSV_HEADER,
  checkpointCsv,
  checkpointText,
  type MemoryCheckpoint,
  MemoryCheckpoints,
} from "../../../src/memory/memory_checkpoint.ts";
import { MEMORY_OWNERS } from "../../../src/memory/memory_ledger.ts";
import { sampleOf } from "./sample_fixture.ts";

const SECOND_US = 1_000_000;

/** Checkpoints of a host that grows by 1 MB each time that somebody looks. */
function bench(intervalUs: number) {
  const seen: MemoryCheckpoint[] = [];
  let megabytes = 99;
  let samples = 0;
  const checkpoints = new MemoryCheckpoints({
    sample: () => {
      samples++;
      return sampleOf(++megabytes);
    },
    intervalUs,
    onCheckpoint: (checkpoint) => seen.push(checkpoint),
  });
  return { checkpoints, seen, samples: () => samples };
}

t.test("MemoryCheckpoints samples a point that many frames pass", (t) => {
  const { checkpoints, seen, samples } = bench(5 * SECOND_US);
  for (let frame = 0; frame < 601; frame++) {
    checkpoints.mark("encode_output_ready", Math.round(frame * SECOND_US / 60));
  }
  t.same(seen.map(({ elapsedUs, passes }) => [elapsedUs, passes]), [
    [0, 1],
    [5 * SECOND_US, 300],
    [10 * SECOND_US, 300],
  ]);
  t.equal(samples(), 3, "nothing is read in between");
  t.end();
});

t.test("MemoryCheckpoints records rare points once a second, and what is asked for always", (t) => {
  const { checkpoints, seen } = bench(60 * SECOND_US);
  checkpoints.record("start", 0);
  for (const nowUs of [10, 20, SECOND_US + 10]) checkpoints.mark("session_open", nowUs);
  checkpoints.mark("session_close", 30);
  checkpoints.record("signal", 40);
  checkpoints.record("signal", 50);
  t.same(seen.map(({ name, passes }) => [name, passes]), [
    ["start", 1],
    ["session_open", 1],
    ["session_open", 2],
    ["session_close", 1],
    ["signal", 1],
    ["signal", 1],
  ]);
  t.end();
});

t.test("checkpointText says what there is and what changed since the baseline", (t) => {
  const { checkpoints, seen } = bench(1);
  checkpoints.record("start", 5 * SECOND_US);
  checkpoints.record("interval", 7.5 * SECOND_US);
  t.same(seen.map(checkpointText), [
    "memory 0.0 s start: rss 150.0 MB (+0 B), pss 120.0 MB (+0 B), heap 25.0 MB (+0 B), external 2.0 MB (+0 B), " +
    "native 16.0 MB (+0 B) in 12, owners 9.1 MB (+0 B), 42 descriptors",
    "memory 2.5 s interval: rss 151.0 MB (+1.0 MB), pss 120.8 MB (+800.0 kB), heap 25.0 MB (+0 B), external 2.0 MB (+0 B), " +
    "native 16.0 MB (+0 B) in 12, owners 9.1 MB (+1.0 kB), 42 descriptors",
  ]);
  t.end();
});

t.test("checkpointCsv has a figure for every column of the header", (t) => {
  const { checkpoints, seen } = bench(1);
  checkpoints.record("start", 0);
  checkpoints.record("end", SECOND_US);
  const names = CHECKPOINT_CSV_HEADER.trimEnd().split(",");
  const row = checkpointCsv(seen[1]!).trimEnd().split(",");
  t.equal(row.length, names.length);
  const cell = (name: string) => row[names.indexOf(name)];
  t.equal(cell("time"), "1970-01-01T00:00:00.000Z");
  t.equal(cell("elapsed_s"), "1.000");
  t.equal(cell("name"), "end");
  t.equal(cell("rss_bytes"), "151000000");
  t.equal(cell("rss_delta_bytes"), "1000000");
  t.equal(cell("media_rss_bytes"), "50000000");
  t.equal(cell("staging_bytes"), "9000000");
  t.equal(cell("ipc_bytes"), "101000");
  for (const owner of MEMORY_OWNERS) t.match(cell(`${owner}_bytes`), /^\d+$/, owner);
  t.end();
});
