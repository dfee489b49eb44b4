/**
 * Fuzz targets of src/transport/webrtc that bytes of players reach: reports, offers, checks and media.
 * None of them throws, and what comes out is within its bounds.
 */

import { H264Depacketizer } from "../../../src/transport/webrtc/h264_depacketizer.ts";
import { packetizeH264 } from "../../../src/transport/webrtc/h264_packetizer.ts";
import { narrowOffer } from "../../../src/transport/webrtc/offer_sdp.ts";
import { parseRtcp, TRANSPORT_PACKETS_MAX } from "../../../src/transport/webrtc/rtcp_reports.ts";
import { kindOfDatagram } from "../../../src/transport/webrtc/stun_guard.ts";
import type { SeededRandom } from "../../seeded.ts";
import { OFFER } from "../../unit/transport/webrtc/offer_text.ts";
import { fromHex } from "../../vectors/read_vectors.ts";
import { type FuzzTarget, mutate } from "./wire_targets.ts";

/** A reception, a request for packets, arrivals, a picture loss. */
const REPORTS = [
  "81c90007000000010000000940000c00000000640000000500001234000001" + "00",
  "81cd0004000000010000000900050003ffff0001",
  "8fcd0006000000050000000700100015000002fa2003a800d84004080c010203fffc0500".slice(0, 56),
  "81ce00020000000100000009",
].map(fromHex);
const CHECK = fromHex(
  "000100282112a442070707070707070707070707000600096f7572733a7468656d000000" +
    "0008001400112233445566778899aabbccddeeff00112233",
);
const PAYLOADS = [
  "7c8501020304",
  "7c0501020304",
  "7c4501020304",
  "1800036742000002684d",
  "65010203",
]
  .map(fromHex);
const KNOWN = { usernameStart: "ours:", password: "secret" };

/** Every target of the folder that bytes of the network reach. */
export const webrtcTargets: readonly FuzzTarget[] = [
  { name: "RTCP reports", run: fuzzReports },
  { name: "WHEP offer", run: fuzzOffer },
  { name: "STUN guard", run: (random) => void kindOfDatagram(mutate(random, [CHECK]), KNOWN) },
  { name: "H.264 over RTP", run: fuzzMedia },
];

const depacketizer = new H264Depacketizer();

function fuzzReports(random: SeededRandom): void {
  let arrivals = 0;
  parseRtcp(mutate(random, REPORTS), {
    reception: ({ fractionLost }) => expect(fractionLost >= 0 && fractionLost < 1, "loss"),
    missing: (_ssrc, sequences) => expect(sequences.length <= 1024, "missing packets"),
    transport: (report) => {
      arrivals += report.arrivals.length;
      expect(report.packets <= TRANSPORT_PACKETS_MAX, "packets of a report");
      expect(report.arrivals.length <= report.packets, "arrivals of a report");
    },
    pictureLost: () => {},
  });
  expect(arrivals <= 8 * TRANSPORT_PACKETS_MAX, "arrivals");
}

function fuzzOffer(random: SeededRandom): void {
  const lines = OFFER.split("\r\n");
  for (let change = random.int(6); change >= 0; change--) {
    const at = random.int(lines.length);
    const line = lines[at] ?? "";
    const kind = random.int(5);
    if (kind === 0) lines.splice(at, 1);
    else if (kind === 1) lines.splice(at, 0, random.pick(lines));
    else if (kind === 2) lines[at] = line.slice(0, random.int(line.length + 1));
    else if (kind === 3) lines[at] = line.replace(/\d+/, String(random.int(2 ** 32)));
    else lines[at] = line + String.fromCharCode(random.int(300));
  }
  const offer = narrowOffer(lines.join("\r\n"), { profileIdc: random.int(256) });
  if (typeof offer === "string") return;
  expect(!/candidate:/.test(offer.sdp), "no candidate is left");
  expect(offer.sections.length <= 4, "sections");
  expect(offer.sdp.length <= 2 * OFFER.length + 2000, "length");
}

function fuzzMedia(random: SeededRandom): void {
  const accessUnit = depacketizer.push(mutate(random, PAYLOADS), random.int(3) === 0);
  if (accessUnit === undefined) return;
  const payloads = packetizeH264(accessUnit, { payloadBytesMax: 16 + random.int(1200) });
  const bytes = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes <= 2 * accessUnit.byteLength + 16, "payloads of an access unit");
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Cannot accept this: ${what}`);
}
