/** Tests of web/viewer/sound/resampler.ts: a tone stays the tone that it was. */

import t from "tap";
import { RATIO_SPAN, Resampler } from "../../../../../web/viewer/sound/resampler.ts";
import { makeRingMemory, SampleRing } from "../../../../../web/viewer/sound/sample_ring.ts";

const RATE = 48_000;
const BLOCK = 128;
const FRAMES = 8192;

/** A tone of `hz` that was read at `ratio`, without the first block. */
function resampled(hz: number, ratio: number): Float32Array {
  const ring = new SampleRing(makeRingMemory(1, 16_384, false));
  const tone = Float32Array.from(
    { length: 16_384 },
    (_, frame) => 0.5 * Math.sin(2 * Math.PI * hz * frame / RATE),
  );
  ring.write([tone], 0, tone.length);
  ring.ratio = ratio;
  const resampler = new Resampler();
  const output = new Float32Array(BLOCK + FRAMES);
  for (let from = 0; from < output.length; from += BLOCK) {
    t.ok(resampler.needs(BLOCK, ratio) <= ring.fill, "enough waits");
    resampler.read(ring, [output], { from, to: from + BLOCK });
  }
  return output.subarray(BLOCK);
}

/** Loudness of what is at `hz`, and of all else, of a tone of known frequency; by least squares. */
function fit(samples: Float32Array, hz: number): { level: number; restDb: number } {
  const angle = 2 * Math.PI * hz / RATE;
  let [ss, sc, cc, xs, xc] = [0, 0, 0, 0, 0];
  samples.forEach((x, frame) => {
    const [s, c] = [Math.sin(angle * frame), Math.cos(angle * frame)];
    ss += s * s;
    sc += s * c;
    cc += c * c;
    xs += x * s;
    xc += x * c;
  });
  const determinant = ss * cc - sc * sc;
  const a = (xs * cc - xc * sc) / determinant;
  const b = (xc * ss - xs * sc) / determinant;
  let rest = 0;
  samples.forEach((x, frame) => {
    rest += (x - a * Math.sin(angle * frame) - b * Math.cos(angle * frame)) ** 2;
  });
  const level = Math.hypot(a, b);
  return { level, restDb: 10 * Math.log10(rest / samples.length / (level ** 2 / 2)) };
}

t.test("Resampler keeps a tone pure and moves it by the ratio alone", (t) => {
  for (const ratio of [1 - RATIO_SPAN, 0.9999, 1, 1.0001, 1 + RATIO_SPAN]) {
    for (const hz of [100, 440, 1000, 5000, 10_000, 15_000]) {
      const { level, restDb } = fit(resampled(hz, ratio), hz * ratio);
      t.ok(Math.abs(20 * Math.log10(level / 0.5)) < 0.2, `${hz} Hz at ${ratio}: loudness`);
      t.ok(restDb < -65, `${hz} Hz at ${ratio}: ${restDb.toFixed(1)} dB beside it`);
    }
  }
  const cents = 1200 * Math.log2(1 + RATIO_SPAN);
  t.ok(cents < 9, `at most ${cents.toFixed(1)} cents, a tenth of a semitone`);
  t.end();
});

t.test("Resampler reads as many frames as the ratio says", (t) => {
  const ring = new SampleRing(makeRingMemory(1, 16_384, false));
  ring.write([new Float32Array(16_384)], 0, 16_384);
  ring.ratio = 1.005;
  const resampler = new Resampler();
  const output = [new Float32Array(BLOCK)];
  for (let block = 0; block < 100; block++) resampler.read(ring, output, { from: 0, to: BLOCK });
  t.ok(Math.abs(ring.read - 100 * BLOCK * 1.005) <= 1);
  t.end();
});
