/** Tests of SplitMix64 against its definition with BigInt, and that processes are independent. */

import t from "tap";
import { randomProcess, SplitMix64 } from "../../../../bench/simulator/split_mix.ts";

/** The generator as its author defines it. */
function reference(seed: bigint): () => bigint {
  const mask = (1n << 64n) - 1n;
  let state = seed;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let word = state;
    word = ((word ^ (word >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    word = ((word ^ (word >> 27n)) * 0x94d049bb133111ebn) & mask;
    return word ^ (word >> 31n);
  };
}

t.test("SplitMix64 gives the published words", (t) => {
  const random = new SplitMix64(1234567);
  t.same(Array.from({ length: 5 }, () => random.word()), [
    6457827717110365317n,
    3203168211198807973n,
    9817491932198370423n,
    4593380528125082431n,
    16408922859458223821n,
  ]);
  t.end();
});

t.test("SplitMix64 equals its definition for states with both halves set", (t) => {
  for (const state of [0n, 1n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn, 0xdead_beef_0bad_cafen]) {
    const random = new SplitMix64(Number(state & 0xffff_ffffn), Number(state >> 32n));
    const expected = reference(state);
    for (let draw = 0; draw < 200; draw++) {
      const want = expected();
      if (random.word() !== want) t.fail(`draw ${draw} of ${state}`);
    }
  }
  t.pass("1,000 words");
  t.end();
});

t.test("next is the upper 53 bits of a word, int stays below its limit", (t) => {
  const words = new SplitMix64(7);
  const numbers = new SplitMix64(7);
  for (let draw = 0; draw < 100; draw++) {
    t.equal(numbers.next(), Number(words.word() >> 11n) / 2 ** 53);
  }
  const counts = new Array(10).fill(0);
  for (let draw = 0; draw < 10_000; draw++) counts[numbers.int(10)]++;
  t.ok(counts.every((count) => count > 850 && count < 1150), `${counts}`);
  t.end();
});

t.test("normal has mean 0 and deviation 1", (t) => {
  const random = new SplitMix64(3);
  let sum = 0;
  let squares = 0;
  for (let draw = 0; draw < 20_000; draw++) {
    const value = random.normal();
    sum += value;
    squares += value * value;
  }
  t.ok(Math.abs(sum / 20_000) < 0.03, `mean ${sum / 20_000}`);
  t.ok(Math.abs(squares / 20_000 - 1) < 0.05, `variance ${squares / 20_000}`);
  t.end();
});

t.test("each process has its own sequence, the same for the same seed and name", (t) => {
  const first = () => randomProcess(1, "jitter").next();
  t.equal(first(), first());
  t.not(first(), randomProcess(2, "jitter").next());
  t.not(first(), randomProcess(1, "reorder").next());
  t.end();
});
