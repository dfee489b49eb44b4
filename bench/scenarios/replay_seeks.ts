/**
 * Seeks in a replay that stands still: each must give exactly the frame that was on the screen, read
 * from the host alone, and shown by Chromium with its time. What was on the screen is known from one
 * read of all that is held; markers say that pictures are those of their frames: the same drawing each
 * time, later ones in later frames.
 */

import type { Page } from "playwright-core";
import type { SeededRandom } from "../../tests/seeded.ts";
import { drawMarker } from "../../tests/marker_luma.ts";
import { MARKER_HEIGHT, MARKER_WIDTH, readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { sinceTruncated } from "../measure/frame_statistics.ts";
import type { ReplayClient } from "../measure/replay_client.ts";
import { waitFor } from "../measure/wait.ts";
import type { PageSeek } from "./replay_page.ts";

/** Between drawing and grab, either way round: a program may lose its processor in between. */
const GRAB_US_MAX = 2_000_000;

/** What a replay holds, for those who check seeks. */
export interface HeldFrame {
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly hash: number;
}

/** What came of seeks without a browser. */
export interface SeekResults {
  readonly ms: number[];
  readonly wrong: number;
}

/** What came of seeks in a page. */
export interface ShownResults {
  readonly seeks: readonly PageSeek[];
  /** Another frame than the one asked for, or a picture that is not that frame's. */
  readonly wrong: number;
}

/** Waits until `seconds` are held, then pauses; gives every frame in order. */
export async function freeze(
  client: ReplayClient,
  seconds: number,
  signal: AbortSignal,
): Promise<HeldFrame[]> {
  const span = await waitFor("full replay", async () => {
    const { span } = await client.report();
    return span !== null && span.endUs - span.startUs >= seconds * 1e6 ? span : undefined;
  }, { timeoutMs: 2000 * (seconds + 20), signal });
  await client.setPaused(true);
  const { endUs } = (await client.report()).span ?? span;
  const held: HeldFrame[] = [];
  await client.read({ atUs: span.startUs, toUs: endUs }, ({ frame, payload }) => {
    held.push({ ...frame, hash: hashOf(payload) });
  });
  return held;
}

/** Reads `count` frames at random times. */
export async function seekFrames(
  client: ReplayClient,
  held: readonly HeldFrame[],
  { count, random, signal }: { count: number; random: SeededRandom; signal: AbortSignal },
): Promise<SeekResults> {
  const ms: number[] = [];
  let wrong = 0;
  for (let seek = 0; seek < count && !signal.aborted; seek++) {
    const atUs = randomTime(held, random);
    const startMs = performance.now();
    let shown = 0;
    let last: HeldFrame | undefined;
    await client.read({ atUs }, ({ frame, payload }) => {
      if (!frame.isShown) return;
      shown++;
      last = { ...frame, hash: hashOf(payload) };
    });
    ms.push(performance.now() - startMs);
    const expected = frameAt(held, atUs);
    const isExact = shown === 1 && last?.frameId === expected.frameId &&
      last.hash === expected.hash && last.captureTimeUs === expected.captureTimeUs;
    if (!isExact) wrong++;
  }
  return { ms, wrong };
}

/** Has a page of `openSeekPage` show `count` frames at random times. */
export async function seekInPage(
  page: Page,
  held: readonly HeldFrame[],
  { count, random, signal }: { count: number; random: SeededRandom; signal: AbortSignal },
): Promise<ShownResults> {
  const seeks: PageSeek[] = [];
  const drawings = new Map<number, number>();
  let wrong = 0;
  for (let seek = 0; seek < count && !signal.aborted; seek++) {
    const atUs = randomTime(held, random);
    const shown = await page.evaluate(`wavrySeek(${atUs})`) as PageSeek;
    seeks.push(shown);
    const expected = frameAt(held, atUs);
    const drawing = drawingOf(shown);
    const before = drawings.get(expected.captureTimeUs) ?? drawing;
    if (shown.timeUs !== expected.captureTimeUs || drawing !== before) wrong++;
    if (drawing === undefined) wrong++;
    else drawings.set(expected.captureTimeUs, drawing);
  }
  const inOrder = [...drawings].sort(([a], [b]) => a - b).map(([, drawing]) => drawing);
  wrong += inOrder.filter((drawing, at) => at > 0 && drawing < inOrder[at - 1]!).length;
  return { seeks, wrong };
}

/** Number of the drawing that the page shows; undefined when it cannot be that frame's. */
function drawingOf(shown: PageSeek): number | undefined {
  const luma = new Uint8Array(MARKER_WIDTH * MARKER_HEIGHT);
  const marker = Uint8Array.from({ length: 12 }, (_, byte) => {
    return parseInt(shown.bits.slice(8 * byte, 8 * byte + 8), 2);
  });
  drawMarker(luma, MARKER_WIDTH, marker, { black: 0, white: 255 });
  const read = readMarker(luma, MARKER_WIDTH);
  if (read === undefined) return undefined;
  const ageUs = sinceTruncated(shown.timeUs, read.drawTimeUs);
  return Math.abs(ageUs) <= GRAB_US_MAX ? read.frame : undefined;
}

function randomTime(held: readonly HeldFrame[], random: SeededRandom): number {
  const startUs = held[0]!.captureTimeUs;
  return startUs + random.int(held.at(-1)!.captureTimeUs - startUs + 1);
}

function frameAt(held: readonly HeldFrame[], timeUs: number): HeldFrame {
  return held.findLast(({ captureTimeUs }) => captureTimeUs <= timeUs)!;
}

/** FNV-1a over every eighth byte: enough to tell frames apart. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5 ^ bytes.byteLength;
  for (let at = 0; at < bytes.byteLength; at += 8) {
    hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  }
  return hash >>> 0;
}
