/**
 * publish: a page that publishes a camera at 720p30 and a page that watches it, both in real Chromium,
 * over minutes: whether the publishing page's memory grows, pauses that the host sees, the time from
 * capture to the viewer's decoder, and what each process costs. docs/BENCHMARKS.md says how.
 */

import { distributionOf } from "../measure/distribution.ts";
import type { Trend } from "../measure/trend.ts";
import { atMost, type Check } from "../report/report.ts";
import {
  choiceOption,
  type Scenario,
  type ScenarioOutcome,
  wholeNumberOption,
} from "../scenario.ts";
import { measurePublish, type PublishMeasurement } from "./publish_run.ts";

const MB = 1024 * 1024;
/** Pauses over 200 ms that the host may see. */
const GAPS_MAX = 0;
/** Milliseconds from capture to the viewer's decoder. */
const LATENCY_MS = { p50: 60, p99: 150 };
/** Share of the frames that a camera of 30 a second delivers which must arrive. */
const FRAMES_SHARE = 0.95;
const FPS = 30;

interface Options {
  minutes: number;
  transport: "quic" | "tcp";
}

/** A page that publishes, over time. */
export const publish: Scenario<Options> = {
  name: "publish",
  summary: "a page that publishes 720p30: its memory over time, pauses, latency, processor time",
  options: {
    minutes: wholeNumberOption("--minutes <n>", "length of the measurement", {
      ...{ min: 1, max: 240, fallback: 10 },
    }),
    transport: choiceOption("--transport <name>", "the way up", {
      choices: ["quic", "tcp"],
      fallback: "quic",
    }),
  },
  deadlineSeconds: ({ minutes }) => minutes * 60 + 180,
  comparable: ["transport"],
  async run(run) {
    const { minutes, transport } = run.options;
    const seconds = minutes * 60;
    run.log(`${minutes} min over ${transport}`);
    return outcomeOf(await measurePublish({ seconds, transport }, run.signal), seconds);
  },
};

function outcomeOf(measured: PublishMeasurement, seconds: number): ScenarioOutcome {
  const { heapTrend, processTrend, gaps, gapUsMax, frames, latencyMs, cpu, page } = measured;
  const latency = distributionOf(latencyMs, "ms");
  const expected = FPS * seconds;
  const checks: Check[] = [
    // What the lower end of the interval leaves of a growth: 0 when it may be none.
    atMost("growth of the page's process that is sure, MB/h", sureGrowth(processTrend), 0),
    atMost("growth of the page's heaps that is sure, MB/h", sureGrowth(heapTrend), 0),
    atMost("pauses over 200 ms that the host saw", gaps, GAPS_MAX),
    atMost("capture -> viewer decoded p50, ms", latency.p50, LATENCY_MS.p50),
    atMost("capture -> viewer decoded p99, ms", latency.p99, LATENCY_MS.p99),
    atMost("frames missing, %", 100 * (1 - frames / expected), 100 * (1 - FRAMES_SHARE)),
  ];
  const percent = (value: number) => ({ value: Math.round(value * 10) / 10, unit: "% of a core" });
  return {
    results: {
      distributions: { "capture -> viewer decoded": latency },
      values: {
        "longest pause": { value: Math.round(gapUsMax / 1000), unit: "ms" },
        "frames a second": { value: Math.round(10 * frames / seconds) / 10, unit: "fps" },
        "score": { value: page.score, unit: "of 100" },
        "frames skipped before the encoder": { value: page.skipped, unit: "frames" },
        "chunks evicted from the ring": { value: page.evicted, unit: "chunks" },
        "adaptations": { value: page.adaptations, unit: "steps" },
        "processing": { value: Math.round(page.processingUs) / 1000, unit: "ms" },
        ...Object.fromEntries(
          Object.entries(cpu).map(([part, share]) => [`cpu ${part}`, percent(share)]),
        ),
      },
      tables: [{
        title: "Memory of the publishing page",
        columns: ["what", "MB", "slope MB/h", "+- (95 %)", "verdict"],
        rows: [
          ["renderer process, own memory", ...trendCells(processTrend)],
          ["JavaScript of page and worker, after collection", ...trendCells(heapTrend)],
        ],
      }],
      notes: [
        "The camera is Chromium's fake one at 30 frames a second, its microphone beeps",
        "Capture is when the page had the frame; the host's clock joins both pages",
        "A run too short to tell has a wide interval, which counts as no growth",
      ],
    },
    checks,
  };
}

function trendCells({ level, slope, margin }: Trend): (string | number)[] {
  const fixed = (bytes: number) => Number.isFinite(bytes) ? (bytes / MB).toFixed(1) : "unknown";
  const isSure = Math.abs(slope) > margin;
  const unsure = Number.isFinite(margin) ? "not distinguishable from 0" : "too short to tell";
  const verdict = !isSure ? unsure : slope > 0 ? "grows" : "shrinks";
  return [fixed(level), fixed(slope), fixed(margin), verdict];
}

function sureGrowth({ slope, margin }: Trend): number {
  return Math.max(0, Math.round((slope - margin) / MB * 10) / 10) || 0;
}
