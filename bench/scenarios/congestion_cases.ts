/**
 * Cases of the congestion benchmark: paths and what else is on them, with the parts of each that are
 * looked at. All have 20 ms each way and a queue of 250 kB.
 */

import type { LossSpec } from "../simulator/loss_process.ts";
import type { CongestionRunOptions } from "./congestion_run.ts";

/** One part of a case, seconds of its run. */
export interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly linkMbps: number;
  /** The link has become faster, so that the target must find it. */
  readonly mustFind: boolean;
}

/** One case. */
export interface CongestionCase {
  readonly name: string;
  readonly parts: readonly Part[];
  readonly run: Omit<CongestionRunOptions, "seed" | "controller">;
}

/** Seconds after a step before the queue counts, and before the use of the link counts. */
export const SETTLE_SECONDS = 2;
export const FIND_SECONDS = 10;

/** What a source with little to send uses. */
const SMALL_NEED_BPS = 1e6;
const LINK_MBPS = 20;

/** Every case. */
export const CONGESTION_CASES: readonly CongestionCase[] = [
  steps("20/50/12/20", [20, 50, 12, 20], 15),
  steps("20/4/20", [20, 4, 20], 20),
  steady("clean", []),
  steady("loss 2 %", [{ kind: "independent", rate: 0.02 }]),
  steady("bursts 2 % x 3", [{ kind: "bursts", rate: 0.02, meanBurst: 3 }]),
  besides("two viewers", { viewersAtUs: [0, 10e6] }),
  besides("loss-based flow", { viewersAtUs: [0], otherFlowAtUs: 10e6 }),
  {
    name: "small need",
    parts: [{ name: "1 Mbit/s used", from: 0, to: 20, linkMbps: LINK_MBPS, mustFind: true }],
    run: {
      ...{ seconds: 20, rates: [{ fromUs: 0, bps: LINK_MBPS * 1e6 }], viewersAtUs: [0] },
      needBps: () => SMALL_NEED_BPS,
    },
  },
];

function steps(name: string, linkMbps: readonly number[], each: number): CongestionCase {
  return {
    name: `${name} Mbit/s`,
    parts: linkMbps.map((mbps, index) => ({
      name: `${mbps}, step ${index + 1}`,
      from: index * each,
      to: (index + 1) * each,
      linkMbps: mbps,
      mustFind: mbps > (linkMbps[index - 1] ?? 0),
    })),
    run: {
      seconds: linkMbps.length * each,
      rates: linkMbps.map((mbps, index) => ({ fromUs: index * each * 1e6, bps: mbps * 1e6 })),
      viewersAtUs: [0],
    },
  };
}

function steady(name: string, losses: readonly LossSpec[]): CongestionCase {
  return {
    name,
    parts: [{ name: `${LINK_MBPS}`, from: 0, to: 40, linkMbps: LINK_MBPS, mustFind: true }],
    run: {
      ...{ seconds: 40, rates: [{ fromUs: 0, bps: LINK_MBPS * 1e6 }], losses, viewersAtUs: [0] },
    },
  };
}

function besides(name: string, others: Partial<CongestionRunOptions>): CongestionCase {
  return {
    name,
    parts: [{ name: "both", from: 28, to: 60, linkMbps: LINK_MBPS, mustFind: false }],
    run: {
      ...{ seconds: 60, rates: [{ fromUs: 0, bps: LINK_MBPS * 1e6 }], viewersAtUs: [0] },
      ...others,
    },
  };
}
