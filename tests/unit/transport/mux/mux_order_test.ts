/**
 * MuxConnection under random interleavings: messages of both directions arrive one by one in any
 * mixture, writers write and give up, readers read, rest and cancel. What is read is what was written,
 * in order, and no end ever holds more than its windows.
 */

import t from "tap";
import { createMemoryChannels } from "../../../../src/transport/mux/memory_channel.ts";
import { MuxConnection } from "../../../../src/transport/mux/mux_connection.ts";
import type { BidirectionalStream } from "../../../../src/transport/connection.ts";
import { randomFromSeed, seededRandom } from "../../../seeded.ts";
import type { SeededRandom } from "../../../seeded.ts";

const RUNS = 25;
const STREAMS_PER_SIDE = 7;
const LIMITS = {
  streamWindowBytes: 1_000,
  streamShareBytes: 200,
  connectionWindowBytes: 1_300,
  bidirectionalMax: 2,
  unidirectionalMax: 3,
  streamBufferBytesMax: 1_500,
  openTimeoutMs: 60_000,
};
const HELD_BYTES_MAX = (2 * LIMITS.bidirectionalMax + LIMITS.unidirectionalMax) *
    LIMITS.streamShareBytes + LIMITS.connectionWindowBytes;

/** What a half of a stream came to. */
interface HalfOutcome {
  readonly name: string;
  written: number;
  wroteAll: boolean;
  read: number;
  sawEnd: boolean;
  wasCancelled: boolean;
}

/** A run: two ends, a scheduler that decides what happens next, and what became of each half. */
class Run {
  readonly outcomes: HalfOutcome[] = [];
  readonly #random: SeededRandom;
  readonly #resting: (() => void)[] = [];
  readonly #channels = createMemoryChannels();
  readonly #ends: readonly MuxConnection[];
  #busy = 0;
  heldMax = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    const [near, far] = this.#channels;
    for (const channel of this.#channels) channel.hold();
    this.#ends = [
      new MuxConnection(near, { side: "client", transport: "loopback", ...LIMITS }),
      new MuxConnection(far, { side: "server", transport: "loopback", ...LIMITS }),
    ];
  }

  /** Runs until everything that was begun has ended. Rejects when it does not. */
  async drive(): Promise<void> {
    for (const [index, end] of this.#ends.entries()) {
      this.#begin(this.#openStreams(end, index));
      void this.#acceptStreams(end, index);
    }
    for (let step = 0; this.#busy > 0 || this.openStreams > 0; step++) {
      if (step > 400_000) throw new Error(`Stuck: ${JSON.stringify(this.outcomes)}`);
      const choice = this.#random.int(4);
      if (choice < 2) this.#channels[choice]!.deliver();
      else if (choice === 2 && this.#resting.length > 0) {
        this.#resting.splice(this.#random.int(this.#resting.length), 1)[0]!();
      } else await Promise.resolve();
      for (const { heldBytes } of this.#ends) this.heldMax = Math.max(this.heldMax, heldBytes);
      if (step % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  get openStreams(): number {
    return this.#ends.reduce((sum, { openStreams }) => sum + openStreams, 0);
  }

  get heldBytes(): number {
    return this.#ends.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  }

  close(): void {
    for (const channel of this.#channels) channel.release();
    this.#ends[0]!.close(0, "");
  }

  #begin(work: Promise<void>): void {
    this.#busy++;
    work.finally(() => this.#busy--).catch(() => {});
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => this.#resting.push(resolve));
  }

  async #openStreams(end: MuxConnection, side: number): Promise<void> {
    for (let index = 0; index < STREAMS_PER_SIDE; index++) {
      await this.#rest();
      if (this.#random.int(2) === 0) {
        const stream = await end.openBidirectional();
        this.#use(stream, `${side}:${index}`);
      } else {
        const writable = await end.openUnidirectional();
        this.#begin(this.#write(writable, this.#outcome(`${side}:${index}:there`)));
      }
    }
  }

  async #acceptStreams(end: MuxConnection, side: number): Promise<void> {
    const both = async () => {
      for (let index = 0;; index++) {
        await this.#rest();
        const stream = await end.acceptBidirectional();
        if (stream === undefined) return;
        this.#use(stream, `accepted by ${side}:${index}`);
      }
    };
    const oneWay = async () => {
      for (;;) {
        await this.#rest();
        const readable = await end.acceptUnidirectional();
        if (readable === undefined) return;
        this.#begin(this.#read(readable));
      }
    };
    await Promise.all([both(), oneWay()]);
  }

  #use({ readable, writable }: BidirectionalStream, name: string): void {
    this.#begin(this.#write(writable, this.#outcome(name)));
    this.#begin(this.#read(readable));
  }

  #outcome(name: string): HalfOutcome {
    const outcome = {
      ...{ name, written: 0, wroteAll: false },
      ...{ read: 0, sawEnd: false, wasCancelled: false },
    };
    this.outcomes.push(outcome);
    return outcome;
  }

  /** The first byte names the outcome; byte `i` behind it is known from both. */
  async #write(writable: WritableStream<Uint8Array>, outcome: HalfOutcome): Promise<void> {
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const key = this.outcomes.indexOf(outcome);
    const total = 1 + this.#random.int(4_000);
    const content = Uint8Array.from({ length: total }, (_, at) => at === 0 ? key : byteOf(key, at));
    try {
      for (let offset = 0; offset < total;) {
        const end = Math.min(total, offset + 1 + this.#random.int(700));
        await writer.write(content.subarray(offset, end));
        outcome.written = offset = end;
        if (this.#random.int(40) === 0) return void await writer.abort();
        if (this.#random.int(3) === 0) await this.#rest();
      }
      await writer.close();
      outcome.wroteAll = true;
    } catch {
      // The reader wanted no more.
    }
  }

  async #read(readable: ReadableStream<Uint8Array>): Promise<void> {
    const reader = readable.getReader();
    reader.closed.catch(() => {});
    let outcome: HalfOutcome | undefined;
    let key = 0;
    try {
      for (;;) {
        if (this.#random.int(3) === 0) await this.#rest();
        const { value, done } = await reader.read();
        if (done) {
          if (outcome !== undefined) outcome.sawEnd = true;
          return;
        }
        if (outcome === undefined) {
          key = value[0]!;
          outcome = this.outcomes[key]!;
        }
        for (const byte of value) {
          const at = outcome.read++;
          if (at > 0 && byte !== byteOf(key, at)) throw new RangeError(`Byte ${at} of ${key}`);
        }
        if (this.#random.int(60) !== 0) continue;
        outcome.wasCancelled = true;
        return void await reader.cancel();
      }
    } catch (error) {
      if (error instanceof RangeError) throw this.#broken = error;
      // The writer gave up.
    }
  }

  #broken: Error | undefined;

  get broken(): Error | undefined {
    return this.#broken;
  }
}

function byteOf(key: number, at: number): number {
  return (key * 31 + at * 7 + (at >> 8)) & 255;
}

t.test(`MuxConnection keeps order and windows in ${RUNS} random interleavings`, async (t) => {
  const random = seededRandom("mux order");
  let heldMax = 0;
  let whole = 0;
  let given = 0;
  for (let index = 0; index < RUNS; index++) {
    const run = new Run(randomFromSeed(random.int(2 ** 32)));
    await run.drive();
    heldMax = Math.max(heldMax, run.heldMax);
    if (run.broken !== undefined) t.fail(`run ${index}: ${run.broken.message}`);
    for (const { name, written, wroteAll, read, sawEnd, wasCancelled } of run.outcomes) {
      if (sawEnd && (read !== written || !wroteAll)) t.fail(`run ${index}, ${name}: ${read} read`);
      if (wroteAll && !sawEnd && !wasCancelled) t.fail(`run ${index}, ${name}: no end`);
      if (sawEnd) whole++;
      else given++;
    }
    if (run.openStreams > 0) t.fail(`run ${index}: ${run.openStreams} streams are left`);
    if (run.heldBytes > 0) t.fail(`run ${index}: ${run.heldBytes} bytes are left`);
    run.close();
  }
  t.ok(heldMax <= HELD_BYTES_MAX, `${heldMax} of ${HELD_BYTES_MAX} bytes held`);
  t.ok(heldMax > LIMITS.connectionWindowBytes, "windows were used");
  t.ok(whole > 0 && given > 0, `${whole} streams to their end, ${given} given up`);
});
