/** Tests of src/fec/fec_encoder.ts. */

import t from "tap";
import { StreamingFecEncoder } from "../../../src/fec/fec_encoder.ts";
import { supportedKernels } from "../../../src/fec/kernel_choice.ts";
import { FEC_MAX_DATAGRAM_BYTES, FEC_SYMBOL_BYTES } from "../../../src/fec/symbol_ring.ts";
import { parseRepairPacket } from "../../../src/wire/repair.ts";
import type { RepairHeader } from "../../../src/wire/repair.ts";
import { randomFromSeed, seededRandom } from "../../seeded.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";
import { SourceStream } from "./source_stream.ts";

function pullAll(encoder: StreamingFecEncoder): Uint8Array[] {
  const repairs: Uint8Array[] = [];
  for (let repair = encoder.pullRepair(0); repair !== undefined; repair = encoder.pullRepair(0)) {
    repairs.push(repair.slice());
  }
  return repairs;
}

function rangeOf({ lastSourceId, windowLength }: RepairHeader) {
  return { firstSourceId: (lastSourceId - windowLength + 1) >>> 0, lastSourceId };
}

t.test("StreamingFecEncoder gives the coded bytes of docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("fec_repair.json")) {
    const { header, sources } = fields as { header: RepairHeader; sources: string[] };
    for (const kernel of supportedKernels()) {
      const encoder = new StreamingFecEncoder({ streamId: header.streamId, kernel });
      encoder.setMinRepairsPerFrame(1);
      let repair: Uint8Array | undefined;
      // The same symbols again start the window anew, while repair ids go on to the wanted one.
      for (let repairId = 0; repairId <= header.repairId; repairId++) {
        if (!header.isReactive || repairId === 0) {
          for (const source of sources) encoder.push(fromHex(source));
        }
        repair = header.isReactive
          ? encoder.pullReactiveRepair(rangeOf(header), header.transportSequence)
          : encoder.pullRepair(header.transportSequence);
      }
      t.equal(repair === undefined ? "" : toHex(repair), bytes, `${name}, ${kernel}`);
    }
  }
});

t.test("StreamingFecEncoder numbers its repairs and names their window", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 7 });
  encoder.setRedundancy(0.2);
  const stream = new SourceStream(seededRandom("numbers"), {
    streamId: 7,
    firstSourceId: 0xffff_fff0,
    framePackets: 20,
    payloadBytes: 100,
  });
  for (let packet = 0; packet < 100; packet++) encoder.push(stream.next());
  const headers = pullAll(encoder).map((repair) => parseRepairPacket(repair));
  t.equal(headers.length, 20);
  for (const [index, header] of headers.entries()) {
    t.same(header, {
      streamId: 7,
      epoch: 0,
      transportSequence: 0,
      lastSourceId: (0xffff_fff0 + 99) >>> 0,
      windowLength: 60,
      repairId: index,
      isReactive: false,
    });
  }
  t.end();
});

t.test("StreamingFecEncoder makes repairs as long as the longest symbol of the window", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0, windowPacketsMax: 32 });
  encoder.setRedundancy(0.5);
  const random = seededRandom("lengths");
  const long = new SourceStream(random, { framePackets: 2, payloadBytes: 1000 });
  encoder.push(long.next());
  encoder.push(long.next());
  t.equal(pullAll(encoder)[0]?.byteLength, 12 + 16 + 1000);
  const short = new SourceStream(random, { framePackets: 2, payloadBytes: 50, firstSourceId: 2 });
  for (let packet = 0; packet < 28; packet++) encoder.push(short.next());
  t.equal(pullAll(encoder)[0]?.byteLength, 12 + 16 + 1000, "still covered");
  for (let packet = 0; packet < 4; packet++) encoder.push(short.next());
  t.equal(pullAll(encoder)[0]?.byteLength, 12 + 16 + 50, "the long ones have left the window");
  t.end();
});

t.test("StreamingFecEncoder starts anew after a gap and after a packet it cannot protect", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const stream = new SourceStream(seededRandom("gaps"), { framePackets: 10, payloadBytes: 10 });
  t.equal(encoder.push(stream.next()), "restarted", "the first one");
  t.equal(encoder.push(stream.next()), "accepted");
  stream.next();
  t.equal(encoder.push(stream.next()), "restarted");
  t.equal(encoder.windowLength, 1);
  const tooLong = new Uint8Array(FEC_SYMBOL_BYTES + 9);
  tooLong.set(stream.next().subarray(0, 24));
  t.equal(encoder.push(tooLong), "unprotected");
  t.equal(encoder.windowLength, 0);
  t.equal(encoder.push(stream.next()), "accepted");
  t.equal(encoder.windowLength, 1);
  t.equal(encoder.stats.restarts, 1);
  t.equal(encoder.stats.unprotected, 1);
  t.end();
});

t.test("StreamingFecEncoder makes no repair of nothing", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  t.equal(encoder.pullRepair(0), undefined);
  t.equal(encoder.pullReactiveRepair({ firstSourceId: 0, lastSourceId: 5 }, 0), undefined);
  const stream = new SourceStream(seededRandom("nothing"), { framePackets: 4, payloadBytes: 10 });
  encoder.setRedundancy(0.5);
  for (let packet = 0; packet < 4; packet++) encoder.push(stream.next());
  encoder.acknowledge(3);
  t.equal(encoder.pullRepair(0), undefined, "everything is acknowledged");
  t.end();
});

t.test("StreamingFecEncoder scopes reactive repairs to what the ring holds of the range", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const stream = new SourceStream(seededRandom("scope"), { framePackets: 4, payloadBytes: 10 });
  for (let packet = 0; packet < 700; packet++) encoder.push(stream.next());
  const window = (firstSourceId: number, lastSourceId: number) => {
    const repair = encoder.pullReactiveRepair({ firstSourceId, lastSourceId }, 77);
    if (repair === undefined) return undefined;
    const header = parseRepairPacket(repair);
    t.ok(header.isReactive);
    t.equal(header.transportSequence, 77);
    return [header.lastSourceId - header.windowLength + 1, header.lastSourceId];
  };
  t.same(window(650, 660), [650, 660]);
  t.same(window(100, 200), [188, 200], "older symbols have left the ring");
  t.same(window(690, 900), [690, 699], "newer ones were not sent");
  t.equal(window(10, 100), undefined);
  t.equal(window(800, 900), undefined);
  t.equal(window(660, 650), undefined, "a range that goes back");
  t.equal(window(0x8000_0000, 5), undefined);
  t.end();
});

t.test("StreamingFecEncoder leaves the symbol before the one it stores as it was", (t) => {
  // Symbols that fill their slot: a copy that spills over would show in the next repair.
  const random = randomFromSeed(5);
  const payloadBytes = FEC_SYMBOL_BYTES - 16;
  const sent = new SourceStream(random, { framePackets: 600, payloadBytes });
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const packets = Array.from({ length: 600 }, () => sent.next());
  for (const packet of packets) encoder.push(packet);
  const range = { firstSourceId: 100, lastSourceId: 599 };
  const repair = encoder.pullReactiveRepair(range, 0)!.slice();
  const fresh = new StreamingFecEncoder({ streamId: 0, kernel: "table" });
  for (const packet of packets.slice(100)) fresh.push(packet);
  t.strictSame(fresh.pullReactiveRepair(range, 0)!.slice(), repair);
  t.equal(repair.byteLength, FEC_MAX_DATAGRAM_BYTES);
  t.end();
});

t.test("StreamingFecEncoder refuses options that the wire does not allow", (t) => {
  const options = [
    { streamId: 16 },
    { streamId: -1 },
    { streamId: 0, symbolBytesMax: 16 },
    { streamId: 0, symbolBytesMax: 1489 },
    { streamId: 0, windowPacketsMax: 513 },
  ];
  for (const option of options) {
    t.throws(() => new StreamingFecEncoder(option), { name: "RangeError" });
  }
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  for (const redundancy of [-0.1, 0.51, NaN]) {
    t.throws(() => encoder.setRedundancy(redundancy), { name: "RangeError" });
  }
  t.end();
});
