/**
 * Fuzz targets of publishing by WHIP: offers, the packets of a publisher on their way to access units,
 * its reports and its sound, and what the server process reads of the gateway. Whatever comes, nothing
 * throws but ProtocolError, what is held stays within its limits, and what comes out is what it says.
 */

import {
  encodePublisherFrame,
  encodePublisherSound,
  parsePublisherFrame,
  parsePublisherSound,
} from "../../../src/gateway/publisher_media.ts";
import { packetizeH264 } from "../../../src/transport/webrtc/h264_packetizer.ts";
import { WhipAccessUnits } from "../../../src/transport/webrtc/whip_access_units.ts";
import { WhipClock } from "../../../src/transport/webrtc/whip_clock.ts";
import { ArrivalFeedback, MAX_ARRIVALS } from "../../../src/transport/webrtc/whip_feedback.ts";
import { checkOffer } from "../../../src/transport/webrtc/whip_offer.ts";
import { readSenderReports } from "../../../src/transport/webrtc/whip_reception.ts";
import { REORDER_BYTES, WhipReorder } from "../../../src/transport/webrtc/whip_reorder.ts";
import { readOpus } from "../../../src/transport/webrtc/whip_sound.ts";
import { parameterSets } from "../../../src/wire/access_unit.ts";
import type { SeededRandom } from "../../seeded.ts";
import { expectProtocolErrorsOnly, type FuzzTarget, mutate } from "./wire_targets.ts";

const OFFER = new TextEncoder().encode([
  ...["v=0", "o=- 1 0 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"],
  ...["m=video 9 UDP/TLS/RTP/SAVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendonly"],
  ...["a=ice-ufrag:abcd", "a=ice-pwd:0123456789012345678901", "a=fingerprint:sha-256 AB:CD"],
  ...["a=setup:actpass", "a=rtpmap:96 H264/90000", "a=fmtp:96 packetization-mode=1"],
  ...["a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=ssrc:1 cname:x", "a=extmap:3 urn:x"],
  ...["m=audio 0 UDP/TLS/RTP/SAVPF 111", "a=mid:1", "a=sendonly", "a=bundle-only"],
  ...["a=rtpmap:111 opus/48000/2", "a=ssrc:2 cname:x", ""],
].join("\r\n"));

/** A parameter set of a Baseline stream of 640x360, its picture's set, and slices. */
const SEQUENCE = [0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0, 0x44, 0x00, 0x00];
const SETS = [0, 0, 0, 1, ...SEQUENCE, 3, 0, 4, 0, 0, 3, 0, 0xf0, 0x3c, 0x58, 0xba, 0x80] as const;
const PICTURE = [0, 0, 0, 1, 0x68, 0xce, 0x38, 0x80] as const;

/** Fuzz targets of WHIP. */
export const whipTargets: readonly FuzzTarget[] = [
  {
    name: "offer of a publisher",
    run(random) {
      const text = new TextDecoder().decode(mutate(random, [OFFER]));
      const checked = checkOffer(random.next() < 0.2 ? mixed(random, text) : text);
      if ("status" in checked) {
        if (checked.reason === "" || checked.reason.length > 256) throw new Error("No words");
      } else if (checked.offer.sdp.includes("a=candidate")) throw new Error("A candidate went on");
    },
  },
  { name: "packets of a publisher", run: runPackets },
  {
    name: "reports and sound of a publisher",
    run(random) {
      const report = new Uint8Array(28);
      new DataView(report.buffer).setUint32(0, 0x80c8_0006);
      const bytes = mutate(random, [report]);
      const clock = new WhipClock().medium(90_000);
      clock.captureUs(1, 1000);
      for (const { timestamp, ntpTime } of readSenderReports(bytes)) {
        clock.report(timestamp, ntpTime);
        const captureUs = clock.captureUs(timestamp, 2_000_000);
        if (!(captureUs > 0 && captureUs <= 2_000_000)) throw new Error(`Captured ${captureUs}`);
      }
      const packet = readOpus(bytes);
      if (packet !== undefined && packet.frameUs > 20_000) throw new Error("Sounds too long");
    },
  },
  {
    name: "media of a gateway",
    run(random) {
      const times = { frameId: 1 + random.int(1000), captureUs: random.int(1e6), sentUs: 1e6 };
      const frame = encodePublisherFrame({ ...times, isKeyframe: random.next() < 0.5 });
      const sound = encodePublisherSound({ ...times, channels: 2, frameUs: 20_000 });
      const good = [frame, sound].map((head) => Uint8Array.from([...head, 1, 2, 3]));
      const bytes = mutate(random, good);
      const parse = random.pick([parsePublisherFrame, parsePublisherSound]);
      expectProtocolErrorsOnly(() => void parse(bytes));
    },
  },
];

/** Lines of an offer in another order, some of them again and again. */
function mixed(random: SeededRandom, text: string): string {
  const lines = text.split("\r\n");
  const count = random.int(3 * lines.length);
  return Array.from({ length: count }, () => random.pick(lines)).join("\r\n");
}

function runPackets(random: SeededRandom): void {
  const reorder = new WhipReorder<SentPacket>({ waitUs: 200_000 });
  const units = new WhipAccessUnits();
  const arrivals = new ArrivalFeedback();
  let nowUs = 0;
  let sequence = random.int(65_536);
  for (let index = 0; index < 12; index++) {
    const frame = frameOf(random, index % 4 === 0);
    const payloads = packetizeH264(frame, { payloadBytesMax: 64 });
    payloads.forEach((payload, at) => {
      nowUs += random.int(3000);
      const isChanged = random.next() < 0.05;
      const bytes = isChanged ? mutate(random, [payload]) : payload;
      const timestamp = random.next() < 0.02 ? random.int(2 ** 32) : index * 3000;
      const isLast = at === payloads.length - 1 && random.next() > 0.02;
      if (random.next() > 0.05) {
        reorder.push(sequence, { bytes, timestamp, isLast, byteLength: bytes.byteLength }, nowUs);
      }
      if (random.next() < 0.02) {
        reorder.push(
          random.int(65_536),
          { bytes, timestamp, isLast, byteLength: bytes.byteLength },
          nowUs,
        );
      }
      if (!arrivals.push(sequence, nowUs)) arrivals.report({ sender: 1, media: 2 });
      sequence = (sequence + 1) & 0xffff;
      take(reorder, units, nowUs);
      reorder.asks(nowUs, 40_000);
      if (reorder.heldBytes > REORDER_BYTES || arrivals.pending > MAX_ARRIVALS) {
        throw new Error("Too much is held");
      }
    });
  }
}

interface SentPacket {
  readonly bytes: Uint8Array;
  readonly timestamp: number;
  readonly isLast: boolean;
  readonly byteLength: number;
}

function take(reorder: WhipReorder<SentPacket>, units: WhipAccessUnits, nowUs: number): void {
  for (let next = reorder.pull(nowUs); next !== undefined; next = reorder.pull(nowUs)) {
    const { bytes: payload, timestamp, isLast } = next.packet;
    const unit = units.push({ payload, timestamp, isLast, isAfterHole: next.isAfterHole });
    if (unit?.isKeyframe === true && parameterSets(unit.bytes) === undefined) {
      throw new Error("A keyframe without its parameter sets");
    }
  }
}

function frameOf(random: SeededRandom, isKeyframe: boolean): Uint8Array {
  const slice = [0, 0, 0, 1, isKeyframe ? 0x65 : 0x41, 0x9a, ...random.bytes(random.int(300))];
  const sets = isKeyframe && random.next() < 0.8 ? [...SETS, ...PICTURE] : [];
  const more = random.next() < 0.2
    ? [0, 0, 1, random.int(256), ...random.bytes(random.int(40))]
    : [];
  return Uint8Array.from([...sets, ...more, ...slice]);
}
