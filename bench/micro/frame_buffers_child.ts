/**
 * frame_buffers_child: the process in which one way of getting buffers for raw frames is measured, so
 * that page faults and peak memory are those of this way alone. As in a stream, a buffer is filled
 * while older ones are still in use. Prints one line of JSON.
 *
 * deno run -A bench/micro/frame_buffers_child.ts <pool|native|array> <width> <height> <frames>
 */

import { FramePool, stagingFrameBytes } from "../../ffi/mod.ts";
import { FrameBufferPool } from "../../src/staging/frame_buffer_pool.ts";

/** Ways to get a buffer: a lease, an allocation of the native library, a new Uint8Array. */
export const BUFFER_WAYS = ["pool", "native", "array"] as const;
/** One of them. */
export type BufferWay = (typeof BUFFER_WAYS)[number];

/** What a child prints. */
export interface BufferFigures {
  /** From wanting a buffer until it is filled and an older one is given back, microseconds. */
  readonly frameUs: readonly number[];
  /** Pages that the kernel had to bring in after the warm-up. */
  readonly pageFaults: number;
  /** Most resident bytes above those before the first buffer. */
  readonly peakBytes: number;
  /** Part of the leases that needed no allocation, of a pool. */
  readonly reuseRatio: number | null;
  /** Leases that were asked for while all were out, and those of them that the pool counted. */
  readonly refused: number;
  readonly refusalsCounted: number;
}

/** Buffers in use beside the one that is filled. */
const IN_USE = 2;
const WARM_UP_FRAMES = 120;
/** Leases asked for while all are out. */
const REFUSALS = 100;

interface Buffer {
  fill(value: number): unknown;
  [Symbol.dispose]?(): void;
}

interface Source extends Disposable {
  next(): Buffer | undefined;
  /** Says what became of leases, and of those beyond the limit. */
  finish(): Pick<BufferFigures, "reuseRatio" | "refused" | "refusalsCounted">;
}

const NO_POOL = { reuseRatio: null, refused: 0, refusalsCounted: 0 };

function openSource(way: BufferWay, width: number, height: number): Source {
  const frameBytes = stagingFrameBytes(width, height);
  if (way === "pool") return poolSource(new FrameBufferPool({ width, height }));
  if (way === "array") {
    return {
      next: () => new Uint8Array(frameBytes),
      finish: () => NO_POOL,
      [Symbol.dispose]() {},
    };
  }
  // What is given back is freed at once, so that each lease is an allocation.
  const pool = FramePool.open({ count: 8, initial: 0, frameBytes, bytesMax: 8 * frameBytes });
  return {
    next() {
      const lease = pool.lease();
      if (lease === undefined) return undefined;
      return {
        fill: (value) => lease.fill(value),
        [Symbol.dispose]() {
          lease[Symbol.dispose]();
          pool.trim();
        },
      };
    },
    finish: () => NO_POOL,
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}

function poolSource(pool: FrameBufferPool): Source {
  return {
    next: () => pool.acquire(),
    finish() {
      const { reuseRatio, framesMax, exhaustions } = pool.stats;
      const leases = Array.from({ length: framesMax }, () => pool.acquire());
      let refused = 0;
      for (let wish = 0; wish < REFUSALS; wish++) refused += pool.acquire() === undefined ? 1 : 0;
      for (const lease of leases) lease?.[Symbol.dispose]();
      return { reuseRatio, refused, refusalsCounted: pool.stats.exhaustions - exhaustions };
    },
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}

function measure(way: BufferWay, size: { width: number; height: number }, frames: number) {
  resetPeak();
  const { VmRSS: startBytes } = memory();
  using source = openSource(way, size.width, size.height);
  const frameUs: number[] = [];
  const inUse: Buffer[] = [];
  let faults = pageFaults();
  for (let frame = -WARM_UP_FRAMES; frame < frames; frame++) {
    if (frame === 0) faults = pageFaults();
    const startMs = performance.now();
    const buffer = source.next();
    if (buffer === undefined) throw new Error(`Cannot get buffer ${frame}`);
    buffer.fill(frame & 255);
    inUse.push(buffer);
    if (inUse.length > IN_USE) inUse.shift()?.[Symbol.dispose]?.();
    if (frame >= 0) frameUs.push((performance.now() - startMs) * 1000);
  }
  const figures = {
    frameUs,
    pageFaults: pageFaults() - faults,
    peakBytes: memory().VmHWM - startBytes,
  };
  for (const buffer of inUse) buffer[Symbol.dispose]?.();
  return { ...figures, ...source.finish() } satisfies BufferFigures;
}

function pageFaults(): number {
  const stat = Deno.readTextFileSync("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[7]);
}

function memory(): { VmRSS: number; VmHWM: number } {
  const text = Deno.readTextFileSync("/proc/self/status");
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024;
  return { VmRSS: bytesOf("VmRSS"), VmHWM: bytesOf("VmHWM") };
}

/** Makes the peak count from now on; where the kernel refuses, it counts from the start. */
function resetPeak(): void {
  try {
    Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Then start-up may be the peak, which makes every way look alike.
  }
}

if (import.meta.main) {
  const [way, width, height, frames] = Deno.args;
  const known = BUFFER_WAYS.find((name) => name === way);
  if (known === undefined) throw new RangeError(`Cannot measure "${way}"`);
  const size = { width: Number(width), height: Number(height) };
  console.log(JSON.stringify(measure(known, size, Number(frames))));
}
