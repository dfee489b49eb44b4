/**
 * congestion: both controllers on paths whose capacity changes, that lose packets, or that others use,
 * in virtual time: the real sender, receiver, rate control and stream rate over simulated links. The
 * same seed gives the same figures; checks are against the worst of several seeds.
 */

import {
  CONTROLLER_NAMES,
  type ControllerName,
} from "../../src/congestion/congestion_controller.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { atLeast, atMost, type Check, type FigureTable, type Value } from "../report/report.ts";
import { type Scenario, type ScenarioRun, wholeNumberOption } from "../scenario.ts";
import {
  CONGESTION_CASES,
  type CongestionCase,
  FIND_SECONDS,
  type Part,
  SETTLE_SECONDS,
} from "./congestion_cases.ts";
import {
  arrivedBps,
  fairness,
  otherBps,
  queueWaits,
  secondsToReach,
  utilisation,
} from "./congestion_figures.ts";
import { type CongestionTrace, PAYLOAD_SHARE, runCongestion } from "./congestion_run.ts";

/** Queue delay that 95 % of packets may meet from 2 s after a step on, milliseconds. */
const QUEUE_MS_MAX = 50;
/** Part of the link's rate that the target must find, and in which time. */
const FOUND_SHARE = 0.9;
/**
 * Use of the link from 10 s after a step on. The target goes from 0.85 of what arrived to a little more
 * than the link, 0.93 on average; the encoder uses 0.9 of it because its frames vary, and less where
 * one step of the quantiser is an eighth of the rate. What is left is what keeps the queue short.
 */
const USE_MIN = 0.6;
/** Of the rate on a clean path that must be left where packets are lost by chance. */
const LOSSY_SHARE = 0.85;
const FAIRNESS_MIN = 0.9;
/**
 * Beside a flow that fills the queue whatever it does: who avoids queues gets the smaller part, but
 * must keep a picture going: 2 of 20 Mbit/s.
 */
const OTHER_SHARE_MIN = 0.1;

interface Options {
  seeds: number;
}

/** Figures of one part of one case, over all seeds. */
interface PartFigures {
  readonly controller: ControllerName;
  readonly name: string;
  readonly part: Part;
  readonly waits: number[];
  /** Of each seed; all below likewise. */
  readonly queueP95Ms: number[];
  readonly foundAfter: (number | undefined)[];
  readonly use: number[];
  readonly arrivedMbps: number[];
  readonly loss: number[];
  readonly fairness: number[];
  readonly otherMbps: number[];
}

/** Both controllers in all cases. */
export const congestion: Scenario<Options> = {
  name: "congestion",
  summary: "congestion control on simulated paths: steps, loss, fairness",
  options: {
    seeds: wholeNumberOption("--seeds <n>", "seeds from --seed on; checks take the worst", {
      min: 1,
      max: 50,
      fallback: 5,
    }),
  },
  deadlineSeconds: ({ seeds }) => 60 + 40 * seeds,
  async run(run) {
    const figures: PartFigures[] = [];
    for (const controller of CONTROLLER_NAMES) {
      for (const one of CONGESTION_CASES) figures.push(...await measure(run, controller, one));
    }
    const distributions: Record<string, Distribution> = {};
    const values: Record<string, Value> = {};
    for (const figure of figures) {
      const name = nameOf(figure);
      distributions[`${name}: queue delay`] = distributionOf(figure.waits, "ms");
      values[`${name}: arrived`] = { value: mean(figure.arrivedMbps), unit: "Mbit/s" };
    }
    return {
      results: { distributions, values, tables: CONTROLLER_NAMES.map(tableOf(figures)), notes },
      checks: checksOf(figures.filter(({ controller }) => controller === "trend")),
    };
  },
};

const notes = [
  "Simulated: 20 ms each way, a queue of 250 kB, 60 frames a second, virtual time",
  "Queue delay is that of media packets at the bottleneck, from 2 s after the start of each part",
  "Found: time until the target is 90 % of what the link carries of datagrams; slowest seed",
  "Use counts headers and is taken from 10 s after the start of each part; lowest seed",
  'Checks are about the default controller, "trend"; "delta" is there for comparison',
];

async function measure(
  run: ScenarioRun<Options>,
  controller: ControllerName,
  one: CongestionCase,
): Promise<PartFigures[]> {
  const figures = one.parts.map((part): PartFigures => ({
    ...{ controller, name: one.name, part, waits: [], queueP95Ms: [], foundAfter: [] },
    ...{ use: [], arrivedMbps: [], loss: [], fairness: [], otherMbps: [] },
  }));
  for (let offset = 0; offset < run.options.seeds; offset++) {
    run.signal.throwIfAborted();
    const trace = runCongestion({ ...one.run, controller, seed: run.seed + offset });
    for (const figure of figures) addPart(figure, trace);
    // Simulations do not wait; Ctrl+C and the deadline are heard between them.
    await new Promise((resolve) => setTimeout(resolve));
  }
  run.log(`${controller}, ${one.name}: ${figures.map(summaryOf).join("; ")}`);
  return figures;
}

function addPart(figure: PartFigures, trace: CongestionTrace): void {
  const { from, to, linkMbps, mustFind } = figure.part;
  const linkBps = linkMbps * 1e6;
  const span = { fromUs: from * 1e6, toUs: to * 1e6 };
  const settled = { ...span, fromUs: (from + SETTLE_SECONDS) * 1e6 };
  const late = { ...span, fromUs: Math.min(from + FIND_SECONDS, to - SETTLE_SECONDS) * 1e6 };
  const waits = queueWaits(trace, settled);
  for (const wait of waits) figure.waits.push(wait);
  figure.queueP95Ms.push(distributionOf(waits, "ms").p95 ?? 0);
  const rates = trace.viewers.map((viewer) => arrivedBps(trace, viewer, late));
  figure.arrivedMbps.push(rates[0]! / 1e6);
  figure.use.push(utilisation(trace, { linkBps, span: late }));
  figure.loss.push(trace.packetsLost / trace.packetsSent);
  figure.fairness.push(fairness(rates));
  figure.otherMbps.push(otherBps(trace, late) / 1e6);
  if (!mustFind) return;
  const bps = FOUND_SHARE * PAYLOAD_SHARE * linkBps;
  figure.foundAfter.push(secondsToReach(trace, { viewer: trace.viewers[0]!, span, bps }));
}

function checksOf(figures: readonly PartFigures[]): Check[] {
  const of = (name: string) => figures.find((figure) => figure.name === name)!;
  const checks: Check[] = [];
  for (const figure of figures) {
    const name = nameOf(figure);
    const isStep = figure.name.endsWith("Mbit/s");
    if (isStep) {
      checks.push(atMost(`${name}: queue p95, ms`, Math.max(...figure.queueP95Ms), QUEUE_MS_MAX));
      checks.push(atLeast(`${name}: use of the link`, Math.min(...figure.use), USE_MIN));
    }
    if (figure.part.mustFind) {
      checks.push(atMost(`${name}: found after, s`, slowest(figure.foundAfter), FIND_SECONDS));
    }
  }
  const clean = mean(of("clean").arrivedMbps);
  for (const name of ["loss 2 %", "bursts 2 % x 3"]) {
    const share = Math.min(...of(name).arrivedMbps) / clean;
    checks.push(atLeast(`${name}: of the rate without`, share, LOSSY_SHARE));
  }
  checks.push(atLeast("two viewers: Jain", Math.min(...of("two viewers").fairness), FAIRNESS_MIN));
  const shares = of("loss-based flow").arrivedMbps.map((mbps) => mbps / 20);
  checks.push(atLeast("loss-based flow: share left", Math.min(...shares), OTHER_SHARE_MIN));
  return checks;
}

function tableOf(figures: readonly PartFigures[]): (controller: ControllerName) => FigureTable {
  return (controller) => ({
    title: `Controller "${controller}"`,
    columns: [
      ...["path", "part", "queue p50 ms", "p95", "p99", "found s", "arrived Mbit/s", "use"],
      ...["loss %", "Jain", "other Mbit/s"],
    ],
    rows: figures.filter((figure) => figure.controller === controller).map((figure) => {
      const queue = distributionOf(figure.waits, "ms");
      const found = slowest(figure.foundAfter);
      return [
        ...[figure.name, figure.part.name, fixed(queue.p50), fixed(queue.p95), fixed(queue.p99)],
        figure.part.mustFind ? fixed(found) : "",
        ...[fixed(mean(figure.arrivedMbps)), fixed(Math.min(...figure.use), 2)],
        fixed(mean(figure.loss) * 100, 2),
        figure.name === "two viewers" ? fixed(Math.min(...figure.fairness), 3) : "",
        figure.name === "loss-based flow" ? fixed(mean(figure.otherMbps)) : "",
      ];
    }),
  });
}

/** The longest time, or undefined when it was not reached with some seed. */
function slowest(seconds: readonly (number | undefined)[]): number | undefined {
  let longest = 0;
  for (const one of seconds) {
    if (one === undefined) return undefined;
    longest = Math.max(longest, one);
  }
  return longest;
}

function nameOf({ controller, name, part }: PartFigures): string {
  return `${controller}, ${name}, ${part.name}`;
}

function summaryOf(figure: PartFigures): string {
  const queue = distributionOf(figure.waits, "ms");
  return `${figure.part.name}: queue p95 ${fixed(queue.p95)} ms, ` +
    `${fixed(mean(figure.arrivedMbps))} Mbit/s`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function fixed(value: number | null | undefined, digits = 1): string {
  return value == null ? "never" : value.toFixed(digits);
}
