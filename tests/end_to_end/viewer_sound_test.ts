/**
 * The host's sound in a real Chromium, in what its audio thread hands to the device: the test tone,
 * found again by frequency and by time; what a program plays to a real PulseAudio; a page that may not
 * play before a click, and one that may not share memory; and the microphone, back in PulseAudio.
 */
// timeout: 90 s

import t from "tap";
import type { SoundMeasurements } from "../../web/viewer/sound/sound_messages.ts";
import { MICROPHONE_NAME } from "../../src/server/sound/pulse_server.ts";
import { playTones } from "../sound/play_tones.ts";
import { record } from "../sound/record.ts";
import { bestPurity, RATE, toneHz } from "../sound/test_tone.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const VIEWER = `document.querySelector("wavry-viewer")`;
/** The sound must be there in time also on a machine that runs other tests. */
const HEARD_MS_MAX = 15_000;
/** Moments of the tone that are enough to tell its time: one each 10 ms. */
const MOMENTS = 150;
const PATTERN = [
  ...["--source", "pattern", "--size", "640x360", "--fps", "30", "--audio", "tone"],
  // A replay listens as well.
  ...["--replay", "0s"],
];

const host = await HostProcess.start(PATTERN);
const spoken = await Deno.makeTempFile({ suffix: ".wav" });
await Deno.writeFile(spoken, waveFile(toneHz(0)));
const browser = await TestBrowser.start([
  ...["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  `--use-file-for-fake-audio-capture=${spoken}`,
]);
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await Deno.remove(spoken);
});
const { cookie } = await host.join("player");
/** Questions of the test count as clicks for Chromium: its rule is put in place of it here. */
const NEEDS_CLICK = `(() => {
  let isClicked = false;
  addEventListener("pointerup", ({ isTrusted }) => isClicked ||= isTrusted, true);
  const Free = AudioContext;
  globalThis.AudioContext = class extends Free {
    constructor(options) {
      super(options);
      super.suspend().then(() => this.isHeld = false);
    }
    get state() {
      return this.isHeld ? "suspended" : super.state;
    }
    isHeld = true;
    resume() {
      return isClicked ? super.resume() : new Promise(() => {});
    }
  };
})()`;
const page = async (options: { before?: string } = {}, from = host, pass = cookie) => {
  const viewer = await browser.open(`${from.origin}/?stats=1`, { cookie: pass, ...options });
  await viewer.waitForState("playing");
  return viewer;
};

/** What of the tone was handed to the device since the last call, once it is enough. */
async function hear(viewer: ViewerPage): Promise<SoundMeasurements> {
  await viewer.page.waitForFunction(`${VIEWER}.startSoundMeasurement !== undefined`);
  await viewer.page.evaluate(`${VIEWER}.startSoundMeasurement()`);
  const tone: SoundMeasurements["tone"][number][] = [];
  return await until(
    async () => {
      const taken = await viewer.page.evaluate(
        `${VIEWER}.takeSoundMeasurements()`,
      ) as SoundMeasurements;
      tone.push(...taken.tone);
      return tone.length >= MOMENTS ? { ...taken, tone } : undefined;
    },
    "the tone in the browser's output",
    HEARD_MS_MAX,
  );
}

/** From the host's clock to the page's. */
async function clockOffsetUs(viewer: ViewerPage): Promise<number> {
  const { probes } = await viewer.measure(1_500);
  return probes.reduce((best, probe) => probe.rttUs < best.rttUs ? probe : best).offsetUs;
}

/** How long after it was made each moment of the tone was handed over, in milliseconds. */
function latenciesMs({ tone, wallOffsetUs }: SoundMeasurements, offsetUs: number): number[] {
  return tone.map(({ wallUs, toneUs }) => {
    // The wall clock of that thread counts whole milliseconds: half of one is lost on average.
    const hostUs = wallUs + 500 + wallOffsetUs + offsetUs;
    return (((hostUs - toneUs) % 1e6) + 1e6) % 1e6 / 1000;
  }).sort((a, b) => a - b);
}

async function listeners(): Promise<number> {
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  return stats.features.sound.listeners;
}

async function line(viewer: ViewerPage, label: string): Promise<string> {
  return await viewer.page.evaluate(`[...document.querySelectorAll(".stats .row")]
    .find((row) => row.firstChild.textContent === ${JSON.stringify(label)})
    ?.lastChild.textContent ?? ""`) as string;
}

const button = `.tool[data-action="sound"]`;
const viewer = await page({ before: NEEDS_CLICK });

t.test("nothing is heard or sent before somebody clicks", async (t) => {
  const prompt = await viewer.page.waitForSelector(".sound-prompt:not([hidden])");
  t.equal((await prompt.textContent())?.trim(), "Click for sound");
  t.equal(await listeners(), 0);
  for (const colorScheme of ["dark", "light"] as const) {
    await viewer.page.emulateMedia({ colorScheme });
    t.same(await viewer.accessibilityViolations(), [], colorScheme);
    t.ok(await viewer.screenshot(`sound-prompt-${colorScheme}`) > 2000);
  }
  await prompt.click();
  await viewer.page.waitForSelector(".sound-prompt", { state: "hidden" });
  await until(async () => await listeners() === 1, "a listener", HEARD_MS_MAX);
  t.equal(await viewer.page.getAttribute(button, "aria-pressed"), "true");
});

t.test("the test tone is in the browser's output, whole and soon", async (t) => {
  const heard = await hear(viewer);
  const latencies = latenciesMs(heard, await clockOffsetUs(viewer));
  const middle = latencies[latencies.length >> 1]!;
  // A limit for speed is in `bench audio`; this tells right from wrong by a second or a frame.
  t.ok(middle > 5 && middle < 400, `${middle} ms from capture to the device`);
  const near = latencies.filter((latency) => Math.abs(latency - middle) < 40);
  t.ok(near.length > latencies.length * 0.9, "and it goes on at that");
  await until(() => line(viewer, "Capture to device/to ear").then((text) => /\d/.test(text)), "it");
  t.match(await line(viewer, "Sound stream"), /^Opus, stereo, \d+ kbit\/s$/);
  t.match(await line(viewer, "Underruns/concealed"), /^\d+\/\d+ \(\d+ ms\)$/);
  t.match(await line(viewer, "Sound after picture"), /^-?[\d.]+ ms \(95%: [\d.]+ ms\)$/);
  const told = Number.parseFloat(await line(viewer, "Capture to device/to ear"));
  t.ok(Math.abs(told - middle) < 60, `the overlay says ${told} ms, the tone ${middle}`);
});

t.test("a shortcut mutes and nothing is sent; loudness is remembered", async (t) => {
  await viewer.press("Control+Alt+Shift+KeyA");
  await until(async () => await listeners() === 0, "no listener");
  t.equal(await viewer.page.getAttribute(button, "aria-pressed"), "false");
  await viewer.press("Control+Alt+Shift+KeyA");
  await until(async () => await listeners() === 1, "a listener again");
  await viewer.page.hover(".toolbar");
  await viewer.page.fill(".volume", "35");
  t.equal(await viewer.page.getAttribute(".volume", "aria-valuetext"), "35 percent");
  t.same(await viewer.accessibilityViolations(), [], "toolbar with loudness");
  t.ok(await viewer.screenshot("sound-toolbar") > 2000);
  await viewer.page.reload();
  await viewer.waitForState("playing");
  await viewer.page.waitForFunction(`document.querySelector(".volume")?.value === "35"`);
  t.same(viewer.complaints, []);
  await viewer.close();
  await until(async () => await listeners() === 0, "nobody after the page is gone");
});

t.test("a page that may not share memory plays as well", async (t) => {
  const before = `Object.defineProperty(globalThis, "crossOriginIsolated", { value: false })`;
  const alone = await page({ before });
  const heard = await hear(alone);
  t.equal(heard.tone.length >= MOMENTS, true);
  await until(
    async () => /, by messages$/.test(await line(alone, "Sound stream")),
    "the overlay's word on it",
    HEARD_MS_MAX,
  );
  const latencies = latenciesMs(heard, await clockOffsetUs(alone));
  const middle = latencies[latencies.length >> 1]!;
  t.ok(middle > 5 && middle < 400, `${middle} ms`);
  t.same(alone.complaints, []);
  await alone.close();
});

/** A second of a tone that a fake microphone gives, over and over. */
function waveFile(hz: number): Uint8Array {
  const samples = Int16Array.from(
    { length: RATE },
    (_, at) => 8_000 * Math.sin(2 * Math.PI * hz * at / RATE),
  );
  const bytes = new Uint8Array(44 + samples.byteLength);
  const view = new DataView(bytes.buffer);
  const text = (at: number, words: string) => bytes.set(new TextEncoder().encode(words), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.byteLength, true);
  bytes.set(new Uint8Array(samples.buffer), 44);
  return bytes;
}

const desktop = await HostProcess.start(["--size", "320x240", "--fps", "10"]);
t.teardown(() => desktop.stop());
const server = /"server":"(unix:[^"]+)"/.exec(desktop.log)?.[1] ?? "";
const guest = await desktop.join("player");
const speaker = await page({}, desktop, guest.cookie);

t.test("what a program plays to PulseAudio is heard at its own pace", async (t) => {
  await using _playing = playTones(server, 2, { hasGaps: true });
  const { tone } = await hear(speaker);
  // Moments are taken each 10 ms of what is played; a second of the program must take a second of it.
  const steps = tone.slice(1).map(({ toneUs }, at) => (toneUs - tone[at]!.toneUs + 1e6) % 1e6);
  const regular = steps.filter((stepUs) => Math.abs(stepUs - 10_000) < 500).length;
  t.ok(regular > steps.length * 0.85, `${regular} of ${steps.length} steps are of 10 ms`);
});

/** Who speaks, by the host. */
async function speakers(): Promise<number> {
  const stats = await (await desktop.call("GET", "/api/stats", { cookie: guest.cookie })).json();
  return stats.features.sound.microphones.speakers;
}

t.test("the microphone is off until it is turned on, and heard by programs then", async (t) => {
  const button = `.tool[data-action="microphone"]`;
  t.equal(await speakers(), 0);
  await speaker.press("Control+Alt+Shift+KeyU");
  await speaker.page.waitForSelector(`${button}[data-state="on"]`, { state: "attached" });
  await speaker.page.waitForSelector(".microphone-on:not([hidden])");
  const heard = await record(server, MICROPHONE_NAME, 2_500);
  const share = bestPurity(heard, toneHz(0));
  t.ok(share > 0.9, `${share} of what programs record is ${toneHz(0)} Hz`);
  for (const colorScheme of ["dark", "light"] as const) {
    await speaker.page.emulateMedia({ colorScheme });
    t.same(await speaker.accessibilityViolations(), [], colorScheme);
    t.ok(await speaker.screenshot(`microphone-${colorScheme}`) > 2000);
  }
  await speaker.page.click(".microphone-on");
  await speaker.page.waitForSelector(`${button}[data-state="off"]`, { state: "attached" });
  await until(async () => await speakers() === 0, "silence");
});

t.test("a browser that gives no microphone says why", async (t) => {
  const state = () => speaker.page.getAttribute(`.tool[data-action="microphone"]`, "data-state");
  for (const [name, shown] of [["NotAllowedError", "blocked"], ["NotFoundError", "no_device"]]) {
    await speaker.page.evaluate(`navigator.mediaDevices.getUserMedia =
      () => Promise.reject(new DOMException("", "${name}"))`);
    await speaker.press("Control+Alt+Shift+KeyU");
    await until(async () => await state() === shown, `the state "${shown}"`);
    t.equal(await speaker.page.isVisible(".microphone-on"), false);
  }
  t.equal(await speakers(), 0);
  t.same(speaker.complaints, []);
});
