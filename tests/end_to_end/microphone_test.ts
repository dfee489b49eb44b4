/**
 * Microphones of viewers: what a session sends comes out of the source that programs on the virtual
 * screen record from, mixed with what others say, and of nobody who may not.
 */
// timeout: 60 s

import t from "tap";
import { encodeAudioDatagram } from "../../src/wire/audio.ts";
import { MICROPHONE_NAME } from "../../src/server/sound/pulse_server.ts";
import { MediaReader } from "../media_reader.ts";
import { record } from "../sound/record.ts";
import { bestPurity, sineIn, toneHz } from "../sound/test_tone.ts";
import { tonePackets } from "../sound/tone_packets.ts";
import { HostProcess, PlainViewer, until } from "./host_process.ts";

const FRAME_US = 10_000;
const packets = await tonePackets(100);
const host = await HostProcess.start(["--size", "320x240", "--fps", "10"]);
t.teardown(() => host.stop());
const server = /"server":"(unix:[^"]+)"/.exec(host.log)?.[1] ?? "";
const { cookie, info } = await host.join("player");

/** Sends packets of a tone, each with the two before it, while `listen` takes; every third is lost. */
async function speakWhile<T>(viewer: PlainViewer, listen: () => Promise<T>): Promise<T> {
  const at = (index: number) => packets[((index % 100) + 100) % 100]!;
  const startedMs = performance.now();
  let sequence = 0;
  const timer = setInterval(() => {
    for (; sequence * FRAME_US / 1000 < performance.now() - startedMs; sequence++) {
      if (sequence % 3 === 1) continue;
      viewer.client.sendDatagram(encodeAudioDatagram({
        ...{ kind: "microphone", streamId: 0, epoch: 0, channels: 1, frameUs: FRAME_US },
        ...{ sequence, captureTimeUs: sequence * FRAME_US },
        frames: [at(sequence), at(sequence - 1), at(sequence - 2)],
      }));
    }
  }, 5);
  try {
    return await listen();
  } finally {
    clearInterval(timer);
  }
}

async function stats() {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).features.sound;
}

t.test("programs record what a viewer says, whole although a third of it was lost", async (t) => {
  const viewer = await host.view(info.ticket);
  new MediaReader(viewer.client);
  t.match(await viewer.heard("microphone_state"), { available: true, isOn: false, reason: "" });
  await viewer.send({ type: "microphone_start" });
  t.match(await viewer.heard("microphone_state", ({ isOn }) => isOn), { reason: "" });
  const heard = await speakWhile(viewer, () => record(server, MICROPHONE_NAME, 1500));
  const later = heard.subarray(heard.length / 2);
  const share = bestPurity(later, toneHz(0));
  t.ok(share > 0.99, `${share} of what is heard is ${toneHz(0)} Hz`);
  const { voices } = await until(async () => {
    const { microphones } = await stats();
    return microphones.voices?.frames > 100 ? microphones : undefined;
  }, "counters of the voice");
  t.match(voices, { isPlaying: true, refused: 0 });
  t.ok(voices.concealed <= 2, `${voices.concealed} frames were guessed`);

  const second = await host.view((await host.ticket(cookie)).ticket);
  new MediaReader(second.client);
  await second.send({ type: "microphone_start" });
  await second.heard("microphone_state", ({ isOn }) => isOn);
  t.equal((await stats()).microphones.speakers, 2);
  const silent = await record(server, MICROPHONE_NAME, 300);
  t.ok(sineIn(silent.subarray(silent.length / 2), toneHz(0)).amplitude < 0.01, "nobody speaks");

  await viewer.send({ type: "microphone_stop" });
  await viewer.heard("microphone_state", ({ isOn }) => !isOn);
  second.client.close(0, "");
  await until(async () => (await stats()).microphones.speakers === 0, "the session to end");
});

t.test("datagrams that nobody asked for are refused, and who may not is sent away", async (t) => {
  const viewer = await host.view((await host.ticket(cookie)).ticket);
  new MediaReader(viewer.client);
  await viewer.heard("welcome");
  await speakWhile(viewer, () => new Promise((resolve) => setTimeout(resolve, 100)));
  t.equal((await stats()).microphones.speakers, 0);
  await viewer.send({ type: "quit" });

  const watcher = await host.view((await host.join("viewer")).info.ticket);
  new MediaReader(watcher.client);
  t.match(await watcher.heard("microphone_state"), { isOn: false });
  await watcher.send({ type: "microphone_start" });
  t.match(await watcher.heard("ended"), { reason: "protocol" });
});
