/** Tests of the counting models against channels whose losses are known packet by packet. */

import t from "tap";
import { LinkModel } from "../../../../bench/simulator/link_model.ts";
import type { LossSpec } from "../../../../bench/simulator/loss_process.ts";
import {
  BASELINES,
  type BaselineSpec,
  groupRepairs,
  runBaseline,
} from "../../../../bench/simulator/repair_baselines.ts";

function run(spec: BaselineSpec, losses: readonly LossSpec[], framePackets = 4, frames = 2) {
  const lateUs: number[] = [];
  const slots: number[] = [];
  const forward = new LinkModel({ delayUs: 1000, losses }, { seed: 1, name: "forward" });
  const backward = new LinkModel({ delayUs: 1000 }, { seed: 1, name: "backward" });
  const overhead = runBaseline(spec, {
    ...{ forward, backward, frames, framePackets, packetBytes: 1000 },
    frameIntervalUs: 10_000,
    giveUpFrames: 1,
    onFrame: (endUs, completeUs) => lateUs.push(completeUs - endUs),
    onRecovered: (count) => slots.push(count),
  });
  return { lateUs, slots, overhead };
}

const lose = (packets: string): LossSpec[] => [{ kind: "trace", packets }];

t.test("a group comes back when as many packets as it has sources arrive", (t) => {
  const spec: BaselineSpec = { kind: "group", sources: 4, repairs: 2 };
  const { lateUs, slots, overhead } = run(spec, lose("010100" + "011100"));
  t.same(lateUs, [0, Infinity]);
  t.same(slots, [4, 2], "both with the sixth packet");
  t.equal(overhead, 0.5);
  t.same(run(spec, lose("001100")).lateUs, [0, 0], "lost repairs need no recovery");
  t.end();
});

t.test("every group of a frame must come back", (t) => {
  const spec: BaselineSpec = { kind: "group", sources: 2, repairs: 1 };
  t.same(run(spec, lose("100" + "001" + "100" + "110")).lateUs, [0, Infinity]);
  t.same(run(spec, lose("110000")).lateUs, [Infinity, Infinity]);
  t.end();
});

t.test("small groups get repairs in proportion, and never none", (t) => {
  const spec = BASELINES["Reed-Solomon 10+2"] as Extract<BaselineSpec, { kind: "group" }>;
  t.same([1, 3, 5, 8, 10].map((sources) => groupRepairs(spec, sources)), [1, 1, 1, 2, 2]);
  t.end();
});

t.test("requests are repeated until everything came, or for so long", (t) => {
  const once = run({ kind: "repeat" }, lose("0100" + "0" + "0000"));
  t.same(once.lateUs, [2000, 0], "one round trip");
  t.same(once.overhead, 1 / 8);
  const twice = run({ kind: "repeat" }, lose("0100" + "1" + "0" + "0000"));
  t.same(twice.lateUs, [4000, 0]);
  t.same(run({ kind: "repeat" }, lose("1")).lateUs, [Infinity, Infinity]);
  t.end();
});
