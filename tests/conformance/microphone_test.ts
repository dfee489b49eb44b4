/**
 * Voices of viewers against a real PulseAudio: packets of a tone come out of the virtual source that
 * programs record from, on a server that has it and on one where it must be made.
 */
// timeout: 60 s

import t from "tap";
import type { Test } from "tap";
import { NativeSpeaker } from "../../ffi/mod.ts";
import { MICROPHONE_NAME, PulseServer } from "../../src/server/sound/pulse_server.ts";
import { record } from "../sound/record.ts";
import { tonePackets } from "../sound/tone_packets.ts";
import { bestPurity, toneHz } from "../sound/test_tone.ts";

const log = { error() {}, warn() {}, info() {}, debug() {} };
const FRAME_US = 10_000;

const server = await PulseServer.start({ log, onGivenUp: (why) => t.fail(why) });
await server.ready();
t.teardown(() => server.close());
const packets = await tonePackets(200);

async function control(...args: string[]): Promise<string> {
  const env = { PULSE_SERVER: server.address };
  const { stdout } = await new Deno.Command("pactl", { args, env }).output();
  return new TextDecoder().decode(stdout).trim();
}

const sources = () => control("list", "short", "sources");

async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!await check()) {
    if (performance.now() > deadline) throw new Error(`Cannot wait longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Speaks for as long as `listen` takes. */
async function speakWhile<T>(
  speaker: NativeSpeaker,
  slot: number,
  listen: () => Promise<T>,
): Promise<T> {
  let next = 0;
  speaker.begin(slot);
  const startedMs = performance.now();
  const timer = setInterval(() => {
    for (; next * FRAME_US / 1000 < performance.now() - startedMs; next++) {
      // One in ten is lost.
      const packet = next % 10 === 5 ? new Uint8Array(0) : packets[next % packets.length]!;
      speaker.write(slot, packet, FRAME_US);
    }
  }, 5);
  try {
    return await listen();
  } finally {
    clearInterval(timer);
  }
}

async function hearsTone(t: Test, speaker: NativeSpeaker): Promise<void> {
  await until(() => speaker.stats.status === 1, "the source");
  const heard = await speakWhile(speaker, 1, () => record(server.address, MICROPHONE_NAME, 1000));
  const share = bestPurity(heard.subarray(heard.length / 2), toneHz(0));
  t.ok(share > 0.98, `${share} of what is heard is ${toneHz(0)} Hz`);
  const { frames, concealed, refused } = speaker.stats;
  t.ok(frames > 80 && concealed > 5 && refused === 0, `${frames} frames, ${concealed} guessed`);
}

t.test("a source that the server has is used and stays", async (t) => {
  t.match(await sources(), new RegExp(`\\t${MICROPHONE_NAME}\\t`));
  t.equal(await control("get-default-source"), MICROPHONE_NAME, "programs take it by themselves");
  const speaker = await NativeSpeaker.open({ server: server.address, keepsSource: true });
  t.teardown(() => speaker.close());
  await hearsTone(t, speaker);
  t.notOk(speaker.write(1, Uint8Array.of(0xff, 0xff, 0xff, 0xff), FRAME_US), "no Opus");
  speaker.end(1);
  t.throws(() => speaker.write(1, packets[0]!, FRAME_US), { name: "NativeError" });
  t.throws(() => speaker.begin(4), { name: "NativeError" });
  await speaker.close();
  t.match(await sources(), new RegExp(`\\t${MICROPHONE_NAME}\\t`));
});

t.test("where there is none it is made, and removed in the end", async (t) => {
  for (const module of ["module-remap-source", "module-null-sink"]) {
    await new Deno.Command("pactl", {
      args: ["unload-module", module],
      env: { PULSE_SERVER: server.address },
    }).output();
  }
  t.notMatch(await sources(), MICROPHONE_NAME);
  const speaker = await NativeSpeaker.open({ server: server.address, keepsSource: false });
  t.teardown(() => speaker.close());
  await hearsTone(t, speaker);
  await speaker.close();
  t.notMatch(await sources(), MICROPHONE_NAME);
});
