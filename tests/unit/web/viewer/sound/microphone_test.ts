/** Tests of web/viewer/sound/microphone_processor.ts and microphone_sender.ts. */

import t from "tap";
import { parseAudioDatagram } from "../../../../../src/wire/audio.ts";
import type { AudioDatagram } from "../../../../../src/wire/audio.ts";
import type { ClientMessage } from "../../../../../src/wire/control.ts";
import type { FeatureLink } from "../../../../../web/viewer/features/worker_feature.ts";
import { MICROPHONE_FRAMES } from "../../../../../web/viewer/sound/microphone_messages.ts";
import type { MicrophoneEvent } from "../../../../../web/viewer/sound/microphone_messages.ts";
import { MicrophoneCollector } from "../../../../../web/viewer/sound/microphone_processor.ts";
import { MicrophoneSender } from "../../../../../web/viewer/sound/microphone_sender.ts";

const BLOCK = 128;

t.test("MicrophoneCollector gives whole blocks of one channel", (t) => {
  const blocks: Float32Array[] = [];
  const collector = new MicrophoneCollector((block) => blocks.push(block));
  collector.push([]);
  for (let first = 0; first < 1024; first += BLOCK) {
    const ramp = Float32Array.from({ length: BLOCK }, (_, frame) => first + frame);
    collector.push([ramp, ramp.map((sample) => sample + 2)]);
  }
  t.equal(blocks.length, 2);
  t.ok(blocks.every((block) => block.length === MICROPHONE_FRAMES));
  t.equal(blocks[0]![0], 1, "the middle of both channels");
  t.equal(blocks[1]![0], MICROPHONE_FRAMES + 1);
  t.end();
});

/** What WebCodecs gives a sender: each block is a packet that begins with its first sample. */
class PlainEncoder {
  static made: PlainEncoder[] = [];
  readonly #init: AudioEncoderInit;
  state = "configured";
  encodeQueueSize = 0;
  constructor(init: AudioEncoderInit) {
    this.#init = init;
    PlainEncoder.made.push(this);
  }
  configure(): void {}
  encode(data: { timestamp: number; first: number }): void {
    const bytes = Uint8Array.of(data.first);
    const chunk = {
      byteLength: 1,
      timestamp: data.timestamp,
      copyTo: (target: Uint8Array) => target.set(bytes),
    };
    this.#init.output(chunk as unknown as EncodedAudioChunk);
  }
  fail(): void {
    this.#init.error(new DOMException("broken"));
  }
  close(): void {
    this.state = "closed";
  }
}

class PlainData {
  readonly timestamp: number;
  readonly first: number;
  constructor(init: { timestamp: number; data: Float32Array }) {
    this.timestamp = init.timestamp;
    this.first = init.data[0]!;
  }
  close(): void {}
}

t.test("MicrophoneSender sends each frame twice, and nothing once it is off", async (t) => {
  Object.assign(globalThis, { AudioEncoder: PlainEncoder, AudioData: PlainData });
  const messages: ClientMessage["type"][] = [];
  const datagrams: AudioDatagram[] = [];
  const events: MicrophoneEvent[] = [];
  const link = {
    offsetUs: -1_000,
    send: (message: ClientMessage) => void messages.push(message.type),
    sendDatagram: (bytes: Uint8Array) => datagrams.push(parseAudioDatagram(bytes)) > 0,
  } as unknown as FeatureLink;
  const sender = new MicrophoneSender({
    clock: { nowUs: () => 50_000 },
    post: (event) => void events.push(event),
  });
  sender.use(link);
  /** Gives samples as the audio thread does. */
  const speak = async (port: MessagePort, values: readonly number[]) => {
    for (const value of values) port.postMessage(new Float32Array(MICROPHONE_FRAMES).fill(value));
    await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const first = new MessageChannel();
  sender.on(first.port2);
  await speak(first.port1, [1, 2, 3]);
  t.same(messages, ["microphone_start"]);
  t.same(datagrams.map(({ frames }) => frames.map(([byte]) => byte)), [[1], [2, 1], [3, 2]]);
  t.match(datagrams[1], {
    ...{ kind: "microphone", channels: 1, frameUs: 10_000, epoch: 1 },
    captureTimeUs: 50_000 - 10_000 - 1_000,
  });
  t.equal(datagrams[1]!.sequence, datagrams[0]!.sequence + 1);
  PlainEncoder.made[0]!.encodeQueueSize = 100;
  await speak(first.port1, [9]);
  t.equal(datagrams.length, 3, "what the encoder cannot take is left out");
  sender.off();
  await speak(first.port1, [4]);
  t.equal(datagrams.length, 3);
  t.equal(PlainEncoder.made[0]!.state, "closed");

  const second = new MessageChannel();
  sender.on(second.port2);
  await speak(second.port1, [5]);
  t.match(datagrams.at(-1), { epoch: 2, sequence: datagrams[2]!.sequence + 1 });
  t.equal(datagrams.at(-1)!.frames.length, 1, "nothing of before goes with it");
  PlainEncoder.made[1]!.fail();
  t.match(events, [{ name: "microphone_failed", reason: "broken" }]);
  t.same(messages.slice(1), ["microphone_stop", "microphone_start", "microphone_stop"]);
  sender.off(false);
  Object.assign(globalThis, { AudioEncoder: undefined });
  sender.on(new MessageChannel().port2);
  t.match(events[1], { name: "microphone_failed", reason: /cannot encode/ });
  sender.use(undefined);
  t.equal(messages.length, 4, "and it says nothing twice");
  for (const { port1 } of [first, second]) port1.close();
});
