/**
 * transports: the same stream over each way to a host, through the relay: how late and how steady the
 * picture is, what it costs, and how soon it is there where UDP is blocked. Loss on TCP is emulated by
 * the wait for repetitions; see bench/relay/tcp_link.ts for what that leaves out.
 */

import { type Rung, RUNGS } from "../../web/transport/ladder.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { atMost, type Value } from "../report/report.ts";
import {
  choiceOption,
  type Scenario,
  type ScenarioRun,
  sidesOf,
  wholeNumberOption,
} from "../scenario.ts";
import { type RelayedOptions, relayedOptions } from "./relayed_options.ts";
import { type PathName, PATHS, type TransportMeasurement, TransportRig } from "./transports_run.ts";

const BLOCKED_LIMIT_MS = 3000;
/** Of QUIC's 99th percentile to WebRTC's. */
const P99_SHARE = 0.7;
/** Beyond the measurements, for each case. */
const CASE_SECONDS = 25;

/** What `--path` takes, and the paths that it means. */
const PATH_CHOICES = {
  all: PATHS,
  clean: ["clean"],
  loss: ["2 % loss"],
  capacity: ["20 -> 4 Mbit/s"],
} as const satisfies Record<string, readonly PathName[]>;
type PathChoice = keyof typeof PATH_CHOICES;

interface Options extends RelayedOptions {
  rung: Rung | "all";
  path: PathChoice;
  rounds: number;
  runs: number;
}

/** Every way on every path. */
export const transports: Scenario<Options> = {
  name: "transports",
  summary: "QUIC, WebRTC and TCP side by side through the relay, and where UDP is blocked",
  options: {
    ...relayedOptions({ fps: 30, seconds: 15, delay: 10 }),
    rung: choiceOption("--rung <name>", "the way to measure", {
      choices: [...RUNGS, "all"],
      fallback: "all",
    }),
    path: choiceOption<PathChoice>("--path <name>", "what it is measured on", {
      choices: ["clean", "loss", "capacity", "all"],
      fallback: "all",
    }),
    rounds: wholeNumberOption("--rounds <n>", "measurements of each way on each path, in turns", {
      min: 1,
      max: 50,
      fallback: 2,
    }),
    runs: wholeNumberOption("--runs <n>", "openings with UDP blocked, and losses of it", {
      min: 1,
      max: 50,
      fallback: 3,
    }),
  },
  deadlineSeconds: ({ rung, path, seconds, rounds, runs }) =>
    60 + rungsOf(rung).length * PATH_CHOICES[path].length * rounds * (seconds + CASE_SECONDS) +
    runs * 2 * CASE_SECONDS,
  async run(run) {
    await using group = new ProcessGroup(run.signal);
    const { size, fps, content, seconds, bitrate, delay, runs } = run.options;
    const rig = await TransportRig.start(group, {
      ...sidesOf(size),
      ...{ fps, content, seconds, bitrateKbps: bitrate, delayMs: delay, seed: run.seed },
    }, run.signal);
    const measured = await measureAll(run, rig);
    const blockedMs: number[] = [];
    const backMs: number[] = [];
    for (let index = 0; index < runs; index++) {
      blockedMs.push(await rig.firstPictureBlocked());
      backMs.push(await rig.pictureBackAfterLoss());
      run.log(
        `UDP blocked: first picture after ${blockedMs.at(-1)?.toFixed(0)} ms; ` +
          `lost in mid-session: ${backMs.at(-1)?.toFixed(0)} ms without a picture`,
      );
    }
    return outcomeOf(run.options, measured, { blockedMs, backMs });
  },
};

function rungsOf(rung: Rung | "all"): readonly Rung[] {
  return rung === "all" ? RUNGS : [rung];
}

/** In turns, so that what else the machine does meets every way alike. */
async function measureAll(
  run: ScenarioRun<Options>,
  rig: TransportRig,
): Promise<TransportMeasurement[]> {
  const all: TransportMeasurement[][] = [];
  for (let round = 0; round < run.options.rounds; round++) {
    for (const path of PATH_CHOICES[run.options.path]) {
      for (const rung of rungsOf(run.options.rung)) {
        const one = await rig.measure(rung, path);
        const same = all.find(([first]) => first?.rung === rung && first.path === path);
        if (same === undefined) all.push([one]);
        else same.push(one);
        const { p50, p99 } = distributionOf(one.latencyMs, "ms");
        run.log(
          `${rung}, ${path}: capture -> drawn p50 ${p50} p99 ${p99} ms, ${one.freezes} freezes`,
        );
      }
    }
  }
  return all.map(pooled);
}

/** Several measurements of one way on one path as one. */
function pooled(all: readonly TransportMeasurement[]): TransportMeasurement {
  const mean = (figureOf: (one: TransportMeasurement) => number) =>
    all.reduce((sum, one) => sum + figureOf(one), 0) / all.length;
  const parts = Object.keys(all[0]!.cpu);
  return {
    ...all[0]!,
    latencyMs: all.flatMap(({ latencyMs }) => latencyMs),
    freezes: all.reduce((sum, { freezes }) => sum + freezes, 0),
    longestFreezeMs: Math.max(...all.map(({ longestFreezeMs }) => longestFreezeMs)),
    framesPerSecond: mean(({ framesPerSecond }) => framesPerSecond),
    bitrateMbps: mean(({ bitrateMbps }) => bitrateMbps),
    cpu: Object.fromEntries(parts.map((part) => [part, mean(({ cpu }) => cpu[part] ?? 0)])),
    // The later ones meet gateways that run.
    hostBytes: Math.min(...all.map(({ hostBytes }) => hostBytes)),
  };
}

function outcomeOf(
  options: Options,
  measured: readonly TransportMeasurement[],
  { blockedMs, backMs }: { blockedMs: readonly number[]; backMs: readonly number[] },
) {
  const distributions: Record<string, Distribution> = {
    "UDP blocked: first picture": distributionOf(blockedMs, "ms"),
    "UDP lost in mid-session: without a picture": distributionOf(backMs, "ms"),
  };
  const values: Record<string, Value> = {};
  const rows: (string | number)[][] = [];
  for (const one of measured) {
    const name = `${one.rung}, ${one.path}`;
    const latency = distributionOf(one.latencyMs, "ms");
    distributions[`${name}: capture -> drawn`] = latency;
    const figures: Record<string, Value> = {
      "freezes over 100 ms": { value: one.freezes, unit: "" },
      "longest freeze": { value: one.longestFreezeMs, unit: "ms" },
      "pictures drawn": { value: one.framesPerSecond, unit: "1/s" },
      "bit rate": { value: one.bitrateMbps, unit: "Mbit/s" },
      "host grew by": { value: one.hostBytes / 1e6, unit: "MB" },
    };
    for (const [figure, value] of Object.entries(figures)) values[`${name}: ${figure}`] = value;
    for (const [part, share] of Object.entries(one.cpu)) {
      values[`${name}: CPU of ${part}`] = { value: share, unit: "% of a core" };
    }
    rows.push(rowOf(one, latency));
  }
  return {
    results: {
      distributions,
      values,
      tables: [{ title: "Ways to the host", columns: COLUMNS, rows }],
      notes: [
        `${options.delay} ms each way; 3 s before each measurement are not counted`,
        "Loss on TCP is the wait of a round trip for each lost segment; windows stay as they are",
        "What the host grew by is the least of all rounds: the first one starts gateways",
      ],
    },
    checks: [
      ...p99Check(measured),
      atMost("UDP blocked: first picture, ms", Math.max(...blockedMs), BLOCKED_LIMIT_MS),
      atMost("UDP lost: without a picture, ms", Math.max(...backMs), BLOCKED_LIMIT_MS),
    ],
  };
}

const COLUMNS = [
  ...["way", "path", "p50 ms", "p90 ms", "p99 ms", "max ms", "freezes", "1/s", "Mbit/s"],
  ...["server %", "gateway %", "browser %", "host MB"],
];

function rowOf(one: TransportMeasurement, latency: Distribution): (string | number)[] {
  const { cpu } = one;
  const gateway = (cpu["tcp gateway"] ?? 0) + (cpu["webrtc gateway"] ?? 0);
  const whole = (value: number) => Math.round(value);
  return [
    ...[one.rung, one.path, latency.p50 ?? "-", latency.p90 ?? "-", latency.p99 ?? "-"],
    ...[latency.max ?? "-", one.freezes, Number(one.framesPerSecond.toFixed(1))],
    Number(one.bitrateMbps.toFixed(2)),
    ...[whole(cpu["server"] ?? 0), whole(gateway), whole(cpu["chromium renderer"] ?? 0)],
    Number((one.hostBytes / 1e6).toFixed(1)),
  ];
}

function p99Check(measured: readonly TransportMeasurement[]) {
  const p99Of = (rung: Rung) => {
    const found = measured.find((one) => one.rung === rung && one.path === "2 % loss");
    return found === undefined ? undefined : distributionOf(found.latencyMs, "ms").p99;
  };
  const [quic, webrtc] = [p99Of("quic"), p99Of("webrtc")];
  if (quic === undefined || webrtc === undefined) return [];
  const share = quic === null || webrtc === null ? undefined : quic / webrtc;
  return [atMost("2 % loss: p99 of QUIC, share of WebRTC's", share, P99_SHARE)];
}
