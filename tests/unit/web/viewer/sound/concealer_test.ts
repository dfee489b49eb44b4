/** Tests of web/viewer/sound/concealer.ts. */

import t from "tap";
import { Concealer, FADE_FRAMES } from "../../../../../web/viewer/sound/concealer.ts";

const RATE = 48_000;
const FRAME = 480;

function tone(from: number, count: number, hz = 220): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, frame) => 0.5 * Math.sin(2 * Math.PI * hz * (from + frame) / RATE),
  );
}

/** The largest step between neighbours. */
function largestStep(samples: Float32Array): number {
  let largest = 0;
  for (let at = 1; at < samples.length; at++) {
    largest = Math.max(largest, Math.abs(samples[at]! - samples[at - 1]!));
  }
  return largest;
}

/** A tone with a hole of `gap` frames that is concealed. */
function withHole(gap: number, hz: number): Float32Array {
  const concealer = new Concealer(1);
  const heard = new Float32Array(4 * FRAME + gap + 4 * FRAME);
  let at = 0;
  const take = (samples: Float32Array) => {
    heard.set(samples, at);
    concealer.heard([heard], { from: at, to: at + samples.length });
    at += samples.length;
  };
  for (let frame = 0; frame < 4; frame++) take(tone(at, FRAME, hz));
  concealer.conceal([heard], { from: at, to: at + gap });
  at += gap;
  for (let frame = 0; frame < 4; frame++) take(tone(at, FRAME, hz));
  return heard;
}

t.test("Concealer goes on with what was heard, and neither end clicks", (t) => {
  for (const hz of [110, 220, 330, 437]) {
    const heard = withHole(FRAME, hz);
    const usual = 0.5 * 2 * Math.PI * hz / RATE;
    t.ok(largestStep(heard) < usual * 3, `${hz} Hz: ${largestStep(heard)} is no click`);
    const hole = heard.subarray(4 * FRAME, 5 * FRAME);
    const power = hole.reduce((sum, x) => sum + x * x, 0) / hole.length;
    t.ok(power > 0.5 ** 2 / 2 * 0.5, `${hz} Hz: it goes on`);
  }
  t.end();
});

t.test("Concealer fades to silence, and stays silent", (t) => {
  const heard = withHole(FADE_FRAMES + FRAME, 220);
  const hole = heard.subarray(4 * FRAME, 4 * FRAME + FADE_FRAMES + FRAME);
  t.ok(hole.subarray(FADE_FRAMES).every((x) => x === 0));
  const power = (from: number, to: number) =>
    hole.subarray(from, to).reduce((sum, x) => sum + x * x, 0) / (to - from);
  t.ok(power(0, 600) > 4 * power(1200, 1800), "softer and softer");
  t.end();
});

t.test("Concealer makes silence of nothing, and blends what is left out", (t) => {
  const concealer = new Concealer(2);
  const output = [new Float32Array(128).fill(1), new Float32Array(128).fill(1)];
  concealer.conceal(output, { from: 0, to: 128 });
  t.ok(output.every((plane) => plane.every((x) => x === 0)));
  t.ok(concealer.isConcealing);

  const skipping = new Concealer(1);
  const first = tone(0, 2 * FRAME);
  skipping.heard([first], { from: 0, to: first.length });
  skipping.skip();
  const after = tone(3 * FRAME + 77, FRAME);
  skipping.heard([after], { from: 0, to: FRAME });
  const joined = new Float32Array([...first, ...after]);
  t.ok(largestStep(joined) < 0.5 * 2 * Math.PI * 220 / RATE * 3, "no click where it was cut");
  t.notOk(skipping.isConcealing);
  t.end();
});
