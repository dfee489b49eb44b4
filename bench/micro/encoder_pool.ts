/**
 * encoder_pool: what keeping encoders saves and costs. Time from the opening of a stream and from a
 * change of its size to the first frame, with kept encoders and without, in turns of one run; and the
 * memory of the process with an encoder in use, idle and closed. The source is the pattern, so that
 * what is timed is the encoder and no display.
 *
 * deno run -A bench/micro/encoder_pool.ts [WIDTHxHEIGHT] [runs] [x264 | openh264]
 */

import { buildNative } from "../../ffi/build.ts";
import {
  ENCODER_INDEX,
  type EncoderName,
  FramePool,
  kernelMemory,
  MediaOutput,
  MediaStream,
  monotonicUs,
  nativeMemoryStats,
  stagingFrameBytes,
} from "../../ffi/mod.ts";
import { EncoderPool } from "../../src/encode/encoder_pool.ts";
import { MAX_RECORD_PAYLOAD_BYTES, parseRecordHeader } from "../../src/ipc/media_record.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";

/** What is measured. */
export interface EncoderPoolOptions {
  readonly width: number;
  readonly height: number;
  /** Streams that are opened in each way. */
  readonly runs: number;
  readonly encoder: EncoderName;
}

/** Times of one way, in milliseconds. */
export interface EncoderPoolTimes {
  /** From the opening of a stream to its first frame. */
  readonly open: Distribution;
  /** From the wish for half the size, or for the full one again, to its first frame. */
  readonly resize: Distribution;
}

/** What was measured; bytes are proportional memory beyond that of the process before. */
export interface EncoderPoolResult {
  readonly kept: EncoderPoolTimes;
  readonly fresh: EncoderPoolTimes;
  /** A stream runs. */
  readonly activeBytes: number;
  /** It has ended, its encoder is idle. */
  readonly idleBytes: number;
  /** The idle encoder was closed. */
  readonly closedBytes: number;
  /** What the ledger says that the idle encoder holds. */
  readonly ledgerBytes: number;
}

const FPS = 60;
const STEADY_FRAMES = 12;

interface Samples {
  readonly open: number[];
  readonly resize: number[];
}

/** Source, output and staging of streams that come and go. */
class Bench implements Disposable {
  readonly #options: EncoderPoolOptions;
  readonly #output = MediaOutput.open({ ringBytes: 16 << 20 });
  readonly #staging: FramePool;
  readonly #buffer = new Uint8Array(MAX_RECORD_PAYLOAD_BYTES);

  constructor(options: EncoderPoolOptions) {
    this.#options = options;
    const frameBytes = stagingFrameBytes(options.width, options.height);
    this.#staging = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
  }

  /** Opens a stream, changes its size twice and ends it; `look` is called while it runs. */
  async round(
    encoders: EncoderPool | undefined,
    samples: Samples,
    look?: () => Promise<void>,
  ): Promise<void> {
    const { width, height, encoder } = this.#options;
    const startUs = monotonicUs();
    using stream = await MediaStream.open(this.#output, this.#staging, {
      streamId: 0,
      source: { kind: "pattern" },
      ...{ width, height, encoder, fpsMax: FPS, qp: 28 },
      ...encoders === undefined ? {} : { encoders: encoders.native },
    });
    stream.start();
    await this.#frame(width);
    samples.open.push((monotonicUs() - startUs) / 1000);
    for (let frame = 0; frame < STEADY_FRAMES; frame++) await this.#frame(width);
    await look?.();
    for (const quarters of [2, 4]) {
      const wishUs = monotonicUs();
      stream.setShape(quarters, 1);
      await this.#frame(width * quarters / 4);
      samples.resize.push((monotonicUs() - wishUs) / 1000);
    }
    await stream.stop();
  }

  /** Waits for the next frame of that width. */
  async #frame(width: number): Promise<void> {
    while (true) {
      if (!await this.#output.next(this.#buffer, 5000)) throw new Error("Cannot see a frame");
      const header = parseRecordHeader(this.#buffer);
      if (header.kind === "video" && header.width === width) return;
    }
  }

  [Symbol.dispose](): void {
    this.#staging[Symbol.dispose]();
    this.#output[Symbol.dispose]();
  }
}

/** Measures both ways in turns. */
export async function measureEncoderPool(options: EncoderPoolOptions): Promise<EncoderPoolResult> {
  using bench = new Bench(options);
  using encoders = new EncoderPool();
  const warm: Samples = { open: [], resize: [] };
  // What the process allocates once for all streams is there before anything is compared.
  for (let round = 0; round < 3; round++) await bench.round(undefined, warm);
  const before = await proportionalBytes();
  let activeBytes = 0;
  await bench.round(encoders, warm, async () => {
    activeBytes = await proportionalBytes() - before;
  });
  const idleBytes = await proportionalBytes() - before;
  const { idleBytes: ledgerBytes } = encoders.stats;
  encoders.native.trim();
  const closedBytes = await proportionalBytes() - before;
  const kept: Samples = { open: [], resize: [] };
  const fresh: Samples = { open: [], resize: [] };
  await bench.round(encoders, warm);
  for (let round = 0; round < options.runs; round++) {
    await bench.round(encoders, kept);
    await bench.round(undefined, fresh);
  }
  return {
    ...{ kept: timesOf(kept), fresh: timesOf(fresh) },
    ...{ activeBytes, idleBytes, closedBytes, ledgerBytes },
  };
}

function timesOf({ open, resize }: Samples): EncoderPoolTimes {
  return { open: distributionOf(open, "ms"), resize: distributionOf(resize, "ms") };
}

async function proportionalBytes(): Promise<number> {
  return (await kernelMemory(Deno.pid)).pssBytes;
}

function row(name: string, { open, resize }: EncoderPoolTimes): string {
  const [a, b] = [open, resize].map(({ p50, p90 }) => `${p50?.toFixed(1)} / ${p90?.toFixed(1)}`);
  return `${name.padEnd(8)}  first frame ${a} ms   other size ${b} ms   (p50 / p90)`;
}

async function main([size = "1920x1080", runs = "20", encoder = "x264"]: string[]): Promise<void> {
  const [width = 0, height = 0] = size.split("x").map(Number);
  if (!Object.hasOwn(ENCODER_INDEX, encoder)) throw new Error(`Cannot measure "${encoder}"`);
  await buildNative();
  const result = await measureEncoderPool({
    ...{ width, height, runs: Number(runs), encoder: encoder as EncoderName },
  });
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const ratio = (which: keyof EncoderPoolTimes) =>
    ((result.kept[which].p50 ?? 0) / (result.fresh[which].p50 ?? 0)).toFixed(2);
  console.log([
    `${encoder} ${size}, ${runs} streams each way`,
    row("kept", result.kept),
    row("fresh", result.fresh),
    `ratio     first frame ${ratio("open")}   other size ${ratio("resize")}`,
    `memory    in use ${megabytes(result.activeBytes)} MB, idle ${
      megabytes(result.idleBytes)
    } MB ` +
    `(ledger ${megabytes(result.ledgerBytes)}), closed ${megabytes(result.closedBytes)} MB`,
    `native    ${JSON.stringify(nativeMemoryStats().encoder)}`,
  ].join("\n"));
}

if (import.meta.main) await main(Deno.args);
