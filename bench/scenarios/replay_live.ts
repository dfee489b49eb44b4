/**
 * What scrubbing costs who watches live: the time from captured to decoded picture of one viewer, in
 * turns with and without readers that go back and forth as people do who drag a timeline.
 */

import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import type { SeededRandom } from "../../tests/seeded.ts";
import { bestClockSample, type ClockSample, stageSamples } from "../measure/frame_statistics.ts";
import type { ReplayClient } from "../measure/replay_client.ts";
import type { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";

/** A person who drags asks for another second so often. */
const SCRUB_INTERVAL_MS = 200;
const SCRUB_US = 1_000_000;
/** What was begun in one phase must not count for the next. */
const SETTLE_MS = 1000;

/** Samples of both kinds of phases, in milliseconds. */
export interface LiveSamples {
  readonly alone: number[];
  readonly scrubbed: number[];
  /** Seconds of replay that readers took, in all. */
  readonly scrubs: number;
}

/** Runs `rounds` of two phases of `seconds` each. */
export async function measureLive(
  viewer: ViewerPage,
  clients: readonly ReplayClient[],
  { rounds, seconds, random, signal }: {
    rounds: number;
    seconds: number;
    random: SeededRandom;
    signal: AbortSignal;
  },
): Promise<LiveSamples> {
  const frames: Record<"alone" | "scrubbed", FrameRecord[]> = { alone: [], scrubbed: [] };
  const probes: ClockSample[] = [];
  let scrubs = 0;
  await viewer.startMeasurement();
  const phase = async (kind: "alone" | "scrubbed") => {
    await wait(SETTLE_MS, signal);
    probes.push(...(await viewer.takeMeasurements()).probes);
    await wait(seconds * 1000, signal);
    const report = await viewer.takeMeasurements();
    frames[kind].push(...report.frames);
    probes.push(...report.probes);
  };
  for (let round = 0; round < rounds; round++) {
    await phase("alone");
    const end = new AbortController();
    const readers = clients.map((client) => scrub(client, random, end.signal));
    try {
      await phase("scrubbed");
    } finally {
      end.abort();
      for (const count of await Promise.all(readers)) scrubs += count;
    }
  }
  const { offsetUs } = bestClockSample(probes);
  const samples = (list: FrameRecord[]) => stageSamples(list, offsetUs)["capture -> decoded"];
  return { alone: samples(frames.alone), scrubbed: samples(frames.scrubbed), scrubs };
}

/** Reads a second at a random place, again and again; gives how often. */
async function scrub(
  client: ReplayClient,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<number> {
  for (let count = 0;; count++) {
    if (signal.aborted) return count;
    const startMs = performance.now();
    const { span } = await client.report();
    if (span !== null) {
      const atUs = span.startUs + random.int(Math.max(1, span.endUs - span.startUs - SCRUB_US));
      await client.take({ atUs, toUs: atUs + SCRUB_US });
    }
    const restMs = SCRUB_INTERVAL_MS - (performance.now() - startMs);
    await wait(Math.max(0, restMs), signal).catch(() => {});
  }
}
