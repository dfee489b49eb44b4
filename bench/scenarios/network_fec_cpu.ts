/**
 * Network FEC CPU: the processor time that error correction costs a host for one viewer, measured
 * where nothing else runs: the real encoder, fed with the packets of a stream of 20 Mbit/s as fast as
 * it takes them. In the host itself that time cannot be told from the rest.
 */

import process from "node:process";
import { StreamingFecEncoder } from "../../src/fec/fec_encoder.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { SourceStream } from "../../tests/unit/fec/source_stream.ts";

const STREAM_BPS = 20_000_000;
const FRAMES_PER_SECOND = 60;
const PAYLOAD_BYTES = 1_150;
/** Far more than a path of 2 % random loss asks for. */
const REDUNDANCY = 0.2;
const SECONDS = 40;
const WARM_UP_SECONDS = 10;

/** Share of one core that the encoder takes. */
export function measureFecCpu(seed: number): number {
  const packetsPerSecond = Math.round(STREAM_BPS / 8 / PAYLOAD_BYTES);
  const stream = new SourceStream(randomFromSeed(seed), {
    framePackets: Math.round(packetsPerSecond / FRAMES_PER_SECOND),
    payloadBytes: PAYLOAD_BYTES,
  });
  const encoder = new StreamingFecEncoder({ streamId: 0 });
  encoder.setRedundancy(REDUNDANCY);
  const packets = Array.from({ length: packetsPerSecond }, () => stream.next().slice());
  let sourceId = 0;
  const run = (seconds: number) => {
    for (let index = 0; index < seconds * packetsPerSecond; index++) {
      const packet = packets[index % packetsPerSecond]!;
      new DataView(packet.buffer, packet.byteOffset).setUint32(4, sourceId++, true);
      encoder.push(packet);
      while (encoder.pullRepair(0) !== undefined) { /* made, and sent by nobody */ }
    }
  };
  run(WARM_UP_SECONDS);
  const before = process.cpuUsage();
  run(SECONDS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / SECONDS;
}
