/** Tests that each loss process loses what it says, and only then. */

import t from "tap";
import type { Test } from "tap";
import { lossProcess, type LossSpec } from "../../../../bench/simulator/loss_process.ts";
import { channelLosses, CHANNELS } from "../../../../bench/simulator/profiles.ts";
import { randomProcess } from "../../../../bench/simulator/split_mix.ts";

const PACKETS = 400_000;

function processOf(spec: LossSpec, seed = 1) {
  return lossProcess(spec, (part) => randomProcess(seed, part));
}

function measure(spec: LossSpec, packetUs = 100): { rate: number; meanBurst: number } {
  const isLost = processOf(spec);
  let lost = 0;
  let bursts = 0;
  let wasLost = false;
  for (let packet = 0; packet < PACKETS; packet++) {
    const isNowLost = isLost(packet * packetUs);
    if (isNowLost) lost++;
    if (isNowLost && !wasLost) bursts++;
    wasLost = isNowLost;
  }
  return { rate: lost / PACKETS, meanBurst: lost / bursts };
}

function near(t: Test, value: number, expected: number, share: number): void {
  t.ok(Math.abs(value - expected) <= share * expected, `${value} for ${expected}`);
}

t.test("independent losses have their rate and no memory", (t) => {
  for (const rate of [0.01, 0.1]) {
    const { rate: measured, meanBurst } = measure({ kind: "independent", rate });
    near(t, measured, rate, 0.05);
    near(t, meanBurst, 1 / (1 - rate), 0.02);
  }
  t.end();
});

t.test("bursts have their rate and their mean length", (t) => {
  for (const [rate, meanBurst] of [[0.02, 3], [0.1, 4], [0.05, 2]] as const) {
    const measured = measure({ kind: "bursts", rate, meanBurst });
    near(t, measured.rate, rate, 0.06);
    near(t, measured.meanBurst, meanBurst, 0.04);
  }
  t.end();
});

t.test("two states lose as both do", (t) => {
  // Share of bad packets is .068 / (.068 + .852).
  near(t, measure(channelLosses("tambur")[0]!).rate, 0.04 * 0.926 + 0.5 * 0.0739, 0.04);
  t.end();
});

t.test("outages take one stretch of each period, at times of their own", (t) => {
  const isLost = processOf({ kind: "outages", everyUs: 1_000_000, lengthUs: 10_000 });
  const starts: number[] = [];
  let lost = 0;
  let wasLost = false;
  for (let nowUs = 0; nowUs < 20_000_000; nowUs += 1000) {
    const isNowLost = isLost(nowUs);
    if (isNowLost) lost++;
    if (isNowLost && !wasLost) starts.push(nowUs % 1_000_000);
    wasLost = isNowLost;
  }
  t.equal(starts.length, 20);
  t.equal(lost, 200);
  t.ok(new Set(starts).size > 15, `${starts}`);
  t.end();
});

t.test("a blackhole has a beginning and an end", (t) => {
  const isLost = processOf({ kind: "blackhole", fromUs: 10, toUs: 20 });
  t.same([9, 10, 19, 20].map((nowUs) => isLost(nowUs)), [false, true, true, false]);
  t.end();
});

t.test("a trace repeats", (t) => {
  const isLost = processOf({ kind: "trace", packets: "011" });
  t.same(Array.from({ length: 7 }, (_, at) => isLost(at)), [0, 1, 1, 0, 1, 1, 0].map(Boolean));
  t.throws(() => processOf({ kind: "trace", packets: "01x" }), { message: /trace/ });
  t.end();
});

t.test("segments take turns and leave each other's draws alone", (t) => {
  const varying = channelLosses("varying")[0]!;
  // 80 s of packets, one each 200 us.
  near(t, measure(varying, 200).rate, 0.0144, 0.05);
  const short: LossSpec = {
    kind: "segments",
    lengthUs: 100,
    segments: [{ kind: "independent", rate: 0 }, { kind: "blackhole", fromUs: 0, toUs: 1e9 }],
  };
  const isLost = processOf(short);
  t.same([0, 99, 100, 199, 200].map((nowUs) => isLost(nowUs)), [0, 0, 1, 1, 0].map(Boolean));
  t.end();
});

t.test("the same seed gives the same losses, another seed others", (t) => {
  const pattern = (seed: number) => {
    const isLost = processOf({ kind: "bursts", rate: 0.1, meanBurst: 3 }, seed);
    return Array.from({ length: 200 }, (_, at) => isLost(at) ? "1" : "0").join("");
  };
  t.equal(pattern(1), pattern(1));
  t.not(pattern(1), pattern(2));
  t.end();
});

t.test("what cannot be is refused", (t) => {
  t.throws(() => processOf({ kind: "independent", rate: 1.5 }), { message: /loss rate of 1.5/ });
  t.throws(() => processOf({ kind: "bursts", rate: 0.1, meanBurst: 0 }), {
    message: /bursts of 0/,
  });
  t.throws(() => processOf({ kind: "outages", everyUs: 1, lengthUs: 2 }), { message: /2 us/ });
  t.throws(() => processOf({ kind: "segments", lengthUs: 1, segments: [] }), { message: /0 seg/ });
  t.throws(() => channelLosses("moon"), { message: 'Cannot simulate channel "moon"' });
  t.equal(Object.keys(CHANNELS).length, 1 + 4 + 12 + 3 + 2);
  t.end();
});
