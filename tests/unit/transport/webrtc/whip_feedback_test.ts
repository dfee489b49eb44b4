/** What a publisher is told, read by the parsers of the library that publishers use as well. */

import t from "tap";
import {
  GenericNack,
  PictureLossIndication,
  RtcpPacketConverter,
  RtcpRrPacket,
  RunLengthChunk,
  TransportWideCC,
} from "werift";
import type { RtcpPacket } from "werift";
import {
  ArrivalFeedback,
  MAX_ARRIVALS,
  writeAsk,
  writePictureLoss,
} from "../../../../src/transport/webrtc/whip_feedback.ts";
import {
  WhipReception,
  writeReceiverReport,
} from "../../../../src/transport/webrtc/whip_reception.ts";
import { seededRandom } from "../../../seeded.ts";

const SOURCES = { sender: 0x1234_5678, media: 0x9abc_def0 };

function parse(bytes: Uint8Array): RtcpPacket {
  const packets = RtcpPacketConverter.deSerialize(Buffer.from(bytes)) as RtcpPacket[];
  return packets[0]!;
}

function feedbackOf<T>(packet: RtcpPacket): T {
  return (packet as unknown as { readonly feedback: T }).feedback;
}

/** When each packet arrived, by its number; the library's own view of it leaves some out. */
function arrivalsOf(told: TransportWideCC): Map<number, number> {
  const statuses = told.packetChunks.flatMap((chunk) =>
    chunk instanceof RunLengthChunk
      ? new Array<number>(chunk.runLength).fill(chunk.packetStatus)
      : chunk.symbolList
  ).slice(0, told.packetStatusCount);
  const deltas = [...told.recvDeltas];
  let atUs = told.referenceTime * 64_000;
  const arrivals = new Map<number, number>();
  statuses.forEach((status, index) => {
    if (status === 0) return;
    atUs += deltas.shift()?.delta ?? NaN;
    arrivals.set((told.baseSequenceNumber + index) & 0xffff, atUs);
  });
  return arrivals;
}

t.test("Packets are asked for by number and mask", (t) => {
  const random = seededRandom("whip ask");
  const wrong: number[][] = [];
  for (let run = 0; run < 200; run++) {
    const asked: number[] = [];
    let sequence = random.int(65536);
    for (let count = 1 + random.int(60); count > 0; count--) {
      asked.push(sequence);
      sequence = (sequence + 1 + random.int(30)) & 0xffff;
    }
    const nack = feedbackOf<GenericNack>(parse(writeAsk(SOURCES, asked)));
    const lost = nack.lost.map((each) => each & 0xffff);
    if (JSON.stringify(lost) !== JSON.stringify(asked)) wrong.push(asked);
    if (nack.mediaSourceSsrc !== SOURCES.media) wrong.push([]);
  }
  t.same(wrong, []);
  const loss = feedbackOf<PictureLossIndication>(parse(writePictureLoss(SOURCES)));
  t.equal(loss.mediaSsrc, SOURCES.media);
  t.equal(loss.senderSsrc, SOURCES.sender);
  t.end();
});

t.test("Arrivals are told with losses in between, across the end of the numbers", (t) => {
  const random = seededRandom("whip arrivals");
  const feedback = new ArrivalFeedback();
  let nowUs = 5_000_000;
  let sequence = 65_000;
  let count = 0;
  const wrong: number[] = [];
  for (let run = 0; run < 300; run++) {
    const arrivals = new Map<number, number>();
    for (let index = 0; index < 1 + random.int(100); index++) {
      nowUs += random.int(4) === 0 ? random.int(90_000) : random.int(900);
      if (random.next() < 0.8 && feedback.push(sequence, nowUs)) arrivals.set(sequence, nowUs);
      sequence = (sequence + 1) & 0xffff;
    }
    const bytes = feedback.report(SOURCES);
    if (bytes === undefined) continue;
    count++;
    const told = arrivalsOf(feedbackOf<TransportWideCC>(parse(bytes)));
    const isTrue = JSON.stringify([...told.keys()]) === JSON.stringify([...arrivals.keys()]) &&
      [...told].every(([id, toldUs]) => Math.abs(toldUs - arrivals.get(id)!) <= 250);
    if (!isTrue) wrong.push(run);
  }
  t.same(wrong, []);
  t.ok(count > 250, `${count} reports`);
  t.end();
});

t.test("Arrivals that nobody reports are bounded, and a jump is survived", (t) => {
  const feedback = new ArrivalFeedback();
  for (let sequence = 0; sequence < 10_000; sequence++) feedback.push(sequence, sequence * 100);
  t.equal(feedback.pending, MAX_ARRIVALS);
  t.ok(feedback.report(SOURCES));
  t.ok(feedback.push(30_000, 2e6));
  const told = feedbackOf<TransportWideCC>(parse(feedback.report(SOURCES)!));
  t.equal(told.baseSequenceNumber, 30_000);
  t.equal(told.packetStatusCount, 1);
  t.equal(feedback.report(SOURCES), undefined, "nothing came");
  t.end();
});

t.test("A receiver report tells losses, jitter and the last sender report", (t) => {
  const reception = new WhipReception(90_000);
  let nowUs = 1_000_000;
  for (let index = 0; index < 1000; index++) {
    nowUs += 10_000;
    // Every tenth is lost; each other one is 1 ms late.
    if (index % 10 === 5) continue;
    const lateUs = index % 2 === 0 ? 0 : 1000;
    reception.push((65_000 + index) & 0xffff, index * 900, nowUs + lateUs);
  }
  reception.senderReport(0x0123_4567_89ab_cdefn, nowUs - 500_000);
  const bytes = writeReceiverReport(SOURCES.sender, {
    sources: [{ media: SOURCES.media, reception }],
    nowUs,
  });
  const report = parse(bytes) as RtcpRrPacket;
  const [block] = report.reports;
  t.equal(block?.ssrc, SOURCES.media);
  t.equal(block?.packetsLost, 100);
  t.ok(Math.abs((block?.fractionLost ?? 0) - 25.6) < 1, "of the packets since the last one");
  t.equal(block?.highestSequence, 65_999, "with the times that the numbers began anew");
  t.ok((block?.jitter ?? 0) > 40 && (block?.jitter ?? 0) < 90, `jitter ${block?.jitter} of 90`);
  t.equal(block?.lsr, 0x4567_89ab);
  t.equal(block?.dlsr, 32_768, "half a second");
  t.end();
});
