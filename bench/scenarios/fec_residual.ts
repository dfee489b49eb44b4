/**
 * Residual loss of the codec: source packets and repairs cross a seeded channel in slots, one packet
 * each, and what is never recovered is counted. The real encoder and decoder run; every recovered
 * packet is compared byte by byte with what its id says it was.
 */

import { FecDecoder } from "../../src/fec/fec_decoder.ts";
import { StreamingFecEncoder } from "../../src/fec/fec_encoder.ts";
import { SOURCE_HEADER_BYTES, writeSourceHeader } from "../../src/wire/packet.ts";
import { readU32 } from "../../src/wire/repair.ts";
import type { LossProcess } from "../simulator/loss_process.ts";

/** Payload bytes: few, because only the arithmetic of ids and coefficients matters here. */
const PAYLOAD_BYTES = 12;
/** Slots whose send times are remembered: more than the ring of the codec. */
const REMEMBERED_PACKETS = 1024;
/** Longest recovery that is told apart, in slots. */
const MAX_DELAY_SLOTS = 4095;

/** What to simulate. */
export interface ResidualOptions {
  readonly sourcePackets: number;
  readonly windowPackets: number;
  readonly redundancy: number;
  /** A repair follows this many source packets at 1 / framePackets redundancy. */
  readonly framePackets: number;
}

/** What came out. */
export interface ResidualLoss {
  readonly sourcePackets: number;
  /** Lost source packets, but for those that had no time to come back. */
  readonly lost: number;
  readonly recovered: number;
  /** Recovered packets that differ from the original. */
  readonly wrong: number;
  /** Repair packets per source packet. */
  readonly overhead: number;
  readonly delaySlotsP50: number;
  readonly delaySlotsP99: number;
}

/** Sends a stream through the channel. */
export function measureResidualLoss(
  isLost: LossProcess,
  options: ResidualOptions,
): ResidualLoss {
  const { windowPackets, redundancy, framePackets, sourcePackets } = options;
  const symbolBytesMax = 16 + PAYLOAD_BYTES;
  const encoder = new StreamingFecEncoder({
    streamId: 0,
    symbolBytesMax,
    windowPacketsMin: windowPackets,
    windowPacketsMax: windowPackets,
  });
  encoder.setRedundancy(redundancy);
  const decoder = new FecDecoder({ streamId: 0, symbolBytesMax });
  const packet = new Uint8Array(SOURCE_HEADER_BYTES + PAYLOAD_BYTES);
  const expected = new Uint8Array(packet.byteLength);
  const view = new DataView(packet.buffer);
  const expectedView = new DataView(expected.buffer);
  const sentSlots = new Float64Array(REMEMBERED_PACKETS);
  const delays = new Uint32Array(MAX_DELAY_SLOTS + 1);
  let slot = 0;
  let lost = 0;
  let recovered = 0;
  let wrong = 0;
  const takeRecovered = () => {
    for (let found = decoder.pull(); found !== undefined; found = decoder.pull()) {
      const sourceId = readU32(found, 4);
      writePacket(expectedView, sourceId, framePackets);
      expected.fill(0, 2, 4);
      recovered++;
      if (!sameBytes(found, expected)) wrong++;
      const delay = slot - sentSlots[sourceId % REMEMBERED_PACKETS]!;
      delays[Math.min(delay, MAX_DELAY_SLOTS)]!++;
    }
  };
  for (let sourceId = 0; sourceId < sourcePackets; sourceId++) {
    writePacket(view, sourceId, framePackets);
    encoder.push(packet);
    slot++;
    sentSlots[sourceId % REMEMBERED_PACKETS] = slot;
    // The first packet opens the stream: what comes before it cannot be missed.
    if (sourceId > 0 && isLost(slot)) lost++;
    else decoder.pushSource(packet);
    takeRecovered();
    for (let repair = encoder.pullRepair(0); repair !== undefined; repair = encoder.pullRepair(0)) {
      slot++;
      if (isLost(slot)) continue;
      decoder.pushRepair(repair);
      takeRecovered();
    }
  }
  // Losses that are still looked for at the end had no time; they count as neither.
  const pending = decoder.missing;
  return {
    sourcePackets,
    lost: lost - pending,
    recovered,
    wrong,
    overhead: encoder.stats.repairs / sourcePackets,
    delaySlotsP50: rankOf(delays, recovered * 0.5),
    delaySlotsP99: rankOf(delays, recovered * 0.99),
  };
}

/** A packet whose every byte follows from its id. */
function writePacket(view: DataView, sourceId: number, framePackets: number): void {
  writeSourceHeader(view, {
    streamId: 0,
    transportSequence: sourceId & 0xffff,
    sourceId,
    frameId: Math.floor(sourceId / framePackets) + 1,
    packetIndex: sourceId % framePackets,
    packetCount: framePackets,
    sliceIndex: 0,
    referenceDistance: sourceId < framePackets ? 0 : 1,
    captureTimeUs: sourceId * 100,
    payloadBytes: PAYLOAD_BYTES,
  });
  for (let offset = 0; offset < PAYLOAD_BYTES; offset += 4) {
    const word = Math.imul(sourceId + offset + 1, 0x9e3779b1);
    view.setUint32(SOURCE_HEADER_BYTES + offset, word ^ (word >>> 15), true);
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.byteLength !== right.byteLength) return false;
  for (let at = 0; at < left.byteLength; at++) if (left[at] !== right[at]) return false;
  return true;
}

function rankOf(histogram: Uint32Array, rank: number): number {
  let seen = 0;
  for (let value = 0; value < histogram.length; value++) {
    seen += histogram[value]!;
    if (seen >= rank) return value;
  }
  return histogram.length;
}
