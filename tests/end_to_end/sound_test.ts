/**
 * The host's sound in the datagrams of real sessions: the test tone, found again by frequency and by
 * time, and what a program plays to the sound server of a virtual screen.
 */
// timeout: 90 s

import t from "tap";
import { monotonicUs } from "../../ffi/mod.ts";
import { type AudioDatagram, parseAudioDatagram } from "../../src/wire/audio.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import { MICROPHONE_NAME, PulseServer } from "../../src/server/sound/pulse_server.ts";
import { MediaReader } from "../media_reader.ts";
import { Xvfb } from "../native/xvfb.ts";
import { decodeOpus } from "../sound/opus_decoder.ts";
import { playTones } from "../sound/play_tones.ts";
import { bestPurity, endOfGap, lateness, purity, RATE, toneHz } from "../sound/test_tone.ts";
import { HostProcess, PlainViewer, until } from "./host_process.ts";

/** Sound datagrams of a viewer, with copies of their frames. */
function listen(viewer: PlainViewer): AudioDatagram[] {
  const heard: AudioDatagram[] = [];
  new MediaReader(viewer.client, {
    other: (datagram) => {
      if (datagramClass(datagram) === "audio") heard.push(parseAudioDatagram(datagram.slice()));
    },
  });
  return heard;
}

/**
 * Waits for so many more frames in a row and decodes them; `claimedUs` is the time of their first
 * sample. On a machine that stood still for a moment the row begins anew.
 */
async function nextSound(heard: AudioDatagram[], count: number) {
  for (let tries = 0; tries < 5; tries++) {
    const from = heard.length;
    await until(() => heard.length >= from + count, `${count} frames of sound`, 10_000);
    const taken = heard.slice(from, from + count);
    const { channels, frameUs } = taken[0]!;
    const isRow = taken.every(({ sequence, captureTimeUs }, i) => {
      const before = taken[i - 1];
      return before === undefined || (sequence === before.sequence + 1 &&
        Math.abs(captureTimeUs - before.captureTimeUs - frameUs) < 1000);
    });
    if (!isRow) continue;
    const samples = await decodeOpus(taken.map(({ frames }) => frames[0]!), { channels, frameUs });
    return { taken, samples, claimedUs: wideUs(taken[0]!.captureTimeUs) };
  }
  throw new Error(`Cannot hear ${count} frames in a row`);
}

/** All bits of a time whose low 32 bits are given, of the last hour. */
function wideUs(lowUs: number): number {
  const nowUs = monotonicUs();
  return nowUs - ((nowUs - lowUs) % 2 ** 32 + 2 ** 32) % 2 ** 32;
}

/** Microseconds to the nearest whole second. */
function fromSecond(timeUs: number): number {
  return timeUs - Math.round(timeUs / 1e6) * 1e6;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}

/** Counters of sound. */
async function soundStats(host: HostProcess, cookie: string) {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).features.sound;
}

t.test("the test tone arrives as it was made, and when it says", async (t) => {
  const host = await HostProcess.start();
  t.teardown(() => host.stop());
  const { info } = await host.join("viewer");
  const player = await host.join("player");
  const viewer = await host.view(info.ticket);
  const heard = listen(viewer);
  const first = await viewer.heard("sound_state");
  t.match(first, { available: true, sampleRate: 48_000, frameUs: 10_000, reason: "" });
  t.equal((await soundStats(host, player.cookie)).listeners, 0);
  await viewer.send({ type: "play", streamId: 0 });
  await viewer.send({ type: "sound_play" });
  const { taken, samples, claimedUs } = await nextSound(heard, 110);
  t.match(await viewer.heard("sound_state", ({ channels }) => channels === 2), {
    ...{ available: true, source: "Test tone" },
  });
  t.ok(taken.every(({ kind, streamId }) => kind === "sound" && streamId === 0));

  const gapEnd = endOfGap(samples[0]!);
  t.ok(gapEnd !== undefined, "there is a gap in each second");
  const offset = fromSecond(claimedUs + gapEnd! * 1e6 / RATE);
  t.ok(Math.abs(offset) < 2000, `the gap ends ${offset} us from a whole second`);
  const start = gapEnd! + RATE / 50;
  const window = samples.map((channel) => channel.subarray(start, start + RATE / 20));
  for (const channel of [0, 1]) {
    t.ok(purity(window[channel]!, toneHz(channel)) > 0.99, `${toneHz(channel)} Hz, and only that`);
    t.ok(purity(window[channel]!, toneHz(1 - channel)) < 0.01, "and not the other's");
  }
  const late = lateness(window, claimedUs + start * 1e6 / RATE);
  t.ok(Math.abs(late) < 500, `samples are ${late} us later than they say`);

  // The path may be known before the first frames in a row on a machine that stands still.
  t.ok(
    heard.some(({ frames }) => frames.length === 2),
    "a path of which nothing is known gets each frame twice",
  );
  const twice = taken.slice(1).every(({ frames }, i) =>
    frames[1] === undefined || equal(frames[1], taken[i]!.frames[0]!)
  );
  t.ok(twice, "the copy is the frame before");

  t.match(await soundStats(host, player.cookie), {
    ...{ source: "tone", isHeard: true, listeners: 1 },
  });
  await viewer.send({ type: "sound_stop" });
  await until(async () => (await soundStats(host, player.cookie)).listeners === 0, "nobody");
  const stopped = heard.length;
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.equal(heard.length, stopped, "nothing more after sound_stop");
});

/** Every process below the host of that name. */
async function named(host: HostProcess, name: string): Promise<number[]> {
  const pids: number[] = [];
  for (const pid of await host.tree()) {
    const line = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
    if (line.trim() === name) pids.push(pid);
  }
  return pids;
}

t.test("what a program plays on a virtual screen is heard, also after its sound server died", async (t) => {
  const host = await HostProcess.start(["--size", "320x240", "--fps", "10", "--audio-frame", "5"]);
  t.teardown(() => host.stop());
  const server = /"server":"(unix:[^"]+)"/.exec(host.log)?.[1] ?? "";
  const { info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  const heard = listen(viewer);
  await viewer.send({ type: "sound_play" });
  const onScreen = await named(host, "wavry_scene");
  const environment = await Deno.readTextFile(`/proc/${onScreen[0]}/environ`);
  t.ok(
    environment.split("\0").includes(`PULSE_SERVER=${server}`),
    "programs on the screen know it",
  );

  const hears = async (name: string) => {
    await until(() => heard.length > 0, "sound", 10_000);
    await using _playing = playTones(server, 2);
    await until(
      () => heard.at(-1)!.frames[0]!.byteLength > 40,
      "something else than silence",
      10_000,
    );
    await nextSound(heard, 60);
    const shares = async () => {
      const { samples } = await nextSound(heard, 60);
      return [0, 1].map((channel) => bestPurity(samples[channel]!, toneHz(channel)));
    };
    // What plays on a busy machine may stop for a moment, which is no fault of what listens.
    let share = await shares();
    for (let tries = 0; Math.min(...share) <= 0.98 && tries < 5; tries++) share = await shares();
    for (const channel of [0, 1]) {
      t.ok(share[channel]! > 0.98, `${name}: channel ${channel} is ${share[channel]} pure`);
    }
  };
  t.match(await viewer.heard("sound_state", ({ source }) => source !== ""), { source: "Desktop" });
  await hears("first");
  const epoch = heard.at(-1)!.epoch;
  viewer.said.length = 0;
  for (const pid of await named(host, "pulseaudio")) Deno.kill(pid, "SIGKILL");
  const gone = await viewer.heard("sound_state", ({ available }) => !available);
  t.match(gone.reason, /^No sound server: /);
  await viewer.heard("sound_state", ({ available }) => available, 10_000);
  heard.length = 0;
  await hears("again");
  t.equal(heard.at(-1)!.epoch, (epoch + 1) % 16, "a decoder is told to begin anew");
});

t.test("sound goes on after the end of the media process, and voices too", async (t) => {
  const host = await HostProcess.start(["--size", "320x240", "--fps", "10"]);
  t.teardown(() => host.stop());
  const { info, cookie } = await host.join("player");
  const viewer = await host.view(info.ticket);
  const heard = listen(viewer);
  await viewer.send({ type: "sound_play" });
  await viewer.send({ type: "microphone_start" });
  await until(() => heard.length > 20, "sound", 10_000);
  const { epoch, sequence } = heard.at(-1)!;
  for (const pid of await host.tree()) {
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    if (line.includes("src/media/main.ts")) Deno.kill(pid, "SIGKILL");
  }
  await until(() => heard.at(-1)!.epoch !== epoch, "another epoch", 10_000);
  const first = heard.find((audio) => audio.epoch !== epoch)!;
  t.equal(first.epoch, (epoch + 1) % 16);
  t.ok(first.sequence > sequence, "sequences go on");
  t.same(first.frames.length, 1, "what was before is no neighbour");
  const voices = await until(
    async () => {
      const { microphones } = await soundStats(host, cookie);
      return microphones.voices?.isPlaying ? microphones : undefined;
    },
    "the voice",
    10_000,
  );
  t.equal(voices.speakers, 1);
});

t.test("a real display has the sound server of its user", async (t) => {
  const log = { error() {}, warn() {}, info() {}, debug() {} };
  const server = await PulseServer.start({ log, onGivenUp: (why) => t.fail(why) });
  const screen = await Xvfb.start({ width: 320, height: 240 });
  const env = { PULSE_SERVER: server.address };
  const host = await HostProcess.start(["--display", screen.display, "--fps", "10"], { env });
  t.teardown(async () => {
    await host.stop();
    await screen[Symbol.asyncDispose]();
    await server.close();
  });
  const control = async (...args: string[]) => {
    const { stdout } = await new Deno.Command("pactl", { args, env }).output();
    return new TextDecoder().decode(stdout);
  };
  for (const module of ["module-remap-source", "module-null-sink"]) {
    await control("unload-module", module);
  }
  await control("load-module", "module-null-sink", "sink_name=card", "norewinds=1");
  t.notMatch(await control("list", "short", "sources"), MICROPHONE_NAME);
  const { info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  const heard = listen(viewer);
  await viewer.send({ type: "sound_play" });
  await viewer.heard("sound_state", ({ source }) => source !== "");
  await using _playing = playTones(server.address, 2);
  await until(() => (heard.at(-1)?.frames[0]?.byteLength ?? 0) > 40, "tones", 10_000);
  const { samples } = await nextSound(heard, 60);
  t.ok(bestPurity(samples[1]!, toneHz(1)) > 0.98);
  await viewer.send({ type: "microphone_start" });
  const hasSource = async () =>
    (await control("list", "short", "sources")).includes(MICROPHONE_NAME);
  t.ok(await until(hasSource, "the microphone"), "it is made for who speaks");
  await viewer.send({ type: "microphone_stop" });
  t.ok(await until(async () => !await hasSource(), "its end"), "and removed");
});
