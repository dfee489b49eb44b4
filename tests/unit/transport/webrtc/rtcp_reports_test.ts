/**
 * Tests of src/transport/webrtc/rtcp_reports.ts: datagrams as browsers send them, made by werift where
 * it can make them and by hand where it cannot; and what must be passed over.
 */

import { Buffer } from "node:buffer";
import t from "tap";
import {
  GenericNack,
  PictureLossIndication,
  RtcpPacketConverter,
  RtcpPayloadSpecificFeedback,
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSrPacket,
  RtcpTransportLayerFeedback,
} from "werift";
import { parseRtcp, senderReport } from "../../../../src/transport/webrtc/rtcp_reports.ts";
import type { RtcpHandlers } from "../../../../src/transport/webrtc/rtcp_reports.ts";

function heard(bytes: Uint8Array): { said: unknown[][]; broken: number } {
  const said: unknown[][] = [];
  const handlers: RtcpHandlers = {
    reception: (report) => said.push(["reception", report]),
    missing: (ssrc, sequences) => said.push(["missing", ssrc, [...sequences]]),
    transport: (report) => said.push(["transport", report]),
    pictureLost: (ssrc) => said.push(["pictureLost", ssrc]),
  };
  return { broken: parseRtcp(bytes, handlers), said };
}

/** A transport-wide report: type 205, format 15. */
function transportWide(
  fields: { first: number; packets: number; time: number; count: number },
  rest: number[],
) {
  const body = Buffer.alloc(16);
  body.writeUInt32BE(5, 0);
  body.writeUInt32BE(7, 4);
  body.writeUInt16BE(fields.first, 8);
  body.writeUInt16BE(fields.packets, 10);
  body.writeUIntBE(fields.time, 12, 3);
  body[15] = fields.count;
  const padding = (4 - rest.length % 4) % 4;
  const all = Buffer.concat([body, Buffer.from(rest), Buffer.alloc(padding)]);
  const header = Buffer.from([0x80 | 15, 205, 0, 0]);
  header.writeUInt16BE(all.byteLength / 4, 2);
  return Buffer.concat([header, all]);
}

t.test("receptions, missing packets and picture losses as werift writes them", (t) => {
  const info = new RtcpReceiverInfo({
    ...{ ssrc: 9, fractionLost: 64, packetsLost: 12, highestSequence: 100, jitter: 5 },
    ...{ lsr: 0x1234, dlsr: 0x100 },
  });
  const nack = new GenericNack({ senderSsrc: 1, mediaSourceSsrc: 9, lost: [65_535, 0, 16, 900] });
  const pli = new PictureLossIndication({ senderSsrc: 1, mediaSsrc: 9 });
  // FIR names its stream in its entry: sender, nothing, stream, number.
  const fir = Buffer.from([0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 3, 0, 0, 0]);
  const { said, broken } = heard(Buffer.concat([
    new RtcpRrPacket({ ssrc: 1, reports: [info] }).serialize(),
    new RtcpTransportLayerFeedback({ feedback: nack }).serialize(),
    new RtcpPayloadSpecificFeedback({ feedback: pli }).serialize(),
    fir,
  ]));
  t.equal(broken, 0);
  t.same(said, [
    ["reception", {
      ...{ ssrc: 9, fractionLost: 0.25, packetsLost: 12, jitter: 5 },
      ...{ lastReport: 0x1234, delay: 0x100 },
    }],
    ["missing", 9, [65_535, 0, 16, 900]],
    ["pictureLost", 9],
    ["pictureLost", 9],
  ]);
  t.end();
});

t.test("arrivals in runs, in bits and in pairs of bits", (t) => {
  // Run of 3 small deltas; 14 bits: the first and third; pairs: small, large, none, small.
  const chunks = [0x20, 0x03, 0xa8, 0x00, 0xd8, 0x40];
  const deltas = [4, 8, 12, 1, 2, 3, 0xff, 0xfc, 5];
  const report = transportWide({ first: 65_534, packets: 21, time: 2, count: 250 }, [
    ...chunks,
    ...deltas,
  ]);
  const { said, broken } = heard(report);
  t.equal(broken, 0);
  const [, told] = said[0] as [string, { arrivals: { sequence: number; arrivalUs: number }[] }];
  t.match(told, { count: 250, first: 65_534, packets: 21 });
  t.same(told.arrivals.map(({ sequence }) => sequence), [65_534, 65_535, 0, 1, 3, 15, 16, 18]);
  t.same(told.arrivals.map(({ arrivalUs }) => arrivalUs - 128_000), [
    ...[1000, 3000, 6000, 6250, 6750, 7500, 6500, 7750],
  ]);
  t.end();
});

t.test("what is no report is passed over", (t) => {
  t.same(heard(new Uint8Array(0)), { said: [], broken: 0 });
  t.same(heard(Uint8Array.of(0x80, 201, 0)), { said: [], broken: 1 }, "half a header");
  t.same(heard(Uint8Array.of(0x81, 201, 0, 9, 0, 0, 0, 0)), { said: [], broken: 1 }, "too long");
  t.same(heard(Uint8Array.of(0x81, 201, 0, 1, 0, 0, 0, 1)), { said: [], broken: 1 }, "no block");
  const remb = Buffer.concat([
    Buffer.from([0x8f, 206, 0, 5]),
    Buffer.alloc(8),
    Buffer.from("REMB"),
    Buffer.from([1, 0, 0, 0, 0, 0, 0, 9]),
  ]);
  t.same(heard(remb), { said: [], broken: 0 }, "an estimate is no loss");
  const lie = transportWide({ first: 0, packets: 65_535, time: 0, count: 0 }, [0x3f, 0xff]);
  t.same(heard(lie), { said: [], broken: 1 }, "more packets than can be told of");
  const short = transportWide({ first: 0, packets: 9, time: 0, count: 0 }, [0x20, 0x09, 1, 1]);
  t.same(heard(short), { said: [], broken: 1 }, "fewer times than packets");
  const empty = transportWide({ first: 0, packets: 9, time: 0, count: 0 }, [0x20, 0x00]);
  t.same(heard(empty), { said: [], broken: 1 }, "a run of none");
  t.end();
});

t.test("what is told of a stream is what werift reads", (t) => {
  const bytes = senderReport({
    ...{ ssrc: 0xfedcba98, wallMs: 1_700_000_000_250, rtpTime: 2 ** 32 + 90, packets: 3 },
    ...{ bytes: 4000, name: "wavry-1" },
  });
  const [report] = RtcpPacketConverter.deSerialize(Buffer.from(bytes));
  t.ok(report instanceof RtcpSrPacket);
  const { ssrc, senderInfo } = report as RtcpSrPacket;
  t.equal(ssrc, 0xfedcba98);
  t.match(senderInfo, { rtpTimestamp: 90, packetCount: 3, octetCount: 4000 });
  t.equal(Number(senderInfo.ntpTimestamp >> 32n), 1_700_000_000 + 2_208_988_800);
  t.equal(Number(senderInfo.ntpTimestamp & 0xffffffffn), 2 ** 30);
  t.equal(bytes.byteLength % 4, 0);
  t.end();
});
