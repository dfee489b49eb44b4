/**
 * network: the whole product on a bad path: real screen, host, QUIC and browser, with the fault relay
 * between host and browser. What counts is what a person sees: freezes, how soon the picture moves
 * again, how late it is, and its quality. Every profile is compared with a clean run before it.
 */

import type { Distribution } from "../measure/distribution.ts";
import { atMost, type Check, type Value } from "../report/report.ts";
import {
  choiceOption,
  type Scenario,
  type ScenarioRun,
  sidesOf,
  wholeNumberOption,
} from "../scenario.ts";
import { measureFecCpu } from "./network_fec_cpu.ts";
import { type NetworkFigures, networkFigures, storyOf } from "./network_figures.ts";
import { type ProfileName, PROFILES } from "./network_profiles.ts";
import { type RelayedOptions, relayedOptions } from "./relayed_options.ts";
import { measureNetwork, type NetworkMeasurement } from "./network_run.ts";

/** Beyond the measurements: starting everything, and warming up. */
const START_SECONDS = 40;
const FREEZES_LOGGED = 20;
/** Limits of the checks. */
const ADDED_P99_MS = 25;
const LONG_FREEZES_A_MINUTE = 1;
const QUEUE_P95_MS = 50;
const RATE_BACK_MS = 10_000;
const MOVE_MS = 500;
const CLEAN_REPAIR_SHARE = 0.01;
const FEC_CPU_SHARE = 0.01;

interface Options extends RelayedOptions {
  profile: ProfileName | "all";
  warmUp: number;
}

/** One profile with its figures. */
interface ProfileResult {
  readonly measured: NetworkMeasurement;
  readonly figures: NetworkFigures;
}

/** The real stack through the relay. */
export const network: Scenario<Options> = {
  name: "network",
  summary: "what a person sees on a bad path: freezes, latency, quality, through the fault relay",
  options: {
    ...relayedOptions({ fps: 60, seconds: 60, delay: 20 }),
    profile: choiceOption("--profile <name>", "the path", {
      choices: [...PROFILES, "all"],
      fallback: "all",
    }),
    warmUp: wholeNumberOption("--warm-up <n>", "seconds before it, on a clean path", {
      min: 1,
      max: 60,
      fallback: 5,
    }),
  },
  deadlineSeconds: ({ profile, seconds, warmUp }) =>
    profilesOf(profile).length * (seconds + warmUp + START_SECONDS) + 30,
  async run(run) {
    const results: ProfileResult[] = [];
    for (const name of profilesOf(run.options.profile)) {
      const result = await measureProfile(run, name);
      results.push(result);
      logProfile(run, result);
    }
    const fecCpuShare = measureFecCpu(run.seed);
    const isAlone = results.length === 1;
    const distributions: Record<string, Distribution> = {};
    const values: Record<string, Value> = {};
    for (const { measured, figures } of results) {
      const prefix = isAlone ? "" : `${measured.name}: `;
      for (const [name, figure] of Object.entries(figures.distributions)) {
        if (figure.count > 0) distributions[`${prefix}${name}`] = figure;
      }
      for (const [name, value] of Object.entries(figures.values)) {
        values[`${prefix}${name}`] = value;
      }
    }
    values["CPU for FEC at 20 Mbit/s"] = { value: fecCpuShare * 100, unit: "% of a core" };
    return {
      results: { distributions, values, notes: notesOf(run.options, results) },
      checks: [
        ...results.flatMap((result) => checksOf(result, results[0]!)),
        atMost("CPU for FEC at 20 Mbit/s, share of a core", fecCpuShare, FEC_CPU_SHARE),
      ],
    };
  },
};

/** What to run: a profile needs the clean run that it is compared with. */
function profilesOf(profile: ProfileName | "all"): readonly ProfileName[] {
  if (profile === "all") return PROFILES;
  return profile === "clean" ? ["clean"] : ["clean", profile];
}

async function measureProfile(
  run: ScenarioRun<Options>,
  name: ProfileName,
): Promise<ProfileResult> {
  const { size, fps, content, seconds, warmUp, bitrate, delay } = run.options;
  const measured = await measureNetwork(name, {
    ...sidesOf(size),
    ...{ fps, content, seconds, warmUp, seed: run.seed },
    bitrateKbps: bitrate,
    delayMs: delay,
  }, run.signal);
  return { measured, figures: networkFigures(measured, fps) };
}

function logProfile(run: ScenarioRun<Options>, { measured, figures }: ProfileResult): void {
  const { freezes, longFreezes, keyframes, latency } = figures;
  run.log(
    `${measured.name}: ${freezes.length} freezes over 50 ms, ${longFreezes} over 100 ms, ` +
      `${keyframes} keyframes, capture -> drawn p50 ${latency.p50} p99 ${latency.p99} ms`,
  );
  for (const freeze of freezes.slice(0, FREEZES_LOGGED)) {
    const { atUs, lengthUs, frameId } = freeze;
    const hitch = measured.report.hitches.find((hitch) => hitch.atUs > atUs);
    const isSame = hitch !== undefined && hitch.atUs - hitch.durationUs <= atUs + 1000;
    const at = ((atUs - measured.span.startUs) / 1e6).toFixed(2);
    const ms = (lengthUs / 1000).toFixed(0);
    const cause = isSame ? hitch.cause : "no hitch";
    run.log(`  ${at} s, after ${frameId}: ${ms} ms, ${cause} (${storyOf(freeze, measured)})`);
  }
}

function notesOf(options: Options, results: readonly ProfileResult[]): string[] {
  const { report } = results[0]!.measured;
  const lateMs = Math.max(...results.map(({ measured }) => measured.relay.latenessUsMax)) / 1000;
  return [
    `${options.delay} ms each way; ${options.warmUp} s before the measurement are not counted`,
    "Random, bursts and wifi are so from the first packet on; onset has a clean quarter first",
    "A pause of the source itself is no freeze; drawing is what the browser was handed",
    "Freezes in which this program had no turn for 20 ms, or in which frames were whole in time and " +
    "decoded or drawn late, are the machine's and counted apart",
    `The relay let packets out up to ${lateMs.toFixed(1)} ms later than its links said`,
    "CPU for FEC is that of the encoder alone, in this program, at 20 % redundancy",
    `Encoder ${report.stats?.encoder ?? "unknown"}, decoder ${report.decoderAcceleration}`,
  ];
}

/** The limits of each profile. */
function checksOf(
  { measured, figures }: ProfileResult,
  clean: ProfileResult,
): Check[] {
  const { name, profile } = measured;
  const minutes = (measured.span.endUs - measured.span.startUs) / 60e6;
  const added = (figures.latency.p99 ?? NaN) - (clean.figures.latency.p99 ?? NaN);
  const checks = [atMost(`${name}: sessions lost`, measured.isSameSession ? 0 : 1, 0)];
  const check = (what: string, value: number | null | undefined, limit: number) => {
    checks.push(atMost(`${name}: ${what}`, value, limit));
  };
  switch (name) {
    case "clean":
      check("repairs, share of bytes", figures.repairShare, CLEAN_REPAIR_SHARE);
      break;
    case "random":
      check("keyframes", figures.keyframes, 0);
      check("freezes over 50 ms", figures.freezes.length, 0);
      check("added latency p99, ms", added, ADDED_P99_MS);
      break;
    case "bursts":
      check("freezes over 100 ms a minute", figures.longFreezes / minutes, LONG_FREEZES_A_MINUTE);
      break;
    case "onset":
      check("keyframes", figures.keyframes, 0);
      check("freezes over 100 ms a minute", figures.longFreezes / minutes, LONG_FREEZES_A_MINUTE);
      break;
    case "capacity":
      check("wait at the bottleneck p95, ms", figures.queueDelay?.p95, QUEUE_P95_MS);
      check("rate is back after, ms", figures.rateBackMs, RATE_BACK_MS);
      break;
    case "blackhole":
    case "rebind":
      check("picture moves again after, ms", figures.moveAfterHoleMs, MOVE_MS);
      break;
    case "wifi":
      check("keyframes", figures.keyframes, 0);
      break;
  }
  if (profile.holesEndUs.length === 0 && profile.stepsUs.length === 0) {
    // Nothing here stops the picture for half a second.
    check("longest freeze, ms", figures.values["longest freeze"]?.value, MOVE_MS);
  }
  return checks;
}
