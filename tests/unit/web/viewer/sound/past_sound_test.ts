/**
 * Tests of the sound of the past in web/viewer/sound: when it is heard on a simulated device, that
 * nothing of another time is heard, and that the present is silent meanwhile and back at once.
 */

import t from "tap";
import { ManualClock } from "../../../../../src/core/clock.ts";
import { encodeAudioDatagram } from "../../../../../src/wire/audio.ts";
import type { FeatureLink } from "../../../../../web/viewer/features/worker_feature.ts";
import { PastFeeder } from "../../../../../web/viewer/sound/past_feeder.ts";
import { PortRing, PortRingEnd } from "../../../../../web/viewer/sound/port_ring.ts";
import type { RingPort } from "../../../../../web/viewer/sound/port_ring.ts";
import { RingPlayer } from "../../../../../web/viewer/sound/ring_player.ts";
import { makeRingMemory, SampleRing } from "../../../../../web/viewer/sound/sample_ring.ts";
import type { SoundEvent } from "../../../../../web/viewer/sound/sound_messages.ts";
import { SoundReceiver } from "../../../../../web/viewer/sound/sound_receiver.ts";
import { PlainDecoder } from "./plain_decoder.ts";

const RATE = 48_000;
const BLOCK = 128;
const BLOCK_US = BLOCK * 1e6 / RATE;
const FRAME_US = 10_000;
const FRAMES = 480;
const AHEAD_US = 200_000;

interface Run {
  readonly seconds: number;
  readonly targetUs: number;
  /** Blocks that the device takes at once. */
  readonly burst?: number;
  /** How much faster the device's clock runs than the page's, in parts of a million. */
  readonly driftPpm?: number;
  /** Sound is handed on each so often. */
  readonly tickUs?: number;
  /** No ticks come in this span. */
  readonly stall?: readonly [fromUs: number, toUs: number];
  /** The target is another one from here on. */
  readonly later?: { readonly fromUs: number; readonly targetUs: number };
}

/**
 * Sound whose sample at a due time is that time in seconds, so that what is heard tells how late it is:
 * errors in microseconds by block, undefined where nothing is heard.
 */
function play(run: Run): { errors: (number | undefined)[]; feeder: PastFeeder; ring: SampleRing } {
  const { burst = 1, driftPpm = 0, tickUs = 16_667, stall = [0, 0], later } = run;
  const ring = new SampleRing(makeRingMemory(1, 32_768, false));
  const player = new RingPlayer(ring);
  const feeder = new PastFeeder(ring, RATE);
  const errors: (number | undefined)[] = [];
  const channel = new Float32Array(FRAMES);
  const output = new Float32Array(BLOCK);
  const deviceUs = BLOCK_US / (1 + driftPpm / 1e6);
  let [givenUs, tickedUs] = [-80_000, 0];
  ring.isLive = true;
  for (let block = 0; block * deviceUs < run.seconds * 1e6; block += burst) {
    const nowUs = block * deviceUs;
    for (; tickedUs <= nowUs; tickedUs += tickUs) {
      if (tickedUs > stall[0] && tickedUs < stall[1]) continue;
      givenUs = Math.max(givenUs, Math.ceil((tickedUs - 80_000) / FRAME_US) * FRAME_US);
      const targetUs = later !== undefined && tickedUs >= later.fromUs
        ? later.targetUs
        : run.targetUs;
      for (; givenUs < tickedUs + AHEAD_US; givenUs += FRAME_US) {
        for (let frame = 0; frame < FRAMES; frame++) {
          channel[frame] = 1 + givenUs / 1e6 + frame / RATE;
        }
        feeder.frame([channel], FRAMES, { dueUs: givenUs, targetUs, nowUs: tickedUs });
      }
    }
    for (let part = block; part < block + burst; part++) {
      player.render([output], part * BLOCK, nowUs / 1000);
      const heard = output[BLOCK / 2]!;
      const takenUs = (part + 0.5) * deviceUs;
      const isHeard = ring.isPlaying && heard > 0.9;
      errors.push(isHeard ? takenUs - ((heard - 1) * 1e6 + run.targetUs) : undefined);
    }
  }
  return { errors, feeder, ring };
}

/** 95 % of errors are smaller, in microseconds. */
function p95(errors: readonly (number | undefined)[]): number {
  const sizes = errors.flatMap((error) => error === undefined ? [] : Math.abs(error));
  sizes.sort((a, b) => a - b);
  return sizes[Math.floor(sizes.length * 0.95)] ?? Infinity;
}

/** Blocks of a span, in seconds. */
function span<T>(blocks: readonly T[], from: number, to: number): readonly T[] {
  return blocks.slice(from * 1e6 / BLOCK_US, to * 1e6 / BLOCK_US);
}

t.test("PastFeeder begins at the right time and stays in time", (t) => {
  for (
    const run of [
      { targetUs: 30_000 },
      { targetUs: -40_000 },
      { targetUs: 30_000, burst: 8 },
      { targetUs: 30_000, driftPpm: 300 },
      { targetUs: 30_000, driftPpm: -300, tickUs: 40_000 },
    ]
  ) {
    const { errors, feeder } = play({ seconds: 20, ...run });
    const text = JSON.stringify(run);
    t.ok(p95(span(errors, 0, 1)) < 25_000, `${text}: ${p95(span(errors, 0, 1))} us at first`);
    t.ok(p95(errors) < 25_000, `${text}: ${p95(errors)} us`);
    t.equal(feeder.jumps, 0, text);
    t.ok(errors.slice(60).every((error) => error !== undefined), "without a hole");
  }
  t.end();
});

t.test("PastFeeder is in time again after ticks that did not come, and for other pictures", (t) => {
  const stalled = play({ seconds: 5, targetUs: 30_000, stall: [2_000_000, 3_000_000] });
  t.ok(span(stalled.errors, 2.5, 2.9).every((error) => error === undefined), "silence meanwhile");
  t.ok(p95(span(stalled.errors, 3.1, 5)) < 25_000, `${p95(span(stalled.errors, 3.1, 5))} us`);
  for (const targetUs of [150_000, -60_000]) {
    const later = { fromUs: 1_000_000, targetUs };
    const { errors, feeder } = play({ seconds: 4, targetUs: 30_000, later });
    const rest = span(errors, 2, 4).map((error) => error! - (targetUs - 30_000));
    t.ok(p95(rest) < 30_000, `${p95(rest)} us from ${targetUs}`);
    t.ok(feeder.jumps >= 1 && feeder.jumps < 4, `${feeder.jumps} jumps`);
  }
  t.end();
});

t.test("what is taken back is not heard, whatever waits behind it", (t) => {
  const ring = new SampleRing(makeRingMemory(1, 4096, false));
  const player = new RingPlayer(ring);
  const output = new Float32Array(BLOCK);
  const render = () => {
    player.render([output], 0, 0);
    return output[BLOCK - 1]!;
  };
  const plain = (value: number) => [new Float32Array(2000).fill(value)];
  ring.isLive = true;
  ring.write(plain(0.25), 0, 2000);
  t.equal(Math.round(render() * 100), 25);
  ring.discard();
  t.match(ring, { fill: 0, isPlaying: false }, "at once, for who writes");
  t.equal(ring.write(plain(0.5), 0, 1500), 1500);
  t.equal(ring.fill, 1500);
  for (let block = 0; block < 4; block++) render();
  t.equal(Math.round(render() * 100), 50);
  ring.discard();
  for (let block = 0; block < 60; block++) render();
  t.equal(render(), 0, "and silence in the end");
  t.match(ring, { underruns: 0, missedFrames: 0 }, "which is no hole");
  ring.resumeFrames = 960;
  ring.write(plain(0.75), 0, 900);
  t.equal(render(), 0, "it waits for enough as at first");
  t.end();
});

t.test("a ring is taken back also where its positions wrap", (t) => {
  const memory = makeRingMemory(1, 1024, false);
  const header = new Int32Array(memory.buffer);
  // What was written, read and taken back so far.
  for (const word of [0, 1, 10]) header[word] = -500;
  const ring = new SampleRing(memory);
  t.equal(ring.fill, 0);
  const plain = [new Float32Array(1024)];
  for (let turn = 0; turn < 6; turn++) {
    t.equal(ring.write(plain, 0, 300), 300);
    t.equal(ring.fill, 300);
    if (turn % 2 === 0) ring.discard();
    t.equal(ring.giveUp(), turn % 2 === 0);
    if (turn % 2 === 1) ring.consume(300);
  }
  t.end();
});

t.test("a ring by messages is taken back as well", (t) => {
  const waiting: (() => void)[] = [];
  const ports: RingPort[] = [0, 1].map((side) => ({
    onmessage: null,
    postMessage: (data: unknown) =>
      void waiting.push(() => ports[1 - side]!.onmessage?.({ data } as MessageEvent)),
  }));
  const deliver = () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
  };
  const clock = new ManualClock();
  const ring = new PortRing(ports[0]!, { channels: 1, frames: 4096, frameRate: RATE }, clock);
  const end = new PortRingEnd(ports[1]!, makeRingMemory(1, 4096, false));
  const player = new RingPlayer(end.ring);
  const output = new Float32Array(BLOCK);
  const render = () => {
    deliver();
    for (let block = 0; block < 4; block++) player.render([output], 0, 0);
    end.played(BLOCK * 4);
    deliver();
    return Math.round(output[BLOCK - 1]! * 100);
  };
  const plain = (value: number) => [new Float32Array(2000).fill(value)];
  ring.write(plain(0.25), 0, 2000);
  t.equal(render(), 25);
  t.equal(ring.isPlaying, true);
  ring.discard();
  t.match(ring, { fill: 0, isPlaying: false });
  ring.write(plain(0.5), 0, 1500);
  t.equal(ring.fill, 1500);
  t.equal(render(), 50);
  t.equal(ring.fill, 1500 - BLOCK * 4);
  t.equal(ring.isPlaying, true);
  t.end();
});

function setUp() {
  PlainDecoder.install();
  const clock = new ManualClock(1_000_000);
  const events: SoundEvent[] = [];
  const sent: string[] = [];
  const link = {
    offsetUs: 0,
    send: ({ type }: { type: string }) => void sent.push(type),
  } as unknown as FeatureLink;
  const receiver = new SoundReceiver({ clock, post: (event) => void events.push(event) });
  const memory = makeRingMemory(2, 32_768, false);
  const ring = new SampleRing(memory);
  const player = new RingPlayer(ring);
  const output = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  let sequence = 0;
  const open = () =>
    receiver.handle({ name: "open", outputUs: 0, sink: { channels: 2, frames: 32_768, memory } });
  receiver.connected(link);
  open();
  t.teardown(() => receiver.handle({ name: "close" }));
  /** The present for a while: each packet is 90; gives what was heard, in hundredths. */
  const live = (us: number): number[] => {
    const heard: number[] = [];
    for (let passedUs = 0; passedUs < us; passedUs += FRAME_US) {
      const captureTimeUs = clock.nowUs() - FRAME_US;
      receiver.onDatagram(
        encodeAudioDatagram({
          ...{ kind: "sound", streamId: 0, epoch: 0, channels: 2, frameUs: FRAME_US },
          ...{ sequence: sequence++, captureTimeUs, frames: [Uint8Array.of(90)] },
        }),
        clock.nowUs(),
      );
      for (let block = 0; block < FRAMES / BLOCK; block++) {
        player.render(output, 0, clock.nowUs() / 1000);
        heard.push(Math.round(output[0]![BLOCK / 2]! * 100));
      }
      clock.advance(FRAME_US);
    }
    return heard;
  };
  /** The past from a time on: packets of `first`, and of `step` more with each. */
  const give = (fromUs: number, packets: number, first: number, step = 0) => {
    for (let packet = 0; packet < packets; packet++) {
      const captureTimeUs = fromUs + packet * FRAME_US;
      const sound = { captureTimeUs, durationUs: FRAME_US, channels: 2 };
      const payload = Uint8Array.of(first + packet * step);
      receiver.past({ name: "sound", sound, payload });
    }
  };
  return { receiver, clock, events, sent, ring, open, live, give };
}

t.test("the present is silent while the past is shown, and back at once", (t) => {
  const { receiver, sent, live } = setUp();
  t.ok(live(300_000).slice(-20).every((value) => value === 90), "the present");
  receiver.past({ name: "rest" });
  const past = live(500_000);
  t.ok(past.slice(30).every((value) => value === 0), "faded out, and nothing after that");
  receiver.past({ name: "live" });
  const back = live(300_000);
  t.ok(back.findIndex((value) => value === 90) * BLOCK_US < 200_000, "back");
  t.same(sent, ["sound_play"], "the host sends it all the time");
  t.end();
});

t.test("the past is heard when it is due, and nothing of where it was before", (t) => {
  const { receiver, clock, live, give } = setUp();
  live(300_000);
  receiver.past({ name: "rest" });
  live(100_000);
  give(0, 20, 10);
  t.ok(live(100_000).slice(30).every((value) => value === 0), "nothing without a time");
  /** Plays packets of 100 and on from 80 ms before a time; gives how late each block is. */
  const playFrom = (fromUs: number) => {
    receiver.past({ name: "play", delayUs: clock.nowUs() - fromUs });
    give(fromUs - 80_000, 58, 100, 1);
    return live(300_000).map((value, block) => {
      // The middle of a packet's samples, for what of it is in this block.
      const dueUs = (value - 100) * FRAME_US - 80_000 + FRAME_US / 2;
      return block * BLOCK_US - dueUs;
    });
  };
  const first = playFrom(7_000_000).slice(30);
  t.ok(first.every((us) => Math.abs(us - 40_000) < 15_000), `${first} us late`);
  const sought = playFrom(9_000_000).slice(30);
  t.ok(sought.every((us) => Math.abs(us - 40_000) < 15_000), "what waited is not heard any more");
  for (let picture = 0; picture < 40; picture++) {
    const captureTimeUs = 9_300_000 + picture * 1000;
    const presentedUs = clock.nowUs() + picture * 1000 + 60_000;
    receiver.past({ name: "seen", captureTimeUs, presentedUs });
  }
  const seen = playFrom(10_000_000).slice(30);
  t.ok(seen.every((us) => Math.abs(us - 85_000) < 15_000), "as late as pictures are seen");
  receiver.past({ name: "live" });
  t.ok(
    live(500_000).slice(30).every((value) => value === 0 || value === 90),
    "nothing of the past",
  );
  t.ok(live(10_000).includes(90), "but the present");
  t.end();
});

t.test("a device that is opened, or a decoder that fails, in mid-past", (t) => {
  const { receiver, clock, live, give, open } = setUp();
  receiver.past({ name: "rest" });
  receiver.past({ name: "play", delayUs: clock.nowUs() - 5_000_000 });
  open();
  give(4_920_000, 60, 30);
  t.equal(live(300_000).at(-1), 30, "another device goes on");
  receiver.past({ name: "play", delayUs: clock.nowUs() - 6_000_000 });
  PlainDecoder.isBroken = true;
  give(5_920_000, 10, 30);
  PlainDecoder.isBroken = false;
  receiver.past({ name: "play", delayUs: clock.nowUs() - 7_000_000 });
  give(6_920_000, 60, 35);
  t.equal(live(300_000).at(-1), 0, "one that failed again and again is not tried for ever");
  open();
  receiver.past({ name: "play", delayUs: clock.nowUs() - 7_000_000 });
  give(6_920_000, 60, 35);
  t.equal(live(300_000).at(-1), 35, "until the page asks again");
  receiver.past({ name: "live" });
  t.equal(live(400_000).at(-1), 90, "and the present has its own");
  t.end();
});
