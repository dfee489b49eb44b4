/**
 * SimulatedSound: a host that sends a tone as audio datagrams, a path that loses and delays them, and a
 * sound device with a clock of its own, around the viewer's steps: a run of minutes takes a moment.
 * Encoding is left out: a payload is the number of its frame.
 */

import type { AudioDatagram } from "../../../../../src/wire/audio.ts";
import { FrameWindow } from "../../../../../web/viewer/sound/frame_window.ts";
import { RingPlayer } from "../../../../../web/viewer/sound/ring_player.ts";
import { makeRingMemory, SampleRing } from "../../../../../web/viewer/sound/sample_ring.ts";
import { SoundFeeder } from "../../../../../web/viewer/sound/sound_feeder.ts";
import { randomFromSeed } from "../../../../seeded.ts";

const RATE = 48_000;
const BLOCK = 128;
const TONE_HZ = 440;
/** Captured, encoded, sent: the least that a frame takes beyond its own duration. */
const PATH_US = 3_000;

/** How a run is. */
export interface SimulatedRun {
  readonly seconds: number;
  readonly frameUs: number;
  readonly redundancy: number;
  /** Share of datagrams that are lost. */
  readonly loss?: number;
  /** Standard deviation of a further delay, half of a normal distribution; order is kept. */
  readonly jitterUs?: number;
  /** How much faster the host's clock runs than the device's, in parts of a million. */
  readonly driftPpm?: number;
  /** Blocks that the device takes at once. */
  readonly burst?: number;
  /** From capture to being seen. */
  readonly pictureUs?: number;
  /** Nothing arrives between these times, in seconds. */
  readonly outage?: readonly [from: number, to: number];
  readonly seed: number;
}

/** What was heard. */
export interface Heard {
  readonly feeder: SoundFeeder;
  readonly window: FrameWindow;
  readonly samples: Float32Array;
  /** Delay, and what it should be, each 10 ms. */
  readonly delaysUs: number[];
  readonly targetsUs: number[];
  /** Ratio of the steering, each 10 ms. */
  readonly ratios: number[];
  /** Times at which the ring ran dry, in seconds. */
  readonly underruns: number[];
}

interface Arrival {
  readonly atUs: number;
  readonly sequence: number;
}

/** Runs it. */
export function simulateSound(run: SimulatedRun): Heard {
  const { frameUs, burst = 1 } = run;
  const frames = frameUs * RATE / 1e6;
  const ring = new SampleRing(makeRingMemory(1, 32_768, false));
  const feeder = new SoundFeeder(ring, { frameRate: RATE, frameUs });
  feeder.ring.isLive = true;
  const window = new FrameWindow();
  const player = new RingPlayer(ring);
  const samples = new Float32Array(run.seconds * RATE);
  const heard: Heard = {
    ...{ feeder, window, samples },
    ...{ delaysUs: [], targetsUs: [], ratios: [], underruns: [] },
  };
  const arrivals = arrivalsOf(run);
  const channel = new Float32Array(frames);
  let next = 0;
  let lastUnderruns = 0;
  const pump = (nowUs: number) => {
    for (;;) {
      const isUrgent = feeder.ring.fill * 1e6 / RATE < feeder.control.urgentUs + 1_000;
      const pulled = window.pull(isUrgent, nowUs);
      if (pulled === undefined) return;
      if (pulled.kind === "gap") {
        feeder.gap(pulled, nowUs);
        continue;
      }
      const first = new DataView(pulled.payload.buffer).getUint32(0) * frames;
      for (let frame = 0; frame < frames; frame++) channel[frame] = tone(first + frame);
      const { captureUs, heldUs } = pulled;
      feeder.frame([channel], frames, { captureUs, heldUs, nowUs });
    }
  };
  const blockUs = BLOCK * 1e6 / RATE;
  for (let block = 0; (block + burst) * BLOCK <= samples.length; block += burst) {
    const nowUs = block * blockUs;
    while (next < arrivals.length && arrivals[next]!.atUs <= nowUs) {
      const { sequence, atUs } = arrivals[next++]!;
      if (run.pictureUs !== undefined) feeder.control.waitFor(run.pictureUs);
      window.push(datagramOf(sequence, run), sequence * frameUs, atUs);
      pump(atUs);
    }
    pump(nowUs);
    for (let part = block; part < block + burst; part++) {
      const output = samples.subarray(part * BLOCK, (part + 1) * BLOCK);
      player.render([output], part * BLOCK, nowUs / 1000);
    }
    if (feeder.ring.underruns !== lastUnderruns) heard.underruns.push(nowUs / 1e6);
    lastUnderruns = feeder.ring.underruns;
    if (block % 4 === 0) {
      heard.delaysUs.push(feeder.control.delayUs ?? 0);
      heard.targetsUs.push(feeder.control.targetUs);
      heard.ratios.push(feeder.ring.ratio);
    }
  }
  return heard;
}

/** The tone's sample at a place of the host's sound. */
function tone(frame: number): number {
  return 0.5 * Math.sin(2 * Math.PI * TONE_HZ * frame / RATE);
}

function datagramOf(sequence: number, { frameUs, redundancy }: SimulatedRun): AudioDatagram {
  const count = Math.min(redundancy, sequence) + 1;
  const frames = Array.from({ length: count }, (_, age) => {
    const payload = new Uint8Array(4);
    new DataView(payload.buffer).setUint32(0, sequence - age);
    return payload;
  });
  return {
    ...{ kind: "sound", streamId: 0, epoch: 0, channels: 1, frameUs, frames },
    ...{ sequence, captureTimeUs: sequence * frameUs },
  };
}

/** When datagrams arrive, by the page's clock. */
function arrivalsOf(run: SimulatedRun): Arrival[] {
  const random = randomFromSeed(run.seed);
  const { loss = 0, jitterUs = 0, driftPpm = 0, outage = [0, 0] } = run;
  const arrivals: Arrival[] = [];
  let lastUs = 0;
  const count = run.seconds * 1e6 / run.frameUs;
  for (let sequence = 0; sequence < count; sequence++) {
    // The whole of a frame is there when its last sample is; by the page's clock that is earlier.
    const readyUs = (sequence + 1) * run.frameUs / (1 + driftPpm / 1e6) + PATH_US;
    const spread = Math.sqrt(-2 * Math.log(1 - random.next())) *
      Math.abs(Math.cos(2 * Math.PI * random.next()));
    lastUs = Math.max(lastUs, readyUs + spread * jitterUs);
    const isOut = lastUs > outage[0] * 1e6 && lastUs < outage[1] * 1e6;
    if (random.next() >= loss && !isOut) arrivals.push({ atUs: lastUs, sequence });
  }
  return arrivals;
}
