/**
 * first_frame: from opening the link to the first drawn picture, each time in a fresh browser context
 * without cookies or caches: with the stream already running for somebody else, and with capture and
 * encoder starting for this viewer.
 */

import { distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { type Rig, startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";
import { atMost } from "../report/report.ts";
import { fpsOption, type Scenario, sidesOf, sizeOption, wholeNumberOption } from "../scenario.ts";
import type { ScenarioRun } from "../scenario.ts";

const WARM_LIMIT_MS = 600;
const COLD_LIMIT_MS = 1200;
/** From the last viewer's end until the host has stopped capturing, with `--keep-warm 0`. */
const COOL_DOWN_MS = 1500;
/** Between two warm openings: a host that is asked for keyframes all the time makes them rarely. */
const CALM_MS = 3500;

interface Options {
  size: string;
  fps: number;
  runs: number;
}

/** Milliseconds since the navigation of one opening, by step. */
type Steps = Record<"page ready" | "connected" | "first datagram" | "decoded" | "drawn", number>;

/** Time to the first picture. */
export const firstFrame: Scenario<Options> = {
  name: "first_frame",
  summary: "time from opening the link to the first picture, warm and cold",
  options: {
    size: sizeOption({ width: 1280, height: 720 }),
    fps: fpsOption(),
    runs: wholeNumberOption("--runs <n>", "openings of each kind", {
      min: 1,
      max: 1000,
      fallback: 10,
    }),
  },
  deadlineSeconds: ({ runs }) => 60 + runs * 25,
  async run(run) {
    await using group = new ProcessGroup(run.signal);
    const rig = await startRig(group, {
      ...sidesOf(run.options.size),
      content: "scroll",
      fps: run.options.fps,
      seed: run.seed,
      hostArgs: ["--keep-warm", "0"],
    }, run.signal);
    const companion = await ViewerPage.open(
      rig.browser,
      await rig.host.newLink(),
      sidesOf(run.options.size),
    );
    await companion.firstPicture(run.signal);
    const warm = await openRepeatedly(run, rig, "warm");
    await companion.close();
    const cold = await openRepeatedly(run, rig, "cold");
    const distributions = {
      ...describe("warm", warm),
      ...describe("cold", cold),
    };
    return {
      results: { distributions, values: {}, notes: [] },
      checks: [
        atMost("warm: drawn p50, ms", distributions["warm: drawn"]?.p50, WARM_LIMIT_MS),
        atMost("cold: drawn p50, ms", distributions["cold: drawn"]?.p50, COLD_LIMIT_MS),
      ],
    };
  },
};

async function openRepeatedly(
  run: ScenarioRun<Options>,
  rig: Rig,
  kind: "warm" | "cold",
): Promise<Steps[]> {
  const all: Steps[] = [];
  for (let index = 0; index < run.options.runs; index++) {
    await wait(kind === "cold" ? COOL_DOWN_MS : CALM_MS, run.signal);
    const link = await rig.host.newLink();
    const viewer = await ViewerPage.open(rig.browser, link, sidesOf(run.options.size));
    const times = await viewer.firstPicture(run.signal);
    const startUs = await viewer.navigationStartUs();
    await viewer.close();
    const sinceStart = (us: number) => (us - startUs) / 1000;
    all.push({
      "page ready": sinceStart(times.dialUs),
      "connected": sinceStart(times.connectedUs),
      "first datagram": sinceStart(times.firstDatagramUs),
      "decoded": sinceStart(times.decodedUs),
      "drawn": sinceStart(times.presentedUs),
    });
    run.log(`${kind} ${index + 1}: ${all.at(-1)?.drawn.toFixed(0)} ms`);
  }
  return all;
}

function describe(kind: string, all: readonly Steps[]) {
  const names = Object.keys(all[0] ?? {}) as (keyof Steps)[];
  return Object.fromEntries(
    names.map((name) => [
      `${kind}: ${name}`,
      distributionOf(all.map((steps) => steps[name]), "ms"),
    ]),
  );
}
