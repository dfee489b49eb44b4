/**
 * Send queues under stalled viewers, with any mix of stalls and frames: bounded in bytes and in time,
 * and nobody else's business. Real fan-out, groups, senders and receivers; one clock moved by hand.
 */

import fc from "fast-check";
import t from "tap";
import { PACER_AGE_US_MAX, PACER_BYTES_MAX } from "../../../src/congestion/pacer.ts";
import { FLIGHT_BYTES_MAX } from "../../../src/pipeline/sender_path.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { isRepairPacket } from "../../../src/wire/repair.ts";
import { seededRandom } from "../../seeded.ts";
import { FRAME_US, frameOf, type RigViewer, SenderRig } from "./sender_rig.ts";

/** What is wrong with the way to a viewer: nothing, or packets or reports or both do not come through. */
const STALLS = ["none", "deaf", "mute", "gone", "full"] as const;
type Stall = (typeof STALLS)[number];

interface Phase {
  readonly stall: Stall;
  readonly frames: number;
  readonly frameBytes: number;
  readonly isKeyframe: boolean;
}

const phases = fc.array(
  fc.record({
    stall: fc.constantFrom(...STALLS),
    frames: fc.integer({ min: 1, max: 25 }),
    frameBytes: fc.oneof(fc.integer({ min: 1, max: 40_000 }), fc.constantFrom(200_000, 900_000)),
    isKeyframe: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

/** A packet that left, and how long after its frame was made. */
interface Departure {
  readonly atUs: number;
  readonly waitedUs: number;
}

interface Watched {
  readonly viewer: RigViewer;
  readonly departures: Departure[];
  queuedBytesMax: number;
}

class Watch {
  readonly rig = new SenderRig();
  readonly steady = this.#join(20e6);
  stalled: Watched | undefined;
  #takes = true;

  /** With a viewer whose path stalls, or without. */
  constructor(stalledBps: number | undefined) {
    if (stalledBps !== undefined) this.stalled = this.#join(stalledBps);
  }

  play(list: readonly Phase[]): void {
    let frameId = 0;
    for (const phase of list) {
      this.#stall(phase.stall);
      for (let frame = 0; frame < phase.frames; frame++) {
        frameId++;
        const isKeyframe = frameId === 1 || (phase.isKeyframe && frame === 0);
        const bytes = phase.frameBytes;
        this.rig.fanout.push(frameOf(frameId, isKeyframe ? 0 : 1, { bytes }), this.rig.nowUs);
        this.#look();
        for (let step = 0; step < FRAME_US; step += 1000) {
          this.rig.run(Math.min(1000, FRAME_US - step));
          this.#look();
        }
      }
    }
  }

  #look(): void {
    for (const watched of [this.steady, this.stalled]) {
      if (watched === undefined) continue;
      const { queuedBytes } = watched.viewer.sender.stats;
      watched.queuedBytesMax = Math.max(watched.queuedBytesMax, queuedBytes);
    }
  }

  #stall(stall: Stall): void {
    const { stalled } = this;
    if (stalled === undefined) return;
    stalled.viewer.isLost = () => stall === "deaf" || stall === "gone";
    stalled.viewer.isMute = stall === "mute" || stall === "gone";
    this.#takes = stall !== "full";
  }

  #join(startBps: number): Watched {
    const isFirst = this.rig.viewers.length === 0;
    const departures: Departure[] = [];
    const viewer: RigViewer = this.rig.join({
      limits: { startBps, minBps: Math.min(startBps, 300e3), maxBps: 25e6 },
      connection: {
        maxDatagramSize: 1200,
        sendDatagram: (bytes) => {
          if (!isFirst && !this.#takes) return false;
          this.#note(bytes, departures);
          return viewer.sendDatagram(bytes);
        },
      },
    });
    return { viewer, departures, queuedBytesMax: 0 };
  }

  #note(bytes: Uint8Array, departures: Departure[]): void {
    const { nowUs } = this.rig;
    // Repairs say nothing of when they were made; they wait in the same queue, between the others.
    const madeUs = isRepairPacket(bytes)
      ? nowUs
      : (parseSourcePacket(bytes).frameId - 1) * FRAME_US;
    departures.push({ atUs: nowUs, waitedUs: nowUs - madeUs });
  }
}

/** The source packets of a viewer, without what is its own: epoch and sequence. */
function sourcesOf({ viewer }: Watched): string[] {
  return viewer.sent.filter((bytes) => !isRepairPacket(bytes)).map((bytes) =>
    `${bytes[0]} ${bytes.subarray(4, 24).join()} ${bytes.byteLength}`
  );
}

t.test("a stalled viewer's queue keeps to its bytes and its time, whatever happens", (t) => {
  const start = fc.constantFrom(300e3, 2e6, 20e6);
  let waited = 0;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(phases, start, (list, startBps) => {
        const watch = new Watch(startBps);
        watch.play(list);
        for (const { viewer, departures, queuedBytesMax } of [watch.steady, watch.stalled!]) {
          atMost("bytes that wait", queuedBytesMax, PACER_BYTES_MAX);
          atMost("bytes in flight", viewer.sender.stats.bytesInFlight, 2 * FLIGHT_BYTES_MAX);
          // The rig looks at deadlines each millisecond.
          const longestUs = Math.max(0, ...departures.map(({ waitedUs }) => waitedUs));
          atMost("microseconds of waiting", longestUs, PACER_AGE_US_MAX + 1000);
          if (queuedBytesMax > 0) waited++;
        }
        if (watch.rig.faults.length > 0) throw watch.rig.faults[0];
      }),
      { numRuns: 30, seed: seededRandom("send queue bounds").seed | 0 },
    )
  );
  t.ok(waited > 10, `${waited} queues were in use`);
  t.end();
});

t.test("a stalled viewer changes nothing of what the others are sent, nor when", (t) => {
  let stalls = 0;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(phases, (list) => {
        const [alone, together] = [new Watch(undefined), new Watch(2e6)];
        for (const watch of [alone, together]) watch.play(list);
        const [expected, actual] = [sourcesOf(alone.steady), sourcesOf(together.steady)];
        if (expected.join("\n") !== actual.join("\n")) {
          throw new Error(`${actual.length} packets instead of ${expected.length}, or others`);
        }
        const { framesSkipped } = together.stalled!.viewer.sender.stats;
        if (framesSkipped > alone.steady.viewer.sender.stats.framesSkipped) stalls++;
      }),
      { numRuns: 12, seed: seededRandom("send queue neighbours").seed | 0 },
    )
  );
  t.ok(stalls > 3, `${stalls} runs in which the stalled viewer lost frames`);
  t.end();
});

t.test("a queue that nobody adds to is empty within its time", (t) => {
  const rig = new SenderRig();
  const viewer = rig.join({ limits: { startBps: 300e3, minBps: 300e3, maxBps: 25e6 } });
  rig.push(frameOf(1, 0, { bytes: 60_000 }));
  const { queuedBytes, queuedUs, packetsDropped } = viewer.sender.stats;
  t.ok(queuedBytes > 10_000, `${queuedBytes} bytes wait`);
  t.ok(queuedUs > 100_000 && queuedUs <= PACER_AGE_US_MAX, `${queuedUs} us`);
  t.ok(packetsDropped > 0, "what could not leave in time was not queued");
  rig.run(PACER_AGE_US_MAX + 1000);
  t.match(viewer.sender.stats, { queuedBytes: 0, queuedUs: 0 });
  t.end();
});

function atMost(what: string, value: number, limit: number): void {
  if (value > limit) throw new Error(`${value} ${what}, more than ${limit}`);
}
