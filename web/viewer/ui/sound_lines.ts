/**
 * Sound lines: the figures of sound as a section of the statistics. Text only; stats_overlay.ts shows
 * it. Which lines there are never changes.
 */

import type { SoundStats } from "../sound/sound_messages.ts";
import type { StatsSection } from "./stats_lines.ts";

const UNKNOWN = "-";
/** Sound and picture that are further apart than this are noticed. */
const SYNC_MS_MAX = 45;

/** The section; `stats` is undefined while no sound plays, and `reason` says why. */
export function soundSection(stats: SoundStats | undefined, reason: string): StatsSection {
  return {
    title: "Sound",
    lines: [
      ["Sound stream", stats === undefined ? reason : streamText(stats)],
      ["Capture to device/to ear", stats === undefined ? UNKNOWN : delayText(stats)],
      ["Buffer depth/arrival spread", stats === undefined ? UNKNOWN : depthText(stats)],
      [
        "Underruns/concealed",
        stats === undefined
          ? UNKNOWN
          : `${stats.underruns}/${stats.gaps} (${
            (stats.missedMs + stats.concealedMs).toFixed(0)
          } ms)`,
      ],
      [
        "Frames recovered/lost/late",
        stats === undefined ? UNKNOWN : `${stats.recovered}/${stats.missing}/${stats.late}`,
      ],
      ["Clock drift", stats === undefined ? UNKNOWN : `${stats.driftPpm.toFixed(0)} ppm`],
      ["Sound after picture", syncText(stats), isApart(stats) ? "poor" : "plain"],
    ],
  };
}

function streamText({ channels, bitrateBps, isShared }: SoundStats): string {
  const way = isShared ? "" : ", by messages";
  return `Opus, ${channelText(channels)}, ${(bitrateBps / 1000).toFixed(0)} kbit/s${way}`;
}

function channelText(channels: number): string {
  if (channels === 1) return "mono";
  if (channels === 2) return "stereo";
  if (channels === 6) return "5.1";
  return channels === 8 ? "7.1" : `${channels} channels`;
}

function delayText({ delayMs, outputMs }: SoundStats): string {
  if (delayMs === undefined) return UNKNOWN;
  return `${delayMs.toFixed(1)}/${(delayMs + outputMs).toFixed(1)} ms`;
}

function depthText({ depthMs, spreadMs }: SoundStats): string {
  return `${depthMs.toFixed(1)}/${spreadMs.toFixed(1)} ms`;
}

function syncText(stats: SoundStats | undefined): string {
  if (stats?.sync === undefined) return UNKNOWN;
  const { medianUs, p95Us } = stats.sync;
  return `${(medianUs / 1000).toFixed(1)} ms (95%: ${(p95Us / 1000).toFixed(1)} ms)`;
}

function isApart(stats: SoundStats | undefined): boolean {
  return stats?.sync !== undefined && Math.abs(stats.sync.medianUs) > SYNC_MS_MAX * 1000;
}
