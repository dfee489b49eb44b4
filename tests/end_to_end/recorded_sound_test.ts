/**
 * The test tone of a real host in its recordings, its replay and clips of both: it is there, it is the
 * tone, and it is heard when it was: the tone is silent in the last 50 ms of each second of the clock
 * that capture times count.
 */

import t, { type Test } from "tap";
import { FrameStreamReader } from "../../src/wire/frame_stream.ts";
import { HostProcess, until } from "./host_process.ts";

const RATE = 48_000;
const LEFT_HZ = 500;
const RIGHT_HZ = 700;
const SILENCE_US = 50_000;
/** Of silence found by its edges, softened by the coder. */
const ERROR_US_MAX = 8_000;
/** Frames and sound of a recording's part do not end at once. */
const ORDER_US_MAX = 100_000;

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "512x128", "--audio", "tone", "--record"],
]);
t.teardown(() => host.stop());
const { cookie } = await host.join("player");

async function bytesOf(path: string): Promise<Uint8Array> {
  const response = await host.call("GET", path, { cookie });
  if (response.status !== 200) throw new Error(`${path}: ${await response.text()}`);
  return new Uint8Array(await response.arrayBuffer());
}

async function newest() {
  const { recordings } = await (await host.call("GET", "/api/recordings", { cookie })).json();
  return recordings[0];
}

/** Both channels of a file, and when the first sample is heard in it, in microseconds. */
async function decode(bytes: Uint8Array): Promise<{ planes: Float32Array[]; startUs: number }> {
  const path = `${host.stateDir}/decode.mp4`;
  await Deno.writeFile(path, bytes);
  const run = async (program: string, args: string[]) => {
    const { stdout, stderr, success } = await new Deno.Command(program, { args }).output();
    const complaints = new TextDecoder().decode(stderr);
    if (!success || complaints !== "") throw new Error(`${program}: ${complaints}`);
    return stdout;
  };
  const show = ["-v", "error", "-select_streams", "a", "-of", "csv=p=0"];
  const text = new TextDecoder().decode(
    await run("ffprobe", [...show, "-show_entries", "stream=start_time,channels", path]),
  );
  const [channels, start] = text.trim().split(",").map(Number);
  t.equal(channels, 2, "two channels");
  // Where a machine stood still sound is missing, which samples without times do not tell.
  const filled = ["-af", "aresample=async=1:min_hard_comp=0.01"];
  const raw = [...filled, "-f", "f32le", "-ac", "2", "-ar", String(RATE), "-"];
  const samples = new Float32Array(
    (await run("ffmpeg", ["-v", "error", "-i", path, "-map", "a", ...raw])).slice().buffer,
  );
  const planes = [0, 1].map((channel) => {
    return Float32Array.from({ length: samples.length / 2 }, (_, i) => samples[2 * i + channel]!);
  });
  return { planes, startUs: (start ?? 0) * 1e6 };
}

/** Share of the power of `samples` that is of one frequency. */
function shareOf(samples: Float32Array, hz: number): number {
  let [re, im, power] = [0, 0, 0];
  for (const [i, sample] of samples.entries()) {
    const angle = 2 * Math.PI * hz * i / RATE;
    re += sample * Math.cos(angle);
    im += sample * Math.sin(angle);
    power += sample * sample;
  }
  return 2 * (re * re + im * im) / (samples.length * power);
}

/** Where silences of about 50 ms begin, in samples. */
function silences(samples: Float32Array): number[] {
  const found: number[] = [];
  let start = 0;
  for (const [i, sample] of samples.entries()) {
    if (Math.abs(sample) < 0.02) continue;
    const us = (i - start) * 1e6 / RATE;
    if (start > 0 && us > SILENCE_US - 10_000 && us < SILENCE_US + 10_000) found.push(start);
    start = i + 1;
  }
  return found;
}

/** Looks for the tone in a file whose time 0 is `zeroUs` of the host's clock. */
async function checkTone(t: Test, bytes: Uint8Array, zeroUs: number): Promise<void> {
  const { planes, startUs } = await decode(bytes);
  const [left, right] = planes as [Float32Array, Float32Array];
  t.ok(left.length > RATE, `${left.length} samples`);
  const gaps = silences(left);
  t.ok(gaps.length > 0, `${gaps.length} silences`);
  for (const gap of gaps) {
    const atUs = zeroUs + startUs + gap * 1e6 / RATE;
    const errorUs = ((atUs + SILENCE_US) % 1e6 + 1.5e6) % 1e6 - 0.5e6;
    t.ok(Math.abs(errorUs) < ERROR_US_MAX, `a silence is ${Math.round(errorUs)} us late`);
  }
  const from = gaps[0]! + RATE * 0.1;
  const loud = (plane: Float32Array) => plane.subarray(from, from + RATE * 0.2);
  t.ok(shareOf(loud(left), LEFT_HZ) > 0.9, `${shareOf(loud(left), LEFT_HZ)} of the left`);
  t.ok(shareOf(loud(right), RIGHT_HZ) > 0.9, `${shareOf(loud(right), RIGHT_HZ)} of the right`);
}

t.test("Sound is recorded with the picture, and clips have it too", async (t) => {
  await until(async () => (await newest())?.endUs - (await newest())?.startUs > 5e6, "5 s", 30_000);
  const replay = await (await host.call("GET", "/api/replay", { cookie })).json();
  const { startUs: heldUs } = replay.streams[0].span;
  await host.call("POST", "/api/recordings/stop", { cookie, body: {} });
  const row = await newest();
  await checkTone(t, await bytesOf(`/recordings/${row.id}.mp4`), row.startUs);
  const from = Math.max(row.startUs, heldUs) + 700_000;
  const range = `from=${from}&to=${from + 3_000_000}`;
  await checkTone(t, await bytesOf(`/api/clips?${range}&recording=${row.id}`), from);
  await checkTone(t, await bytesOf(`/api/clips?${range}&stream=0`), from);
  for (const path of ["/api/replay/frames?", `/api/recordings/${row.id}/frames?`]) {
    const reader = new FrameStreamReader();
    const records = [...reader.push(
      await bytesOf(`${path}atUs=${from}&toUs=${from + 1_000_000}&sound=1`),
    )];
    const sounds = records.flatMap((record) => record.kind === "sound" ? record.sound : []);
    t.ok(sounds.length > 101, "from the keyframe on, as the frames");
    let newestUs = 0;
    const isInOrder = records.every((record) => {
      if (record.kind === "frame") newestUs = record.frame.captureTimeUs;
      return record.kind !== "sound" || newestUs - record.sound.captureTimeUs < ORDER_US_MAX;
    });
    t.ok(isInOrder, "each between the frames of its time");
    const heard = sounds.filter(({ captureTimeUs }) => captureTimeUs >= from);
    t.ok(heard.length >= 99 && heard.length <= 101, `${heard.length} packets in a second`);
    t.ok(
      heard.every(({ captureTimeUs, durationUs, channels }, i) => {
        const before = heard[i - 1]?.captureTimeUs ?? captureTimeUs - durationUs;
        return channels === 2 && Math.abs(captureTimeUs - before - durationUs) < 2_000;
      }),
      "one after the other",
    );
    const silent = [...new FrameStreamReader().push(await bytesOf(`${path}atUs=${from}`))];
    t.notOk(silent.some(({ kind }) => kind === "sound"), "only for who asks");
  }
  const blank = { stream: 0, fromUs: from, toUs: from + 500_000 };
  await host.call("POST", "/api/replay/blank", { cookie, body: blank });
  const left = [...new FrameStreamReader().push(
    await bytesOf(`/api/replay/frames?atUs=${from}&toUs=${from + 3_000_000}&sound=1`),
  )].flatMap((record) => record.kind === "sound" ? record.sound.captureTimeUs : []);
  t.ok(left.length > 40, `${left.length} packets are left`);
  t.ok(left.every((us) => us > from + 490_000 || us < from), "what is blanked is silent");
});
