/**
 * Stats lines: a snapshot of figures as the sections of the overlay. The first has Moonlight's lines in
 * Moonlight's order and words; then ours. Text only; stats_overlay.ts shows it.
 */

import type { StatsSnapshot } from "../receive/stats_snapshot.ts";
import { hitchText } from "./hitch_text.ts";
import { connectionWords, LAYER_WORDS, RUNG_WORDS } from "./path_words.ts";

/** How a line is shown: the text says the same, so that no colour has to. */
export type LineStyle = "plain" | "poor" | "long";

/** One line: what and how much. */
export type StatsLine = readonly [label: string, value: string, style?: LineStyle];

/** Lines that belong together. */
export interface StatsSection {
  readonly title: string;
  readonly lines: readonly StatsLine[];
}

/** The number of Moonlight's lines, at the start of the first section. */
export const MOONLIGHT_LINES = 11;
const UNKNOWN = "-";

/** The sections for a snapshot; which lines there are never changes. */
export function statsSections(stats: StatsSnapshot): readonly StatsSection[] {
  return [
    { title: "Picture", lines: pictureLines(stats) },
    { title: "Network", lines: networkLines(stats) },
    { title: "Repair", lines: repairLines(stats) },
    { title: "Host", lines: hostLines(stats) },
  ];
}

function pictureLines(stats: StatsSnapshot): readonly StatsLine[] {
  const { width, height, streamFps, codec } = stats;
  return [
    ["Video stream", `${width}x${height} ${decimal(streamFps, 0)} FPS (${codecName(codec)})`],
    ["Incoming frame rate from network", `${decimal(stats.receivedFps, 2)} FPS`],
    ["Decoding frame rate", `${decimal(stats.decodedFps, 2)} FPS`],
    ["Rendering frame rate", `${decimal(stats.renderedFps, 2)} FPS`],
    [
      "Host processing latency min/max/average",
      stats.hostMsMean === undefined
        ? UNKNOWN
        : `${decimal(stats.hostMsMin, 1)}/${decimal(stats.hostMsMax, 1)}/${
          decimal(stats.hostMsMean, 1)
        } ms`,
    ],
    ["Frames dropped by your network connection", percent(stats.networkDropShare)],
    ["Frames dropped due to network jitter", percent(stats.jitterDropShare)],
    [
      "Average network latency",
      stats.rttMs === undefined
        ? UNKNOWN
        : `${decimal(stats.rttMs, 1)} ms (variance: ${decimal(stats.rttMsDeviation, 1)} ms)`,
    ],
    ["Average decoding time", milliseconds(stats.decodeMsMean)],
    ["Average frame queue delay", milliseconds(stats.queueMsMean)],
    ["Average rendering time", milliseconds(stats.renderMsMean)],
    ["Capture to screen average/max", latency(stats)],
    ["Decode queue", plural(stats.decodeQueue, "frame")],
    ["Renderer", stats.renderer],
    ["Hitches in the last minute", String(stats.hitchesLastMinute)],
    ["Last hitch", hitchText(stats.hitch, stats.hitchAgeMs), "long"],
  ];
}

function networkLines(stats: StatsSnapshot): readonly StatsLine[] {
  const { path } = stats;
  const words = path === undefined ? undefined : connectionWords(path, stats.lossAfter);
  return [
    ["Connection", words?.text ?? UNKNOWN, words?.isGood === false ? "poor" : "plain"],
    [
      "Bitrate target/sent/video",
      `${megabits(path?.targetBps)}/${megabits(path?.sentBps)}/${
        megabits(stats.bitrateBps)
      } Mbit/s`,
    ],
    [
      "Round trip/queue delay",
      path === undefined
        ? UNKNOWN
        : `${decimal(path.rttUs / 1000, 1)}/${decimal(path.queueDelayUs / 1000, 1)} ms`,
    ],
    ["Loss before/after repair", `${percent(stats.lossBefore)}/${percent(stats.lossAfter)}`],
    ["Loss burst length", path === undefined ? UNKNOWN : burst(path.loss, path.burstLength)],
    ["Rate cuts", count(path?.rateCuts)],
    ["Transport", stats.transport],
  ];
}

function repairLines(stats: StatsSnapshot): readonly StatsLine[] {
  const { path } = stats;
  return [
    ["Recovered", recovered(stats)],
    ["Redundancy", path === undefined ? UNKNOWN : `${decimal(path.redundancy * 100, 1)}%`],
    ["Repair in use", path === undefined ? UNKNOWN : RUNG_WORDS[path.rung]],
    [
      "On request/references/keyframes",
      path === undefined
        ? UNKNOWN
        : `${path.reactiveRepairs}/${path.referenceRepairs}/${path.keyframes}`,
    ],
  ];
}

function hostLines(stats: StatsSnapshot): readonly StatsLine[] {
  const { path } = stats;
  const asked = path === undefined
    ? UNKNOWN
    : `${path.fps} FPS, ${
      path.scale === 1 ? "full size" : `${decimal(path.scale * 100, 0)}% size`
    }`;
  const isFull = path === undefined || (path.layers === "all" && path.scale === 1);
  return [
    ["Encoder", stats.encoder],
    ["Encoder set to", asked, isFull ? "plain" : "poor"],
    ["Sent to you", path === undefined ? UNKNOWN : LAYER_WORDS[path.layers]],
  ];
}

function recovered(stats: StatsSnapshot): string {
  const rate = `${decimal(stats.recoveredPerSecond, 1)} packets/s`;
  if (stats.recoveredShare === undefined) return `${rate} (none lost)`;
  return `${rate} (${decimal(stats.recoveredShare * 100, 0)}% of lost)`;
}

function megabits(bps: number | undefined): string {
  return decimal(bps === undefined ? undefined : bps / 1e6, 2);
}

function burst(loss: number, length: number): string {
  return loss === 0 ? UNKNOWN : `${decimal(length, 1)} packets`;
}

function count(value: number | undefined): string {
  return value === undefined ? UNKNOWN : String(value);
}

function plural(value: number, what: string): string {
  return value === 1 ? `1 ${what}` : `${value} ${what}s`;
}

function latency(stats: StatsSnapshot): string {
  if (stats.captureToShownMsMean === undefined) return UNKNOWN;
  return `${decimal(stats.captureToShownMsMean, 1)}/${decimal(stats.captureToShownMsMax, 1)} ms`;
}

function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? UNKNOWN : value.toFixed(digits);
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? UNKNOWN : `${value.toFixed(2)} ms`;
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
