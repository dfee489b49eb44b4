/** Tests of web/viewer/sound/port_ring.ts and ring_player.ts: a ring without shared memory. */

import t from "tap";
import { ManualClock } from "../../../../../src/core/clock.ts";
import { PortRing, PortRingEnd, REPORT_FRAMES } from "../../../../../web/viewer/sound/port_ring.ts";
import type { RingPort } from "../../../../../web/viewer/sound/port_ring.ts";
import { RingPlayer } from "../../../../../web/viewer/sound/ring_player.ts";
import { makeRingMemory, SampleRing } from "../../../../../web/viewer/sound/sample_ring.ts";

const RATE = 48_000;
const BLOCK = 128;

/** Two ends of a channel that delivers when it is told to. */
function channel() {
  const waiting: (() => void)[] = [];
  const ports: RingPort[] = [0, 1].map((side) => ({
    onmessage: null,
    postMessage: (data: unknown) =>
      void waiting.push(() => ports[1 - side]!.onmessage?.({ data } as MessageEvent)),
  }));
  const deliver = () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
  };
  return { near: ports[0]!, far: ports[1]!, deliver };
}

t.test("PortRing carries samples and wishes there, and what was played back", (t) => {
  const clock = new ManualClock();
  const { near, far, deliver } = channel();
  const size = { channels: 2, frames: 4096, frameRate: RATE };
  const ring = new PortRing(near, size, clock);
  const end = new PortRingEnd(far, makeRingMemory(2, 4096, false));
  ring.ratio = 1.001;
  ring.resumeFrames = 960;
  ring.isLive = true;
  const ramp = Float32Array.from({ length: 1000 }, (_, at) => at);
  t.equal(ring.write([ramp, ramp], 40, 1000), 960);
  t.equal(ring.fill, 960, "what was written waits");
  deliver();
  t.match(end.ring, { fill: 960, resumeFrames: 960, isLive: true });
  t.ok(Math.abs(end.ring.ratio - 1.001) < 1e-9);
  t.equal(end.ring.plane(1)[0], 40);

  end.ring.consume(REPORT_FRAMES);
  end.ring.isPlaying = true;
  end.ring.addUnderrun();
  end.ring.addMissed(64);
  end.ring.burstFrames = 256;
  end.played(REPORT_FRAMES);
  deliver();
  t.match(ring, { underruns: 1, missedFrames: 64, burstFrames: 256, isPlaying: true });
  t.equal(ring.fill, 960 - REPORT_FRAMES);
  clock.advance(2_000);
  t.equal(ring.fill, 960 - REPORT_FRAMES - 96, "what was played since is worked out");
  clock.advance(1_000_000);
  t.equal(ring.fill, 0);
  const large = new Float32Array(5000);
  t.equal(ring.write([large, large], 0, 5000), 4096 - (960 - REPORT_FRAMES), "and it is bounded");
  t.end();
});

t.test("RingPlayer waits for enough, plays, conceals, and waits again", (t) => {
  const ring = new SampleRing(makeRingMemory(1, 4096, false));
  const player = new RingPlayer(ring);
  const output = [new Float32Array(BLOCK)];
  let frame = 0;
  const render = () => {
    player.render(output, frame, frame * 1000 / RATE);
    frame += BLOCK;
    return output[0]!.some((sample) => sample !== 0);
  };
  const tone = Float32Array.from({ length: 4096 }, (_, at) => 0.3 * Math.sin(at / 20));
  ring.isLive = true;
  ring.resumeFrames = 480;
  ring.write([tone], 0, 240);
  t.notOk(render(), "half of what it waits for");
  t.match(ring, { isPlaying: false, underruns: 0, missedFrames: 0 });
  ring.write([tone], 240, 960);
  t.ok(render());
  t.equal(ring.isPlaying, true);
  t.ok(ring.burstFrames >= BLOCK);
  let blocks = 1;
  while (ring.underruns === 0 && blocks < 20) {
    render();
    blocks++;
  }
  t.equal(blocks, 8, "960 frames are seven blocks, and a little for the resampler");
  t.match(ring, { isPlaying: false, underruns: 1, missedFrames: BLOCK });
  t.ok(output[0]!.some((sample) => sample !== 0), "what is missing is made up");
  ring.isLive = false;
  for (let more = 0; more < 60; more++) render();
  t.match(ring, { underruns: 1, missedFrames: BLOCK }, "a silent host is no underrun");
  t.notOk(render(), "and in the end it is silent");
  ring.isLive = true;
  ring.write([tone], 960, 1920);
  t.ok(render(), "it begins again");
  t.equal(ring.underruns, 1);
  t.end();
});

t.test("RingPlayer says how much a device takes at once", (t) => {
  const ring = new SampleRing(makeRingMemory(1, 4096, false));
  const player = new RingPlayer(ring);
  const output = [new Float32Array(BLOCK)];
  for (let block = 0; block < 40; block++) {
    // Four at a time.
    player.render(output, block * BLOCK, Math.floor(block / 4) * 10.67);
  }
  t.ok(ring.burstFrames >= 4 * BLOCK && ring.burstFrames < 5 * BLOCK, `${ring.burstFrames}`);
  t.end();
});
