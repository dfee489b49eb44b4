import t from "tap";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { FileHandles } from "../../../src/recording/file_handles.ts";
import { ReadGate, READS_MAX, READS_MIN } from "../../../src/recording/read_gate.ts";
import { SegmentCache } from "../../../src/recording/segment_cache.ts";
import { FLIGHT_MAX_US, SegmentReader } from "../../../src/recording/segment_reader.ts";
import { content } from "./delivery_rig.ts";

class Bench implements AsyncDisposable {
  readonly account = new MemoryLedger().account("recording_cache");
  readonly cache: SegmentCache;
  readonly gate = new ReadGate();
  readonly handles: FileHandles;
  readonly reader: SegmentReader;
  nowUs = 0;

  private constructor(readonly folder: string, cacheBytes: number) {
    this.cache = new SegmentCache({ bytes: cacheBytes, entries: 100, lifetimeUs: 1e9 });
    this.handles = new FileHandles(folder, () => this.nowUs);
    const { handles, cache, gate, account } = this;
    this.reader = new SegmentReader({ handles, cache, gate, account, nowUs: () => this.nowUs });
  }

  static async open({ cacheBytes = 0 } = {}): Promise<Bench> {
    const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
    await Deno.writeFile(`${folder}/a.mp4`, content(0, 100_000));
    return new Bench(folder, cacheBytes);
  }

  async wish(start: number, bytes: number) {
    const identity = await this.handles.inspect(`${this.folder}/a.mp4`);
    return { identity: identity!, start, bytes };
  }

  /** Takes every place of the gate; returns how to give them back. */
  async fill(): Promise<() => void> {
    const places = this.gate.limit;
    for (let count = 0; count < places; count++) {
      await this.gate.enter(new AbortController().signal);
    }
    return () => {
      for (let count = 0; count < places; count++) this.gate.leave();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cache.clear();
    this.handles.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

t.test("SegmentReader reads once for all who ask at the same time", async (t) => {
  await using bench = await Bench.open();
  const wish = await bench.wish(4096, 8192);
  const tickets = Array.from({ length: 50 }, () => bench.reader.ask(wish));
  const segments = await Promise.all(tickets.map(({ segment }) => segment));
  t.equal(new Set(segments).size, 1, "all have the same bytes");
  t.strictSame(segments[0]!.bytes, content(4096, 12_288));
  t.match(bench.reader.stats, { reads: 1, coalesced: 49, bytesRead: 8192 });
  t.equal(segments[0]!.holders, 50);
  t.equal(bench.account.reading.currentBytes, 8192, "once in memory");
  for (const segment of segments) segment!.release();
  t.equal(bench.account.reading.currentBytes, 0);
  t.equal(bench.reader.flights, 0);
});

t.test("SegmentReader serves from the cache, and shorter at the end of a file", async (t) => {
  await using bench = await Bench.open({ cacheBytes: 1e6 });
  const wish = await bench.wish(98_304, 8192);
  const first = await bench.reader.ask(wish).segment;
  t.strictSame(first!.bytes, content(98_304, 100_000));
  const second = await bench.reader.ask(wish).segment;
  t.equal(second, first);
  t.equal(bench.reader.stats.reads, 1);
  first!.release();
  second!.release();
  t.equal(bench.account.reading.currentBytes, bench.cache.bytes);
});

t.test("SegmentReader leaves the line when nobody waits any more", async (t) => {
  await using bench = await Bench.open();
  const leave = await bench.fill();
  const wish = await bench.wish(0, 4096);
  const [one, two] = [bench.reader.ask(wish), bench.reader.ask(wish)];
  t.equal(bench.gate.waiting, 1);
  one.cancel();
  one.cancel();
  t.equal(bench.reader.flights, 1, "one still waits");
  two.cancel();
  t.equal(bench.reader.flights, 0);
  t.equal(bench.gate.waiting, 0);
  t.equal(await one.segment, undefined);
  t.equal(await two.segment, undefined);
  const again = bench.reader.ask(wish);
  leave();
  const segment = await again.segment;
  t.strictSame(segment!.bytes, content(0, 4096), "who comes later is not harmed");
  segment!.release();
  t.match(bench.reader.stats, { abandoned: 1, reads: 1 });
  t.equal(bench.gate.active, 0);
  t.equal(bench.account.reading.currentBytes, 0);
});

t.test("SegmentReader gives up after five minutes, and when it is closed", async (t) => {
  await using bench = await Bench.open();
  const leave = await bench.fill();
  const late = bench.reader.ask(await bench.wish(0, 4096));
  bench.nowUs = FLIGHT_MAX_US - 1;
  bench.reader.expire(bench.nowUs);
  t.equal(bench.reader.flights, 1);
  bench.nowUs++;
  bench.reader.expire(bench.nowUs);
  t.equal(await late.segment, undefined);
  t.match(bench.reader.stats, { timeouts: 1 });
  const last = bench.reader.ask(await bench.wish(4096, 4096));
  bench.reader.close();
  t.equal(await last.segment, undefined);
  leave();
  t.equal(bench.reader.flights + bench.gate.active + bench.gate.waiting, 0);
});

t.test("SegmentReader reads nothing of a file that is gone, shorter or another one", async (t) => {
  await using bench = await Bench.open();
  const wish = await bench.wish(0, 4096);
  const path = `${bench.folder}/a.mp4`;
  await Deno.writeFile(path, content(0, 100), { append: true });
  const grown = await bench.reader.ask(wish).segment;
  t.strictSame(grown!.bytes, content(0, 4096), "one that grew is the same at its beginning");
  grown!.release();
  bench.handles.closeIdle();
  await Deno.truncate(path, 50);
  t.equal(await bench.reader.ask(wish).segment, undefined, "shorter");
  await Deno.rename(path, `${path}.old`);
  t.equal(await bench.reader.ask(wish).segment, undefined, "gone");
  await Deno.writeFile(path, content(0, 200_000));
  t.equal(await bench.reader.ask(wish).segment, undefined, "another one of that name");
  await Deno.remove(path);
  await Deno.symlink("/etc/passwd", path);
  t.equal(await bench.reader.ask(wish).segment, undefined, "a link to somewhere else");
  t.equal(bench.reader.stats.failures, 4);
  t.equal(bench.gate.active, 0);
  t.equal(bench.handles.open, 0);
  t.equal(bench.account.reading.currentBytes, 0);
});

t.test("ReadGate lets in 2 to 10 at once, in order", async (t) => {
  const gate = new ReadGate();
  const { signal } = new AbortController();
  const entered: number[] = [];
  const enter = async (number: number) => {
    if (await gate.enter(signal)) entered.push(number);
  };
  const all = Array.from({ length: 14 }, (_, number) => enter(number));
  await Promise.resolve();
  await Promise.resolve();
  t.equal(gate.active, READS_MAX);
  t.equal(gate.waiting, 4);
  gate.limit = 0;
  t.equal(gate.limit, READS_MIN, "never fewer than two");
  for (let left = 0; left < 8; left++) gate.leave();
  t.equal(gate.waiting, 4, "a lower limit lets nobody in");
  gate.leave();
  t.equal(gate.waiting, 3);
  gate.limit = 99;
  t.equal(gate.limit, READS_MAX);
  await Promise.all(all);
  t.strictSame(entered, Array.from({ length: 14 }, (_, number) => number));
  gate.close();
  t.equal(await gate.enter(signal), false);
});
