/**
 * Raw stages: what the work itself costs on this machine without a product around it: grab, convert
 * and encode in a bare C loop on the same content, and decoding of the byte stream that it made in
 * the same browser. The host has ended before, so that nothing else encodes meanwhile.
 */

import type { Browser } from "playwright-core";
import { buildTestProgram } from "../../ffi/build.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import type { ProcessGroup } from "../measure/process_group.ts";
import { measureRawDecode } from "./raw_decode.ts";

/** Frames at the start that are left out: the first is a keyframe, and caches are cold. */
const SKIPPED_FRAMES = 30;

/** What to measure. */
export interface RawStagesOptions {
  readonly display: string;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly seconds: number;
  /** Quantiser of the encoder: the median of what the host used. */
  readonly qp: number;
  readonly browser: Browser;
}

/** The floor of this machine. */
export interface RawStages {
  readonly distributions: Record<string, Distribution>;
  /** Sum of the medians of grab, convert, encode and decode in milliseconds. */
  readonly sumMs: number;
  /** Processor time of the bare loop per frame, all threads, in milliseconds. */
  readonly cpuMsPerFrame: number;
}

/** What the bare loop prints. */
interface BareLoopLine {
  readonly frames: number;
  readonly cpuUs: number;
  readonly grabUs: readonly number[];
  readonly convertUs: readonly number[];
  readonly encodeUs: readonly number[];
  readonly codec: string;
}

/** Runs the bare loop, then decodes what it encoded. */
export async function measureRawStages(
  group: ProcessGroup,
  options: RawStagesOptions,
  signal: AbortSignal,
): Promise<RawStages> {
  const file = await Deno.makeTempFile({ prefix: "wavry-bench-", suffix: ".h264" });
  group.defer(() => Deno.remove(file));
  const loop = await runBareLoop(group, { ...options, file }, signal);
  const stream = await Deno.readFile(file);
  const decodeUs = await measureRawDecode(options.browser, {
    ...options,
    codec: loop.codec,
    stream,
  });
  const inMs = (samplesUs: readonly number[]) =>
    distributionOf(samplesUs.slice(SKIPPED_FRAMES).map((us) => us / 1000), "ms");
  const distributions = {
    "raw grab": inMs(loop.grabUs),
    "raw convert": inMs(loop.convertUs),
    "raw encode": inMs(loop.encodeUs),
    "raw decode": inMs(decodeUs),
  };
  return {
    distributions,
    sumMs: Object.values(distributions).reduce((sum, { p50 }) => sum + (p50 ?? NaN), 0),
    cpuMsPerFrame: loop.cpuUs / loop.frames / 1000,
  };
}

async function runBareLoop(
  group: ProcessGroup,
  options: RawStagesOptions & { file: string },
  signal: AbortSignal,
): Promise<BareLoopLine> {
  let line = "";
  const program = group.start({
    name: "bare loop",
    command: await buildTestProgram("bare_loop"),
    args: [
      ...["--display", options.display, "--fps", String(options.fps)],
      ...["--seconds", String(options.seconds), "--qp", String(options.qp)],
      ...["--out", options.file],
    ],
    onLine: (text) => {
      if (text.startsWith("{")) line = text;
    },
  });
  const code = await program.ended;
  signal.throwIfAborted();
  if (code !== 0 || line === "") {
    throw new Error(`Cannot measure the raw stages: exit code ${code}\n${program.recentOutput}`);
  }
  return JSON.parse(line) as BareLoopLine;
}
