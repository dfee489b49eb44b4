/**
 * delivery: recordings over HTTP from a real host: many readers of ranges of one large file at once,
 * with every byte compared, its memory and its descriptors; and how fast one and a hundred readers get
 * theirs, against Debian's nginx on the same file, in turns.
 */

import { fileURLToPath } from "node:url";
import { Catalog } from "../../src/recording/catalog.ts";
import type { DeliveryStats } from "../../src/recording/delivery_stats.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { distributionOf } from "../measure/distribution.ts";
import { type Host, startHost } from "../measure/host.ts";
import { makeKnownFile } from "../measure/known_file.ts";
import { findNginx, startNginx } from "../measure/nginx.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import {
  countDescriptors,
  partOf,
  processTree,
  readMemory,
  readProcess,
} from "../measure/process_usage.ts";
import { RangeClient, type RangeTarget } from "../measure/range_client.ts";
import { wait, waitFor } from "../measure/wait.ts";
import { atLeast, atMost, type Check, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";
import { readAtOnce } from "./delivery_readers.ts";

/** Named as the host names its own. */
const ID = "20260101T000000-0-delivery";
const FOLDER = fileURLToPath(new URL("../../build/bench_delivery", import.meta.url));
const MIB = 2 ** 20;
/** Idle files are closed after 10 s. */
const QUIET_TIMEOUT_MS = 30_000;
const SAMPLE_MS = 50;
const SETTLE_MS = 3000;
const MEMORY_MAX = 64 * MIB;
const ONE_RATIO_MIN = 0.5;
const MANY_RATIO_MIN = 0.7;
/** What each turn reads in all, and by how many. */
const SPEEDS = [
  { name: "one reader", readers: 1, bytes: 512 * MIB, ratioMin: ONE_RATIO_MIN },
  { name: "100 readers", readers: 100, bytes: 800 * MIB, ratioMin: MANY_RATIO_MIN },
] as const;

interface Options {
  readers: number;
  megabytes: number;
  rounds: number;
}

interface Output {
  readonly values: Record<string, Value>;
  readonly checks: Check[];
  readonly notes: string[];
}

/** Recordings over HTTP. */
export const delivery: Scenario<Options> = {
  name: "delivery",
  summary: "recordings over HTTP: memory and bytes of many readers, speed against nginx",
  options: {
    readers: wholeNumberOption("--readers <n>", "readers of ranges at once", {
      min: 1,
      max: 4000,
      fallback: 1000,
    }),
    megabytes: wholeNumberOption("--megabytes <n>", "size of the file, made once, in MiB", {
      min: 1024,
      max: 65_536,
      fallback: 4096,
    }),
    rounds: wholeNumberOption("--rounds <n>", "turns of each server, speed and number of readers", {
      min: 1,
      max: 50,
      fallback: 7,
    }),
  },
  deadlineSeconds: ({ readers, rounds }) => 300 + readers / 5 + rounds * 60,
  async run(run) {
    const out: Output = { values: {}, checks: [], notes: [] };
    await using group = new ProcessGroup(run.signal);
    const fileBytes = run.options.megabytes * MIB;
    await Deno.mkdir(FOLDER, { recursive: true, mode: 0o700 });
    await makeKnownFile(`${FOLDER}/${ID}.mp4`, fileBytes, run.log);
    register(fileBytes);
    const stateDirectory = await Deno.makeTempDir({ prefix: "wavry-bench-" });
    group.defer(() => Deno.remove(stateDirectory, { recursive: true }));
    const args = ["--source", "pattern", "--size", "640x360", "--record-dir", FOLDER];
    const host = await startHost(group, { args, stateDirectory }, run.signal);
    const { hostname, port } = new URL(host.origin);
    const cookie = await host.cookie();
    const target = { hostname, port: Number(port), path: `/recordings/${ID}.mp4`, cookie };
    const rangeMs = await measureReaders(run, { host, target, fileBytes }, out);
    await measureSpeeds(run, { group, target, workFolder: stateDirectory, fileBytes }, out);
    return {
      results: { distributions: { "range": distributionOf(rangeMs, "ms") }, ...out },
      checks: out.checks,
    };
  },
};

/** Has the host's catalogue know the file, as if it had recorded it. */
function register(bytes: number): void {
  const catalog = Catalog.open(`${FOLDER}/recordings.sqlite`);
  catalog.put({
    ...{ id: ID, streamId: 0, name: "Bench", codec: "avc1.42c01f", width: 640, height: 360 },
    ...{ startedMs: Date.UTC(2026, 0, 1), startUs: 0, endUs: 3_600_000_000 },
    ...{ bytes, frames: 216_000, state: "complete" },
  });
  catalog.close();
}

async function measureReaders(
  run: ScenarioRun<Options>,
  { host, target, fileBytes }: { host: Host; target: RangeTarget; fileBytes: number },
  out: Output,
): Promise<number[]> {
  const pid = processTree(host.program.pid).find((info) => partOf(info) === "server")?.pid;
  if (pid === undefined) throw new Error("Cannot find the server process of the host");
  const random = randomFromSeed(run.seed);
  const { signal } = run;
  // What a first use compiles and loads is no part of what readers cost.
  await readAtOnce(target, { readers: 4, fileBytes, random, signal });
  await untilQuiet(host, signal);
  await wait(SETTLE_MS, signal);
  const before = look(pid);
  const cpuBefore = readProcess(pid)?.cpuSeconds ?? 0;
  let peakBytes = before.rssBytes;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, readMemory(pid)?.rssBytes ?? 0);
  }, SAMPLE_MS);
  const startMs = performance.now();
  const { readers } = run.options;
  const figures = await readAtOnce(target, { readers, fileBytes, random, signal })
    .finally(() => clearInterval(timer));
  const seconds = (performance.now() - startMs) / 1000;
  const cpuSeconds = (readProcess(pid)?.cpuSeconds ?? 0) - cpuBefore;
  const stats = await untilQuiet(host, signal);
  const after = look(pid);
  const growth = peakBytes - before.rssBytes;
  run.log(`${readers} readers: ${figures.ranges} ranges, ${figures.wrong} wrong, peak +${growth}`);
  if (figures.failed > 0) out.notes.push(`The first reader that failed: ${figures.firstFailure}`);
  Object.assign(out.values, {
    "readers: ranges": { value: figures.ranges, unit: "ranges" },
    "readers: bytes compared": { value: figures.bytes, unit: "bytes" },
    "readers: at once at most": { value: figures.concurrentMax, unit: "readers" },
    "readers: answers 503": { value: figures.refused, unit: "answers" },
    "readers: left in the middle": { value: figures.left, unit: "ranges" },
    "readers: time": { value: seconds, unit: "s" },
    "readers: processor time of the server": { value: cpuSeconds, unit: "s" },
    "server: reads of the disk": { value: stats.reader.reads, unit: "reads" },
    "server: bodies ended as stalled": { value: stats.stalled, unit: "bodies" },
    "server: reads given up": { value: stats.reader.timeouts, unit: "reads" },
    "server: resident before": { value: before.rssBytes, unit: "bytes" },
    "server: resident at most": { value: peakBytes, unit: "bytes" },
    "server: resident afterwards": { value: after.rssBytes, unit: "bytes" },
  });
  out.checks.push(
    atLeast("readers at once", figures.concurrentMax, readers),
    atMost("answers with a wrong byte", figures.wrong, 0),
    atMost("readers that failed", figures.failed, 0),
    atMost("memory above baseline, bytes", growth, MEMORY_MAX),
    atMost("descriptors left", after.descriptors - before.descriptors, 0),
  );
  return figures.rangeMs;
}

function look(pid: number): { rssBytes: number; descriptors: number } {
  const memory = readMemory(pid);
  const descriptors = countDescriptors(pid);
  if (memory === undefined || descriptors === undefined) {
    throw new Error("Cannot look at the server process: it has ended");
  }
  return { rssBytes: memory.rssBytes, descriptors };
}

/** Waits until delivery holds nothing any more: no body, no booking, no file. */
async function untilQuiet(host: Host, signal: AbortSignal): Promise<DeliveryStats> {
  return await waitFor("end of all deliveries", async () => {
    const { recording } = await host.stats() as { recording: { delivery: DeliveryStats } };
    const { activeStreams, bookedBytes, flights, openFiles } = recording.delivery;
    const held = activeStreams + bookedBytes + flights + openFiles;
    return held === 0 ? recording.delivery : undefined;
  }, { timeoutMs: QUIET_TIMEOUT_MS, signal, intervalMs: 500 });
}

async function measureSpeeds(
  run: ScenarioRun<Options>,
  { group, target, workFolder, fileBytes }: {
    group: ProcessGroup;
    target: RangeTarget;
    workFolder: string;
    fileBytes: number;
  },
  out: Output,
): Promise<void> {
  const program = findNginx();
  if (program === undefined) throw new Error("Cannot compare with nginx: install Debian's nginx");
  const name = `${ID}.mp4`;
  const nginx = await startNginx(
    group,
    { program, folder: FOLDER, workFolder, name },
    run.signal,
  );
  out.notes.push(
    "nginx: Debian's, sendfile, a worker for each core; the same client and ranges, in turns",
    "Ratios are medians over turns, each of the host's speed to nginx's right before or after it",
  );
  for (const speed of SPEEDS) {
    const ratios: number[] = [];
    const host: number[] = [];
    const other: number[] = [];
    for (let round = 0; round < run.options.rounds; round++) {
      const turn = { ...speed, start: (round * 677 * MIB) % (fileBytes - speed.bytes) };
      const ways = [() => readFast(target, turn), () => readFast(nginx, turn)] as const;
      const isFirst = round % 2 === 0;
      const first = await ways[isFirst ? 0 : 1]();
      const second = await ways[isFirst ? 1 : 0]();
      run.signal.throwIfAborted();
      host.push(isFirst ? first : second);
      other.push(isFirst ? second : first);
      ratios.push(host[round]! / other[round]!);
    }
    out.values[`${speed.name}: host`] = { value: median(host), unit: "MB/s" };
    out.values[`${speed.name}: nginx`] = { value: median(other), unit: "MB/s" };
    out.values[`${speed.name}: host / nginx`] = { value: median(ratios), unit: "times" };
    out.checks.push(atLeast(`${speed.name}: host / nginx`, median(ratios), speed.ratioMin));
    run.log(`${speed.name}: ${median(host).toFixed(0)} of ${median(other).toFixed(0)} MB/s`);
  }
}

/** Reads `bytes` in as many ranges as readers; megabytes a second. */
async function readFast(
  target: RangeTarget,
  { readers, bytes, start }: { readers: number; bytes: number; start: number },
): Promise<number> {
  const each = Math.floor(bytes / readers);
  const clients = await Promise.all(
    Array.from({ length: readers }, () => RangeClient.connect(target)),
  );
  const startMs = performance.now();
  await Promise.all(clients.map((client, index) => readRange(client, start + index * each, each)));
  const seconds = (performance.now() - startMs) / 1000;
  for (const client of clients) client.close();
  return readers * each / seconds / 1e6;
}

async function readRange(client: RangeClient, start: number, bytes: number): Promise<void> {
  for (;;) {
    const head = await client.ask(start, start + bytes);
    if (head.status === 206) break;
    await client.read(head.contentLength, () => {});
    if (head.status !== 503) throw new Error(`Cannot read a range: answer ${head.status}`);
    await new Promise((resolve) => setTimeout(resolve, head.retryAfterSeconds * 1000));
  }
  if (!await client.read(bytes, () => {})) throw new Error("Cannot read a range to its end");
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length % 2 === 1) return sorted[middle] ?? NaN;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
