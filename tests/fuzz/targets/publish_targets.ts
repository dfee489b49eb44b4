/**
 * Fuzz target of what a producer publishes: checks of its frames and its sound that live on while
 * honest, broken and hostile ones come and time passes. Whatever comes, nothing throws, numbers and
 * times of what is taken grow, nothing is taken that refers to what was left out, and bytes a
 * second stay bounded.
 */

import { PublishedFrames } from "../../../src/server/publish/published_frames.ts";
import type { PublishedFrame } from "../../../src/server/publish/published_frames.ts";
import { ProducerSound } from "../../../src/server/publish/producer_sound.ts";
import type { PublishedStream } from "../../../src/server/publish/published_stream.ts";
import { distance32 } from "../../../src/core/sequence.ts";
import { encodeAudioDatagram } from "../../../src/wire/audio.ts";
import type { SeededRandom } from "../../seeded.ts";
import { DELTA, keyframeOf } from "../../unit/server/publish/access_units.ts";
import { expectProtocolErrorsOnly, mutate } from "./wire_targets.ts";
import type { FuzzTarget } from "./wire_targets.ts";

const CASES_PER_STREAM = 2000;
const FRAME_US = 33_333;
const LIMITS = { maxWidth: 1280, maxHeight: 720, maxFps: 60, maxBitrateBps: 8_000_000 };
const KEYFRAMES = [keyframeOf(640, 368), keyframeOf(1280, 720), keyframeOf(2048, 1024)];

/** One published stream and its producer. */
class Scene {
  readonly #frames = new PublishedFrames(1, LIMITS);
  readonly #taken = new Set<number>();
  #nowUs = 1e9;
  #sentId = 0;
  #base = 0;
  #lastId = 0;
  #lastTimeUs = 0;
  cases = 0;

  step(random: SeededRandom): void {
    this.cases++;
    this.#nowUs += random.next() < 0.01 ? random.int(10_000_000) : random.int(2 * FRAME_US);
    if (random.next() < 0.005) this.#again();
    const frame = this.#next(random);
    const hostUs = this.#nowUs + 5e12;
    const verdict = this.#frames.push(frame, { hostUs, nowUs: this.#nowUs });
    if (verdict.kind !== "taken") return;
    this.#judge(frame, verdict.frame, hostUs);
  }

  #again(): void {
    this.#frames.begin();
    this.#taken.clear();
    this.#sentId = 0;
    this.#base = this.#lastId;
  }

  #next(random: SeededRandom): PublishedFrame {
    this.#sentId += random.next() < 0.9 ? 1 : random.int(5);
    const isKey = random.next() < 0.1;
    const honest = isKey ? random.pick(KEYFRAMES) : DELTA;
    const isBroken = random.next() < 0.3;
    const isStrange = random.next() < 0.1;
    return {
      frameId: isStrange ? random.int(2 ** 31) - 2 ** 20 : this.#sentId,
      referenceDistance: isKey ? 0 : isStrange ? random.int(400) - 50 : 1 + random.int(3),
      captureTimeUs: random.next() < 0.1 ? undefined : random.int(2 ** 31),
      payload: isBroken ? mutate(random, [honest]) : honest,
    };
  }

  #judge(
    { frameId, referenceDistance, payload }: PublishedFrame,
    frame: { frameId: number; captureTimeUs: number },
    hostUs: number,
  ): void {
    if (distance32(this.#lastId, frame.frameId) <= 0) throw new Error("Numbers went back");
    if (frame.captureTimeUs <= this.#lastTimeUs) throw new Error("Time went back");
    if (frame.captureTimeUs > hostUs + CASES_PER_STREAM) throw new Error("A time of the future");
    if (distance32(this.#base, frame.frameId) !== frameId) throw new Error("Numbers do not agree");
    if (referenceDistance === 0) this.#taken.clear();
    const isFirst = referenceDistance === 0;
    if (!isFirst && frameId - referenceDistance < Math.min(...this.#taken)) {
      throw new Error(`Frame ${frameId} refers to what was left out`);
    }
    if (payload.byteLength === 0) throw new Error("Nothing was taken for something");
    this.#taken.add(frameId);
    this.#sentId = Math.max(this.#sentId, frameId);
    this.#lastId = frame.frameId;
    this.#lastTimeUs = frame.captureTimeUs;
  }
}

/** The sound of one producer. */
class SoundScene {
  cases = 0;
  #sequence = 0;
  readonly #sound = new ProducerSound({
    stream: { id: 3 } as PublishedStream,
    sound: ({ captureTimeUs = 0, payload, frameUs }) => {
      const isPossible = captureTimeUs >= 0 && captureTimeUs < 2 ** 32 && payload.byteLength > 0;
      if (!isPossible || frameUs < 5000) throw new Error("Sound that cannot be was given on");
      return true;
    },
  });

  step(random: SeededRandom): void {
    this.cases++;
    this.#sequence += random.next() < 0.9 ? 1 : random.int(20) - 5;
    const honest = encodeAudioDatagram({
      ...{ kind: "sound", streamId: 3, epoch: random.int(2), channels: 1 + random.int(2) },
      ...{ frameUs: random.pick([10_000, 20_000]), sequence: this.#sequence >>> 0 },
      captureTimeUs: random.int(2 ** 31),
      frames: Array.from({ length: 1 + random.int(3) }, () => new Uint8Array(1 + random.int(200))),
    });
    const datagram = random.next() < 0.5 ? mutate(random, [honest]) : honest;
    expectProtocolErrorsOnly(() => this.#sound.push(datagram));
  }
}

function living<T extends { cases: number; step(random: SeededRandom): void }>(
  name: string,
  make: () => T,
): FuzzTarget {
  let scene: T | undefined;
  return {
    name,
    run(random) {
      if (scene === undefined || scene.cases >= CASES_PER_STREAM) scene = make();
      scene.step(random);
    },
  };
}

/** Targets of what producers give. */
export const publishTargets: readonly FuzzTarget[] = [
  living("PublishedFrames", () => new Scene()),
  living("ProducerSound", () => new SoundScene()),
];
