/**
 * Figure texts: numbers as the dashboard writes them: three digits or so, a unit, and a dash where
 * nothing is known.
 */

import { showBytes } from "../../src/core/byte_size.ts";

/** What stands for a figure that is not known. */
export const UNKNOWN = "–";

/** Bytes; above 100 of a unit without a decimal. */
export function bytesText(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return UNKNOWN;
  return showBytes(Math.round(bytes)).replace(/\d{3,}\.\d/, (text) => Number(text).toFixed(0));
}

/** Bits a second. */
export function rateText(bps: number | null | undefined): string {
  if (bps === null || bps === undefined) return UNKNOWN;
  if (bps >= 999_500) return `${digits(bps / 1e6)} Mbit/s`;
  return `${digits(bps / 1000)} kbit/s`;
}

/** A time that was measured. */
export function timeText(us: number | null | undefined): string {
  if (us === null || us === undefined) return UNKNOWN;
  return `${digits(us / 1000)} ms`;
}

/** A share in percent. */
export function shareText(share: number | null | undefined): string {
  if (share === null || share === undefined) return UNKNOWN;
  return `${digits(share * 100)} %`;
}

/** A number with as many decimals as make three digits. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size < 0.005) return "0";
  if (size >= 99.95) return value.toFixed(0);
  return value.toFixed(size >= 9.995 ? 1 : 2);
}

/** How long something has run, in its two largest units. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/** The time of day of a moment, to the second. */
export function clockText(timeMs: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const time = new Date(timeMs);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** A count with its noun, such as `1 viewer` or `2 viewers`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
