/**
 * replay: what going back in a live stream costs and gives: memory beyond the payload, time that
 * writing takes from others, seeks that must give exactly the frame asked for, how soon Chromium shows
 * it, and what readers cost who watches live. docs/BENCHMARKS.md says how.
 */

import { randomFromSeed } from "../../tests/seeded.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { ReplayClient } from "../measure/replay_client.ts";
import { type Rig, startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { CONTENTS } from "../measure/x_screen.ts";
import type { Content } from "../measure/x_screen.ts";
import { atMost, type Check, type Value } from "../report/report.ts";
import {
  choiceOption,
  type Scenario,
  type ScenarioOutcome,
  type ScenarioRun,
  sidesOf,
  sizeOption,
  wholeNumberOption,
} from "../scenario.ts";
import { type LiveSamples, measureLive } from "./replay_live.ts";
import { openSeekPage } from "./replay_page.ts";
import { freeze, type HeldFrame, seekFrames, seekInPage } from "./replay_seeks.ts";
import type { SeekResults, ShownResults } from "./replay_seeks.ts";
import { measureMemory, measureWriting } from "./replay_writing.ts";

const MEMORY = { seconds: 30, bitrateBps: 10_000_000 };
const WRITING_BPS = 50_000_000;
const FPS = 60;
const READERS = 4;
const LIMITS = {
  beyondPercent: 1,
  shownP50Ms: 120,
  shownP99Ms: 300,
  liveRatio: 1.1,
  /** The interval of frames: what writes longer keeps the next one waiting. */
  pushMs: 1000 / FPS,
};

interface Options {
  size: string;
  content: Content;
  held: number;
  seeks: number;
  shown: number;
  rounds: number;
  seconds: number;
}

interface Measured {
  readonly held: readonly HeldFrame[];
  readonly keyframeSeconds: number;
  readonly seeks: SeekResults;
  readonly shown: ShownResults;
  readonly live: LiveSamples;
}

/** Going back in a live stream. */
export const replay: Scenario<Options> = {
  name: "replay",
  summary:
    "going back in the live stream: memory, exact seeks, time to the picture, cost for others",
  options: {
    size: sizeOption({ width: 1920, height: 1080 }),
    content: choiceOption("--content <kind>", "what the screen shows", {
      choices: CONTENTS,
      fallback: "video",
    }),
    held: wholeNumberOption("--held <s>", "seconds that seeks choose from", {
      min: 2,
      max: 300,
      fallback: 20,
    }),
    seeks: wholeNumberOption("--seeks <n>", "frames that are read from the host", {
      min: 1,
      max: 100_000,
      fallback: 10_000,
    }),
    shown: wholeNumberOption("--shown <n>", "frames that Chromium shows", {
      min: 1,
      max: 10_000,
      fallback: 1000,
    }),
    rounds: wholeNumberOption("--rounds <n>", "phases without and with readers", {
      min: 1,
      max: 20,
      fallback: 4,
    }),
    seconds: wholeNumberOption("--seconds <n>", "length of a phase, and of writing", {
      min: 1,
      max: 120,
      fallback: 10,
    }),
  },
  deadlineSeconds: ({ held, seeks, shown, rounds, seconds }) =>
    180 + 3 * held + seeks / 50 + shown + 2 * rounds * (seconds + 5),
  async run(run) {
    const memory = measureMemory(MEMORY.seconds, MEMORY.bitrateBps);
    const writing = await measureWriting(WRITING_BPS, run.options.seconds, run.signal);
    run.log(`writing: ${writing.pushMs.max?.toFixed(2)} ms at worst`);
    const measured = await measureHost(run);
    return outcomeOf(run.options, memory, writing, measured);
  },
};

async function measureHost(run: ScenarioRun<Options>): Promise<Measured> {
  const { size, content, held: heldSeconds, seeks: count, shown: shownCount } = run.options;
  const { rounds, seconds } = run.options;
  const { signal } = run;
  const random = randomFromSeed(run.seed);
  await using group = new ProcessGroup(signal);
  const screen = { ...sidesOf(size), content, fps: FPS, seed: run.seed };
  // It captures without a viewer too: no path is the limit then.
  const hostArgs = ["--replay", `${heldSeconds + 10}s`, "--stream-for", "24h"];
  const rig = await startRig(group, { ...screen, hostArgs }, signal);
  const clients = await openClients(rig);
  const client = clients[0]!;
  const held = await freeze(client, heldSeconds, signal);
  const keyframeSeconds = await segmentSeconds(client);
  const seeks = await seekFrames(client, held, { count, random, signal });
  run.log(`seeks: ${seeks.ms.length}, ${seeks.wrong} wrong`);
  const page = await openSeekPage(rig.browser, await rig.host.newLink(), sidesOf(size));
  const shown = await seekInPage(page, held, { count: shownCount, random, signal });
  run.log(`shown: ${shown.seeks.length}, ${shown.wrong} wrong`);
  await page.context().close();
  await client.setPaused(false);
  const viewer = await ViewerPage.open(rig.browser, await rig.host.newLink(), sidesOf(size));
  await viewer.firstPicture(signal);
  const live = await measureLive(viewer, clients, { rounds, seconds, random, signal });
  run.log(`live: ${live.alone.length} frames alone, ${live.scrubbed.length} with readers`);
  await viewer.close();
  return { held, keyframeSeconds, seeks, shown, live };
}

async function openClients({ host }: Rig): Promise<ReplayClient[]> {
  const clients: ReplayClient[] = [];
  while (clients.length < READERS) clients.push(await ReplayClient.open(await host.newLink()));
  return clients;
}

/** Mean time between the keyframes that segments begin with. */
async function segmentSeconds(client: ReplayClient): Promise<number> {
  const { segments } = await client.report();
  const spanUs = segments.at(-1)!.startUs - segments[0]!.startUs;
  return spanUs / 1e6 / Math.max(1, segments.length - 1);
}

function outcomeOf(
  options: Options,
  memory: ReturnType<typeof measureMemory>,
  writing: Awaited<ReturnType<typeof measureWriting>>,
  measured: Measured,
): ScenarioOutcome {
  const { seeks, shown, live, held } = measured;
  const distributions: Record<string, Distribution> = {
    "write a frame, 50 Mbit/s": writing.pushMs,
    "timers late, writing": writing.lateMs,
    "timers late, not writing": writing.idleLateMs,
    "seek, read from the host": distributionOf(seeks.ms, "ms"),
    "seek -> shown": distributionOf(shown.seeks.map(({ ms }) => ms), "ms"),
    "seek -> read": distributionOf(shown.seeks.map(({ readMs }) => readMs), "ms"),
    "frames decoded a seek": distributionOf(shown.seeks.map((seek) => seek.decodedFrames), ""),
    "live, no reader": distributionOf(live.alone, "ms"),
    [`live, ${READERS} readers`]: distributionOf(live.scrubbed, "ms"),
  };
  const ratio = liveRatio(live);
  const values: Record<string, Value> = {
    "held by 30 s at 10 Mbit/s": { value: memory.payloadBytes, unit: "bytes" },
    "beyond the payload": { value: memory.beyondPercent, unit: "%" },
    "frames to seek in": { value: held.length, unit: "" },
    "between keyframes": { value: measured.keyframeSeconds, unit: "s" },
    "seconds scrubbed": { value: live.scrubs, unit: "s" },
    "live p99, with readers / without": { value: ratio, unit: "" },
  };
  const checks: Check[] = [
    atMost("memory beyond the payload, %", memory.beyondPercent, LIMITS.beyondPercent),
    atMost("write a frame at worst, ms", writing.pushMs.max, LIMITS.pushMs),
    atMost("seeks that gave another frame", seeks.wrong + options.seeks - seeks.ms.length, 0),
    atMost("shown frames that were others", shown.wrong + options.shown - shown.seeks.length, 0),
    atMost("seek -> shown p50, ms", distributions["seek -> shown"]?.p50, LIMITS.shownP50Ms),
    atMost("seek -> shown p99, ms", distributions["seek -> shown"]?.p99, LIMITS.shownP99Ms),
    atMost("live p99, with readers / without", ratio, LIMITS.liveRatio),
  ];
  const notes = [
    "Seeks are in a replay that was paused, so that what each must give is known",
    "It was captured before anybody watched: no path is the limit; capture goes on meanwhile",
    "The page decodes from the keyframe on each time: it keeps nothing of the seek before",
    `Readers take a second each ${READERS} times in 0.8 s, in turns with phases without them`,
  ];
  return { results: { distributions, values, notes }, checks };
}

function liveRatio({ alone, scrubbed }: LiveSamples): number {
  const p99 = (samples: number[]) => distributionOf(samples, "ms").p99 ?? NaN;
  return p99(scrubbed) / p99(alone);
}
