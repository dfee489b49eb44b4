import t from "tap";
import { randomFromSeed, seededRandom } from "../../seeded.ts";

t.test("randomFromSeed repeats itself and differs between seeds", async (t) => {
  const draw = (seed: number) => Array.from({ length: 8 }, randomFromSeed(seed).next);
  t.strictSame(draw(1), draw(1));
  t.strictNotSame(draw(1), draw(2));
});

t.test("randomFromSeed spreads evenly over its range", async (t) => {
  const random = randomFromSeed(7);
  const counts = new Array<number>(10).fill(0);
  for (let round = 0; round < 100_000; round++) {
    const value = random.int(10);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  t.equal(counts.length, 10, "never outside");
  for (const count of counts) t.ok(count > 9_500 && count < 10_500, `${count} of 100,000`);
  const bits = random.bytes(10_000).reduce((sum, byte) => sum + (byte & 1), 0);
  t.ok(bits > 4_700 && bits < 5_300, `${bits} of 10,000 low bits`);
});

t.test("SeededRandom refuses ranges and lists that hold nothing", async (t) => {
  const random = randomFromSeed(7);
  t.equal(random.int(1), 0);
  t.throws(() => random.int(0), new RangeError("Cannot draw an integer below 0"));
  t.throws(() => random.int(1.5), new RangeError("Cannot draw an integer below 1.5"));
  t.throws(() => random.pick([]), new RangeError("Cannot pick from an empty list"));
  t.ok(["a", "b"].includes(random.pick(["a", "b"])));
  t.equal(random.bytes(0).length, 0);
});

t.test("seededRandom takes its seed from the name or from WAVRY_SEED", async (t) => {
  const before = Deno.env.get("WAVRY_SEED");
  t.teardown(() => {
    if (before === undefined) Deno.env.delete("WAVRY_SEED");
    else Deno.env.set("WAVRY_SEED", before);
  });
  Deno.env.delete("WAVRY_SEED");
  t.equal(seededRandom("a").seed, seededRandom("a").seed);
  t.not(seededRandom("a").seed, seededRandom("b").seed);
  Deno.env.set("WAVRY_SEED", "4294967295");
  t.equal(seededRandom("a").seed, 4_294_967_295);
  Deno.env.set("WAVRY_SEED", "later");
  t.throws(() => seededRandom("a"), { message: /Cannot use WAVRY_SEED "later"/ });
});
