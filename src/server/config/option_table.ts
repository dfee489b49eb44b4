/**
 * Option table: every option of the server process, once. Flags, environment names, file keys,
 * --help and docs/OPTIONS.md are all read from it, and each value is checked by the schema beside
 * its name, whatever place it came from.
 */

import * as z from "zod";
import {
  byteSize,
  duration,
  HOUR_MS,
  list,
  MAX_TEXT,
  onOff,
  pictureSize,
  showByteSize,
  showDuration,
  text,
  wholeNumber,
} from "./option_schemas.ts";
import type { ByteSize, Duration, PictureSize } from "./option_schemas.ts";
import { CAPABILITY_OPTIONS } from "./capability_options.ts";
import { option } from "./option_spec.ts";
import type { OptionSpec } from "./option_spec.ts";
import { SCREEN_OPTIONS } from "./screen_options.ts";
import { CONTROLLER_NAMES } from "../../congestion/congestion_controller.ts";
import { MAX_STREAMS } from "../../wire/codec.ts";

const REPLAY_MS_MIN = 1000;
/** A keyframe of any size that is in use, and some frames. */
const REPLAY_BYTES_MIN = 1_000_000;
/** Some seconds of any picture. */
const RECORD_SPLIT_BYTES_MIN = 1_000_000;
const RECORD_SPLIT_MS_MIN = 5000;
const RECORD_QUOTA_MIN = 1_000_000;
/** Below this nothing would run. */
const MEMORY_LIMIT_MIN = 100_000_000;

const OPTIONS = {
  source: option({
    group: "Picture",
    schema: z.enum(["display", "pattern"]),
    fallback: "display",
    value: "display|pattern",
    summary: "What is shown: a desktop, or a test pattern that needs no X server",
  }),
  display: option({
    group: "Picture",
    schema: list(text().regex(/^(none|:\d{1,5}(\.\d{1,2})?)$/, "expected :N or none")),
    fallback: [],
    value: ":N|none",
    repeats: true,
    summary: "X displays to show, each a stream of its own: given several times, or separated by " +
      "commas; empty takes DISPLAY, and none, or no DISPLAY, a virtual screen",
  }),
  displays: option({
    group: "Picture",
    schema: wholeNumber(0, MAX_STREAMS),
    fallback: 0,
    value: "N",
    summary: "Virtual screens to show, beside those of --display; 0 makes one where there is no " +
      "display",
  }),
  displayNames: option({
    group: "Picture",
    schema: list(text()),
    fallback: [],
    value: "NAMES",
    repeats: true,
    summary:
      "Names of the displays in their order, separated by commas, for the viewer's menu and " +
      "for links with ?stream=NAME",
  }),
  maxDisplays: option({
    group: "Picture",
    schema: wholeNumber(1, MAX_STREAMS),
    fallback: 4,
    value: "N",
    summary: "Most displays; each costs raw frames and an encoder of its own, see --print-budget",
  }),
  size: option({
    group: "Picture",
    schema: pictureSize(),
    fallback: { width: 1920, height: 1080 },
    value: "WxH",
    summary: "Size of the virtual screen or of the pattern; a real display keeps its own",
  }),
  ...SCREEN_OPTIONS,
  fps: option({
    group: "Picture",
    schema: wholeNumber(1, 240),
    fallback: 60,
    value: "N",
    summary: "Most frames a second; a screen that stands still costs none",
  }),
  bitrate: option({
    group: "Picture",
    schema: wholeNumber(200, 200_000),
    fallback: 20_000,
    value: "KBPS",
    summary: "Target of the encoder in kbit/s",
  }),
  encoder: option({
    group: "Picture",
    schema: z.enum(["auto", "x264", "openh264"]),
    fallback: "auto",
    value: "auto|x264|openh264",
    summary: "Encoder; auto takes the first one that loads",
  }),
  keepWarm: option({
    group: "Picture",
    schema: wholeNumber(0, 3600),
    fallback: 10,
    value: "SECONDS",
    summary: "How long capture goes on after the last viewer left",
  }),
  listen: option({
    group: "Network",
    schema: z.union([z.ipv4(), z.ipv6()], "expected an IP address"),
    fallback: "127.0.0.1",
    value: "ADDRESS",
    summary: "Address to listen on; 0.0.0.0 or :: for all",
  }),
  port: option({
    group: "Network",
    schema: wholeNumber(0, 65_535),
    fallback: 47_990,
    value: "N",
    summary: "Port, for TCP (pages) and UDP (video) alike; 0 takes a free one",
  }),
  publicPort: option({
    group: "Network",
    schema: wholeNumber(0, 65_535),
    fallback: 0,
    value: "N",
    summary: "Port that a router or tunnel forwards to --port, TCP and UDP alike; 0 for none",
  }),
  controller: option({
    group: "Network",
    schema: z.enum(CONTROLLER_NAMES),
    fallback: "trend",
    value: CONTROLLER_NAMES.join("|"),
    summary:
      "What sets the rate of a viewer: the trend of the delay and losses, or the delay alone",
  }),
  tlsCert: option({
    group: "Network",
    schema: text(),
    fallback: "",
    value: "FILE",
    summary: "Certificate chain that browsers trust, in PEM; read again when it changes",
  }),
  tlsKey: option({
    group: "Network",
    schema: text(),
    fallback: "",
    value: "FILE",
    summary: "Private key of --tls-cert, in PEM",
  }),
  allowOrigin: option({
    group: "Access",
    schema: list(
      z.string().max(MAX_TEXT).regex(
        /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/,
        "expected origins such as https://desk.example:8443",
      ),
    ),
    fallback: [],
    value: "ORIGINS",
    repeats: true,
    summary: "More origins under which pages may be opened, separated by commas",
  }),
  maxViewers: option({
    group: "Access",
    schema: wholeNumber(1, 64),
    fallback: 8,
    value: "N",
    summary: "Most viewers at once",
  }),
  admin: option({
    group: "Access",
    schema: onOff(),
    fallback: false,
    summary: "Print the link of the dashboard with its secret; whoever has it may end sessions",
  }),
  stateDir: option({
    group: "Access",
    schema: text(),
    fallback: "",
    value: "DIRECTORY",
    summary: "Where certificates and sessions are kept; empty takes XDG_STATE_HOME/wavry",
  }),
  config: option({
    group: "Program",
    schema: text(),
    fallback: "",
    value: "FILE",
    summary: "File with these options in TOML",
  }),
  replay: option({
    group: "Replay",
    schema: duration(0, HOUR_MS).refine(({ ms }) => {
      return ms === 0 || ms >= REPLAY_MS_MIN;
    }, "expected 0, or a duration from 1s to 1h, such as 30s or 5m"),
    fallback: { ms: 30_000 },
    value: "DURATION",
    summary:
      "How much of each stream viewers can go back in, such as 30s or 1h; it is held in memory, " +
      "while somebody watches. 0 holds nothing",
  }),
  replayBytes: option({
    group: "Replay",
    schema: byteSize(REPLAY_BYTES_MIN),
    fallback: { bytes: 0 },
    value: "SIZE",
    summary: "Most bytes of each stream's replay, such as 200MB; 0 takes --replay times --bitrate",
  }),
  record: option({
    group: "Recording",
    schema: onOff(),
    fallback: false,
    summary: "Record every display from the start, whether somebody watches or not",
  }),
  recordDir: option({
    group: "Recording",
    schema: text(),
    fallback: "",
    value: "DIRECTORY",
    summary: "Where recordings are kept; empty takes recordings in --state-dir",
  }),
  recordSplitSize: option({
    group: "Recording",
    schema: byteSize(RECORD_SPLIT_BYTES_MIN),
    fallback: { bytes: 4_000_000_000 },
    value: "SIZE",
    summary: "A recording goes on in a new file when it is this large; 0 never splits by size",
  }),
  recordSplitDuration: option({
    group: "Recording",
    schema: duration(0, 24 * HOUR_MS).refine(({ ms }) => {
      return ms === 0 || ms >= RECORD_SPLIT_MS_MIN;
    }, "expected 0, or a duration from 5s to 24h, such as 10m or 1h"),
    fallback: { ms: HOUR_MS },
    value: "DURATION",
    summary: "A recording goes on in a new file when it is this long; 0 never splits by time",
  }),
  recordQuota: option({
    group: "Recording",
    schema: byteSize(RECORD_QUOTA_MIN),
    fallback: { bytes: 0 },
    value: "SIZE",
    summary: "Most bytes of all recordings, such as 50GB; recording stops when they are reached. " +
      "0 stops only when 5 % of the disk are left",
  }),
  recordDeleteOldest: option({
    group: "Recording",
    schema: onOff(),
    fallback: false,
    summary: "Delete the oldest recordings to stay below --record-quota instead of stopping",
  }),
  ...CAPABILITY_OPTIONS,
  printBudget: option({
    group: "Memory",
    schema: onOff(),
    fallback: false,
    summary: "Print what this configuration may use of memory, line by line, and end",
  }),
  memoryLimit: option({
    group: "Memory",
    schema: byteSize(MEMORY_LIMIT_MIN),
    fallback: { bytes: 0 },
    value: "SIZE",
    summary:
      "Memory that both processes may use, such as 512MB; near it the host gives up what it " +
      "can and lets nobody else in. 0 takes the limit of the control group, else the machine's memory",
  }),
  logMemoryCheckpoints: option({
    group: "Memory",
    schema: onOff(),
    fallback: false,
    summary: "Print the memory of both processes at named points, one line each",
  }),
  memoryCheckpointInterval: option({
    group: "Memory",
    schema: duration(100, 24 * HOUR_MS),
    fallback: { ms: 60_000 },
    value: "DURATION",
    summary: "Time between two checkpoints of the same point, such as 5s",
  }),
  memoryCsv: option({
    group: "Memory",
    schema: text(),
    fallback: "",
    value: "FILE",
    summary: "File that takes each checkpoint as a row of CSV; one that exists is replaced",
  }),
  heapSnapshots: option({
    group: "Memory",
    schema: text(),
    fallback: "",
    value: "DIRECTORY",
    summary:
      "For developers: where SIGUSR2 writes the JavaScript heaps of both processes; empty writes none",
  }),
  streamFor: option({
    group: "Memory",
    schema: duration(0, 366 * 24 * HOUR_MS),
    fallback: { ms: 0 },
    value: "DURATION",
    summary:
      "End after this long, such as 30s or 24h, and say what memory did; until then capture " +
      "and encoder run without a viewer too. 0 never ends",
  }),
  logLevel: option({
    group: "Program",
    schema: z.enum(["error", "warn", "info", "debug"]),
    fallback: "warn",
    value: "error|warn|info|debug",
    summary: "Least severity that is logged on standard error",
  }),
  logFormat: option({
    group: "Program",
    schema: z.enum(["auto", "text", "json"]),
    fallback: "auto",
    value: "auto|text|json",
    summary: "Form of the log; auto writes text to a terminal and JSON elsewhere",
  }),
};

/** The checked value of every option. */
export type OptionValues = {
  readonly [K in keyof typeof OPTIONS]: (typeof OPTIONS)[K] extends OptionSpec<infer T> ? T : never;
};

/** Name of an option, in camelCase. */
export type OptionName = keyof typeof OPTIONS;

/** Every option by name. */
export const OPTION_TABLE: Readonly<Record<OptionName, OptionSpec>> = OPTIONS;

/** Names of all options in the order of the table. */
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

/** The flag of an option: `keepWarm` is `--keep-warm`. */
export function flagOf(name: string): string {
  return `--${kebab(name)}`;
}

/** The flag of an option with its placeholder, as people write it: `--fps N`. */
export function usageOf(name: OptionName): string {
  const { value } = OPTION_TABLE[name];
  return value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`;
}

/** The environment variable of an option: `keepWarm` is `WAVRY_KEEP_WARM`. */
export function variableOf(name: string): string {
  return `WAVRY_${kebab(name).replaceAll("-", "_").toUpperCase()}`;
}

/** The key of an option in a file: `keepWarm` is `keep-warm`. */
export function fileKeyOf(name: string): string {
  return kebab(name);
}

/** A value as people write it. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object" && value !== null && "bytes" in value) {
    return showByteSize(value as ByteSize);
  }
  if (typeof value === "object" && value !== null && "ms" in value) {
    return showDuration(value as Duration);
  }
  if (typeof value === "object" && value !== null) {
    const { width, height } = value as PictureSize;
    return `${width}x${height}`;
  }
  return String(value);
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
