/**
 * audio: the host's sound from capture to what the browser's audio thread hands to the device, found
 * in the content: the test tone tells its own time (ffi/native/audio/tone.c). First on loopback, then
 * through the fault relay with 2 % loss and 20 ms of jitter. docs/BENCHMARKS.md says how.
 */

import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { atMost, type Check, type FigureTable } from "../report/report.ts";
import {
  choiceOption,
  fpsOption,
  type Scenario,
  type ScenarioOutcome,
  sizeOption,
  wholeNumberOption,
} from "../scenario.ts";
import { type AudioFigures, audioFigures } from "./audio_figures.ts";
import { AUDIO_PATHS, type AudioPath, measureAudio } from "./audio_run.ts";

/** Milliseconds from capture to the audio thread's output, on loopback. */
const LATENCY_MS = { p50: 40, p99: 60 };
/** Times that the device found nothing to play, in up to ten minutes. */
const UNDERRUNS: Readonly<Record<AudioPath, number>> = { loopback: 0, lossy: 2 };
/** Milliseconds that 95 % of pictures are at most apart from their sound, on loopback. */
const SYNC_MS_P95 = 20;

interface Options {
  minutes: number;
  frame: "5" | "10";
  size: string;
  fps: number;
  path: "both" | AudioPath;
}

/** Sound, from capture to the device. */
export const audio: Scenario<Options> = {
  name: "audio",
  summary: "sound: latency from capture to the device, underruns, lip-sync, by the tone's own time",
  options: {
    minutes: wholeNumberOption("--minutes <n>", "length of each measurement", {
      min: 1,
      max: 120,
      fallback: 2,
    }),
    frame: choiceOption("--frame <ms>", "milliseconds of sound in a packet", {
      choices: ["5", "10"],
      fallback: "5",
    }),
    size: sizeOption({ width: 1280, height: 720 }),
    fps: fpsOption(),
    path: choiceOption("--path <name>", "which paths", {
      choices: ["both", ...AUDIO_PATHS],
      fallback: "both",
    }),
  },
  deadlineSeconds: ({ minutes }) => 2 * (minutes * 60 + 90),
  comparable: ["frame", "size", "fps"],
  async run(run) {
    const { path, minutes, size, fps, frame } = run.options;
    const paths = AUDIO_PATHS.filter((name) => path === "both" || path === name);
    const measured: [AudioPath, AudioFigures][] = [];
    for (const name of paths) {
      run.log(`${name}: ${minutes} min`);
      const setting = { seconds: minutes * 60, size, fps, frameMs: Number(frame), seed: run.seed };
      measured.push([name, audioFigures(await measureAudio(name, setting, run.signal))]);
    }
    return outcomeOf(measured);
  },
};

function outcomeOf(measured: readonly (readonly [AudioPath, AudioFigures])[]): ScenarioOutcome {
  const distributions: Record<string, Distribution> = {};
  const checks: Check[] = [];
  for (const [name, figures] of measured) {
    const { latencyMs, syncMs, syncSizeMs } = figures;
    const latency = distributionOf(latencyMs, "ms");
    const sync = distributionOf(syncSizeMs, "ms");
    distributions[`${name}: capture -> worklet output`] = latency;
    distributions[`${name}: sound after picture`] = distributionOf(syncMs, "ms");
    distributions[`${name}: apart from picture`] = sync;
    distributions[`${name}: buffer depth`] = distributionOf(figures.depthMs, "ms");
    if (name === "loopback") {
      checks.push(
        atMost("loopback: capture -> worklet output p50, ms", latency.p50, LATENCY_MS.p50),
        atMost("loopback: capture -> worklet output p99, ms", latency.p99, LATENCY_MS.p99),
        atMost("loopback: lip-sync error p95, ms", sync.p95, SYNC_MS_P95),
      );
    }
    checks.push(atMost(`${name}: underruns`, figures.counts.underruns, UNDERRUNS[name]));
  }
  return {
    results: { distributions, values: {}, tables: [tableOf(measured)], notes: NOTES },
    checks,
  };
}

function tableOf(measured: readonly (readonly [AudioPath, AudioFigures])[]): FigureTable {
  const columns = Object.keys(measured[0]?.[1].counts ?? {});
  return {
    title: "Counts",
    columns: ["path", ...columns],
    rows: measured.map(([name, { counts }]) => {
      return [name, ...Object.values(counts).map((value) => Math.round(value * 10) / 10)];
    }),
  };
}

const NOTES = [
  "Times are of the tone's own phase and gaps in what the audio thread handed over, each 10 ms",
  "The device is headless Chromium's, which takes 128 frames at once by a timer",
  "Sound after picture: to the ear, by the browser's output latency, against 1.5 display intervals " +
  "after the picture was drawn",
];
