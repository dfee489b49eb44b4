/**
 * Stats lines: a snapshot of figures as the lines of the overlay: Moonlight's in Moonlight's order and
 * words, then ours. Text only; stats_overlay.ts shows it.
 */

import type { StatsSnapshot } from "../receive/stats_collector.ts";

/** One line: what and how much. */
export type StatsLine = readonly [label: string, value: string];

/** The lines for a snapshot. */
export function statsLines(stats: StatsSnapshot): readonly StatsLine[] {
  const { width, height, streamFps, codec } = stats;
  return [
    ["Video stream", `${width}x${height} ${decimal(streamFps, 0)} FPS (${codecName(codec)})`],
    ["Incoming frame rate from network", `${decimal(stats.receivedFps, 2)} FPS`],
    ["Decoding frame rate", `${decimal(stats.decodedFps, 2)} FPS`],
    ["Rendering frame rate", `${decimal(stats.renderedFps, 2)} FPS`],
    [
      "Host processing latency min/max/average",
      stats.hostMsMean === undefined
        ? "-"
        : `${decimal(stats.hostMsMin, 1)}/${decimal(stats.hostMsMax, 1)}/${
          decimal(stats.hostMsMean, 1)
        } ms`,
    ],
    ["Frames dropped by your network connection", percent(stats.networkDropShare)],
    ["Frames dropped due to network jitter", percent(stats.jitterDropShare)],
    [
      "Average network latency",
      stats.rttMs === undefined
        ? "-"
        : `${decimal(stats.rttMs, 1)} ms (variance: ${decimal(stats.rttMsDeviation, 1)} ms)`,
    ],
    ["Average decoding time", milliseconds(stats.decodeMsMean)],
    ["Average frame queue delay", milliseconds(stats.queueMsMean)],
    ["Average rendering time", milliseconds(stats.renderMsMean)],
    ["Capture to screen average/max", latency(stats)],
    ["Video bitrate", `${decimal(stats.bitrateBps / 1e6, 2)} Mbit/s`],
    ["Encoder", stats.encoder],
    ["Transport", stats.transport],
    ["Renderer", stats.renderer],
  ];
}

/** The number of Moonlight's lines; ours follow after a gap. */
export const MOONLIGHT_LINES = 11;

function latency(stats: StatsSnapshot): string {
  if (stats.captureToShownMsMean === undefined) return "-";
  return `${decimal(stats.captureToShownMsMean, 1)}/${decimal(stats.captureToShownMsMax, 1)} ms`;
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "-" : `${value.toFixed(2)} ms`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

function codecName(codec: string): string {
  if (codec.startsWith("avc1")) return "H.264";
  if (codec.startsWith("hvc1") || codec.startsWith("hev1")) return "HEVC";
  if (codec.startsWith("av01")) return "AV1";
  return codec;
}
