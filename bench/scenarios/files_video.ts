/**
 * files_video: what files do to the picture: the lateness of frames without and with a file in
 * each direction, in turns, and the share of the path that the files took.
 */

import type { FileViewer } from "../measure/file_viewer.ts";
import { distributionOf } from "../measure/distribution.ts";
import type { Host } from "../measure/host.ts";
import { wait } from "../measure/wait.ts";

const FILE_BYTES = 64 * 1024 * 1024;
/** Frames after a change of the load that count for neither. */
const SETTLE_MS = 500;

/** What a run of turns gave. */
export interface VideoFigures {
  /** Lateness of frames behind the earliest of all, milliseconds. */
  readonly without: number[];
  readonly withFiles: number[];
  /** p99 with over p99 without, one for each turn. */
  readonly ratios: number[];
  /** Bytes a second of all files of the session over its target, while they moved. */
  readonly uploadShares: number[];
  readonly downloadShares: number[];
}

interface Viewer {
  readonly sent?: { readonly targetBps: number } | null;
}

interface Counters {
  readonly viewers: readonly Viewer[];
  readonly features: { readonly files: { bytesReceived: number; bytesSent: number } };
}

/** Measures in turns; `viewer` is connected. */
export async function measureVideo(
  { viewer, host, turns, turnMs, signal }: {
    viewer: FileViewer;
    host: Host;
    turns: number;
    turnMs: number;
    signal: AbortSignal;
  },
): Promise<VideoFigures> {
  const late = { frames: [] as number[] };
  viewer.watch({
    frame: ({ captureTimeUs }) => {
      // Clocks differ by something that stays; the low 32 bits are enough for differences.
      late.frames.push(((performance.now() * 1000 - captureTimeUs) | 0) / 1000);
    },
  });
  await wait(3000, signal);
  const name = await putFile(viewer, signal);
  const phases: { without: number[]; withFiles: number[] }[] = [];
  const figures: VideoFigures = {
    ...{ without: [], withFiles: [], ratios: [], uploadShares: [], downloadShares: [] },
  };
  for (let turn = 0; turn < turns; turn++) {
    const without = await phase(late, turnMs, signal);
    const load = await startLoad(viewer, host, { name, turn });
    await wait(SETTLE_MS, signal);
    const before = await counters(host);
    const withFiles = await phase(late, turnMs, signal);
    const after = await counters(host);
    await load.stop();
    await wait(SETTLE_MS, signal);
    phases.push({ without, withFiles });
    const seconds = (after.atMs - before.atMs) / 1000;
    figures.uploadShares.push((after.up - before.up) * 8 / seconds / after.targetBps);
    figures.downloadShares.push((after.down - before.down) * 8 / seconds / after.targetBps);
  }
  const earliest = phases.flatMap(({ without, withFiles }) => [...without, ...withFiles])
    .reduce((least, value) => Math.min(least, value), Infinity);
  for (const { without, withFiles } of phases) {
    const [one, other] = [without, withFiles].map((values) => values.map((ms) => ms - earliest));
    figures.without.push(...one ?? []);
    figures.withFiles.push(...other ?? []);
    figures.ratios.push(p99(other ?? []) / p99(one ?? []));
  }
  return figures;
}

function p99(values: readonly number[]): number {
  return distributionOf(values, "ms").p99 ?? NaN;
}

async function phase(
  late: { frames: number[] },
  ms: number,
  signal: AbortSignal,
): Promise<number[]> {
  late.frames = [];
  await wait(ms, signal);
  return late.frames;
}

/** A file that can be taken for as long as a turn lasts. */
async function putFile(viewer: FileViewer, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const content = new Uint8Array(1_500_000);
  const { name } = await viewer.send(new File([content], "small.bin"));
  return name ?? "";
}

/** One file up, and one down again and again. */
async function startLoad(
  viewer: FileViewer,
  host: Host,
  { name, turn }: { name: string; turn: number },
): Promise<{ stop(): Promise<void> }> {
  const cookie = await host.cookie();
  const abort = new AbortController();
  const upload = viewer.sendUntilCancelled(
    new File([new Uint8Array(FILE_BYTES)], `turn ${turn}.bin`),
  );
  const reading = (async () => {
    while (!abort.signal.aborted) {
      const url = `${host.origin}/api/files/${encodeURIComponent(name)}`;
      const response = await fetch(url, { headers: { cookie }, signal: abort.signal });
      await response.bytes();
    }
  })().catch(() => {});
  return {
    stop: async () => {
      abort.abort();
      upload.cancel();
      await reading;
    },
  };
}

async function counters(
  host: Host,
): Promise<{ atMs: number; up: number; down: number; targetBps: number }> {
  const { viewers, features } = await host.stats() as unknown as Counters;
  const targetBps = viewers.find(({ sent }) => sent !== null && sent !== undefined)?.sent
    ?.targetBps;
  if (targetBps === undefined) throw new Error("Cannot find the viewer's target");
  const { bytesReceived: up, bytesSent: down } = features.files;
  return { atMs: performance.now(), up, down, targetBps };
}
