/** Tests of src/congestion/sent_packets.ts and its ring. */

import fc from "fast-check";
import t from "tap";
import { PACKET_THRESHOLD, SentPackets } from "../../../src/congestion/sent_packets.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { encodeFeedback, parseFeedback } from "../../../src/wire/feedback.ts";
import { feedbackOf } from "./test_path.ts";

const BYTES = 1000;
const RTT_US = 40_000;
const HELD_US = 3_000;
const U32 = 0x1_0000_0000;

/** Sends packets 1 ms apart from `startUs` on. */
function send(sent: SentPackets, sequences: readonly number[], startUs = 0): void {
  sequences.forEach((sequence, at) => sent.push(sequence & 0xffff, BYTES, startUs + at * 1000));
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

/** A feedback about the newest of `arrived`; it crosses the wire format. */
function about(arrived: readonly number[], given: Partial<Feedback> = {}): Feedback {
  const newest = Math.max(...arrived);
  const bitmap = new Uint8Array(64);
  for (const sequence of arrived) {
    const bit = newest - 1 - sequence;
    if (bit >= 0 && bit < 512) bitmap[bit >> 3]! |= 1 << (bit & 7);
  }
  return parseFeedback(encodeFeedback(feedbackOf({
    newestSequence: newest & 0xffff,
    newestArrivalUs: 1_000_000,
    sentUs: 1_000_000 + HELD_US,
    packetsReceived: arrived.length,
    bitmap,
    ...given,
  })));
}

t.test("SentPackets measures the round trip without the time that the viewer held it", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 10));
  t.same([sent.bytesInFlight, sent.packetsInFlight, sent.oldestUnackedSentUs], [10_000, 10, 0]);
  const report = sent.onFeedback(about(range(0, 10)), 9_000 + RTT_US + HELD_US)!;
  t.equal(report.rttUs, RTT_US);
  t.equal(sent.rtt.smoothedUs, RTT_US);
  t.match(report, { packets: 10, lost: 0, bursts: 0, ackedBytes: 10_000, bytesInFlight: 0 });
  t.same([sent.packetsInFlight, sent.oldestUnackedSentUs], [0, undefined]);
  t.end();
});

t.test("SentPackets calls a packet lost when enough newer ones arrived, not before", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 20));
  const early = range(0, 10).concat(range(11, PACKET_THRESHOLD - 1));
  const first = sent.onFeedback(about(early, { sequence: 1 }), 60_000)!;
  t.match(first, { packets: 10, lost: 0 }, "packet 10 may still come");
  const second = sent.onFeedback(
    about(range(0, 10).concat(range(11, 9)), { sequence: 2 }),
    61_000,
  )!;
  t.match(second, { packets: 10, lost: 1, bursts: 1 });
  t.same([sent.stats.lost, sent.packetsInFlight], [1, 0]);
  t.end();
});

t.test("SentPackets calls a packet lost when enough time passed since it was sent", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 5));
  sent.onFeedback(about(range(0, 5), { sequence: 1 }), 4_000 + RTT_US + HELD_US);
  send(sent, [5], 100_000);
  send(sent, [6], 190_000);
  const report = sent.onFeedback(about([6], { sequence: 2 }), 190_000 + RTT_US + HELD_US)!;
  t.match(report, { packets: 2, lost: 1, bursts: 1 });
  t.end();
});

t.test("SentPackets joins a burst across reports", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 40));
  const reports = [
    about(range(0, 10).concat([13]), { sequence: 1 }),
    about(range(0, 10).concat([13], range(20, 20)), { sequence: 2 }),
  ].map((feedback, at) => sent.onFeedback(feedback, 90_000 + at)!);
  const sum = reports.reduce(
    (total, { packets, lost, bursts }) => ({
      packets: total.packets + packets,
      lost: total.lost + lost,
      bursts: total.bursts + bursts,
    }),
    { packets: 0, lost: 0, bursts: 0 },
  );
  t.same(sum, { packets: 40, lost: 9, bursts: 2 });
  t.end();
});

t.test("SentPackets takes a loss back that arrives, and becomes more patient", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 10));
  sent.onFeedback(about([0, 1, 2, 4, 5, 6, 7, 8, 9], { sequence: 1 }), 60_000);
  t.equal(sent.stats.lost, 1);
  const late = sent.onFeedback(about(range(0, 10), { sequence: 2 }), 61_000)!;
  t.match(sent.stats, { lost: 0, spurious: 1, acked: 10 });
  t.equal(late.ackedBytes, BYTES);
  send(sent, range(10, 10), 70_000);
  const arrived = range(10, 10).filter((sequence) => sequence !== 14);
  const report = sent.onFeedback(about(arrived, { sequence: 3 }), 80_000)!;
  t.match(report, { packets: 4, lost: 0 }, "five newer ones are no proof any more");
  t.end();
});

t.test("SentPackets says nothing about stale, doubled and impossible feedback", (t) => {
  const sent = new SentPackets();
  t.equal(sent.onFeedback(about([0]), 1), undefined, "nothing was sent");
  send(sent, range(0, 10));
  const feedback = about(range(0, 5), { sequence: 7 });
  t.ok(sent.onFeedback(feedback, 60_000));
  t.equal(sent.onFeedback(feedback, 61_000), undefined);
  t.equal(sent.onFeedback({ ...feedback, sequence: 6 }, 61_000), undefined);
  t.equal(sent.onFeedback(about([10], { sequence: 8 }), 61_000), undefined, "not sent yet");
  t.equal(sent.onFeedback(about([60_000], { sequence: 8 }), 61_000), undefined);
  t.match(sent.stats, { stale: 2, refused: 3 });
  const { smoothedUs } = sent.rtt;
  sent.onFeedback(about(range(0, 10), { sequence: 9, sentUs: 900_000 }), 62_000);
  t.equal(sent.rtt.smoothedUs, smoothedUs, "held for longer than the round trip");
  t.end();
});

t.test("SentPackets goes on when sequences and the viewer's clock wrap", (t) => {
  const sent = new SentPackets();
  const arrivals: { sentUs: number; arrivalUs: number }[] = [];
  for (let frame = 0; frame < 20; frame++) {
    const first = 65_500 + frame * 4;
    const atUs = frame * 16_667;
    for (const sequence of range(first, 4)) sent.push(sequence & 0xffff, BYTES, atUs);
    const arrivalUs = (U32 - 100_000 + atUs + 20_000) % U32;
    const mark = { transportSequence: (first + 3) & 0xffff, arrivalUs };
    const report = sent.onFeedback(
      about(range(first, 4), {
        sequence: (65_530 + frame) & 0xffff,
        newestArrivalUs: arrivalUs,
        sentUs: arrivalUs,
        packetsReceived: 4 * (frame + 1),
        arrivals: [mark],
      }),
      atUs + RTT_US,
    )!;
    t.match(report, { rttUs: RTT_US, packets: 4, lost: 0 }, `frame ${frame}`);
    arrivals.push(...report.arrivals);
  }
  t.equal(arrivals.length, 20);
  const delays = new Set(arrivals.map(({ sentUs, arrivalUs }) => arrivalUs - sentUs));
  t.equal(delays.size, 1, "the same delay throughout");
  t.end();
});

t.test("SentPackets knows from the counter what the bitmap cannot reach", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 700));
  const arrived = range(188, 512);
  const received = { packetsReceived: arrived.length + 150 };
  const report = sent.onFeedback(about(arrived, received), 800_000)!;
  t.match(report, { packets: 700, lost: 700 - 513 - 149 });
  t.equal(sent.packetsInFlight, 0);
  t.end();
});

t.test("SentPackets gives up what nothing is heard of, and all of a path that broke", (t) => {
  const sent = new SentPackets();
  send(sent, range(0, 10));
  sent.onFeedback(about(range(0, 5), { sequence: 1 }), 60_000);
  t.equal(sent.expire(400_000), 0);
  t.equal(sent.expire(700_000), 5);
  t.equal(sent.bytesInFlight, 0);
  send(sent, range(10, 10), 800_000);
  t.equal(sent.lossAll(), 10);
  t.same([sent.packetsInFlight, sent.stats.writtenOff], [0, 10]);
  send(sent, range(20, 5), 900_000);
  const report = sent.onFeedback(about(range(20, 5), { sequence: 2 }), 960_000)!;
  t.match(report, { packets: 10, lost: 5, bursts: 1 }, "the outage is not counted");
  t.end();
});

t.test("SentPackets skips sequences that were never sent, and forgets the oldest", (t) => {
  const sent = new SentPackets(1024);
  sent.push(0, BYTES, 0);
  sent.push(5, BYTES, 10);
  t.equal(sent.packetsInFlight, 2);
  t.throws(() => sent.push(5, BYTES, 20), { message: "Cannot send packet 5 after 5" });
  const report = sent.onFeedback(about([0, 5], { packetsReceived: 2 }), 60_000)!;
  t.match(report, { packets: 2, lost: 0 });
  send(sent, range(6, 3000), 100_000);
  t.equal(sent.packetsInFlight, 1024);
  t.equal(sent.stats.lost, 3000 - 1024);
  t.throws(() => new SentPackets(1000), { message: "Cannot remember 1000 packets" });
  t.end();
});

t.test("SentPackets says when the source has too little to send", (t) => {
  const sent = new SentPackets();
  sent.allowedBps = 8e6;
  send(sent, range(0, 500));
  const full = sent.onFeedback(about(range(200, 300), { sequence: 1 }), 540_000)!;
  t.notOk(full.isApplicationLimited, `${full.ackedBps}`);
  sent.allowedBps = 16e6;
  send(sent, range(500, 10), 550_000);
  const little = sent.onFeedback(about(range(500, 10), { sequence: 2 }), 600_000)!;
  t.ok(little.isApplicationLimited);
  t.end();
});

t.test("SentPackets survives any feedback", (t) => {
  const u32 = fc.integer({ min: 0, max: U32 - 1 });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const near = fc.integer({ min: 0, max: 600 });
  const step = fc.record({
    packets: fc.integer({ min: 0, max: 80 }),
    elapsedUs: fc.integer({ min: 0, max: 300_000 }),
    isNear: fc.boolean(),
    back: near,
    newestSequence: u16,
    sequence: u16,
    newestArrivalUs: u32,
    sentUs: u32,
    packetsReceived: u32,
    bitmap: fc.uint8Array({ maxLength: 64 }),
    arrivals: fc.array(fc.record({ transportSequence: u16, arrivalUs: u32 }), { maxLength: 16 }),
    act: fc.constantFrom("none", "expire", "lossAll"),
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const sent = new SentPackets(1024);
        let sequence = 65_000;
        let nowUs = 0;
        for (const [at, one] of steps.entries()) {
          for (let packet = 0; packet < one.packets; packet++) {
            sent.push(sequence++ & 0xffff, 1, nowUs);
          }
          nowUs += one.elapsedUs;
          // Half of the reports are about packets that were sent, in an order that counts.
          const given = one.isNear
            ? { newestSequence: (sequence - 1 - one.back) & 0xffff, sequence: at + 1 }
            : {};
          const report = sent.onFeedback(feedbackOf({ ...one, ...given }), nowUs);
          if (one.act === "expire") sent.expire(nowUs);
          if (one.act === "lossAll") sent.lossAll();
          const { packets, acked, lost, writtenOff } = sent.stats;
          const isSane = sent.bytesInFlight === sent.packetsInFlight && sent.packetsInFlight >= 0 &&
            lost >= 0 && acked + lost + writtenOff + sent.packetsInFlight >= packets &&
            (sent.oldestUnackedSentUs === undefined) === (sent.packetsInFlight === 0);
          if (!isSane) return false;
          if (report === undefined) continue;
          if (!(report.rttUs > 0 && report.lost >= 0 && report.lost <= report.packets)) {
            return false;
          }
          if (!(report.bursts <= report.lost && report.ackedBps >= 0)) return false;
        }
        return true;
      }),
      { seed: 1, numRuns: 300 },
    )
  );
  t.end();
});
