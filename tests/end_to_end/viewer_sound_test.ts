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
import { bestPurity, RATE, sineIn, toneHz } from "../sound/test_tone.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const VIEWER = `document.querySelector("wavry-viewer")`;
/** The sound must be there in time also on a machine that runs other tests. */
const HEARD_MS_MAX = 15_000;
/** The machine may be too busy to play evenly for a while. */
const AGREED_MS_MAX = 30_000;
/** Moments of the tone that are enough to tell its time: one each 10 ms. */
const MOMENTS = 110;
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
  const { probes } = await viewer.measure(1_000);
  return probes.reduce((best, probe) => probe.rttUs < best.rttUs ? probe : best).offsetUs;
}

/** How long after it was made the middle one of the moments was handed over, in milliseconds. */
function latencyMs({ tone, wallOffsetUs }: SoundMeasurements, offsetUs: number): number {
  const all = tone.map(({ wallUs, toneUs }) => {
    // The wall clock of that thread counts whole milliseconds: half of one is lost on average.
    const hostUs = wallUs + 500 + wallOffsetUs + offsetUs;
    return (((hostUs - toneUs) % 1e6) + 1e6) % 1e6 / 1000;
  }).sort((a, b) => a - b);
  return all[all.length >> 1]!;
}

/** Waits for sound of which each 10 ms that are played are 10 ms of the tone. */
async function hearSteady(viewer: ViewerPage): Promise<boolean> {
  return await until(
    async () => {
      const { tone } = await hear(viewer);
      const steps = tone.slice(1).map(({ toneUs }, at) => (toneUs - tone[at]!.toneUs + 1e6) % 1e6);
      // Over the gap of a second some moments have no tone.
      const even = steps.filter((stepUs) => Math.abs(stepUs - 10_000) < 300).length;
      return even > steps.length * 0.9;
    },
    "the tone at its own pace",
    AGREED_MS_MAX,
  );
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
  t.ok(await hearSteady(viewer), "and it goes on evenly");
  // The tone's own time against what the viewer works out of time stamps: a second of a busy machine
  // may pass between the two, so they are asked until they agree.
  const agreed = await until(
    async () => {
      const middle = latencyMs(await hear(viewer), await clockOffsetUs(viewer));
      const told = Number.parseFloat(await line(viewer, "Capture to device/to ear"));
      return Math.abs(told - middle) < 30 ? { told, middle } : undefined;
    },
    "the same delay by the tone and by the overlay",
    AGREED_MS_MAX,
  );
  t.ok(agreed.middle > 5, `the overlay says ${agreed.told} ms, the tone ${agreed.middle}`);
  await until(() => line(viewer, "Capture to device/to ear").then((text) => /\d/.test(text)), "it");
  t.match(await line(viewer, "Sound stream"), /^Opus, stereo, \d+ kbit\/s$/);
  t.match(await line(viewer, "Underruns/concealed"), /^\d+\/\d+ \(\d+ ms\)$/);
  t.match(await line(viewer, "Sound after picture"), /^-?[\d.]+ ms \(95%: [\d.]+ ms\)$/);
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
  t.ok(await hearSteady(alone));
  await until(
    async () => /, by messages$/.test(await line(alone, "Sound stream")),
    "the overlay's word on it",
    HEARD_MS_MAX,
  );
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
/** Keeps what the page's measurement copies of the device's samples, newest last. */
const KEEPS_SAMPLES = `(() => {
  globalThis.samples = [];
  const Plain = AudioWorkletNode;
  globalThis.AudioWorkletNode = class extends Plain {
    constructor(...parts) {
      super(...parts);
      this.port.addEventListener("message", ({ data }) => {
        if (data.name === "tap") samples.push([[...data.left], [...data.right]]);
        if (samples.length > 10) samples.shift();
      });
      this.port.start();
    }
  };
})()`;
const speaker = await page({ before: KEEPS_SAMPLES }, desktop, guest.cookie);

t.test("what a program plays to PulseAudio is heard at its own pace", async (t) => {
  await using _playing = playTones(server, 2, { hasGaps: true });
  t.ok(await hearSteady(speaker));
});

/** How loud tones are on both sides of what the device was handed last: 100 ms. */
async function levels(tones: readonly number[]): Promise<number[][]> {
  const blocks = await speaker.page.evaluate(`samples.slice(-5)`) as number[][][];
  return [0, 1].map((side) => {
    const heard = Float32Array.from(blocks.flatMap((block) => block[side]!));
    return tones.map((hz) => heard.length === 0 ? 0 : sineIn(heard, hz).amplitude);
  });
}

t.test("surround follows in mid-stream, mixed to what the device has", async (t) => {
  const wide = "module-null-sink sink_name=wide rate=48000 channels=6 " +
    "channel_map=front-left,front-right,front-center,lfe,rear-left,rear-right";
  for (const words of [`load-module ${wide}`, "set-default-sink wide"]) {
    const { success } = await new Deno.Command("pactl", {
      args: words.split(" "),
      env: { PULSE_SERVER: server },
    }).output();
    t.ok(success, words);
  }
  await using _playing = playTones(server, 6);
  await until(
    async () => /5\.1/.test(await line(speaker, "Sound stream")),
    "six channels",
    HEARD_MS_MAX,
  );
  const [left, right, centre, bass, backLeft, backRight] = [0, 1, 2, 3, 4, 5].map(toneHz);
  const tones = [left!, right!, centre!, bass!, backLeft!, backRight!];
  const [onLeft, onRight] = await until(
    async () => {
      const both = await levels(tones);
      return both[0]![0]! > 0.02 && both[1]![1]! > 0.02 ? both : undefined;
    },
    "tones of the front",
    HEARD_MS_MAX,
  ) as [number[], number[]];
  const isOn = (levels: number[]) => levels.map((level) => level > 0.01);
  t.same(isOn(onLeft), [true, false, true, false, true, false], `left: ${onLeft}`);
  t.same(isOn(onRight), [false, true, true, false, false, true], `right: ${onRight}`);
  t.equal(await speaker.state(), "playing");
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
