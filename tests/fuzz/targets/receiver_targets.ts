/**
 * Fuzz target of the whole receiving path: a MediaReceiver that lives on while honest, lost, late and
 * hostile media datagrams come, epochs change and time passes. Whatever comes, it throws nothing, stays
 * within 8 MB, keeps its deadlines finite, yields no frame without its reference, and reports what
 * parses.
 */

import { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";
import { parseFeedback } from "../../../src/wire/feedback.ts";
import type { SeededRandom } from "../../seeded.ts";
import { CodedFeed, FRAME_US, frameOf } from "../../unit/pipeline/coded_feed.ts";
import { mutate } from "./wire_targets.ts";
import type { FuzzTarget } from "./wire_targets.ts";

const BUFFER_BYTES_MAX = 8e6;
/** Cases that one receiver meets. */
const CASES_PER_RECEIVER = 2_000;
/** Calls of `pull` or of deadlines in a row without anything new: more is a loop. */
const CALLS_MAX = 20_000;

/** One receiver, its honest sender and their clock. */
class Scene {
  readonly #receiver: MediaReceiver;
  readonly #yielded = new Set<number>();
  readonly #feed: CodedFeed;
  readonly #late: Uint8Array[] = [];
  #queue: Uint8Array[] = [];
  #frameId = 0;
  #nowUs = 1e9;
  cases = 0;

  constructor(random: SeededRandom, isReliable: boolean) {
    this.#receiver = new MediaReceiver({ streamId: 0, isReliable });
    this.#feed = new CodedFeed({ redundancy: 0.2, firstSourceId: 0xffff_ff00 });
    this.hostility = random.pick([0, 0.01, 0.1]);
  }

  readonly hostility: number;

  step(random: SeededRandom): void {
    this.cases++;
    const datagram = this.#next(random);
    const fate = random.next();
    if (fate < 0.05) return;
    if (fate < 0.08) this.#late.push(datagram);
    else this.#push(datagram);
    if (fate < 0.1) this.#push(datagram);
    if (random.next() < this.hostility) this.#push(hostileDatagram(random, datagram));
    if (this.#late.length > 0 && random.next() < 0.05) this.#push(this.#late.shift()!);
    if (random.next() < 0.001) this.#receiver.noteDamage(random.int(9), random.int(9));
  }

  #next(random: SeededRandom): Uint8Array {
    if (this.#queue.length === 0) {
      this.#wait(random.next() < 0.01 ? random.int(12_000_000) : FRAME_US);
      if (random.next() < 0.01) this.#feed.startEpoch();
      this.#frameId++;
      const distance = random.next() < 0.05 ? 0 : 1 + random.int(3);
      this.#queue = this.#feed.frame(frameOf(this.#frameId, distance, 1 + random.int(9000)));
    }
    return this.#queue.shift()!;
  }

  #push(datagram: Uint8Array): void {
    this.#nowUs += 20;
    this.#receiver.push(datagram, this.#nowUs);
    this.#pump();
  }

  #wait(us: number): void {
    const untilUs = this.#nowUs + us;
    for (let calls = 0;; calls++) {
      const deadline = this.#receiver.deadline;
      if (deadline === undefined || deadline > untilUs) break;
      if (calls > CALLS_MAX || Number.isNaN(deadline)) throw new Error(`Deadline ${deadline}`);
      this.#nowUs = Math.max(this.#nowUs, deadline);
      this.#pump();
    }
    this.#nowUs = untilUs;
  }

  #pump(): void {
    for (let calls = 0;; calls++) {
      if (calls > CALLS_MAX) throw new Error("Frames without end");
      const frame = this.#receiver.pull(this.#nowUs);
      if (frame === undefined) break;
      const { frameId, referenceDistance } = frame;
      if (referenceDistance !== 0 && !this.#yielded.has((frameId - referenceDistance) >>> 0)) {
        throw new Error(`Frame ${frameId} without its reference`);
      }
      this.#yielded.add(frameId);
    }
    const feedback = this.#receiver.pullFeedback(this.#nowUs);
    if (feedback !== undefined) parseFeedback(feedback);
    const { bufferBytes } = this.#receiver;
    if (bufferBytes > BUFFER_BYTES_MAX) throw new Error(`${bufferBytes} bytes`);
  }
}

/** A changed datagram, or a well-formed one whose ids, epoch and counts are made up. */
function hostileDatagram(random: SeededRandom, near: Uint8Array): Uint8Array {
  if (random.next() < 0.5) return mutate(random, [near]);
  const datagram = near.slice();
  const view = new DataView(datagram.buffer);
  if (random.next() < 0.3) datagram[1] = random.int(16) << 4;
  if (random.next() < 0.5) view.setUint16(2, random.int(0x1_0000), true);
  const nearId = view.getUint32(4, true);
  const ids = [nearId + random.int(2000), nearId - random.int(2000), random.int(2 ** 32)];
  view.setUint32(4, random.pick(ids), true);
  if ((datagram[0]! & 0x10) !== 0) return datagram;
  if (random.next() < 0.5) view.setUint32(10, random.int(2 ** 32), true);
  if (random.next() < 0.5) {
    const packetCount = 1 + random.int(4316);
    const packetIndex = random.int(packetCount);
    view.setUint16(14, packetIndex, true);
    view.setUint16(16, packetCount, true);
    const isLast = packetIndex === packetCount - 1;
    datagram[0] = (packetIndex === 0 ? 8 : 0) | (isLast ? 4 : 0) | (datagram[0]! & 2);
  }
  return datagram;
}

/** The receiving path. */
export const receiverTargets: readonly FuzzTarget[] = [false, true].map((isReliable) => {
  let scene: Scene | undefined;
  return {
    name: isReliable ? "media receiver over TCP" : "media receiver",
    run(random) {
      if (scene === undefined || scene.cases >= CASES_PER_RECEIVER) {
        scene = new Scene(random, isReliable);
      }
      scene.step(random);
    },
  };
});
