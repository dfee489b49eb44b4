/**
 * Delivery readers: many who read ranges of one file at once, each on a connection of its own: short
 * and long ranges, some slowly, some that leave in the middle. Every byte is compared with what must be
 * there. Who is refused comes again when it was told to.
 */

import { type SeededRandom } from "../../tests/seeded.ts";
import { ContentChecker } from "../measure/known_file.ts";
import { type AnswerHead, RangeClient, type RangeTarget } from "../measure/range_client.ts";
import { wait } from "../measure/wait.ts";

/** Ranges that each reader asks for. */
const RANGES = 3;
/** Of a hundred readers: those who pause between reads, and those who leave in the middle. */
const SLOW_PERCENT = 10;
const LEAVING_PERCENT = 5;
const SLOW_PAUSE_MS = 20;
/** A reader that was refused this often gives up, and the run fails. */
const REFUSALS_MAX = 600;
/** Each reader's own buffer: they share a process. */
const READ_BYTES = 64 * 1024;
const MIB = 2 ** 20;

/** What became of all readers. */
export interface ReaderFigures {
  /** Ranges that were read to their end. */
  ranges: number;
  bytes: number;
  /** Answers that held a byte which is not in the file at that place, or not the range asked for. */
  wrong: number;
  /** Answers 503. */
  refused: number;
  /** Ranges left in the middle on purpose. */
  left: number;
  /** Readers that failed, and why the first one did. */
  failed: number;
  firstFailure: string;
  /** Most requests without an answer or with an unfinished one, at once. */
  concurrentMax: number;
  /** From the first request of a range until its last byte, milliseconds, refusals included. */
  readonly rangeMs: number[];
}

/** Has `readers` read at once, and waits for all of them. */
export async function readAtOnce(
  target: RangeTarget,
  options: { readers: number; fileBytes: number; random: SeededRandom; signal: AbortSignal },
): Promise<ReaderFigures> {
  const figures: ReaderFigures = {
    ...{ ranges: 0, bytes: 0, wrong: 0, refused: 0, left: 0, failed: 0, firstFailure: "" },
    ...{ concurrentMax: 0, rangeMs: [] },
  };
  const { random, readers, fileBytes, signal } = options;
  const run: Run = { target, figures, signal, checker: new ContentChecker(), open: 0 };
  const plans = Array.from({ length: readers }, () => makePlan(random, fileBytes));
  await Promise.all(plans.map((plan) => read(run, plan)));
  return figures;
}

interface Run {
  readonly target: RangeTarget;
  readonly figures: ReaderFigures;
  readonly signal: AbortSignal;
  readonly checker: ContentChecker;
  open: number;
}

interface Plan {
  readonly spans: readonly { start: number; end: number; leavesAfter: number }[];
  readonly pauseMs: number;
}

function makePlan(random: SeededRandom, fileBytes: number): Plan {
  const isLeaving = random.int(100) < LEAVING_PERCENT;
  const spans = Array.from({ length: RANGES }, () => {
    const bytes = rangeBytes(random);
    const start = Math.floor(random.next() * (fileBytes - bytes));
    return { start, end: start + bytes, leavesAfter: isLeaving ? random.int(bytes) : Infinity };
  });
  return { spans, pauseMs: random.int(100) < SLOW_PERCENT ? SLOW_PAUSE_MS : 0 };
}

/** What players and downloads ask for: an index, a part, some seconds. */
function rangeBytes(random: SeededRandom): number {
  const kind = random.int(10);
  if (kind < 3) return 1 + random.int(64 * 1024);
  return kind < 8 ? 64 * 1024 + random.int(MIB) : MIB + random.int(3 * MIB);
}

async function read(run: Run, { spans, pauseMs }: Plan): Promise<void> {
  let client: RangeClient | undefined;
  run.open++;
  run.figures.concurrentMax = Math.max(run.figures.concurrentMax, run.open);
  try {
    for (const { start, end, leavesAfter } of spans) {
      const startMs = performance.now();
      client ??= await RangeClient.connect(run.target, READ_BYTES);
      const head = await begin(run, client, start, end);
      if (head === undefined) return;
      const wanted = Math.min(end - start, leavesAfter);
      const isWhole = await take(run, client, { start, wanted, pauseMs });
      if (!isWhole) throw new Error("Cannot read a range: the answer ended before");
      if (wanted < end - start || !head.isKeptAlive) {
        client.close();
        client = undefined;
      }
      if (wanted < end - start) {
        run.figures.left++;
        continue;
      }
      run.figures.ranges++;
      run.figures.rangeMs.push(performance.now() - startMs);
    }
  } catch (error) {
    run.signal.throwIfAborted();
    run.figures.failed++;
    run.figures.firstFailure ||= String(error);
  } finally {
    run.open--;
    client?.close();
  }
}

/** Asks until it is let in; undefined when the answer is not the range. */
async function begin(
  run: Run,
  client: RangeClient,
  start: number,
  end: number,
): Promise<AnswerHead | undefined> {
  for (let refusals = 0;; refusals++) {
    const head = await client.ask(start, end);
    if (head.status === 206) {
      const isRange = head.contentRange?.startsWith(`bytes ${start}-${end - 1}/`) === true &&
        head.contentLength === end - start;
      if (!isRange) run.figures.wrong++;
      return isRange ? head : undefined;
    }
    await client.read(head.contentLength, () => {});
    if (head.status !== 503 || refusals >= REFUSALS_MAX) {
      throw new Error(`Cannot read a range: answer ${head.status} after ${refusals} refusals`);
    }
    run.figures.refused++;
    await wait(head.retryAfterSeconds * 1000, run.signal);
  }
}

async function take(
  { figures, checker, signal }: Run,
  client: RangeClient,
  { start, wanted, pauseMs }: { start: number; wanted: number; pauseMs: number },
): Promise<boolean> {
  return await client.read(wanted, async (piece, offset) => {
    figures.bytes += piece.byteLength;
    if (!checker.isRight(piece, start + offset)) figures.wrong++;
    if (pauseMs > 0) await wait(pauseMs, signal);
  });
}
