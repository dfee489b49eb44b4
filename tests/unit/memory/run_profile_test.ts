import fc from "fast-check";
import t from "tap";
import { RunProfile, runText } from "../../../src/memory/run_profile.ts";

const HOUR_MS = 3_600_000;

t.test("RunProfile knows baseline, peak, end and slope", (t) => {
  const profile = new RunProfile();
  for (const [hours, megabytes] of [[0, 100], [1, 104], [2, 102], [3, 106]] as const) {
    profile.push({ timeMs: 5000 + hours * HOUR_MS, bytes: megabytes * 1e6 });
  }
  const figures = profile.figures;
  t.match(figures, { samples: 4, baselineBytes: 100e6, peakBytes: 106e6, endBytes: 106e6 });
  t.equal(Math.round(figures.growthBytesPerHour), 1_600_000);
  t.equal(
    runText("resident", figures),
    "resident memory over 10800 s: baseline 100.0 MB, peak 106.0 MB, end 106.0 MB, " +
      "slope 1.6 MB an hour (4 samples)",
  );
  t.end();
});

t.test("RunProfile finds the slope of any line, at any time of the clock", (t) => {
  const line = fc.record({
    startMs: fc.integer({ min: 0, max: 2e12 }),
    slope: fc.integer({ min: -50, max: 50 }),
    count: fc.integer({ min: 2, max: 300 }),
  });
  t.doesNotThrow(() =>
    fc.assert(fc.property(line, ({ startMs, slope, count }) => {
      const profile = new RunProfile();
      for (let i = 0; i < count; i++) {
        profile.push({ timeMs: startMs + i * 60_000, bytes: 2e8 + i * slope * 1e6 / 60 });
      }
      return Math.abs(profile.figures.growthBytesPerHour - slope * 1e6) < 1;
    }))
  );
  t.end();
});

t.test("RunProfile claims no slope where there is none", (t) => {
  const profile = new RunProfile();
  t.match(profile.figures, { samples: 0, growthBytesPerHour: 0 });
  profile.push({ timeMs: 7, bytes: 1e6 });
  t.match(profile.figures, { samples: 1, growthBytesPerHour: 0, endBytes: 1e6 });
  profile.push({ timeMs: 30_000, bytes: 2e6 });
  t.match(runText("resident", profile.figures), /too short for a slope/);
  t.end();
});
