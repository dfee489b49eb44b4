/**
 * whep: a stream in plain Chromium by WHEP, with nothing of ours in the page: freezes, the jitter
 * buffer, and what the gateway process costs for it, as the browser's own statistics have them.
 */

import type { Page } from "playwright-core";
import { openPage } from "../measure/browser.ts";
import { distributionOf } from "../measure/distribution.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { type Rig, startRig } from "../measure/rig.ts";
import { wait } from "../measure/wait.ts";
import { atLeast, atMost } from "../report/report.ts";
import type { Value } from "../report/report.ts";
import { fpsOption, type Scenario, sidesOf, sizeOption, wholeNumberOption } from "../scenario.ts";
import type { ScenarioRun } from "../scenario.ts";

const FREEZES_MAX = 0;
const JITTER_BUFFER_MS_MAX = 30;
/** Frames that are decoded, of those that were made. */
const DECODED_SHARE_MIN = 0.97;
/** The first seconds are not counted: the path is learned. */
const WARM_UP_SECONDS = 3;
const SAMPLE_MS = 1000;

interface Options {
  size: string;
  fps: number;
  seconds: number;
}

/** What the browser has counted since it began. */
interface Counted {
  readonly decoded: number;
  readonly dropped: number;
  readonly freezes: number;
  readonly freezeSeconds: number;
  readonly lost: number;
  readonly asked: number;
  readonly keyframes: number;
  readonly bytes: number;
  readonly bufferSeconds: number;
  readonly bufferFrames: number;
  readonly width: number;
  readonly rttMs: number;
}

/** The page plays by this; text, because it is no part of our program. */
const PLAY = `(async () => {
  const connection = new RTCPeerConnection();
  globalThis.connection = connection;
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.ontrack = ({ track }) => {
    const player = document.createElement("video");
    Object.assign(player, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
    document.body.replaceChildren(player);
  };
  await connection.setLocalDescription(await connection.createOffer());
  const answer = await fetch("/0/whep", {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
})()`;
const COUNT = `(async () => {
  let rttMs = 0;
  let found;
  for (const report of (await connection.getStats()).values()) {
    if (report.type === "candidate-pair" && report.nominated) {
      rttMs = 1000 * (report.currentRoundTripTime ?? 0);
    }
    if (report.type === "inbound-rtp" && report.kind === "video") found = report;
  }
  return {
    decoded: found?.framesDecoded ?? 0, dropped: found?.framesDropped ?? 0,
    freezes: found?.freezeCount ?? 0, freezeSeconds: found?.totalFreezesDuration ?? 0,
    lost: found?.packetsLost ?? 0, asked: found?.nackCount ?? 0,
    keyframes: found?.keyFramesDecoded ?? 0, bytes: found?.bytesReceived ?? 0,
    bufferSeconds: found?.jitterBufferDelay ?? 0,
    bufferFrames: found?.jitterBufferEmittedCount ?? 0,
    width: found?.frameWidth ?? 0, rttMs,
  };
})()`;

/** A player without anything of ours. */
export const whep: Scenario<Options> = {
  name: "whep",
  summary: "a stream in plain Chromium by WHEP: freezes and jitter buffer",
  options: {
    size: sizeOption({ width: 1280, height: 720 }),
    fps: fpsOption(),
    seconds: wholeNumberOption("--seconds <n>", "length of the measurement", {
      ...{ min: 5, max: 3600, fallback: 60 },
    }),
  },
  deadlineSeconds: ({ seconds }) => seconds + 90,
  async run(run) {
    await using group = new ProcessGroup(run.signal);
    const rig = await startRig(group, {
      ...sidesOf(run.options.size),
      ...{ content: "scroll", fps: run.options.fps, seed: run.seed, hostArgs: [] },
    }, run.signal);
    const page = await openPlayer(rig, run);
    const gateway = await GatewayUse.of(rig);
    const before = await madeBy(rig);
    const samples = await sample(page, run);
    const used = await gateway.since(run.options.seconds);
    const after = await madeBy(rig);
    const made = { frames: after.frames - before.frames, dropped: after.dropped - before.dropped };
    return outcome(run.options, { samples, used, made });
  },
};

async function openPlayer(rig: Rig, run: ScenarioRun<Options>): Promise<Page> {
  const page = await openPage(rig.browser, sidesOf(run.options.size));
  const [name = "", value = ""] = (await rig.host.cookie()).split("=");
  await page.context().addCookies([{ name, value, url: rig.host.origin }]);
  await page.goto(`${rig.host.origin}/api/health`, { waitUntil: "commit" });
  await page.evaluate(PLAY);
  await wait(WARM_UP_SECONDS * 1000, run.signal);
  return page;
}

/** Figures each second, the first of them at the start. */
async function sample(page: Page, run: ScenarioRun<Options>): Promise<Counted[]> {
  const samples: Counted[] = [await page.evaluate(COUNT)];
  const startMs = performance.now();
  for (let second = 1; second <= run.options.seconds; second++) {
    await wait(Math.max(0, startMs + second * SAMPLE_MS - performance.now()), run.signal);
    samples.push(await page.evaluate(COUNT));
  }
  return samples;
}

/** Processor time of the gateway's process. */
class GatewayUse {
  readonly #pid: number;
  readonly #ticks: number;

  private constructor(pid: number, ticks: number) {
    this.#pid = pid;
    this.#ticks = ticks;
  }

  static async of(rig: Rig): Promise<GatewayUse> {
    const { features } = await rig.host.stats() as {
      features: { webrtc: { process: { pid: number } } };
    };
    const { pid } = features.webrtc.process;
    return new GatewayUse(pid, await ticksOf(pid));
  }

  /** Share of one core, and resident memory. */
  async since(seconds: number): Promise<{ readonly cpuShare: number; readonly rssMb: number }> {
    const ticks = await ticksOf(this.#pid) - this.#ticks;
    const status = await Deno.readTextFile(`/proc/${this.#pid}/status`);
    const rssKb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    return { cpuShare: ticks / 100 / seconds, rssMb: rssKb / 1000 };
  }
}

async function ticksOf(pid: number): Promise<number> {
  const fields = (await Deno.readTextFile(`/proc/${pid}/stat`)).split(") ")[1]?.split(" ") ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Frames that the host has made, and those that it did not send to the player. */
async function madeBy(rig: Rig): Promise<{ readonly frames: number; readonly dropped: number }> {
  const { viewers, streams } = await rig.host.stats() as {
    viewers: { sent: { framesSkipped: number } | null }[];
    streams: { frames: number }[];
  };
  return { frames: streams[0]?.frames ?? 0, dropped: viewers[0]?.sent?.framesSkipped ?? 0 };
}

function outcome(
  { seconds }: Options,
  { samples, used, made }: {
    samples: readonly Counted[];
    used: Awaited<ReturnType<GatewayUse["since"]>>;
    made: Awaited<ReturnType<typeof madeBy>>;
  },
) {
  const first = samples[0]!;
  const last = samples.at(-1)!;
  const over = (key: keyof Counted) => last[key] - first[key];
  const buffers = samples.slice(1).flatMap((now, index) => {
    const before = samples[index]!;
    const frames = now.bufferFrames - before.bufferFrames;
    return frames === 0 ? [] : [1000 * (now.bufferSeconds - before.bufferSeconds) / frames];
  });
  const bufferMs = 1000 * over("bufferSeconds") / Math.max(1, over("bufferFrames"));
  const values: Record<string, Value> = {
    "frames made a second": { value: made.frames / seconds, unit: "/s" },
    "frames decoded a second": { value: over("decoded") / seconds, unit: "/s" },
    "freezes": { value: over("freezes"), unit: "" },
    "time frozen": { value: over("freezeSeconds"), unit: "s" },
    "jitter buffer, average": { value: bufferMs, unit: "ms" },
    "frames dropped by the browser": { value: over("dropped"), unit: "" },
    "frames dropped by the host": { value: made.dropped, unit: "" },
    "packets lost": { value: over("lost"), unit: "" },
    "keyframes": { value: over("keyframes"), unit: "" },
    "rate": { value: over("bytes") * 8e-6 / seconds, unit: "Mbit/s" },
    "gateway: share of a core": { value: used.cpuShare * 100, unit: "%" },
    "gateway: resident": { value: used.rssMb, unit: "MB" },
  };
  return {
    results: {
      distributions: { "jitter buffer, each second": distributionOf(buffers, "ms") },
      values,
      notes: [],
    },
    checks: [
      atMost("freezes", over("freezes"), FREEZES_MAX),
      atMost("jitter buffer, average, ms", bufferMs, JITTER_BUFFER_MS_MAX),
      atLeast("frames decoded, of those made", over("decoded") / made.frames, DECODED_SHARE_MIN),
    ],
  };
}
