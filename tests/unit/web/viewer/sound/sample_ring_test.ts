/** Tests of web/viewer/sound/sample_ring.ts. */

import fc from "fast-check";
import t from "tap";
import {
  makeRingMemory,
  ringBytes,
  SampleRing,
} from "../../../../../web/viewer/sound/sample_ring.ts";
import { seededRandom } from "../../../../seeded.ts";

const CHANNELS = 2;

/** Reads and gives back up to `count` frames: the samples of each channel. */
function take(ring: SampleRing, count: number): number[][] {
  const frames = Math.min(count, ring.fill);
  const start = ring.read;
  const taken = Array.from({ length: ring.channels }, (_, channel) => {
    const plane = ring.plane(channel);
    return Array.from({ length: frames }, (_, frame) => plane[(start + frame) & ring.mask]!);
  });
  ring.consume(frames);
  return taken;
}

t.test("SampleRing gives what was written, over its end and in any pieces", (t) => {
  const random = seededRandom("sample ring");
  t.doesNotThrow(() => {
    fc.assert(
      fc.property(
        fc.constantFrom(2, 8, 64),
        fc.boolean(),
        fc.array(fc.record({ isWrite: fc.boolean(), frames: fc.integer({ min: 0, max: 90 }) }), {
          maxLength: 60,
        }),
        (capacity, isShared, steps) => {
          const memory = makeRingMemory(CHANNELS, capacity, isShared);
          const [producer, consumer] = [new SampleRing(memory), new SampleRing(memory)];
          let written = 0;
          let read = 0;
          for (const { isWrite, frames } of steps) {
            if (isWrite) {
              const samples = Array.from({ length: frames }, (_, frame) => written + frame);
              const planes = [Float32Array.from(samples), Float32Array.from(samples, (v) => -v)];
              const room = capacity - (written - read);
              const count = producer.write(planes, 0, frames);
              if (count !== Math.min(room, frames)) throw new Error(`${count} of ${room} written`);
              written += count;
            } else {
              const [left = [], right = []] = take(consumer, frames);
              left.forEach((sample, frame) => {
                // Not `-0`, which equals it here.
                if (sample !== read + frame || right[frame] !== -sample) {
                  throw new Error("mixed up");
                }
              });
              read += left.length;
            }
            if (producer.fill !== written - read) throw new Error(`fill ${producer.fill}`);
          }
        },
      ),
      { seed: random.seed, numRuns: 300 },
    );
  });
  t.end();
});

t.test("SampleRing goes on over the end of its positions", (t) => {
  const memory = makeRingMemory(1, 16, false);
  // Both positions just before 2^31 and then before 2^32.
  for (const start of [0x7fff_fff8, 0xffff_fff8]) {
    new Int32Array(memory.buffer, 0, 2).fill(start | 0);
    const ring = new SampleRing(memory);
    t.equal(ring.fill, 0);
    t.equal(ring.write([Float32Array.from({ length: 20 }, (_, at) => at)], 0, 20), 16, "full");
    t.equal(ring.write([new Float32Array(1)], 0, 1), 0, "and refuses more");
    t.same(take(ring, 16), [Array.from({ length: 16 }, (_, at) => at)]);
    t.equal(ring.written, (start + 16) >>> 0);
  }
  t.end();
});

t.test("SampleRing writes a part of what it is given", (t) => {
  const ring = new SampleRing(makeRingMemory(1, 8, true));
  t.equal(ring.write([Float32Array.of(1, 2, 3, 4, 5)], 1, 4), 3);
  t.same(take(ring, 8), [[2, 3, 4]]);
  t.end();
});

t.test("SampleRing carries what its ends tell each other", (t) => {
  const memory = makeRingMemory(6, 4096, true);
  const [producer, consumer] = [new SampleRing(memory), new SampleRing(memory)];
  t.equal(consumer.ratio, 1);
  producer.ratio = 1.0012345;
  t.ok(Math.abs(consumer.ratio - 1.0012345) < 1e-9);
  producer.ratio = 0.995;
  t.ok(Math.abs(consumer.ratio - 0.995) < 1e-9);
  producer.resumeFrames = 960;
  producer.isLive = true;
  t.equal(consumer.resumeFrames, 960);
  t.equal(consumer.isLive, true);
  consumer.addUnderrun();
  consumer.addMissed(128);
  consumer.addMissed(128);
  consumer.burstFrames = 512;
  consumer.isPlaying = true;
  consumer.outputOffset = -5;
  t.match(producer, { underruns: 1, missedFrames: 256, burstFrames: 512, isPlaying: true });
  t.equal(producer.outputOffset, -5);
  t.end();
});

t.test("SampleRing refuses sizes that it cannot have", (t) => {
  t.throws(() => ringBytes(0, 16), RangeError);
  t.throws(() => ringBytes(9, 16), RangeError);
  t.throws(() => ringBytes(2, 15), RangeError);
  t.throws(() => ringBytes(2, 1 << 20), RangeError);
  const buffer = new ArrayBuffer(64);
  t.throws(() => new SampleRing({ buffer, channels: 2, frames: 16 }), RangeError);
  t.end();
});
