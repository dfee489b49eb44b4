/**
 * Property tests of recovery: over random streams, losses, reordering and duplicates, FecDecoder
 * recovers at every moment exactly those symbols that dense Gaussian elimination determines from the
 * same packets, byte for byte. Failures show the seed.
 */

import t, { type Test } from "tap";
import { coefficientOf, repairSeed } from "../../../src/fec/coefficient.ts";
import { FecDecoder } from "../../../src/fec/fec_decoder.ts";
import { StreamingFecEncoder } from "../../../src/fec/fec_encoder.ts";
import { supportedKernels } from "../../../src/fec/kernel_choice.ts";
import { isRepairPacket, parseRepairPacket, readU32 } from "../../../src/wire/repair.ts";
import { randomFromSeed, seededRandom } from "../../seeded.ts";
import type { SeededRandom } from "../../seeded.ts";
import { determinedColumns } from "./slow_field.ts";
import { SourceStream, withoutTransportSequence } from "./source_stream.ts";

const ROUNDS = 150;

interface Journey {
  /** Packets in the order of their arrival. */
  readonly arrivals: Uint8Array[];
  /** All source packets by id. */
  readonly sources: Map<number, Uint8Array>;
}

/** A short stream through a bad network. Nothing in it grows older than the decoder remembers. */
function travel(random: SeededRandom): Journey {
  const packets = 33 + random.int(15);
  const windowPackets = 32 + random.int(32);
  const stream = new SourceStream(random, {
    firstSourceId: random.pick([0, 1000, 0xffff_ffff - random.int(packets)]),
    framePackets: 1 + random.int(12),
    payloadBytes: 1 + random.int(90),
    hasShortTails: true,
  });
  const encoder = new StreamingFecEncoder({
    streamId: 0,
    symbolBytesMax: 128,
    windowPacketsMin: 32,
    windowPacketsMax: windowPackets,
  });
  encoder.setRedundancy(random.next() * 0.5);
  const loss = random.next() * 0.4;
  const disorder = random.pick([0, 0, 3, 10]);
  const sources = new Map<number, Uint8Array>();
  const sent: { at: number; packet: Uint8Array }[] = [];
  const send = (packet: Uint8Array) => {
    if (sent.length > 0 && random.next() < loss) return;
    // The first packet stays first: the decoder knows nothing of ids before it.
    const at = sent.length === 0 ? -1 : sent.length + random.next() * disorder;
    sent.push({ at, packet });
    if (random.next() < 0.05) sent.push({ at: at + random.int(10), packet });
  };
  for (let index = 0; index < packets; index++) {
    const sourceId = stream.nextSourceId;
    const packet = stream.next();
    sources.set(sourceId, packet);
    encoder.push(packet);
    send(packet);
    for (let repair = encoder.pullRepair(0); repair !== undefined; repair = encoder.pullRepair(0)) {
      send(repair.slice());
    }
  }
  sent.sort((left, right) => left.at - right.at);
  return { arrivals: sent.map(({ packet }) => packet), sources };
}

/** What the packets so far determine, by the slow way. */
class SlowDecoder {
  readonly #known = new Set<number>();
  readonly #repairs: Uint8Array[] = [];

  /** Ids of symbols that are known now and were not received. */
  push(packet: Uint8Array): Set<number> {
    if (isRepairPacket(packet)) this.#repairs.push(packet);
    else this.#known.add(readU32(packet, 4));
    const unknown = new Set<number>();
    const headers = this.#repairs.map((repair) => parseRepairPacket(repair));
    for (const { lastSourceId, windowLength } of headers) {
      for (let back = 0; back < windowLength; back++) {
        const id = (lastSourceId - back) >>> 0;
        if (!this.#known.has(id)) unknown.add(id);
      }
    }
    const columns = [...unknown];
    const rows = headers.map(({ lastSourceId, windowLength, repairId, isReactive }) => {
      const seed = repairSeed(repairId, isReactive);
      return columns.map((id) =>
        (lastSourceId - id) >>> 0 < windowLength ? coefficientOf(seed, id) : 0
      );
    });
    return new Set(determinedColumns(rows, columns.length).map((column) => columns[column]!));
  }
}

function checkJourney(
  t: Test,
  journey: Journey,
  options: { kernel: ReturnType<typeof supportedKernels>[number]; label: string },
): boolean {
  const decoder = new FecDecoder({ streamId: 0, symbolBytesMax: 128, kernel: options.kernel });
  const slow = new SlowDecoder();
  const recovered = new Set<number>();
  const received = new Set<number>();
  for (const packet of journey.arrivals) {
    if (isRepairPacket(packet)) decoder.pushRepair(packet);
    else {
      decoder.pushSource(packet);
      received.add(readU32(packet, 4));
    }
    for (let found = decoder.pull(); found !== undefined; found = decoder.pull()) {
      const sourceId = readU32(found, 4);
      recovered.add(sourceId);
      const original = journey.sources.get(sourceId);
      if (original === undefined) return t.fail(`${options.label}: unknown id ${sourceId}`);
      const expected = withoutTransportSequence(original);
      if (found.join() !== expected.join()) return t.strictSame(found, expected, options.label);
    }
    const expected = [...slow.push(packet)].filter((id) => !received.has(id)).sort();
    const actual = [...recovered].filter((id) => !received.has(id)).sort();
    if (expected.join() !== actual.join()) return t.same(actual, expected, options.label);
  }
  return true;
}

for (const kernel of supportedKernels()) {
  t.test(`FecDecoder ${kernel} recovers exactly what the packets determine`, (t) => {
    const seeds = seededRandom(`recovery ${kernel}`);
    let lost = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const seed = seeds.int(2 ** 32);
      const journey = travel(randomFromSeed(seed));
      lost += journey.sources.size;
      if (!checkJourney(t, journey, { kernel, label: `seed ${seed}` })) break;
    }
    t.ok(lost > ROUNDS * 30, `${ROUNDS} streams`);
    t.end();
  });
}

t.test("FecDecoder recovers byte for byte with windows from 32 to 512 and ids that wrap", (t) => {
  const random = seededRandom("windows");
  for (const windowPackets of [32, 64, 128, 256, 512]) {
    const bounds = { windowPacketsMin: windowPackets, windowPacketsMax: windowPackets };
    const encoder = new StreamingFecEncoder({ streamId: 0, ...bounds });
    const decoder = new FecDecoder({ streamId: 0 });
    encoder.setRedundancy(0.3);
    const stream = new SourceStream(random, {
      firstSourceId: 0xffff_fc00,
      framePackets: 10,
      payloadBytes: 200,
      hasShortTails: true,
    });
    const lost = new Map<number, Uint8Array>();
    let wrong = 0;
    for (let index = 0; index < 3000; index++) {
      const sourceId = stream.nextSourceId;
      const packet = stream.next();
      encoder.push(packet);
      if (index > 0 && random.next() < 0.1) lost.set(sourceId, withoutTransportSequence(packet));
      else decoder.pushSource(packet);
      for (let repair = encoder.pullRepair(0); repair !== undefined;) {
        if (random.next() >= 0.1) decoder.pushRepair(repair);
        repair = encoder.pullRepair(0);
      }
      for (let found = decoder.pull(); found !== undefined; found = decoder.pull()) {
        const id = readU32(found, 4);
        if (lost.get(id)?.join() !== found.join()) wrong++;
        lost.delete(id);
      }
    }
    t.equal(wrong, 0, `window ${windowPackets}`);
    t.ok(lost.size <= 10, `window ${windowPackets}: ${lost.size} left`);
  }
  t.end();
});
