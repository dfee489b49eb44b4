/**
 * Sources of sound against a real PulseAudio: what is played into an output is what comes out of the
 * capture, channel by channel, and the capture follows the default output and its channels.
 */
// timeout: 60 s

import t from "tap";
import { MediaOutput, NativeSound } from "../../ffi/mod.ts";
import { MICROPHONE_NAME, PulseServer } from "../../src/server/sound/pulse_server.ts";
import { KIND, type MediaRecord, RecordReader } from "../native/record_reader.ts";
import { decodeOpus } from "../sound/opus_decoder.ts";
import { playTones } from "../sound/play_tones.ts";
import { bestPurity, toneHz } from "../sound/test_tone.ts";

const log = { error() {}, warn() {}, info() {}, debug() {} };

const server = await PulseServer.start({ log, onGivenUp: (why) => t.fail(why) });
await server.ready();
const output = MediaOutput.open({ ringBytes: 1 << 20 });
const reader = new RecordReader(output);
t.teardown(async () => {
  output[Symbol.dispose]();
  await server.close();
});

async function control(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("pactl", {
    args,
    env: { PULSE_SERVER: server.address },
  }).output();
  if (!success) throw new Error(`pactl ${args.join(" ")}`);
  return new TextDecoder().decode(stdout).trim();
}

/** What is heard, from the next status on. */
async function nextSource(): Promise<{ name: string; channels: number }> {
  const { payload, width, serial } = await reader.nextOf(KIND.soundStatus, 10_000);
  t.equal(serial, 1, new TextDecoder().decode(payload));
  return { name: new TextDecoder().decode(payload), channels: width };
}

/** Frames in a row from the next one that is no silence on. */
async function frames(count: number): Promise<MediaRecord[]> {
  let record = await reader.nextOf(KIND.sound);
  while (record.payload.length < 40) record = await reader.nextOf(KIND.sound);
  const all = [record];
  while (all.length < count) all.push(await reader.nextOf(KIND.sound));
  return all;
}

/** What lies between two capture times, where that is not the length of a frame. */
function unevenSteps(records: readonly MediaRecord[]): number[] {
  const steps = records.slice(1).map(({ captureTimeUs }, before) =>
    captureTimeUs - records[before]!.captureTimeUs
  );
  return steps.filter((us) => Math.abs(us - 10_000) > 1000);
}

t.test("each channel is heard where it was played, of every output that becomes the default", async (t) => {
  const sound = await NativeSound.open(output, {
    ...{ soundId: 0, source: "pulse", frameUs: 10_000, bitrateBps: 128_000 },
    server: server.address,
  });
  t.teardown(() => sound.close());
  t.same(await nextSource(), { name: "Desktop", channels: 2 });
  await using stereo = playTones(server.address, 2);
  let heard = await frames(60);
  // An output without a device follows the machine: where that stood still, its time jumps.
  for (let tries = 0; unevenSteps(heard).length > 0 && tries < 5; tries++) heard = await frames(60);
  t.same(unevenSteps(heard), [], "capture times are even");
  const samples = await decodeOpus(heard.map(({ payload }) => payload), {
    ...{ channels: 2, frameUs: 10_000 },
  });
  for (const [channel, all] of samples.entries()) {
    t.ok(
      bestPurity(all, toneHz(channel)) > 0.98,
      `channel ${channel}`,
    );
  }
  await stereo[Symbol.asyncDispose]();

  await control(
    ...["load-module", "module-null-sink", "sink_name=wide", "rate=48000", "channels=6"],
    "channel_map=front-left,front-right,front-center,lfe,rear-left,rear-right",
    "sink_properties=device.description=Wide",
  );
  await control("set-default-sink", "wide");
  t.same(await nextSource(), { name: "Wide", channels: 6 });
  await using wide = playTones(server.address, 6);
  const six = await frames(60);
  t.ok(six.every(({ width, serial }) => width === 6 && serial === six[0]!.serial));
  t.equal(six[0]!.serial, heard[0]!.serial + 1, "a decoder begins anew");
  const spread = await decodeOpus(six.map(({ payload }) => payload), {
    ...{ channels: 6, frameUs: 10_000 },
  });
  // Played as PulseAudio orders them; heard in the order of Vorbis. The low channel keeps no tone.
  const played = [0, 2, 1, 4, 5];
  for (const [channel, from] of played.entries()) {
    t.ok(
      bestPurity(spread[channel]!, toneHz(from)) > 0.98,
      `channel ${channel} has what ${from} played`,
    );
  }
  await control("set-default-sink", "wavry_desktop");
  t.same(await nextSource(), { name: "Desktop", channels: 2 });

  await control("set-default-sink", `${MICROPHONE_NAME}_in`);
  const none = await reader.nextOf(KIND.soundStatus, 10_000);
  t.match(new TextDecoder().decode(none.payload), /no output/, "voices are no sound of the host");
  await control("set-default-sink", "wavry_desktop");
  t.same(await nextSource(), { name: "Desktop", channels: 2 });
  t.match(sound.stats, { dropped: 0, channels: 2 });
  await wide[Symbol.asyncDispose]();
});
