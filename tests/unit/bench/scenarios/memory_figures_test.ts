/** memory_figures: what looks at a host come to, and what a trend is called. */

import t from "tap";
import {
  courseOf,
  courseTable,
  furtherViewerBytes,
  MEMORY_FIGURES,
  scaleChanges,
  verdictOf,
} from "../../../../bench/scenarios/memory_figures.ts";
import { memoryCsv } from "../../../../bench/scenarios/memory_csv.ts";
import { seededRandom } from "../../../seeded.ts";
import { lookOf, looksOf, readingOf } from "./memory_looks.ts";

const ONCE = MEMORY_FIGURES[0]!;
const MB = 1e6;
/** Some bytes of noise that is the same in each run. */
const random = seededRandom("memory figures");
const noise = () => random.int(100_000);

/** A host of 80 MB, 120 with two viewers, that grows by `growth` bytes a look. */
function hostLooks(growth: number) {
  return looksOf([
    ["idle", 10, () => 80 * MB + noise()],
    ["viewer 1", 5, () => 115 * MB],
    ["viewer 2", 5, (at) => at === 0 ? 130 * MB : 119 * MB],
    ["warm-up", 20, () => 120 * MB],
    ["measured", 300, (at) => 120 * MB + growth * at + noise()],
    ["further 1", 6, () => 123 * MB],
    ["further 2", 6, () => 126 * MB],
    ["after", 12, (at) => at < 4 ? 126 * MB : 82 * MB],
  ]);
}

t.test("courseOf takes each phase at its end and the peak while somebody watched", (t) => {
  const course = courseOf(hostLooks(0), ONCE);
  t.ok(Math.abs(course.baseline! / MB - 80) < 0.1);
  t.equal(course.peak, 130 * MB, "of any moment with the viewers of the run, and no others");
  t.ok(Math.abs(course.end! / MB - 120) < 0.1);
  t.equal(course.after, 82 * MB);
  t.equal(verdictOf(course.trend), "not distinguishable from 0");
  t.end();
});

t.test("courseOf tells growth from noise, and where it cannot tell", (t) => {
  const course = courseOf(hostLooks(10_000), ONCE);
  const { trend } = course;
  t.ok(Math.abs(trend.slope / MB - 18) <= trend.margin / MB + 0.1, "1,800 looks an hour");
  t.equal(verdictOf(trend), "grows");
  t.equal(verdictOf(courseOf(hostLooks(-10_000), ONCE).trend), "shrinks");
  const few = courseOf(looksOf([["measured", 4, noise]]), ONCE);
  t.equal(verdictOf(few.trend), "too short to tell");
  t.same([few.baseline, few.after], [undefined, undefined]);
  const { rows } = courseTable([course, few]);
  t.same([rows[0]![0], rows[0]![2]], ["both, pages once", "130.0"]);
  t.same([rows[1]![1], rows[1]![6], rows[1]![8]], ["-", "-", "too short to tell"]);
  t.end();
});

t.test("furtherViewerBytes is the growth of one, and unknown when none came", (t) => {
  const bytes = furtherViewerBytes(hostLooks(0), ONCE)!;
  t.ok(Math.abs(bytes / MB - 3) < 0.1, `${bytes}`);
  t.equal(furtherViewerBytes(looksOf([["measured", 20, () => MB]]), ONCE), undefined);
  t.end();
});

t.test("scaleChanges counts other sizes within the span only", (t) => {
  const at = (seconds: number, phase: string, scale: number) => ({
    ...lookOf(seconds, phase, 1),
    metrics: readingOf({ wavry_encoder_scale_ratio: scale }),
  });
  const looks = [at(1, "warm-up", 0.5), at(2, "measured", 1), lookOf(3, "measured", 1)];
  t.equal(scaleChanges(looks), 0);
  t.equal(scaleChanges([...looks, at(4, "measured", 0.75), at(5, "measured", 1)]), 2);
  t.end();
});

t.test("figures of the host itself come from the looks that asked it", (t) => {
  const metrics = readingOf({
    "wavry_heap_used_bytes:server": 5,
    "wavry_heap_used_bytes:media": 7,
    "wavry_owner_bytes:fec": 1,
    "wavry_owner_bytes:packet": 2,
  });
  const read = (name: string) =>
    MEMORY_FIGURES.find((figure) => figure.name === name)!.read({
      ...lookOf(1, "idle", 9),
      metrics,
    });
  t.same([read("server, heap"), read("media, heap"), read("all owners")], [5, 7, 3]);
  t.equal(read("native library"), undefined);
  t.equal(MEMORY_FIGURES.at(-1)!.read(lookOf(1, "idle", 9)), undefined);
  t.end();
});

t.test("memoryCsv has a row for each look, with cells for what was seen", (t) => {
  const metrics = readingOf({ "wavry_owner_bytes:fec": 722, "wavry_frames_total": 60 });
  const csv = memoryCsv([{ ...lookOf(2, "idle", 100), metrics }, lookOf(4, "measured", 200)]);
  const [head, first, second, end] = csv.split("\r\n").map((line) => line.split(","));
  t.same([first!.length, second!.length], [head!.length, head!.length]);
  const cell = (row: string[] | undefined, name: string) => row![head!.indexOf(name)];
  t.same(
    ["seconds", "phase", "once_bytes", "rss_bytes", "fec_bytes", "frames"].map((name) =>
      cell(first, name)
    ),
    ["2.000", "idle", "100", "200", "722", "60"],
  );
  t.same([cell(second, "pss_bytes"), cell(second, "fec_bytes")], ["200", ""]);
  t.same(end, [""]);
  t.end();
});
