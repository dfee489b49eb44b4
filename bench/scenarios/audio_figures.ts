/**
 * Audio figures: from the moments of the tone and the pictures of a run to latencies, lip-sync errors
 * and counts. No I/O.
 */

import { SEEN_AFTER_US } from "../../web/viewer/sound/lip_sync.ts";
import type { AudioMeasurement } from "./audio_run.ts";

/** The tone's time repeats each second. */
const SECOND_US = 1_000_000;
/** The audio thread's clock counts whole milliseconds: half of one is lost on average. */
const WALL_GRAIN_US = 500;
/** A picture is compared with sound that was played within this time of it. */
const NEAR_US = 100_000;

/** Figures of one path; times in milliseconds. */
export interface AudioFigures {
  readonly latencyMs: number[];
  /** Late sound counts positive. */
  readonly syncMs: number[];
  readonly syncSizeMs: number[];
  readonly depthMs: number[];
  readonly counts: Readonly<
    Record<
      | "underruns"
      | "missed ms"
      | "gaps"
      | "concealed ms"
      | "frames recovered"
      | "frames lost"
      | "frames late"
      | "jumps"
      | "kbit/s"
      | "output ms"
      | "drift ppm"
      | "moments"
      | "clock error us",
      number
    >
  >;
}

interface Moment {
  readonly pageUs: number;
  readonly latencyUs: number;
}

/** Works the figures out. */
export function audioFigures(measured: AudioMeasurement): AudioFigures {
  const moments = momentsOf(measured);
  const syncMs = syncErrors(measured, moments);
  return {
    latencyMs: moments.map(({ latencyUs }) => latencyUs / 1000),
    syncMs,
    syncSizeMs: syncMs.map(Math.abs),
    depthMs: measured.seconds.map(({ stats }) => stats.depthMs),
    counts: countsOf(measured, moments.length),
  };
}

function momentsOf({ tone, wallOffsetUs, clock }: AudioMeasurement): Moment[] {
  return tone.map(({ toneUs, wallUs }) => {
    const pageUs = wallUs + WALL_GRAIN_US + wallOffsetUs;
    const hostUs = pageUs + clock.offsetUs;
    const latencyUs = (((hostUs - toneUs) % SECOND_US) + SECOND_US) % SECOND_US;
    return { pageUs, latencyUs };
  });
}

/** For each picture that was drawn: when the sound of its time was heard, less when it was seen. */
function syncErrors(
  { frames, clock, seconds }: AudioMeasurement,
  moments: readonly Moment[],
): number[] {
  const outputs = seconds.map(({ outputUs }) => outputUs).sort((a, b) => a - b);
  const outputUs = outputs[outputs.length >> 1] ?? 0;
  const errors: number[] = [];
  let at = 0;
  const drawn = frames.filter(({ outcome }) => outcome === "presented")
    .toSorted((a, b) => a.presentedUs - b.presentedUs);
  for (const { captureTimeUs, presentedUs } of drawn) {
    while (at + 1 < moments.length && moments[at + 1]!.pageUs <= presentedUs) at++;
    const moment = moments[at];
    if (moment === undefined || Math.abs(moment.pageUs - presentedUs) > NEAR_US) continue;
    const seenUs = presentedUs + SEEN_AFTER_US + clock.offsetUs - captureTimeUs;
    errors.push((moment.latencyUs + outputUs - seenUs) / 1000);
  }
  return errors;
}

function countsOf(
  { before, seconds, clock }: AudioMeasurement,
  moments: number,
): AudioFigures["counts"] {
  const last = seconds.at(-1)?.stats ?? before;
  const mean = (read: (second: AudioMeasurement["seconds"][number]) => number) =>
    seconds.reduce((sum, second) => sum + read(second), 0) / Math.max(1, seconds.length);
  return {
    "underruns": last.underruns - before.underruns,
    "missed ms": last.missedMs - before.missedMs,
    "gaps": last.gaps - before.gaps,
    "concealed ms": last.concealedMs - before.concealedMs,
    "frames recovered": last.recovered - before.recovered,
    "frames lost": last.missing - before.missing,
    "frames late": last.late - before.late,
    "jumps": last.jumps - before.jumps,
    "kbit/s": mean(({ stats }) => stats.bitrateBps) / 1000,
    "output ms": mean(({ outputUs }) => outputUs) / 1000,
    "drift ppm": last.driftPpm,
    "moments": moments,
    "clock error us": clock.rttUs / 2,
  };
}
