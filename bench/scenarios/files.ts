/**
 * files: files between viewers and a real host: a thousand whose connection dies at random bytes,
 * how fast they go and what they cost of memory, and what they do to the picture that they share a
 * path with.
 */

import { randomFromSeed } from "../../tests/seeded.ts";
import { distributionOf } from "../measure/distribution.ts";
import { FileViewer, type FileViewerTarget } from "../measure/file_viewer.ts";
import { type Host, startHost } from "../measure/host.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { partOf, processTree, readMemory } from "../measure/process_usage.ts";
import { readCertificate } from "../measure/raw_viewer.ts";
import { wait } from "../measure/wait.ts";
import { atLeast, atMost, type Check, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";
import { cutDownloads, type CutFigures, cutUploads } from "./files_cuts.ts";
import { measureVideo } from "./files_video.ts";

const MIB = 2 ** 20;
const SPEED_BYTES = 256 * MIB;
/** What a first use compiles, loads and never gives back is no part of what files cost. */
const SETTLE_MS = 3000;
const SAMPLE_MS = 50;
const MEMORY_MAX = 64 * MIB;
/** A gigabit of link would not be filled below this; the share is what limits while pictures go. */
const SPEED_MIN = 20;
/** The bound, and what a measure over a few seconds of it may be off. */
const SHARE_MAX = 0.15 * 1.06;
/** Less would say nothing of the bound. */
const SHARE_MIN = 0.05;
const LATENESS_RATIO_MAX = 1.5;

interface Options {
  transfers: number;
  turns: number;
  seconds: number;
}

interface Output {
  readonly distributions: Record<string, ReturnType<typeof distributionOf>>;
  readonly values: Record<string, Value>;
  readonly checks: Check[];
}

/** Files in both directions. */
export const files: Scenario<Options> = {
  name: "files",
  summary:
    "files that are cut at random bytes, their speed and memory, and the picture beside them",
  options: {
    transfers: wholeNumberOption("--transfers <n>", "files that are cut, of each direction", {
      min: 1,
      max: 100_000,
      fallback: 1000,
    }),
    turns: wholeNumberOption("--turns <n>", "turns of the picture without and with files", {
      min: 1,
      max: 100,
      fallback: 5,
    }),
    seconds: wholeNumberOption("--seconds <n>", "length of half a turn", {
      min: 1,
      max: 600,
      fallback: 5,
    }),
  },
  deadlineSeconds: ({ transfers, turns, seconds }) => 180 + transfers * 2 + turns * seconds * 4,
  async run(run) {
    const out: Output = { distributions: {}, values: {}, checks: [] };
    await using group = new ProcessGroup(run.signal);
    const stateDirectory = await Deno.makeTempDir({ prefix: "wavry-bench-" });
    group.defer(() => Deno.remove(stateDirectory, { recursive: true }));
    const folder = `${stateDirectory}/drop`;
    const args = [
      ...["--source", "pattern", "--size", "1280x720", "--bitrate", "10000", "--max-viewers", "16"],
      ...["--files", "both", "--files-folder", folder],
    ];
    const host = await startHost(group, { args, stateDirectory }, run.signal);
    await host.cookie();
    const target = { host, certChainPem: await readCertificate(stateDirectory) };
    await measureCuts(run, { target, folder }, out);
    await measureSpeed(run, target, out);
    await measurePicture(run, target, out);
    return {
      results: {
        ...{ distributions: out.distributions, values: out.values },
        notes: [
          "Uploads by the page's own code over QUIC, downloads over HTTP; client and host share the machine",
          "Lateness is that of whole frames behind the earliest one of all; ratios are of p99, in turns",
        ],
      },
      checks: out.checks,
    };
  },
};

async function measureCuts(
  run: ScenarioRun<Options>,
  { target, folder }: { target: FileViewerTarget; folder: string },
  out: Output,
): Promise<void> {
  const { signal, options: { transfers } } = run;
  const random = randomFromSeed(run.seed);
  const options = { target, folder, transfers, random, signal };
  const memory = await watchMemory(target.host, signal);
  const up = await cutUploads(options);
  run.log(`${transfers} up: ${up.cuts} cuts, ${up.wrong} wrong, ${up.partial} seen in part`);
  const down = await cutDownloads(options);
  run.log(`${transfers} down: ${down.cuts} cuts, ${down.wrong} wrong`);
  const parts = [...Deno.readDirSync(`${folder}/.wavry-parts`)].length;
  note("up", up, out);
  note("down", down, out);
  const growth = memory.stop();
  out.values["memory above baseline while cut"] = { value: growth, unit: "bytes" };
  out.checks.push(
    atMost("files seen that were not whole", up.partial, 0),
    atMost("files that came twice", up.doubled, 0),
    atMost("parts left", parts, 0),
    atMost("memory above baseline while cut, bytes", growth, MEMORY_MAX),
  );
}

function note(way: string, figures: CutFigures, out: Output): void {
  out.distributions[`${way}: time of a file with its cuts`] = distributionOf(figures.seconds, "s");
  out.values[`${way}: files`] = { value: figures.transfers, unit: "files" };
  out.values[`${way}: cuts`] = { value: figures.cuts, unit: "cuts" };
  if (way === "up") out.values["looks into the folder"] = { value: figures.looks, unit: "looks" };
  else out.values["down: gone on with"] = { value: figures.resumed, unit: "times" };
  out.checks.push(
    atMost(`${way}: files that failed`, figures.failed, 0),
    atMost(`${way}: files with another sum`, figures.wrong, 0),
    atLeast(`${way}: files that came`, figures.seconds.length, figures.transfers),
  );
}

async function measureSpeed(
  run: ScenarioRun<Options>,
  target: FileViewerTarget,
  out: Output,
): Promise<void> {
  const { host } = target;
  const memory = await watchMemory(host, run.signal);
  const viewer = new FileViewer(target);
  await viewer.connect();
  const content = new Uint8Array(SPEED_BYTES);
  const startMs = performance.now();
  const { name = "" } = await viewer.send(new File([content], "speed.bin"));
  const sentMs = performance.now();
  const response = await fetch(`${host.origin}/api/files/${encodeURIComponent(name)}`, {
    headers: { cookie: await host.cookie() },
  });
  let bytes = 0;
  for await (const piece of response.body ?? []) bytes += piece.byteLength;
  const takenMs = performance.now();
  viewer.cut();
  const growth = memory.stop();
  const up = SPEED_BYTES / (sentMs - startMs) / 1000;
  const down = bytes / (takenMs - sentMs) / 1000;
  run.log(`${up.toFixed(0)} MB/s up, ${down.toFixed(0)} MB/s down`);
  out.values["up: speed without a picture"] = { value: up, unit: "MB/s" };
  out.values["down: speed without a picture"] = { value: down, unit: "MB/s" };
  out.values["memory above baseline at full speed"] = { value: growth, unit: "bytes" };
  out.checks.push(
    atLeast("up: MB/s without a picture", up, SPEED_MIN),
    atLeast("down: MB/s without a picture", down, SPEED_MIN),
    atMost("memory above baseline at full speed, bytes", growth, MEMORY_MAX),
  );
}

async function measurePicture(
  run: ScenarioRun<Options>,
  target: FileViewerTarget,
  out: Output,
): Promise<void> {
  const { turns, seconds } = run.options;
  const viewer = new FileViewer(target);
  await viewer.connect();
  const figures = await measureVideo({
    ...{ viewer, host: target.host, turns, turnMs: seconds * 1000, signal: run.signal },
  });
  viewer.cut();
  const median = (values: readonly number[]) => distributionOf(values, "").p50 ?? NaN;
  out.distributions["lateness of frames without files"] = distributionOf(figures.without, "ms");
  out.distributions["lateness of frames beside files"] = distributionOf(figures.withFiles, "ms");
  const [up, down] = [median(figures.uploadShares), median(figures.downloadShares)];
  const ratio = median(figures.ratios);
  run.log(`beside a picture: ${(100 * (up + down)).toFixed(1)} % of its target, p99 x ${ratio}`);
  out.values["p99 beside files / without"] = { value: ratio, unit: "times" };
  out.values["share of the target, up"] = { value: up, unit: "of it" };
  out.values["share of the target, down"] = { value: down, unit: "of it" };
  out.checks.push(
    atMost("share of the target, both ways", up + down, SHARE_MAX),
    atLeast("share of the target that moved", up + down, SHARE_MIN),
    atMost("p99 beside files / without", ratio, LATENESS_RATIO_MAX),
  );
}

/** Follows the resident memory of the server process; how far it rose at most, when it is stopped. */
async function watchMemory(host: Host, signal: AbortSignal): Promise<{ stop(): number }> {
  const pid = processTree(host.program.pid).find((info) => partOf(info) === "server")?.pid;
  if (pid === undefined) throw new Error("Cannot find the server process of the host");
  await wait(SETTLE_MS, signal);
  const read = () => readMemory(pid)?.rssBytes ?? 0;
  const before = read();
  let most = before;
  const timer = setInterval(() => most = Math.max(most, read()), SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return most - before;
    },
  };
}
