/**
 * Sound while the timeline shows the past, in what a real Chromium hands to its device: the test tone
 * tells when it was made, so it tells whether the past or the present is heard. Only what plays as fast
 * as it was is heard; all else is silence, and with the present its sound is back.
 */

import t from "tap";
import type { PlaybackSource, PlaybackState } from "../../web/viewer/playback/playback_messages.ts";
import type { SoundMeasurements } from "../../web/viewer/sound/sound_messages.ts";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const VIEWER = `document.querySelector("wavry-viewer")`;
/** The tone tells the time within a second: half of one more tells the past from the present. */
const BACK_US = 3_500_000;
const HEARD_MS_MAX = 20_000;
/** Moments of the tone that are enough to tell its time: one each 10 ms. */
const MOMENTS = 60;
/** What a machine between idle and very busy may take from capture to the device. */
const PRESENT_MS = 150;
/** Half a second apart is too much. */
const NEAR_MS = 220;
const SILENT_MS = 800;

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--fps", "30", "--audio", "tone"],
  ...["--replay", "30s", "--record"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
});
const { cookie } = await host.join("player");
/** Lets the test speak to the worker and hear what it says of playback. */
const SPY = `(() => {
  const RealWorker = globalThis.Worker;
  globalThis.playback = { worker: undefined, state: undefined };
  globalThis.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      globalThis.playback.worker ??= this;
      this.addEventListener("message", ({ data }) => {
        if (data.type === "playback" && data.event.event === "state") {
          globalThis.playback.state = data.event.state;
        }
      });
    }
  };
})()`;
const viewer = await browser.open(`${host.origin}/`, {
  cookie,
  before: SPY,
  size: { width: 800, height: 500 },
});
await viewer.waitForState("playing");
await until(
  async () => await viewer.page.evaluate(`${VIEWER}.startSoundMeasurement !== undefined`) === true,
  "sound in the page",
  HEARD_MS_MAX,
);

const REPLAY: PlaybackSource = {
  ...{ key: "replay 0", framesPath: "/api/replay/frames?stream=0", isLive: true },
};

async function command(value: object): Promise<void> {
  await viewer.page.evaluate(
    `playback.worker.postMessage(${JSON.stringify({ type: "playback", command: value })})`,
  );
}

async function hostUs(): Promise<number> {
  return (await (await host.call("GET", "/api/replay", { cookie })).json()).nowUs;
}

async function seek(source: PlaybackSource, timeUs: number, rate: number): Promise<void> {
  await command({ do: "seek", source, timeUs, isRough: false, rate });
}

/** Listens anew. */
async function listen(): Promise<void> {
  await viewer.page.evaluate(`${VIEWER}.startSoundMeasurement()`);
}

/** What was heard since the last call. */
async function take(): Promise<SoundMeasurements> {
  return await viewer.page.evaluate(`${VIEWER}.takeSoundMeasurements()`) as SoundMeasurements;
}

/** From the host's clock to the page's. */
const offsetUs = await until(
  async () => {
    const { probes } = await viewer.measure(500);
    return [...probes].sort((a, b) => a.rttUs - b.rttUs)[0]?.offsetUs;
  },
  "the host's clock",
  HEARD_MS_MAX,
);

/** How long ago the middle one of some moments was made, but for whole seconds, in milliseconds. */
function ageMs({ tone, wallOffsetUs }: SoundMeasurements, expectedMs: number): number {
  const errors = tone.map(({ wallUs, toneUs }) => {
    const ms = (wallUs + wallOffsetUs + offsetUs - toneUs) / 1000 - expectedMs;
    return ((ms % 1000) + 1500) % 1000 - 500;
  }).sort((a, b) => a - b);
  return expectedMs + errors[errors.length >> 1]!;
}

/** Waits until the tone is heard that was made so long ago; gives what it is late by. */
async function hears(expectedMs: number): Promise<number> {
  await listen();
  let tone: SoundMeasurements["tone"] = [];
  return await until(
    async () => {
      const taken = await take();
      tone = [...tone, ...taken.tone].slice(-MOMENTS);
      if (tone.length < MOMENTS) return undefined;
      const lateMs = ageMs({ ...taken, tone }, expectedMs) - expectedMs;
      return Math.abs(lateMs) < NEAR_MS ? lateMs : undefined;
    },
    `the tone of ${expectedMs} ms ago`,
    HEARD_MS_MAX,
  );
}

/** What is heard for a while after the last of before has faded. */
async function moments(): Promise<number> {
  await viewer.page.waitForTimeout(300);
  await listen();
  await viewer.page.waitForTimeout(SILENT_MS);
  return (await take()).tone.length;
}

/** How long ago what plays was captured. */
async function behindMs(): Promise<number> {
  const [state, nowUs] = [
    await viewer.page.evaluate(`playback.state`) as { timeUs: number },
    await hostUs(),
  ];
  return (nowUs - state.timeUs) / 1000;
}

async function isPlaying(): Promise<boolean> {
  const state = await viewer.page.evaluate(`playback.state`) as PlaybackState | undefined;
  return state?.rate === 1 && !state.isWaiting;
}

/** Ends the recording that runs. */
async function recording(): Promise<{ source: PlaybackSource; startUs: number }> {
  await host.call("POST", "/api/recordings/stop", { cookie, body: {} });
  const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
  const { id, startUs } = recordings[0];
  const framesPath = `/api/recordings/${id}/frames`;
  return { source: { key: `recording ${id}`, framesPath, isLive: false }, startUs };
}

t.test("the past is heard as it was then, and the present again with its picture", async (t) => {
  await hears(PRESENT_MS);
  await seek(REPLAY, await hostUs() - BACK_US, 1);
  await until(isPlaying, "the past");
  t.comment(`the past is heard ${Math.round(await hears(await behindMs()))} ms after it is due`);
  const sync = await until(async () => (await take()).stats?.sync, "figures", HEARD_MS_MAX);
  t.comment(`of ${sync.pictures} pictures 95 % within ${sync.p95Us} us`);
  await command({ do: "play", rate: 2 });
  t.equal(await moments(), 0, "faster is silent");
  await seek(REPLAY, await hostUs() - BACK_US, 1);
  await until(isPlaying, "the past again");
  await hears(await behindMs());
  await command({ do: "pause" });
  t.equal(await moments(), 0, "at rest is silent");
  const { source, startUs } = await recording();
  await seek(source, startUs + 300_000, 1);
  await until(isPlaying, "a recording");
  const recordedMs = await behindMs();
  t.ok(recordedMs > BACK_US / 1000, `${recordedMs} ms ago`);
  await hears(recordedMs);
  await command({ do: "live" });
  await hears(PRESENT_MS);
  t.same(viewer.complaints, []);
});
