/**
 * Audio run: the real host with its test tone, moving content, and a real browser that plays it, on
 * loopback or behind the fault relay; what the page heard and drew is collected while it goes on.
 */

import type { SoundMeasurements, SoundStats } from "../../web/viewer/sound/sound_messages.ts";
import type { FrameRecord } from "../../web/viewer/receive/frame_record.ts";
import { bestClockSample, type ClockSample } from "../measure/frame_statistics.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import { startRig } from "../measure/rig.ts";
import { ViewerPage } from "../measure/viewer_page.ts";
import { wait, waitFor } from "../measure/wait.ts";
import { FaultRelay } from "../relay/fault_relay.ts";
import type { RelayLinks } from "../relay/udp_relay.ts";
import { sidesOf } from "../scenario.ts";
import { LinkModel } from "../simulator/link_model.ts";

/** The paths that sound goes over. */
export const AUDIO_PATHS = ["loopback", "lossy"] as const;
/** One of `AUDIO_PATHS`. */
export type AudioPath = (typeof AUDIO_PATHS)[number];

/** What is the same for every path. */
export interface AudioSetting {
  readonly seconds: number;
  readonly size: string;
  readonly fps: number;
  readonly frameMs: number;
  readonly seed: number;
}

/** A second of the page's figures. */
export interface AudioSecond {
  readonly stats: SoundStats;
  readonly outputUs: number;
}

/** What was measured on one path. */
export interface AudioMeasurement {
  readonly tone: SoundMeasurements["tone"];
  /** To add to the tone's wall times for the page's clock, in microseconds. */
  readonly wallOffsetUs: number;
  readonly clock: ClockSample;
  readonly frames: readonly FrameRecord[];
  /** The figures before the measurement, and each second of it. */
  readonly before: SoundStats;
  readonly seconds: readonly AudioSecond[];
}

const VIEWER = `document.querySelector("wavry-viewer")`;
const TAKE_INTERVAL_MS = 1000;
/** Frames are collected well before the viewer's log is full. */
const FRAMES_EVERY = 10;
/** Arrivals are learnt and the delay has come down from its first guess. */
const WARM_UP_MS = 15_000;
const SOUND_TIMEOUT_MS = 20_000;
const LOSS = 0.02;
const JITTER_US = 20_000;
const DELAY_US = 5_000;

/** Measures one path. */
export async function measureAudio(
  path: AudioPath,
  setting: AudioSetting,
  signal: AbortSignal,
): Promise<AudioMeasurement> {
  const { size, fps, frameMs, seed } = setting;
  await using group = new ProcessGroup(signal);
  const relay = path === "lossy" ? FaultRelay.listen(lossyLinks(seed)) : undefined;
  if (relay !== undefined) group.defer(() => relay.close());
  const rig = await startRig(group, {
    ...{ ...sidesOf(size), content: "scroll", fps, seed },
    hostArgs: [
      ...["--audio", "tone", "--audio-frame", String(frameMs), "--replay", "0s"],
      ...(relay === undefined ? [] : ["--public-port", String(relay.port)]),
    ],
  }, signal);
  relay?.forwardTo(Number(new URL(rig.host.origin).port));
  const own = await rig.host.newLink();
  const viewer = await ViewerPage.open(rig.browser, relay?.urlOf(own) ?? own, sidesOf(size));
  await viewer.firstPicture(signal);
  await waitFor(
    "sound in the viewer",
    async () => (await take(viewer))?.stats,
    { timeoutMs: SOUND_TIMEOUT_MS, signal },
  );
  await wait(WARM_UP_MS, signal);
  return await collect(viewer, setting.seconds, signal);
}

async function collect(
  viewer: ViewerPage,
  seconds: number,
  signal: AbortSignal,
): Promise<AudioMeasurement> {
  await viewer.page.evaluate(`${VIEWER}.startSoundMeasurement()`);
  await viewer.startMeasurement();
  const first = await take(viewer);
  if (first?.stats === undefined) throw new Error("Cannot measure sound: none plays");
  const tone: SoundMeasurements["tone"][number][] = [];
  const frames: FrameRecord[] = [];
  const probes: ClockSample[] = [];
  const figures: AudioSecond[] = [];
  const endMs = performance.now() + seconds * 1000;
  for (let turn = 1; performance.now() < endMs; turn++) {
    await wait(Math.min(TAKE_INTERVAL_MS, Math.max(1, endMs - performance.now())), signal);
    const taken = await take(viewer);
    tone.push(...taken?.tone ?? []);
    if (taken?.stats !== undefined) figures.push({ stats: taken.stats, outputUs: taken.outputUs });
    if (turn % FRAMES_EVERY !== 0 && performance.now() < endMs) continue;
    const report = await viewer.takeMeasurements();
    frames.push(...report.frames);
    probes.push(...report.probes);
  }
  return {
    ...{ tone, frames, seconds: figures, before: first.stats },
    wallOffsetUs: first.wallOffsetUs,
    clock: bestClockSample(probes),
  };
}

async function take(viewer: ViewerPage): Promise<SoundMeasurements | undefined> {
  const taken = await viewer.takeJson(`${VIEWER}.takeSoundMeasurements?.()`);
  return (taken ?? undefined) as SoundMeasurements | undefined;
}

function lossyLinks(seed: number): RelayLinks {
  const losses = [{ kind: "independent", rate: LOSS }] as const;
  return {
    down: new LinkModel({ delayUs: DELAY_US, jitterUs: JITTER_US, losses }, { seed, name: "down" }),
    up: new LinkModel({ delayUs: DELAY_US }, { seed, name: "up" }),
  };
}
