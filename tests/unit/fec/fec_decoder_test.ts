/** Tests of src/fec/fec_decoder.ts: recovery, outcomes, limits, hostile repairs. */

import t from "tap";
import { FecDecoder } from "../../../src/fec/fec_decoder.ts";
import { StreamingFecEncoder } from "../../../src/fec/fec_encoder.ts";
import { supportedKernels } from "../../../src/fec/kernel_choice.ts";
import { readU32 } from "../../../src/wire/repair.ts";
import type { RepairHeader } from "../../../src/wire/repair.ts";
import { seededRandom } from "../../seeded.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";
import { SourceStream, withoutTransportSequence } from "./source_stream.ts";

/** An encoder, its packets, and the repairs of the last frame. */
function makeFrame(options: { packets: number; repairs: number; firstSourceId?: number }) {
  const { packets, repairs, firstSourceId = 0 } = options;
  const stream = new SourceStream(seededRandom(`frame of ${packets}`), {
    firstSourceId,
    framePackets: packets,
    payloadBytes: 60,
    hasShortTails: true,
  });
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const sources = Array.from({ length: packets }, () => stream.next());
  for (const source of sources) encoder.push(source);
  const range = { firstSourceId, lastSourceId: (firstSourceId + packets - 1) >>> 0 };
  const coded = Array.from(
    { length: repairs },
    () => encoder.pullReactiveRepair(range, 0)!.slice(),
  );
  return { sources, repairs: coded, encoder };
}

function pullAll(decoder: FecDecoder): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let packet = decoder.pull(); packet !== undefined; packet = decoder.pull()) {
    packets.push(packet.slice());
  }
  return packets;
}

t.test("FecDecoder recovers each symbol of docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("fec_repair.json")) {
    const { header, sources } = fields as { header: RepairHeader; sources: string[] };
    for (const kernel of supportedKernels()) {
      // The first packet opens the stream, so every other one can be the lost one.
      for (let lost = 1; lost < sources.length; lost++) {
        const decoder = new FecDecoder({ streamId: header.streamId, kernel });
        for (const [index, source] of sources.entries()) {
          if (index !== lost) decoder.pushSource(fromHex(source));
        }
        t.equal(decoder.pushRepair(fromHex(bytes)), "accepted");
        t.equal(toHex(decoder.pull()!), sources[lost], `${name}, ${kernel}, ${lost}`);
        t.equal(decoder.pull(), undefined);
      }
    }
  }
});

t.test("FecDecoder started at an id recovers the first packet, with repairs alone if need be", (t) => {
  const firstSourceId = 0xffff_fffe;
  const { sources, repairs } = makeFrame({ packets: 4, repairs: 4, firstSourceId });
  for (const received of [4, 3, 0]) {
    const decoder = new FecDecoder({ streamId: 0 });
    decoder.start(firstSourceId);
    for (const source of sources.slice(4 - received)) decoder.pushSource(source);
    for (const repair of repairs.slice(received)) t.equal(decoder.pushRepair(repair), "accepted");
    const ids = pullAll(decoder).map((packet) => readU32(packet, 4));
    t.same(
      new Set(ids),
      new Set(sources.slice(0, 4 - received).map((source) => readU32(source, 4))),
    );
  }
  t.end();
});

t.test("FecDecoder starts anew elsewhere and forgets what it looked for", (t) => {
  const { sources } = makeFrame({ packets: 20, repairs: 0 });
  const decoder = new FecDecoder({ streamId: 0 });
  decoder.pushSource(sources[0]!);
  decoder.pushSource(sources[10]!);
  t.ok(decoder.isLookedFor(9));
  t.same([0, 10, 11, 5000].map((id) => decoder.isLookedFor(id)), [false, false, false, false]);
  decoder.start(700);
  t.same([decoder.missing, decoder.isLookedFor(9)], [0, false]);
  t.equal(decoder.pushSource(sources[9]!), "too_old");
  const next = makeFrame({ packets: 3, repairs: 1, firstSourceId: 700 });
  decoder.pushSource(next.sources[0]!);
  decoder.pushSource(next.sources[2]!);
  t.equal(decoder.pushRepair(next.repairs[0]!), "accepted");
  t.equal(readU32(decoder.pull()!, 4), 701);
  t.end();
});

t.test("FecDecoder counts the repairs that need nothing older than an id", (t) => {
  const { sources, encoder } = makeFrame({ packets: 30, repairs: 0 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const [index, source] of sources.entries()) {
    if (![5, 6, 20, 21, 22].includes(index)) decoder.pushSource(source);
  }
  t.equal(decoder.repairsFrom(0), 0);
  decoder.pushRepair(encoder.pullReactiveRepair({ firstSourceId: 18, lastSourceId: 29 }, 0)!);
  t.same([0, 6, 20].map((id) => decoder.repairsFrom(id)), [1, 1, 1]);
  decoder.pushRepair(encoder.pullReactiveRepair({ firstSourceId: 0, lastSourceId: 29 }, 0)!);
  t.same([0, 5, 6, 20].map((id) => decoder.repairsFrom(id)), [2, 2, 1, 1]);
  decoder.pushRepair(encoder.pullReactiveRepair({ firstSourceId: 18, lastSourceId: 29 }, 0)!);
  t.same([decoder.repairsFrom(0), decoder.repairsFrom(20)], [3, 2]);
  t.end();
});

t.test("FecDecoder recovers a burst as long as there are repairs", (t) => {
  const { sources, repairs } = makeFrame({ packets: 40, repairs: 12, firstSourceId: 0xffff_ffe0 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const [index, source] of sources.entries()) {
    if (index < 20 || index >= 32) t.equal(decoder.pushSource(source), "accepted");
  }
  t.equal(decoder.missing, 12);
  t.equal(decoder.firstMissingId, (0xffff_ffe0 + 20) >>> 0);
  for (const [index, repair] of repairs.entries()) {
    t.equal(decoder.deficit, 12 - index);
    t.equal(decoder.pull(), undefined);
    t.equal(decoder.pushRepair(repair), "accepted");
  }
  const recovered = pullAll(decoder);
  recovered.sort((a, b) => (readU32(a, 4) - readU32(b, 4)) | 0);
  t.strictSame(recovered, sources.slice(20, 32).map(withoutTransportSequence));
  t.equal(decoder.missing, 0);
  t.equal(decoder.deficit, 0);
  t.equal(decoder.firstMissingId, undefined);
  t.end();
});

t.test("FecDecoder recovers the start and the end of a frame", (t) => {
  const { sources, repairs } = makeFrame({ packets: 10, repairs: 4 });
  const decoder = new FecDecoder({ streamId: 0 });
  // The first packet that arrives is number 2 of its frame: 0 and 1 are missing, and so is the end.
  for (const source of sources.slice(2, 8)) decoder.pushSource(source);
  for (const repair of repairs) decoder.pushRepair(repair);
  t.equal(pullAll(decoder).length, 4);
  t.end();
});

t.test("FecDecoder drops repairs that say nothing new before it touches their payload", (t) => {
  const { sources, repairs } = makeFrame({ packets: 10, repairs: 3 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const source of sources.toSpliced(4, 2)) decoder.pushSource(source);
  t.equal(decoder.pushRepair(repairs[0]!), "accepted");
  t.equal(decoder.pushRepair(repairs[0]!), "dependent");
  t.equal(decoder.pushRepair(repairs[1]!), "accepted");
  t.equal(decoder.pushRepair(repairs[2]!), "redundant");
  t.equal(pullAll(decoder).length, 2);
  t.same(decoder.stats.repairs, {
    accepted: 2,
    redundant: 1,
    dependent: 1,
    unusable: 0,
    out_of_range: 0,
    inconsistent: 0,
    malformed: 0,
  });
  t.end();
});

t.test("FecDecoder uses a late source packet in its equations", (t) => {
  for (const late of [3, 4, 5]) {
    const { sources, repairs } = makeFrame({ packets: 10, repairs: 2 });
    const decoder = new FecDecoder({ streamId: 0 });
    for (const source of sources.toSpliced(3, 3)) decoder.pushSource(source);
    for (const repair of repairs) t.equal(decoder.pushRepair(repair), "accepted");
    t.equal(decoder.deficit, 1);
    t.equal(decoder.pull(), undefined);
    t.equal(decoder.pushSource(sources[late]!), "filled_gap");
    t.equal(pullAll(decoder).length, 2, `the other two of 3, 4, 5 without ${late}`);
    t.equal(decoder.missing, 0);
  }
  t.end();
});

t.test("FecDecoder counts a recovered packet that arrives after all as a duplicate", (t) => {
  const { sources, repairs } = makeFrame({ packets: 5, repairs: 1 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const source of sources.toSpliced(2, 1)) decoder.pushSource(source);
  decoder.pushRepair(repairs[0]!);
  t.equal(decoder.pushSource(sources[2]!), "duplicate");
  t.equal(decoder.pushSource(sources[4]!), "duplicate");
  t.equal(pullAll(decoder).length, 1);
  t.end();
});

t.test("FecDecoder names what is too old, far ahead and unprotected", (t) => {
  const decoder = new FecDecoder({ streamId: 0 });
  const stream = new SourceStream(seededRandom("far"), { framePackets: 1, payloadBytes: 10 });
  const packets = Array.from({ length: 1200 }, () => stream.next());
  t.equal(decoder.pushSource(packets[600]!), "accepted");
  t.equal(decoder.pushSource(packets[88]!), "too_old");
  t.equal(decoder.pushSource(packets[89]!), "accepted", "the ring has 512 slots");
  t.equal(decoder.pushSource(packets[602]!), "accepted");
  t.equal(decoder.missing, 1);
  t.equal(decoder.pushSource(packets[1115]!), "restarted");
  t.equal(decoder.missing, 0);
  t.equal(decoder.stats.abandoned, 1);
  const long = new Uint8Array(1400);
  long.set(packets[1117]!.subarray(0, 24));
  t.equal(decoder.pushSource(long), "unprotected");
  t.equal(decoder.missing, 1, "only the one before it");
  t.end();
});

t.test("FecDecoder looks for 64 symbols at a time and gives up the oldest", (t) => {
  const { sources, repairs } = makeFrame({ packets: 200, repairs: 64 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const source of sources.toSpliced(50, 100)) decoder.pushSource(source);
  t.equal(decoder.missing, 64);
  t.equal(decoder.stats.abandoned, 36);
  t.equal(decoder.firstMissingId, 86);
  t.equal(decoder.pushRepair(repairs[0]!), "unusable", "it covers a symbol that was given up");
  for (const source of sources.slice(50, 86)) t.equal(decoder.pushSource(source), "accepted");
  for (const repair of repairs) t.equal(decoder.pushRepair(repair), "accepted");
  t.equal(pullAll(decoder).length, 64, "packets that came late made the repairs usable");
  t.end();
});

t.test("FecDecoder gives up symbols that the ring has passed", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const decoder = new FecDecoder({ streamId: 0 });
  encoder.setMinRepairsPerFrame(1);
  const stream = new SourceStream(seededRandom("old"), { framePackets: 20, payloadBytes: 10 });
  for (let packet = 0; packet < 562; packet++) {
    const source = stream.next();
    encoder.push(source);
    if (packet < 40 || packet >= 50) decoder.pushSource(source);
    for (let repair = encoder.pullRepair(0); repair !== undefined; repair = encoder.pullRepair(0)) {
      decoder.pushRepair(repair);
    }
    t.ok(decoder.deficit >= 0);
    if (packet === 540) t.equal(decoder.missing, 10, "three repairs are not enough for ten");
  }
  t.equal(decoder.missing, 0);
  t.equal(decoder.stats.abandoned, 10);
  t.end();
});

t.test("FecDecoder waits for a repair that comes long after a short coding window", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const decoder = new FecDecoder({ streamId: 0 });
  encoder.setMinRepairsPerFrame(1);
  const stream = new SourceStream(seededRandom("late"), { framePackets: 20, payloadBytes: 10 });
  for (let packet = 0; packet < 400; packet++) {
    const source = stream.next();
    encoder.push(source);
    if (packet !== 45) decoder.pushSource(source);
    const repair = encoder.pullRepair(0);
    // Everything that arrived is acknowledged at once, so that windows are as short as can be.
    encoder.acknowledge(packet < 45 ? packet : 45);
    if (repair !== undefined && packet < 45) decoder.pushRepair(repair);
  }
  const range = { firstSourceId: 45, lastSourceId: 45 };
  t.equal(decoder.pushRepair(encoder.pullReactiveRepair(range, 0)!), "accepted");
  t.equal(readU32(decoder.pull()!, 4), 45);
  t.end();
});

t.test("FecDecoder refuses repairs that no honest sender makes", (t) => {
  const { sources, repairs } = makeFrame({ packets: 10, repairs: 3 });
  const good = repairs[0]!;
  const decoder = new FecDecoder({ streamId: 0 });
  t.equal(decoder.pushRepair(good), "out_of_range", "nothing was received yet");
  for (const source of sources.toSpliced(4, 1)) decoder.pushSource(source);
  const changed = (change: (view: DataView) => void, bytes = good) => {
    const copy = bytes.slice();
    change(new DataView(copy.buffer));
    return decoder.pushRepair(copy);
  };
  t.equal(changed((view) => view.setUint8(1, 3)), "malformed", "another stream");
  t.equal(changed((view) => view.setUint16(8, 513, true)), "malformed");
  t.equal(changed((view) => view.setUint32(4, 600, true)), "out_of_range", "far ahead");
  t.equal(changed((view) => view.setUint16(8, 512, true)), "unusable", "before the first packet");
  t.equal(decoder.pushRepair(good.subarray(0, 40)), "inconsistent", "shorter than its symbols");
  t.equal(
    decoder.pushRepair(new Uint8Array(1400).fill(0x10)),
    "malformed",
    "above the symbol size",
  );
  t.equal(decoder.missing, 1, "nothing of it had an effect");
  t.equal(decoder.pushRepair(good), "accepted");
  t.strictSame(pullAll(decoder), [withoutTransportSequence(sources[4]!)]);
  t.end();
});

t.test("FecDecoder yields no symbol that contradicts itself", (t) => {
  const { sources, repairs } = makeFrame({ packets: 10, repairs: 1 });
  const random = seededRandom("corrupt");
  let corrupt = 0;
  for (let round = 0; round < 200; round++) {
    const decoder = new FecDecoder({ streamId: 0 });
    for (const source of sources.toSpliced(9, 1)) decoder.pushSource(source);
    const bad = repairs[0]!.slice();
    bad.set(random.bytes(bad.byteLength - 12), 12);
    t.equal(decoder.pushRepair(bad), "accepted");
    for (const packet of pullAll(decoder)) {
      t.equal(packet[8]! | (packet[9]! << 8), packet.byteLength - 24, "length field is true");
    }
    corrupt += decoder.stats.corrupt;
    t.equal(decoder.missing, 0);
  }
  t.ok(corrupt > 190, `${corrupt} of 200 were seen to be wrong`);
  t.end();
});

t.test("FecDecoder counts recovered packets that nobody pulls", (t) => {
  const { sources, repairs } = makeFrame({ packets: 10, repairs: 1 });
  const decoder = new FecDecoder({ streamId: 0 });
  for (const source of sources.toSpliced(4, 1)) decoder.pushSource(source);
  decoder.pushRepair(repairs[0]!);
  const later = new SourceStream(seededRandom("later"), {
    firstSourceId: 5000,
    framePackets: 1,
    payloadBytes: 10,
  });
  t.equal(decoder.pushSource(later.next()), "restarted");
  t.equal(decoder.pull(), undefined);
  t.equal(decoder.stats.unread, 1);
  t.end();
});

t.test("FecDecoder and StreamingFecEncoder keep within their memory", (t) => {
  for (const kernel of supportedKernels()) {
    const decoder = new FecDecoder({ streamId: 0, kernel });
    t.ok(decoder.bufferBytes <= 819_200, `${kernel}: ${decoder.bufferBytes} bytes`);
    t.equal(decoder.kernelName, kernel);
    const encoder = new StreamingFecEncoder({ streamId: 0, kernel });
    t.ok(encoder.bufferBytes <= 655_360 + 131_072, `${kernel}: ${encoder.bufferBytes} bytes`);
    t.equal(encoder.kernelName, kernel);
  }
  const large = new FecDecoder({ streamId: 0, unknownsMax: 128, symbolBytesMax: 1488 });
  t.ok(large.bufferBytes <= 2_900_000, `large profile: ${large.bufferBytes} bytes`);
  for (const unknownsMax of [0, 15, 24, 256]) {
    t.throws(() => new FecDecoder({ streamId: 0, unknownsMax }), { name: "RangeError" });
  }
  t.end();
});

t.test("FecDecoder and StreamingFecEncoder allocate nothing per packet", (t) => {
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  const decoder = new FecDecoder({ streamId: 0 });
  encoder.setRedundancy(0.2);
  const stream = new SourceStream(seededRandom("heap"), { framePackets: 20, payloadBytes: 100 });
  const packet = stream.next();
  let recovered = 0;
  const run = (from: number, to: number) => {
    for (let id = from; id < to; id++) {
      packet[4] = id;
      packet[5] = id >>> 8;
      packet[6] = id >>> 16;
      packet[14] = id % 20;
      packet[0] = id % 20 === 19 ? 4 : 0;
      encoder.push(packet);
      if (id % 50 !== 7) decoder.pushSource(packet);
      for (let repair = encoder.pullRepair(0); repair !== undefined;) {
        decoder.pushRepair(repair);
        repair = encoder.pullRepair(0);
      }
      while (decoder.pull() !== undefined) recovered++;
    }
  };
  const PACKETS = 100_000;
  run(0, PACKETS);
  const before = Deno.memoryUsage().heapUsed;
  run(PACKETS, 2 * PACKETS);
  const bytesPerPacket = (Deno.memoryUsage().heapUsed - before) / PACKETS;
  t.equal(recovered, 2 * PACKETS / 50);
  t.ok(bytesPerPacket < 8, `${bytesPerPacket.toFixed(2)} bytes of heap per packet`);
  t.end();
});
