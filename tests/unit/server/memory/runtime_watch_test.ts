/** Tests of src/server/memory/runtime_watch.ts. */

import v8 from "node:v8";
import vm from "node:vm";
import t from "tap";
import type { CollectionPause } from "../../../../src/memory/collection_watch.ts";
import type { MemorySample } from "../../../../src/memory/memory_sample.ts";
import { RuntimeWatch } from "../../../../src/server/memory/runtime_watch.ts";
import { sampleOf } from "../../memory/sample_fixture.ts";

v8.setFlagsFromString("--expose-gc");
const SAMPLE = sampleOf(100);
const gc = vm.runInNewContext("gc") as () => void;

t.test("RuntimeWatch hands each pause on once, from its start to its end", (t) => {
  const pauses: CollectionPause[] = [];
  const watch = new RuntimeWatch({ sample: () => SAMPLE, onPause: (pause) => pauses.push(pause) });
  gc();
  watch.look();
  t.same([pauses.length, watch.totals.length], [0, 0], "nothing before the start");
  watch.start();
  gc();
  watch.look();
  const heard = pauses.length;
  t.ok(heard >= 1);
  t.equal(watch.totals.reduce((sum, { collections }) => sum + collections, 0), heard);
  watch.close();
  watch.close();
  gc();
  watch.look();
  t.equal(pauses.length, heard, "nothing after the end");
  t.end();
});

t.test("RuntimeWatch begins a run when both processes can be seen", (t) => {
  let sample: MemorySample = { ...SAMPLE, media: undefined, pssBytes: undefined };
  const watch = new RuntimeWatch({ sample: () => sample, onPause: () => {} });
  watch.look();
  t.equal(watch.run.resident.samples, 0, "half a host is no baseline");
  const at = (hours: number, megabytes: number) => {
    const { media } = SAMPLE;
    const bytes = megabytes * 1e6;
    sample = { ...SAMPLE, media, timeMs: hours * 3.6e6, rssBytes: bytes, pssBytes: bytes / 2 };
    watch.look();
  };
  at(1, 200);
  at(2, 230);
  at(3, 220);
  t.match(watch.run.resident, { baselineBytes: 200e6, peakBytes: 230e6, endBytes: 220e6 });
  t.ok(Math.abs(watch.run.resident.growthBytesPerHour - 10e6) < 1);
  t.match(watch.run.proportional, { baselineBytes: 100e6, samples: 3 });
  t.end();
});
