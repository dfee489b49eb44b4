/** Tests of web/producer/producer_metrics.ts. */

import t from "tap";
import { ProducerMetrics, scoreOf } from "../../../../web/producer/producer_metrics.ts";
import type { ProducerCounts } from "../../../../web/producer/producer_metrics.ts";

const ZERO: ProducerCounts = {
  ...{ framesWanted: 0, framesSent: 0, bytesSent: 0, skipped: 0, evicted: 0, adaptations: 0 },
  ...{ reused: 0, reusable: 0, targetFps: 30, processingUs: 4000 },
};

t.test("scoreOf weighs frame rate 50, drops 30 and reuse 20", (t) => {
  t.equal(scoreOf({ frameRateShare: 1, dropRate: 0, reuseRate: 1 }), 100);
  t.equal(scoreOf({ frameRateShare: 0, dropRate: 0, reuseRate: 1 }), 50);
  t.equal(scoreOf({ frameRateShare: 1, dropRate: 1, reuseRate: 1 }), 70);
  t.equal(scoreOf({ frameRateShare: 1, dropRate: 0, reuseRate: 0 }), 80);
  t.equal(scoreOf({ frameRateShare: 7, dropRate: -1, reuseRate: NaN }), 80, "bounded each");
  t.end();
});

t.test("ProducerMetrics reports rates of the last seconds", (t) => {
  const metrics = new ProducerMetrics();
  t.match(metrics.report(ZERO, 0), { fps: 0, dropRate: 0, reuseRate: 1, score: 50 });
  let report = metrics.report(ZERO, 0);
  for (let half = 1; half <= 20; half++) {
    report = metrics.report({
      ...ZERO,
      framesWanted: 15 * half,
      framesSent: 12 * half,
      bytesSent: 100_000 * half,
      skipped: 2 * half,
      evicted: half,
      ...{ reused: 1, reusable: 2 },
    }, half * 500_000);
  }
  t.equal(report.fps, 24);
  t.equal(report.bitrateBps, 1_600_000);
  t.equal(report.dropRate, 0.2);
  t.equal(report.reuseRate, 0.5);
  t.equal(report.score, Math.round(100 * (0.5 * 0.8 + 0.3 * 0.8 + 0.2 * 0.5)));
  t.end();
});

t.test("ProducerMetrics forgets what was before the window, and all at a restart", (t) => {
  const metrics = new ProducerMetrics();
  metrics.report(ZERO, 0);
  const later = { ...ZERO, framesWanted: 100, framesSent: 50, skipped: 50 };
  metrics.report(later, 500_000);
  t.equal(metrics.report(later, 500_000).dropRate, 0.5);
  metrics.report(later, 3_400_000);
  t.equal(metrics.report({ ...later, framesSent: 80 }, 4_400_000).dropRate, 0);
  metrics.restart();
  t.equal(metrics.report(later, 5_000_000).fps, 0);
  t.end();
});
