/**
 * ipc_hop: what the way from the media process into the server process costs, and which of two ways
 * is better: native threads that write the pipe, as the product has it, or JavaScript that awaits each
 * record and writes it. Rounds of both take turns in one run, so that the machine's mood hits both.
 *
 * deno run -A bench/micro/ipc_hop.ts [seconds] [qp]
 */

import { fileURLToPath } from "node:url";
import { monotonicUs } from "../../ffi/mod.ts";
import { MediaRecordSplitter } from "../../src/ipc/media_record_splitter.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { startXScreen } from "../measure/x_screen.ts";

/** Ways that are compared. */
export const HOP_MODES = ["native", "javascript"] as const;
/** One of them. */
export type HopMode = (typeof HOP_MODES)[number];

/** What is measured of one way, in microseconds. */
export interface HopResult {
  /** Start of the grab until the record is parsed in the parent. */
  readonly captureToParsed: Distribution;
  /** Hand-over to the output until the record is parsed in the parent: the hop alone. */
  readonly hop: Distribution;
  /** Size of the frames in bytes. */
  readonly frameBytes: Distribution;
}

/** How to measure. */
export interface HopOptions {
  /** Of each way. */
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly qp: number;
  /** Frames at the start of a round that warm both processes up and are not counted. */
  readonly warmFrames: number;
}

/** A game at 720p60; the quantiser makes frames of about 40 KiB of it. */
export const DEFAULT_HOP_OPTIONS: HopOptions = {
  seconds: 20,
  width: 1280,
  height: 720,
  fps: 60,
  qp: 10,
  warmFrames: 60,
};

const CHILD = fileURLToPath(new URL("ipc_hop_child.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
const ROUND_SECONDS = 5;
const READ_BYTES = 256 * 1024;

interface Samples {
  readonly captureToParsed: number[];
  readonly hop: number[];
  readonly frameBytes: number[];
}

/** Measures both ways in turns. */
export async function measureIpcHop(options: HopOptions): Promise<Record<HopMode, HopResult>> {
  const samples = { native: newSamples(), javascript: newSamples() };
  const { signal } = new AbortController();
  await using group = new ProcessGroup(signal);
  const { width, height, fps } = options;
  const content = { width, height, fps, content: "game" as const, seed: 1 };
  const screen = await startXScreen(group, content, signal);
  const rounds = Math.max(1, Math.round(options.seconds / ROUND_SECONDS));
  const seconds = options.seconds / rounds;
  for (let round = 0; round < rounds; round++) {
    for (const mode of HOP_MODES) {
      await measureRound(mode, { ...options, seconds, display: screen.display }, samples[mode]);
    }
  }
  return { native: describe(samples.native), javascript: describe(samples.javascript) };
}

interface RoundOptions extends HopOptions {
  readonly display: string;
}

async function measureRound(
  mode: HopMode,
  options: RoundOptions,
  samples: Samples,
): Promise<void> {
  const { display, fps, qp, seconds, warmFrames } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `--config=${CONFIG}`, CHILD, mode, display, `${fps}`, `${qp}`],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  let frames = 0;
  const splitter = new MediaRecordSplitter(({ header }) => {
    if (header.kind !== "video" || frames++ < warmFrames) return;
    const sinceCaptureUs = monotonicUs() - header.captureTimeUs;
    samples.captureToParsed.push(sinceCaptureUs);
    samples.hop.push(sinceCaptureUs - header.emitUs);
    samples.frameBytes.push(header.payloadBytes);
  });
  const ended = setTimeout(() => child.stdin.close(), (seconds + warmFrames / fps) * 1000);
  const reader = child.stdout.getReader({ mode: "byob" });
  let buffer = new Uint8Array(READ_BYTES);
  while (true) {
    const { value, done } = await reader.read(buffer);
    if (done || value === undefined) break;
    splitter.push(value);
    buffer = new Uint8Array(value.buffer);
  }
  clearTimeout(ended);
  const { code } = await child.status;
  if (code !== 0) throw new Error(`Cannot measure ${mode}: the child ended with code ${code}`);
}

function newSamples(): Samples {
  return { captureToParsed: [], hop: [], frameBytes: [] };
}

function describe(samples: Samples): HopResult {
  return {
    captureToParsed: distributionOf(samples.captureToParsed, "us"),
    hop: distributionOf(samples.hop, "us"),
    frameBytes: distributionOf(samples.frameBytes, "bytes"),
  };
}

if (import.meta.main) {
  const [seconds, qp] = Deno.args;
  const result = await measureIpcHop({
    ...DEFAULT_HOP_OPTIONS,
    ...seconds === undefined ? {} : { seconds: Number(seconds) },
    ...qp === undefined ? {} : { qp: Number(qp) },
  });
  for (const mode of HOP_MODES) {
    for (const [name, figures] of Object.entries(result[mode])) {
      const { p50, p95, p99, max, count, unit } = figures as Distribution;
      console.log(
        `${mode.padEnd(10)} ${
          name.padEnd(16)
        } p50 ${p50} p95 ${p95} p99 ${p99} max ${max} ${unit}, ${count} frames`,
      );
    }
  }
}
