/**
 * GcTrace: the collections of a process from the lines that V8's --trace-gc prints. Two lines in a row
 * also say how much was allocated between them: what the heap held before the second less what the
 * first left. It keeps a bounded number of collections.
 */

/** The flag that has them printed; both processes of a host read it. */
export const GC_TRACE_ENV = { DENO_V8_FLAGS: "--trace-gc" } as const;

/** One collection. */
export interface Collection {
  readonly pid: number;
  /** Since the start of the process' heap, milliseconds. */
  readonly atMs: number;
  /** As V8 calls it, such as Scavenge or Mark-Compact. */
  readonly kind: string;
  readonly beforeBytes: number;
  readonly afterBytes: number;
  /** Time that the program stood still at the end of it, milliseconds. */
  readonly pauseMs: number;
  /** Marking before that, in steps between which the program ran: their sum and the longest. */
  readonly stepsMs: number;
  readonly longestStepMs: number;
}

/** Some hours of a busy process. */
const COLLECTIONS_MAX = 200_000;
const MIB = 2 ** 20;
const LINE = new RegExp(
  String
    .raw`\[(\d+):0x[0-9a-f]+(?::\d+)?\]\s+(\d+) ms: ([A-Z][\w-]*(?: [A-Z][\w-]*)*)(?: \(\w+\))? ` +
    String.raw`([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB,.*? ([\d.]+) \/ [\d.]+ ms`,
);
const STEPS = /\(\+ ([\d.]+) ms in \d+ steps .*?biggest step ([\d.]+) ms/;

/** Reads a line of --trace-gc, wherever in `line` it begins; undefined for other text. */
export function parseCollection(line: string): Collection | undefined {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const steps = STEPS.exec(line);
  const [, pid, atMs, kind = "", before, after, pauseMs] = match;
  return {
    pid: Number(pid),
    atMs: Number(atMs),
    kind,
    beforeBytes: Number(before) * MIB,
    afterBytes: Number(after) * MIB,
    pauseMs: Number(pauseMs),
    stepsMs: Number(steps?.[1] ?? 0),
    longestStepMs: Number(steps?.[2] ?? 0),
  };
}

/** Collects the collections of some processes. */
export class GcTrace {
  readonly #collections: Collection[] = [];
  #refused = 0;

  /** Takes a line of output. */
  push(line: string): void {
    const collection = parseCollection(line);
    if (collection === undefined) return;
    if (this.#collections.length < COLLECTIONS_MAX) this.#collections.push(collection);
    else this.#refused++;
  }

  /** Collections that found no room. */
  get refused(): number {
    return this.#refused;
  }

  /** Those of a process from `fromMs` to `toMs` of its own time, in order. */
  between(pid: number, fromMs: number, toMs: number): Collection[] {
    return this.#collections.filter((one) =>
      one.pid === pid && one.atMs >= fromMs && one.atMs < toMs
    ).toSorted((a, b) => a.atMs - b.atMs);
  }
}

/** Bytes allocated from the first to the last of these collections, and the time between them. */
export function allocatedBetween(collections: readonly Collection[]): {
  readonly bytes: number;
  readonly seconds: number;
} {
  let bytes = 0;
  for (let at = 1; at < collections.length; at++) {
    const grown = collections[at]!.beforeBytes - collections[at - 1]!.afterBytes;
    bytes += Math.max(0, grown);
  }
  const spanMs = (collections.at(-1)?.atMs ?? 0) - (collections[0]?.atMs ?? 0);
  return { bytes, seconds: spanMs / 1000 };
}
