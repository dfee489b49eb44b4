/**
 * What a replay costs its process: bytes beyond the payload, and the time that nothing else runs while
 * frames are written. In this process, with frames of the size that the rate gives.
 */

import { MemoryLedger } from "../../src/memory/memory_ledger.ts";
import { ReplayBuffer } from "../../src/replay/replay_buffer.ts";
import { BT601_LIMITED } from "../../src/wire/codec.ts";
import type { StreamDescription } from "../../src/wire/codec.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { wait } from "../measure/wait.ts";

const FPS = 60;
const KEYFRAME_SHARE = 6;

/** What one replay takes. */
export interface ReplayMemory {
  readonly payloadBytes: number;
  /** Beside the ring, as the ledger has it, in % of the ring. */
  readonly beyondPercent: number;
  readonly heldSeconds: number;
}

/** How long writing kept others from running. */
export interface WritingTimes {
  /** Each frame, eviction included. */
  readonly pushMs: Distribution;
  /** By how much timers of 1 ms came late meanwhile, and in as long a time without writing. */
  readonly lateMs: Distribution;
  readonly idleLateMs: Distribution;
}

const DESCRIPTION: StreamDescription = {
  id: 0,
  name: "Screen",
  kind: "video",
  codec: "avc1.42e02a",
  codedWidth: 1920,
  codedHeight: 1080,
  colorSpace: BT601_LIMITED,
  optimizeForLatency: true,
  framerate: FPS,
  bitrateBps: 50_000_000,
  encoder: "x264",
};

/** Frames of a rate, with a keyframe a second that is several times as large. */
class FrameSource {
  readonly #ordinary: Uint8Array;
  readonly #keyframe: Uint8Array;
  #count = 0;

  constructor(bitrateBps: number) {
    const bytes = bitrateBps / 8 / (FPS - 1 + KEYFRAME_SHARE);
    this.#ordinary = new Uint8Array(Math.floor(bytes)).fill(1);
    this.#keyframe = new Uint8Array(Math.floor(bytes * KEYFRAME_SHARE)).fill(2);
  }

  pushTo(replay: ReplayBuffer): void {
    const isKeyframe = this.#count % FPS === 0;
    const captureTimeUs = Math.round(this.#count * 1e6 / FPS);
    replay.push({
      streamId: 0,
      frameId: ++this.#count,
      referenceDistance: isKeyframe ? 0 : 1,
      captureTimeUs,
      payload: isKeyframe ? this.#keyframe : this.#ordinary,
    }, captureTimeUs);
  }
}

/** Fills a replay of `seconds` at `bitrateBps` three times over. */
export function measureMemory(seconds: number, bitrateBps: number): ReplayMemory {
  const ledger = new MemoryLedger();
  const bytes = Math.ceil(seconds * bitrateBps / 8);
  using replay = new ReplayBuffer({ seconds, bytes, fps: FPS }, ledger.account("replay"));
  replay.describe(DESCRIPTION);
  const source = new FrameSource(bitrateBps);
  for (let frame = 0; frame < 3 * seconds * FPS; frame++) source.pushTo(replay);
  const [booked] = ledger.snapshot();
  const span = replay.span!;
  return {
    payloadBytes: span.bytes,
    beyondPercent: 100 * (booked!.currentBytes - bytes) / bytes,
    heldSeconds: (span.endUs - span.startUs) / 1e6,
  };
}

/** Writes at `bitrateBps` for `seconds`, in the time that frames take, into a replay that is full. */
export async function measureWriting(
  bitrateBps: number,
  seconds: number,
  signal: AbortSignal,
): Promise<WritingTimes> {
  const held = 5;
  const limits = { seconds: held, bytes: Math.ceil(held * bitrateBps / 8), fps: FPS };
  using replay = new ReplayBuffer(limits, new MemoryLedger().account("replay"));
  replay.describe(DESCRIPTION);
  const source = new FrameSource(bitrateBps);
  for (let frame = 0; frame < 2 * held * FPS; frame++) source.pushTo(replay);
  const idleLateMs = await timersLate(seconds, signal);
  const pushMs: number[] = [];
  const timer = setInterval(() => {
    const startMs = performance.now();
    source.pushTo(replay);
    pushMs.push(performance.now() - startMs);
  }, 1000 / FPS);
  try {
    const lateMs = await timersLate(seconds, signal);
    return { pushMs: distributionOf(pushMs, "ms"), lateMs, idleLateMs };
  } finally {
    clearInterval(timer);
  }
}

async function timersLate(seconds: number, signal: AbortSignal): Promise<Distribution> {
  const lateMs: number[] = [];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    const startMs = performance.now();
    await wait(1, signal);
    lateMs.push(Math.max(0, performance.now() - startMs - 1));
  }
  return distributionOf(lateMs, "ms");
}
