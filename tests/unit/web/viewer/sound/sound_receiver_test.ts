/** Tests of web/viewer/sound/sound_receiver.ts, with a decoder that gives what it is told. */

import t from "tap";
import { ManualClock } from "../../../../../src/core/clock.ts";
import { encodeAudioDatagram } from "../../../../../src/wire/audio.ts";
import type { ClientMessage } from "../../../../../src/wire/control.ts";
import type { FeatureLink } from "../../../../../web/viewer/features/worker_feature.ts";
import { makeRingMemory, SampleRing } from "../../../../../web/viewer/sound/sample_ring.ts";
import type { SoundEvent } from "../../../../../web/viewer/sound/sound_messages.ts";
import { SoundReceiver } from "../../../../../web/viewer/sound/sound_receiver.ts";
import { PlainDecoder } from "./plain_decoder.ts";

const FRAME_US = 10_000;
const FRAMES = 480;
const HOST_AHEAD_US = 7_000_000;

function setUp() {
  PlainDecoder.install();
  const clock = new ManualClock(1_000_000);
  const events: SoundEvent[] = [];
  const sent: ClientMessage["type"][] = [];
  const link = {
    offsetUs: HOST_AHEAD_US,
    send: (message: ClientMessage) => void sent.push(message.type),
  } as unknown as FeatureLink;
  const receiver = new SoundReceiver({ clock, post: (event) => void events.push(event) });
  const memory = makeRingMemory(2, 4096, false);
  const open = () => {
    receiver.handle({ name: "open", outputUs: 0, sink: { channels: 2, frames: 4096, memory } });
  };
  /** Sends the frame `sequence`, captured when it was due. */
  const hear = (sequence: number, options: { copies?: number; epoch?: number } = {}) => {
    const { copies = 0, epoch = 0 } = options;
    const bytes = Array.from({ length: copies + 1 }, (_, age) => Uint8Array.of(sequence - age));
    const datagram = encodeAudioDatagram({
      ...{ kind: "sound", streamId: 0, epoch, channels: 2, frameUs: FRAME_US, sequence },
      ...{ captureTimeUs: HOST_AHEAD_US + 900_000 + sequence * FRAME_US, frames: bytes },
    });
    receiver.onDatagram(datagram, clock.nowUs());
    clock.advance(FRAME_US);
  };
  return { clock, events, sent, link, receiver, open, hear, ring: new SampleRing(memory) };
}

/** The middle of each frame in the ring, which no blending reaches. */
function heard(ring: SampleRing): number[] {
  return Array.from({ length: ring.fill / FRAMES }, (_, frame) => {
    return Math.round(ring.plane(1)[(ring.read + frame * FRAMES + FRAMES / 2) & ring.mask]! * 100);
  });
}

t.test("SoundReceiver asks for sound while the page wants some, and plays it", (t) => {
  const { receiver, sent, link, open, hear, ring } = setUp();
  hear(1);
  t.equal(ring.fill, 0, "nobody asked for it");
  receiver.connected(link);
  t.same(sent, []);
  open();
  t.same(sent, ["sound_play"]);
  hear(5);
  hear(6);
  hear(8, { copies: 1 });
  t.same(heard(ring), [5, 6, 7, 8], "each once and in order");
  t.equal(ring.isLive, true);
  receiver.onDatagram(Uint8Array.of(0xa0, 1, 2), 0);
  t.equal(ring.fill, 4 * FRAMES, "a broken datagram is nothing");
  receiver.disconnected();
  t.equal(ring.isLive, false, "what ends is no underrun");
  receiver.connected(link);
  t.same(sent, ["sound_play", "sound_play"], "the next connection is asked as well");
  receiver.handle({ name: "close" });
  t.same(sent.slice(2), ["sound_stop"]);
  hear(9);
  t.equal(ring.fill, 4 * FRAMES);
  t.end();
});

t.test("SoundReceiver begins anew with another format", (t) => {
  const { receiver, link, open, hear, ring } = setUp();
  receiver.connected(link);
  open();
  hear(1);
  hear(40, { epoch: 1 });
  hear(41, { epoch: 1 });
  t.equal(PlainDecoder.made.length, 2);
  t.equal(PlainDecoder.made[0]!.state, "closed");
  t.same(heard(ring), [1, 40, 41], "whose frames do not wait for those of the one before");
  receiver.handle({ name: "close" });
  t.end();
});

t.test("SoundReceiver makes a decoder that failed again, but not for ever", (t) => {
  const { receiver, link, open, hear, ring, events } = setUp();
  receiver.connected(link);
  open();
  PlainDecoder.isBroken = true;
  hear(1);
  hear(2);
  t.same(events, []);
  PlainDecoder.isBroken = false;
  hear(3);
  t.same(heard(ring), [3]);
  PlainDecoder.isBroken = true;
  for (let sequence = 4; sequence < 12; sequence++) hear(sequence);
  t.match(events, [{ name: "failed", reason: "broken" }]);
  t.equal(PlainDecoder.made.length, 3 + 2, "it gave up");
  open();
  PlainDecoder.isBroken = false;
  hear(12);
  t.equal(heard(ring).at(-1), 12, "until the page asks again");
  Object.assign(globalThis, { AudioDecoder: undefined });
  receiver.handle({ name: "close" });
  open();
  for (let sequence = 13; sequence < 18; sequence++) hear(sequence);
  t.match(events.at(-1), { name: "failed", reason: /cannot decode/ });
  receiver.handle({ name: "close" });
  t.end();
});
