/**
 * Fuzz targets of forward error correction: the parser of repair packets, and a decoder that lives on
 * while honest and hostile packets come in any order. Whatever comes, the decoder stays within its
 * memory, its counts stay true, and it yields only packets that could have been sent.
 */

import { FecDecoder } from "../../../src/fec/fec_decoder.ts";
import { StreamingFecEncoder } from "../../../src/fec/fec_encoder.ts";
import { MAX_CODING_WINDOW, parseRepairPacket } from "../../../src/wire/repair.ts";
import type { SeededRandom } from "../../seeded.ts";
import { randomFromSeed } from "../../seeded.ts";
import { SourceStream } from "../../unit/fec/source_stream.ts";
import { fromHex, readVectors } from "../../vectors/read_vectors.ts";
import { expectProtocolErrorsOnly, mutate } from "./wire_targets.ts";
import type { FuzzTarget } from "./wire_targets.ts";

const UNKNOWNS = 16;
const SYMBOL_BYTES = 64;
/** Packets of the honest stream that are made at a time. */
const BATCH_PACKETS = 64;

const repairs = (await readVectors("fec_repair.json")).map((vector) => fromHex(vector.bytes));

const parserTarget: FuzzTarget = {
  name: "repair packet",
  run(random) {
    const bytes = mutate(random, repairs);
    expectProtocolErrorsOnly(() => {
      const { windowLength, streamId } = parseRepairPacket(bytes);
      if (windowLength < 1 || windowLength > MAX_CODING_WINDOW) throw new Error("Window length");
      if (streamId > 15) throw new Error(`Stream ${streamId}`);
    });
  },
};

/** An honest stream of sources and repairs, from wherever its ids wrap. */
class HonestStream {
  readonly #encoder = new StreamingFecEncoder({ streamId: 0, symbolBytesMax: SYMBOL_BYTES });
  readonly #stream = new SourceStream(randomFromSeed(1), {
    firstSourceId: 0xffff_f000,
    framePackets: 6,
    payloadBytes: 40,
    hasShortTails: true,
  });
  #batch: Uint8Array[] = [];

  next(): Uint8Array {
    if (this.#batch.length === 0) this.#fill();
    return this.#batch.shift()!;
  }

  #fill(): void {
    this.#encoder.setRedundancy(0.4);
    for (let packet = 0; packet < BATCH_PACKETS; packet++) {
      const source = this.#stream.next();
      this.#encoder.push(source);
      this.#batch.push(source);
      for (let repair = this.#encoder.pullRepair(0); repair !== undefined;) {
        this.#batch.push(repair.slice());
        repair = this.#encoder.pullRepair(0);
      }
    }
  }
}

const newDecoder = () =>
  new FecDecoder({ streamId: 0, symbolBytesMax: SYMBOL_BYTES, unknownsMax: UNKNOWNS });
let decoder = newDecoder();
const decoderBytes = decoder.bufferBytes;
/** Share of mutated packets, and of made-up repairs, that one decoder meets. */
const HOSTILITIES = [0.001, 0.01, 0.1];
let hostility = 0.01;
/** Honest packets in a row that came too late: a made-up id has moved the decoder far ahead. */
let tooOld = 0;
const honest = new HonestStream();

const decoderTarget: FuzzTarget = {
  name: "FEC decoder",
  run(random) {
    let packet = honest.next();
    const fate = random.next();
    if (fate < 0.1) return;
    if (fate < 0.1 + hostility) packet = mutate(random, [packet]);
    else if (fate < 0.1 + 2 * hostility) packet = hostileRepair(random, packet);
    // Both doors take any bytes: which one a datagram goes through is the peer's word.
    const isRepair = ((packet[0] ?? 0) & 0x10) !== 0 || random.next() < 0.05;
    if (isRepair) decoder.pushRepair(packet);
    else tooOld = decoder.pushSource(packet) === "too_old" ? tooOld + 1 : 0;
    checkDecoder();
    if (tooOld < 8 && random.next() > 0.002) return;
    tooOld = 0;
    hostility = random.pick(HOSTILITIES);
    decoder = newDecoder();
  },
};

/** A repair whose header is well formed and whose ids, window and bytes are made up. */
function hostileRepair(random: SeededRandom, near: Uint8Array): Uint8Array {
  const packet = random.bytes(12 + 17 + random.int(SYMBOL_BYTES - 16));
  const view = new DataView(packet.buffer);
  packet[0] = random.pick([0x10, 0x30]);
  packet[1] = 0;
  const nearId = new DataView(near.buffer, near.byteOffset).getUint32(4, true);
  view.setUint32(4, random.pick([nearId, nearId + random.int(600), random.int(2 ** 32)]), true);
  view.setUint16(8, random.pick([1, 1 + random.int(MAX_CODING_WINDOW), MAX_CODING_WINDOW]), true);
  return packet;
}

function checkDecoder(): void {
  const { missing, deficit, firstMissingId } = decoder;
  if (missing < 0 || missing > UNKNOWNS) throw new Error(`${missing} symbols missing`);
  if (deficit < 0 || deficit > missing) throw new Error(`Deficit ${deficit} of ${missing}`);
  if ((firstMissingId === undefined) !== (missing === 0)) throw new Error("First missing id");
  if (decoder.bufferBytes !== decoderBytes) throw new Error("The memory grew");
  let pulled = 0;
  for (let packet = decoder.pull(); packet !== undefined; packet = decoder.pull()) {
    const payloadBytes = packet[8]! | (packet[9]! << 8);
    if (payloadBytes !== packet.byteLength - 24 || payloadBytes === 0) throw new Error("Length");
    if (packet.byteLength > SYMBOL_BYTES + 8) throw new Error(`${packet.byteLength} bytes`);
    if (++pulled > MAX_CODING_WINDOW) throw new Error("Recovers without end");
  }
}

/** The parser and the decoder. */
export const fecTargets: readonly FuzzTarget[] = [parserTarget, decoderTarget];
