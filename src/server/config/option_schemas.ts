/**
 * Option schemas: how the values of options are read: from the text of a flag or variable, or from the
 * value of a file. Each refuses with words that say what was expected.
 */

import * as z from "zod";

/** Longest text of an option. */
export const MAX_TEXT = 1024;
/** One hour in milliseconds. */
export const HOUR_MS = 3_600_000;

const MAX_LIST = 32;
const MAX_SIDE = 8192;
const MIN_SIDE = 64;

/** A width and height in pixels; both are even, as 4:2:0 pictures need. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** A length of time; people write `500ms`, `30s`, `5m`, `24h`, `7d` or `0`. */
export interface Duration {
  readonly ms: number;
}

/** Text of at most `MAX_TEXT` characters. */
export function text(): z.ZodString {
  return z.string("expected text").max(MAX_TEXT);
}

/** A number of a file, or digits of a flag or variable. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  const message = `expected a whole number from ${min} to ${max}`;
  const digits = z.string().regex(/^\d{1,9}$/, message).transform(Number);
  return z.union([z.number(), digits], message).pipe(
    z.number(message).int(message).min(min, message).max(max, message),
  );
}

/** A switch: a flag without a value, `true` or `false` elsewhere. */
export function onOff(): z.ZodType<boolean> {
  const word = z.enum(["true", "false"], "expected true or false").transform((text) => {
    return text === "true";
  });
  return z.union([z.boolean(), word], "expected true or false");
}

/** A number of bytes; people write `512MB`, `1.5GB`, `2GiB` or `0`. */
export interface ByteSize {
  readonly bytes: number;
}

const BYTE_UNITS = { kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** A number of bytes: 0, or at least `minBytes`. */
export function byteSize(minBytes: number): z.ZodType<ByteSize> {
  const message = `expected 0 or at least ${
    showByteSize({ bytes: minBytes })
  }, such as 512MB or 2GB`;
  return z.string(message).regex(/^(0|\d{1,9}(\.\d{1,3})?(kB|[MG]B|[KMG]iB))$/, message)
    .transform((text) => {
      const unit = text.replace(/^[\d.]+/, "") as keyof typeof BYTE_UNITS | "";
      return { bytes: Math.round(parseFloat(text) * (unit === "" ? 0 : BYTE_UNITS[unit])) };
    })
    .pipe(z.object({
      bytes: z.number().max(Number.MAX_SAFE_INTEGER, message).refine((bytes) => {
        return bytes === 0 || bytes >= minBytes;
      }, message),
    }));
}

/** A number of bytes as people write it. */
export function showByteSize({ bytes }: ByteSize): string {
  for (const unit of ["GB", "MB", "kB"] as const) {
    const whole = bytes / BYTE_UNITS[unit];
    if (Number.isInteger(whole) && whole > 0) return `${whole}${unit}`;
  }
  return String(bytes);
}

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

/** A length of time within bounds. */
export function duration(minMs: number, maxMs: number): z.ZodType<Duration> {
  const message = `expected a duration from ${showDuration({ ms: minMs })} to ` +
    `${showDuration({ ms: maxMs })}, such as 30s, 5m or 24h`;
  return z.string(message).regex(/^(0|\d{1,9}(\.\d{1,3})?(ms|s|m|h|d))$/, message)
    .transform((text) => {
      const unit = text.replace(/^[\d.]+/, "") as keyof typeof DURATION_UNITS | "";
      return { ms: Math.round(parseFloat(text) * (unit === "" ? 0 : DURATION_UNITS[unit])) };
    })
    .pipe(z.object({ ms: z.number().min(minMs, message).max(maxMs, message) }));
}

/** A length of time as people write it, in the largest unit that needs no fraction. */
export function showDuration({ ms }: Duration): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    const whole = ms / DURATION_UNITS[unit];
    if (Number.isInteger(whole) && whole > 0) return `${whole}${unit}`;
  }
  return ms === 0 ? "0" : `${ms}ms`;
}

/** A size in pixels; only its form is free. */
export function pictureSize(): z.ZodType<PictureSize> {
  const message = `expected WxH with even sides from ${MIN_SIDE} to ${MAX_SIDE}`;
  const side = z.number().int(message).min(MIN_SIDE, message).max(MAX_SIDE, message)
    .multipleOf(2, message);
  return z.string(message).regex(/^\d{1,5}x\d{1,5}$/, message)
    .transform((value) => {
      const [width = 0, height = 0] = value.split("x").map(Number);
      return { width, height };
    })
    .pipe(z.object({ width: side, height: side }));
}

/** A list of a file, or text with commas of a flag or variable. */
export function list(entry: z.ZodString): z.ZodType<string[]> {
  const split = z.string().transform((value) => value.split(",").filter((part) => part !== ""));
  return z.union([z.array(z.string()), split], "expected a list").pipe(
    z.array(entry).max(MAX_LIST, `expected at most ${MAX_LIST} entries`),
  );
}
