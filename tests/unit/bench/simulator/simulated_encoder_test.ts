/** Tests of how frames refer to each other, which is all that a simulation wants of an encoder. */

import t from "tap";
import { SimulatedEncoder } from "../../../../bench/simulator/simulated_encoder.ts";

function encoder(frameBytes = () => 5000) {
  return new SimulatedEncoder({ seed: 1, frameBytes });
}

function distances(of: SimulatedEncoder, frames: number): (number | undefined)[] {
  return Array.from({ length: frames }, () => of.next(0)?.referenceDistance);
}

t.test("SimulatedEncoder starts with a keyframe and refers to the frame before", (t) => {
  const source = encoder();
  t.same(distances(source, 4), [0, 1, 1, 1]);
  t.match(source.next(77), { frameId: 5, captureTimeUs: 77, streamId: 0 });
  t.match(source.stats, { frames: 5, keyframes: 1, referenceRepairs: 0, bytes: 25_000 });
  t.end();
});

t.test("SimulatedEncoder goes on from the newest frame that is whole, while it keeps it", (t) => {
  const source = encoder();
  distances(source, 10);
  source.invalidate(8);
  t.same(distances(source, 2), [4, 1], "frame 11 refers to 7");
  source.invalidate(8);
  t.same(distances(source, 1), [6], "frame 13 refers to 7 again");
  source.invalidate(5);
  t.same(distances(source, 2), [0, 1], "frame 4 has left the encoder");
  t.equal(source.stats.referenceRepairs, 2);
  t.end();
});

t.test("SimulatedEncoder makes a keyframe when asked, and nothing while the screen is still", (t) => {
  let bytes = 5000;
  const source = encoder(() => bytes);
  distances(source, 3);
  source.requestKeyframe();
  bytes = 0;
  t.equal(source.next(0), undefined);
  bytes = 100;
  t.same(distances(source, 2), [0, 1], "the wish outlives the still screen");
  t.equal(source.newestFrameId, 5);
  t.end();
});

t.test("SimulatedEncoder's payloads follow from seed and frame", (t) => {
  const frames = (seed: number) => {
    const source = new SimulatedEncoder({ seed, frameBytes: () => 300 });
    return [source.next(0)!.payload, source.next(0)!.payload];
  };
  const [first, second] = frames(1);
  t.same(first, frames(1)[0]);
  t.notSame(first, second);
  t.notSame(first, frames(2)[0]);
  t.throws(() => encoder(() => 2e6).next(0), { message: /frame of 2000000 bytes/ });
  t.end();
});
