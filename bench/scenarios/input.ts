/**
 * input: from hands in the page to an X client, while a picture streams. How long an event takes, what
 * becomes of 100,000 of them on a bad path with a break, and whether a mouse of 1,000 reports a second
 * queues anywhere.
 */

import { randomFromSeed } from "../../tests/seeded.ts";
import { distributionOf, percentileOf } from "../measure/distribution.ts";
import { bestClockSample } from "../measure/frame_statistics.ts";
import type { Host } from "../measure/host.ts";
import { InputLog } from "../measure/input_log.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait } from "../measure/wait.ts";
import { type Content, CONTENTS } from "../measure/x_screen.ts";
import { atLeast, atMost, type Check } from "../report/report.ts";
import {
  choiceOption,
  fpsOption,
  type Scenario,
  type ScenarioRun,
  sidesOf,
  sizeOption,
  wholeNumberOption,
} from "../scenario.ts";
import { type InputEventsResult, runInputEvents } from "./input_events.ts";
import {
  actAtRandom,
  type InputTimes,
  judgeMotion,
  listen,
  type MotionResult,
  pairEvents,
  playFastMouse,
  takeEvents,
} from "./input_page.ts";

const WARM_UP_MS = 3000;
const SETTLE_MS = 300;
/** Milliseconds from page to X client while 1080p60 streams. */
const LIMIT = { p50: 4, p99: 10 };
/** Share of fast motions that are seen within one frame of their report. */
const WITHIN_FRAME_SHARE = 0.99;

interface Options {
  size: string;
  fps: number;
  content: Content;
  seconds: number;
  presses: number;
  events: number;
}

/** Hands in the page to an X client. */
export const input: Scenario<Options> = {
  name: "input",
  summary: "input events from the page to an X client: time, order on a bad path, a fast mouse",
  options: {
    size: sizeOption({ width: 1920, height: 1080 }),
    fps: fpsOption(),
    content: choiceOption("--content <kind>", "what the screen shows meanwhile", {
      choices: CONTENTS,
      fallback: "scroll",
    }),
    seconds: wholeNumberOption("--seconds <n>", "how long the fast mouse moves", {
      min: 1,
      max: 600,
      fallback: 60,
    }),
    presses: wholeNumberOption("--presses <n>", "seconds of presses and moves at random", {
      min: 1,
      max: 600,
      fallback: 30,
    }),
    events: wholeNumberOption("--events <n>", "keys and buttons on the bad path; 0 leaves it out", {
      min: 0,
      max: 1_000_000,
      fallback: 100_000,
    }),
  },
  deadlineSeconds: ({ seconds, presses, events }) => seconds + presses + events / 800 + 180,
  async run(run) {
    const page = await measurePage(run);
    run.log(`${page.times.key.length} keys, ${page.motion.seen} motions seen`);
    const { events } = run.options;
    const bad = events === 0
      ? undefined
      : await runInputEvents({ seed: run.seed, events, signal: run.signal });
    return evaluate(page, bad, run.options);
  },
};

interface PageResult {
  readonly times: InputTimes;
  readonly motion: MotionResult;
  readonly clockRttUs: number;
  /** Most input records that ever waited at the device. */
  readonly waitingMax: number;
}

/** Presses and motion in the browser, beside a stream. */
async function measurePage(run: ScenarioRun<Options>): Promise<PageResult> {
  const { size, fps, content, seconds, presses } = run.options;
  const sides = sidesOf(size);
  await using group = new ProcessGroup(run.signal);
  const log = new InputLog();
  const rig = await startRig(group, {
    ...{ ...sides, content, fps, seed: run.seed },
    onInput: log.note,
  }, run.signal);
  const viewer = await ViewerPage.open(rig.browser, await rig.host.newLink(), sides);
  await viewer.firstPicture(run.signal);
  await wait(WARM_UP_MS, run.signal);
  const cdp = await listen(viewer, run.signal);
  await viewer.startMeasurement();
  await takeEvents(viewer);
  const first = log.seen.length;
  await actAtRandom(cdp, randomFromSeed(run.seed), { ...sides, seconds: presses }, run.signal);
  const events = await takeEvents(viewer);
  await wait(SETTLE_MS, run.signal);
  const from = log.seen.length;
  await playFastMouse(viewer, cdp, { ...sides, seconds });
  const reports = await takeEvents(viewer);
  const { probes } = await viewer.takeMeasurements();
  const { offsetUs, rttUs } = bestClockSample(probes);
  return {
    times: pairEvents(events, log.seen.slice(first, from), offsetUs),
    motion: judgeMotion(reports, log, { from, width: sides.width, offsetUs }),
    clockRttUs: rttUs,
    waitingMax: await waitingAtDevice(rig.host),
  };
}

async function waitingAtDevice(host: Host): Promise<number> {
  const { media } = await host.stats() as {
    media: { process: { streams: { inputWaitingMax: number }[] } | null };
  };
  return media.process?.streams[0]?.inputWaitingMax ?? Infinity;
}

function evaluate(
  { times, motion, clockRttUs, waitingMax }: PageResult,
  bad: InputEventsResult | undefined,
  { fps }: Options,
) {
  const all = [...times.key, ...times.button, ...times.motion];
  const ages = motion.ages.toSorted((a, b) => a - b);
  const distributions = {
    "page -> X client": distributionOf(all, "ms"),
    "key": distributionOf(times.key, "ms"),
    "button": distributionOf(times.button, "ms"),
    "motion": distributionOf(times.motion, "ms"),
    "fast motion, behind the page": distributionOf(motion.ages, "ms"),
  };
  const within = ages.filter((age) => age <= 1000 / fps).length;
  const values = {
    "fast motion reports": { value: motion.reported, unit: "" },
    "fast motions seen": { value: motion.seen, unit: "" },
    "clock error, at most": { value: clockRttUs / 2000, unit: "ms" },
    ...bad === undefined ? {} : {
      "events sent": { value: bad.sent, unit: "" },
      "events seen": { value: bad.seen, unit: "" },
      "events on their way at the break": { value: bad.lostInBreak, unit: "" },
      "keys and buttons that the host let go": { value: bad.released, unit: "" },
      "packets lost": { value: bad.packetsLost, unit: "" },
    },
  };
  const checks: Check[] = [
    atMost("page -> X client p50, ms", distributions["page -> X client"].p50, LIMIT.p50),
    atMost("page -> X client p99, ms", distributions["page -> X client"].p99, LIMIT.p99),
    atMost("presses that were not seen", times.missing, 0),
    atMost("records that waited at the device", waitingMax, 0),
    atMost("fast motions out of order", motion.backwards, 0),
    atLeast("fast mouse ends where the page said", motion.isAtEnd ? 1 : 0, 1),
    atLeast(
      "share of fast motions within one frame",
      ages.length === 0 ? 0 : within / ages.length,
      WITHIN_FRAME_SHARE,
    ),
    atMost("fast motion p99, ms", ages.length === 0 ? null : percentileOf(ages, 99), 1000 / fps),
    ...bad === undefined ? [] : [
      atMost("events out of order", bad.misplaced, 0),
      atMost("events missing", bad.missing, 0),
      atMost("keys and buttons stuck", bad.stuck, 0),
    ],
  ];
  return { results: { distributions, values, notes: NOTES }, checks };
}

const NOTES = [
  "Starts when the page's listener runs and ends when the X client reads the event; the page's clock " +
  "is related to the host's by the probe with the shortest round trip",
  "The fast mouse is played in the page, 1,000 reports a second in order of pixels; the viewer merges " +
  "what comes faster than it sends",
];
