/** Tests of web/viewer/sound/tone_meter.ts and of the tap that feeds it. */

import t from "tap";
import { TapBuffer } from "../../../../../web/viewer/sound/sound_tap.ts";
import { ToneMeter } from "../../../../../web/viewer/sound/tone_meter.ts";
import type { ToneSample } from "../../../../../web/viewer/sound/tone_meter.ts";
import { randomFromSeed } from "../../../../seeded.ts";

const RATE = 48_000;
const BLOCK = 128;
const WALL_MS = 1_795_000_000_000;

/** What the host's tone has at a moment, as ffi/native/audio/tone.c makes it. */
function toneAt(seconds: number): [left: number, right: number] {
  const within = seconds - Math.floor(seconds);
  const fade = Math.min(1, within / 0.002, Math.max(0, (0.95 - within) / 0.002));
  const sine = (hz: number) => 0.2 * fade * Math.sin(2 * Math.PI * hz * within);
  return [sine(500), sine(700)];
}

/** Plays the tone from `startSeconds` on, `latencyMs` after its time, and gives what was found. */
function measured(options: {
  readonly startSeconds: number;
  readonly latencyMs: number;
  readonly seconds: number;
  readonly noise?: number;
  /** So many frames are left out after a second and a half. */
  readonly hole?: number;
}): ToneSample[] {
  const { startSeconds, latencyMs, seconds, noise = 0, hole = 0 } = options;
  const random = randomFromSeed(1);
  const meter = new ToneMeter();
  const tap = new TapBuffer((block) => meter.push(block));
  for (let first = 0; first < seconds * RATE; first += BLOCK) {
    const output = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
    const skipped = first > 1.5 * RATE ? hole : 0;
    for (let frame = 0; frame < BLOCK; frame++) {
      const [left, right] = toneAt(startSeconds + (first + frame + skipped) / RATE);
      output[0]![frame] = left + noise * (random.next() - 0.5);
      output[1]![frame] = right + noise * (random.next() - 0.5);
    }
    // The device is handed a block at once, when its first frame is due.
    tap.push(output, first, WALL_MS + first * 1000 / RATE + latencyMs);
  }
  return meter.take();
}

/** Latencies that the samples say, in milliseconds. */
function latencies(samples: readonly ToneSample[], startSeconds: number): number[] {
  return samples.map(({ toneUs, wallUs }) => {
    const playedUs = wallUs - WALL_MS * 1000 + startSeconds * 1e6;
    return (((playedUs - toneUs) % 1e6) + 1e6) % 1e6 / 1000;
  });
}

t.test("ToneMeter finds the tone's time in what was played", (t) => {
  for (const [startSeconds, latencyMs] of [[0.3, 37], [0.96, 142.5], [0.555, 600]] as const) {
    const samples = measured({ startSeconds, latencyMs, seconds: 4 });
    // It knows the time from the first new second on, and not in the gaps.
    t.ok(samples.length > 250 && samples.length < 390, `${samples.length} moments`);
    const found = latencies(samples, startSeconds);
    // A moment lies anywhere in the block that it was handed over with: up to 2.7 ms.
    t.ok(found.every((ms) => ms > latencyMs - 2.8 && ms < latencyMs + 0.2), `${latencyMs} ms`);
  }
  t.end();
});

t.test("ToneMeter finds it below noise, and where a part is missing", (t) => {
  const noisy = latencies(
    measured({ startSeconds: 0.2, latencyMs: 50, seconds: 3, noise: 0.015 }),
    0.2,
  );
  t.ok(noisy.length > 150);
  t.ok(noisy.every((ms) => ms > 47 && ms < 50.5));
  const cut = latencies(
    measured({ startSeconds: 0.2, latencyMs: 50, seconds: 4, hole: 960 }),
    0.2,
  );
  const last = cut.at(-1)!;
  t.ok(last > 27 && last < 30.5, `20 ms were left out: ${last} ms`);
  t.end();
});

t.test("ToneMeter says nothing of silence and of other sound", (t) => {
  const meter = new ToneMeter();
  const tap = new TapBuffer((block) => meter.push(block));
  const random = randomFromSeed(2);
  for (let first = 0; first < 3 * RATE; first += BLOCK) {
    const isSilent = first < RATE;
    const make = () =>
      Float32Array.from({ length: BLOCK }, () => isSilent ? 0 : 0.4 * (random.next() - 0.5));
    tap.push([make(), make()], first, first / 48);
  }
  t.same(meter.take(), []);
  meter.restart();
  t.same(meter.take(), []);
  t.end();
});
