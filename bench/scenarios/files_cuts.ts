/**
 * files_cuts: files whose connection dies at random bytes, in both directions, until they are
 * there; and what anybody who looks into the folder sees meanwhile.
 */

import { createHash } from "node:crypto";
import { FileViewer, type FileViewerTarget } from "../measure/file_viewer.ts";
import type { SeededRandom } from "../../tests/seeded.ts";

/** A cut is at one byte of what would be sent; so many at most for each file. */
const CUTS_MAX = 3;
/** Header and digest around the bytes of a file. */
const FRAME_BYTES = 45;
const LANES = 4;
const NAME = /^f\d+\.bin$/;

/** What became of the files. */
export interface CutFigures {
  readonly transfers: number;
  cuts: number;
  /** Cuts after which a file went on in its middle. */
  resumed: number;
  failed: number;
  wrong: number;
  /** Looks into the folder, and files in it that were not whole. */
  looks: number;
  partial: number;
  /** Files that came twice. */
  doubled: number;
  readonly seconds: number[];
}

/** What a run of cuts needs. */
export interface CutOptions {
  readonly target: FileViewerTarget;
  readonly folder: string;
  readonly transfers: number;
  readonly random: SeededRandom;
  readonly signal: AbortSignal;
}

function newFigures(transfers: number): CutFigures {
  return {
    ...{ transfers, cuts: 0, resumed: 0, failed: 0, wrong: 0 },
    ...{ looks: 0, partial: 0, doubled: 0, seconds: [] },
  };
}

/** Size of the next file: most are small, some span several chunks. */
function sizeOf(random: SeededRandom): number {
  const most = random.pick([100, 20_000, 300_000, 300_000, 1_500_000]);
  return random.int(most + 1);
}

function sumOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("base64");
}

/** Sends `transfers` files over connections that are cut. */
export async function cutUploads(options: CutOptions): Promise<CutFigures> {
  const { transfers, random, folder, signal } = options;
  const figures = newFigures(transfers);
  /** Sum and size of every file that may be seen. */
  const known = new Map<string, { sum: string; bytes: number }>();
  let next = 0;
  const lane = async () => {
    const viewer = new FileViewer(options.target);
    while (next < transfers) {
      signal.throwIfAborted();
      const name = `f${next++}.bin`;
      const content = random.bytes(sizeOf(random));
      known.set(name, { sum: sumOf(content), bytes: content.byteLength });
      await sendThroughCuts(viewer, { name, content, options, figures });
      look(folder, known, figures);
    }
    viewer.cut();
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  for (const [name, { sum }] of known) {
    const there = await Deno.readFile(`${folder}/${name}`).catch(() => undefined);
    if (there === undefined || sumOf(there) !== sum) figures.wrong++;
  }
  for (const { name } of Deno.readDirSync(folder)) if (/ \(\d+\)/.test(name)) figures.doubled++;
  return figures;
}

async function sendThroughCuts(
  viewer: FileViewer,
  { name, content, options, figures }: {
    name: string;
    content: Uint8Array<ArrayBuffer>;
    options: CutOptions;
    figures: CutFigures;
  },
): Promise<void> {
  const { random, signal } = options;
  const startMs = performance.now();
  const file = new File([content], name, { lastModified: 1_700_000_000_000 });
  const isDone = { yes: false };
  const sending = viewer.send(file).then((event) => {
    isDone.yes = true;
    return event;
  });
  for (let cuts = 1 + random.int(CUTS_MAX); cuts > 0 && !isDone.yes; cuts--) {
    signal.throwIfAborted();
    viewer.cut();
    await viewer.connect(random.int(content.byteLength + FRAME_BYTES));
    await Promise.race([viewer.closed, sending]);
    figures.cuts++;
  }
  if (!isDone.yes) {
    viewer.cut();
    await viewer.connect();
  }
  const { state } = await sending;
  if (state !== "done") figures.failed++;
  figures.seconds.push((performance.now() - startMs) / 1000);
}

/** Looks as any program on the host does. */
function look(
  folder: string,
  known: ReadonlyMap<string, { bytes: number }>,
  figures: CutFigures,
): void {
  figures.looks++;
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.startsWith(".")) continue;
    const original = name.replace(/ \(\d+\)/, "");
    const bytes = known.get(original)?.bytes;
    const { size } = Deno.statSync(`${folder}/${name}`);
    if (!NAME.test(original) || size !== bytes) figures.partial++;
  }
}

/** Takes files that are there, each broken off some times and gone on with. */
export async function cutDownloads(options: CutOptions): Promise<CutFigures> {
  const { transfers, random, signal, target } = options;
  const figures = newFigures(transfers);
  const cookie = await target.host.cookie();
  const { files } = await (await fetch(`${target.host.origin}/api/files`, {
    headers: { cookie },
  })).json() as { files: { name: string; bytes: number }[] };
  for (let count = 0; count < transfers; count++) {
    signal.throwIfAborted();
    const { name, bytes } = random.pick(files);
    const url = `${target.host.origin}/api/files/${encodeURIComponent(name)}`;
    const startMs = performance.now();
    const content = new Uint8Array(bytes);
    let [at, etag, digest] = [0, "", ""];
    for (let cuts = random.int(CUTS_MAX + 1); cuts >= 0; cuts--) {
      const abort = new AbortController();
      const range = { "range": `bytes=${at}-`, "if-range": etag };
      const response = await fetch(url, {
        headers: { cookie, "want-repr-digest": "sha-256=1", ...at > 0 ? range : {} },
        signal: abort.signal,
      });
      if (at > 0 && response.status !== 206) figures.failed++;
      if (at > 0) figures.resumed++;
      etag = response.headers.get("etag") ?? "";
      digest = response.headers.get("repr-digest") ?? "";
      const end = cuts === 0 ? bytes : at + random.int(bytes - at + 1);
      at = await readInto(content, { response, at, end });
      if (at === bytes) break;
      abort.abort();
      figures.cuts++;
    }
    if (`sha-256=:${sumOf(content)}:` !== digest) figures.wrong++;
    figures.seconds.push((performance.now() - startMs) / 1000);
  }
  return figures;
}

/** Takes bytes of a body up to `end`; how far it came. */
async function readInto(
  content: Uint8Array,
  { response, at, end }: { response: Response; at: number; end: number },
): Promise<number> {
  const reader = response.body?.getReader();
  while (reader !== undefined && at < end) {
    const { value, done } = await reader.read();
    if (done) break;
    const piece = value.subarray(0, end - at);
    content.set(piece, at);
    at += piece.byteLength;
  }
  await reader?.cancel().catch(() => {});
  return at;
}
