/**
 * soundStats: the figures of the sound that plays, out of the counters of its steps.
 */

import { SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import type { FrameWindow } from "./frame_window.ts";
import type { SyncError } from "./lip_sync.ts";
import type { SoundFeeder } from "./sound_feeder.ts";
import type { SoundSink, SoundStats } from "./sound_messages.ts";

/** The steps that count. */
export interface CountedSteps {
  readonly sink: SoundSink;
  readonly window: FrameWindow;
  readonly feeder: SoundFeeder;
  readonly format: { readonly channels: number };
}

/** What else is known. */
export interface MeasuredSound {
  readonly sync: SyncError | undefined;
  /** What delays of the steps are wrong by. */
  readonly clockErrorUs: number;
  readonly outputUs: number;
  readonly bitrateBps: number;
}

/** The figures now. */
export function soundStats(steps: CountedSteps, measured: MeasuredSound): SoundStats {
  const { sink, window, feeder, format } = steps;
  const { control, ring, stats } = feeder;
  return {
    delayMs: control.delayUs === undefined
      ? undefined
      : (control.delayUs + measured.clockErrorUs) / 1000,
    targetMs: (control.targetUs + measured.clockErrorUs) / 1000,
    depthMs: control.depthUs / 1000,
    spreadMs: control.spreadUs / 1000,
    outputMs: measured.outputUs / 1000,
    underruns: ring.underruns,
    missedMs: ring.missedFrames * 1000 / SOUND_SAMPLE_RATE,
    gaps: stats.gaps,
    concealedMs: stats.concealedUs / 1000,
    recovered: window.stats.recovered,
    missing: window.stats.missing,
    late: window.stats.late,
    jumps: control.stats.cuts + control.stats.heldBack,
    driftPpm: control.driftPpm,
    sync: measured.sync,
    bitrateBps: measured.bitrateBps,
    isShared: sink.memory !== undefined,
    channels: format.channels,
  };
}
