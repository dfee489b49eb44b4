/** Tests of bench/simulator/loss_based_flow.ts and bench/simulator/rated_source.ts. */

import t from "tap";
import { LinkModel } from "../../../../bench/simulator/link_model.ts";
import { LossBasedFlow } from "../../../../bench/simulator/loss_based_flow.ts";
import { RatedSource } from "../../../../bench/simulator/rated_source.ts";
import { SimulatedClock } from "../../../../bench/simulator/simulated_clock.ts";

const DELAY_US = 20_000;
const LINK_BPS = 20e6;
const US_PER_SECOND = 1e6;
const FPS = 60;

function linkOf(losses: { readonly kind: "blackhole"; fromUs: number; toUs: number }[] = []) {
  const rates = [{ fromUs: 0, bps: LINK_BPS }];
  const options = { rates, delayUs: DELAY_US, queueBytes: 250_000, losses };
  return new LinkModel(options, { seed: 1, name: "there" });
}

t.test("LossBasedFlow fills a link and its queue, and loses little", (t) => {
  const clock = new SimulatedClock();
  const forward = linkOf();
  const flow = new LossBasedFlow({ clock, forward, backDelayUs: DELAY_US, startUs: 0 });
  clock.run(10 * US_PER_SECOND);
  const before = flow.deliveredBytes;
  clock.run(40 * US_PER_SECOND);
  const share = (flow.deliveredBytes - before) * 8 / 30 / LINK_BPS;
  t.ok(share > 0.9 && share < 1, `${share} of the link`);
  t.ok(flow.losses > 0 && flow.losses < 0.02 * flow.deliveredBytes / 1200, `${flow.losses} lost`);
  t.equal(flow.losses, forward.stats.queueFull);
  t.ok(forward.queueDelayUs > 10_000, "its queue stands");
  t.end();
});

t.test("LossBasedFlow shares a link with its like", (t) => {
  const clock = new SimulatedClock();
  const forward = linkOf();
  const flows = [0, 5].map((second) =>
    new LossBasedFlow({
      ...{ clock, forward, backDelayUs: DELAY_US, startUs: second * US_PER_SECOND },
    })
  );
  clock.run(30 * US_PER_SECOND);
  const before = flows.map(({ deliveredBytes }) => deliveredBytes);
  clock.run(120 * US_PER_SECOND);
  const [one, two] = flows.map((flow, at) => flow.deliveredBytes - before[at]!);
  const ratio = one! / two!;
  t.ok(ratio > 0.5 && ratio < 2, `${ratio}`);
  t.end();
});

t.test("LossBasedFlow comes back after a path that was gone", (t) => {
  const clock = new SimulatedClock();
  const hole = { kind: "blackhole", fromUs: 5 * US_PER_SECOND, toUs: 8 * US_PER_SECOND } as const;
  const flow = new LossBasedFlow({
    ...{ clock, forward: linkOf([hole]), backDelayUs: DELAY_US, startUs: 0 },
  });
  clock.run(8 * US_PER_SECOND);
  const before = flow.deliveredBytes;
  clock.run(15 * US_PER_SECOND);
  t.ok((flow.deliveredBytes - before) * 8 / 7 > 0.6 * LINK_BPS);
  t.end();
});

t.test("RatedSource follows the rate that it is given", (t) => {
  const source = new RatedSource({ seed: 1, name: "test", bitrateBps: 8e6, fps: FPS });
  let frameId = 0;
  const rateOf = (bitrateBps: number, seconds: number): number => {
    source.setRate(bitrateBps, FPS);
    let bytes = 0;
    for (let frame = 0; frame < seconds * FPS; frame++) {
      const nowUs = Math.round(frameId++ * US_PER_SECOND / FPS);
      const isKeyframe = frameId === 1;
      const referenceDistance = isKeyframe ? 0 : 1;
      bytes += source.frameBytes({ frameId, nowUs, isKeyframe, referenceDistance });
    }
    return bytes * 8 / seconds;
  };
  rateOf(8e6, 2);
  for (const bitrateBps of [20e6, 4e6, 12e6, 40e6, 2e6]) {
    rateOf(bitrateBps, 1);
    const share = rateOf(bitrateBps, 20) / bitrateBps;
    t.ok(share > 0.7 && share < 1.05, `${bitrateBps / 1e6} Mbit/s: ${share}`);
  }
  t.end();
});

t.test("RatedSource never gives more than the picture needs", (t) => {
  const needBps = (nowUs: number) => nowUs < US_PER_SECOND ? 1e6 : 2e6;
  const source = new RatedSource({ seed: 2, name: "test", bitrateBps: 20e6, fps: FPS, needBps });
  let excess = -Infinity;
  for (let frameId = 1; frameId < 2 * FPS; frameId++) {
    const nowUs = frameId * US_PER_SECOND / FPS;
    const bytes = source.frameBytes({ frameId, nowUs, isKeyframe: false, referenceDistance: 1 });
    excess = Math.max(excess, bytes - needBps(nowUs) / 8 / FPS);
  }
  t.ok(excess <= 1, `${excess} bytes more than needed at most`);
  t.end();
});
