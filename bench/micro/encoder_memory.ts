/**
 * encoder_memory: what an encoder holds and how long a frame takes it, for each setting that costs
 * memory: frames kept for repairs, threads, library. Every row is the bare loop (capture, convert,
 * encode) on the same screen, and what it held of its own more than before the encoder was opened,
 * beside what the program computes for the ledger.
 *
 * deno run -A bench/micro/encoder_memory.ts [WIDTHxHEIGHT] [fps] [seconds]
 */

import { buildNative, buildTestProgram } from "../../ffi/build.ts";
import { distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { startXScreen } from "../measure/x_screen.ts";

/** One setting. */
export interface EncoderCase {
  readonly encoder: "x264" | "openh264";
  readonly threads: number;
  /** Frames kept for repairs; 0 as many as decoders keep at this size. */
  readonly framesKept: number;
}

/** What one setting holds and takes. */
export interface EncoderFigures extends EncoderCase {
  readonly heldBytes: number;
  readonly computedBytes: number;
  readonly encodeMsP50: number;
  readonly encodeMsP99: number;
  /** Of all threads, with capture and conversion. */
  readonly processorMsPerFrame: number;
}

/** What the bare loop prints. */
interface LoopResult {
  readonly frames: number;
  readonly cpuUs: number;
  readonly encodeUs: number[];
  readonly encoderBytes: number;
  readonly computedBytes: number;
}

const CASES: readonly EncoderCase[] = [
  { encoder: "x264", threads: 2, framesKept: 8 },
  { encoder: "x264", threads: 2, framesKept: 5 },
  { encoder: "x264", threads: 2, framesKept: 3 },
  { encoder: "x264", threads: 1, framesKept: 5 },
  { encoder: "x264", threads: 4, framesKept: 5 },
  { encoder: "openh264", threads: 1, framesKept: 0 },
  { encoder: "openh264", threads: 2, framesKept: 0 },
  { encoder: "openh264", threads: 4, framesKept: 0 },
];
const WARM_FRAMES = 10;

/** Measures one setting on a display. */
export async function measureEncoder(
  one: EncoderCase,
  { display, fps, seconds }: { display: string; fps: number; seconds: number },
): Promise<EncoderFigures> {
  const { encoder, threads, framesKept } = one;
  const { success, stdout, stderr } = await new Deno.Command(await buildTestProgram("bare_loop"), {
    args: [
      ...["--display", display, "--fps", String(fps), "--seconds", String(seconds)],
      ...["--encoder", encoder, "--threads", String(threads), "--kept", String(framesKept)],
    ],
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot run the bare loop: ${text.decode(stderr)}`);
  const result: LoopResult = JSON.parse(text.decode(stdout));
  const times = distributionOf(result.encodeUs.slice(WARM_FRAMES), "us");
  return {
    ...one,
    heldBytes: result.encoderBytes,
    computedBytes: result.computedBytes,
    encodeMsP50: (times.p50 ?? NaN) / 1000,
    encodeMsP99: (times.p99 ?? NaN) / 1000,
    processorMsPerFrame: result.cpuUs / result.frames / 1000,
  };
}

async function main([size = "1920x1080", fps = "60", seconds = "3"]: string[]): Promise<void> {
  const [width = 0, height = 0] = size.split("x").map(Number);
  await buildNative();
  await using group = new ProcessGroup();
  const screenOptions = { width, height, content: "game", fps: Number(fps), seed: 1 } as const;
  const screen = await startXScreen(group, screenOptions, AbortSignal.timeout(30_000));
  console.log(
    `${size} game at ${fps}: MB held / computed, encode p50 / p99 ms, processor ms a frame`,
  );
  for (const one of CASES) {
    const options = { display: screen.display, fps: Number(fps), seconds: Number(seconds) };
    const figures = await measureEncoder(one, options);
    const held = `${megabytes(figures.heldBytes)} / ${megabytes(figures.computedBytes)}`;
    const times = `${figures.encodeMsP50.toFixed(2)} / ${figures.encodeMsP99.toFixed(2)}`;
    const name = `${one.encoder}, ${one.threads} threads, ${one.framesKept || "most"} kept`;
    console.log(
      `${name.padEnd(30)} ${held.padEnd(14)} ${times.padEnd(14)} ` +
        figures.processorMsPerFrame.toFixed(2),
    );
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

if (import.meta.main) await main(Deno.args);
