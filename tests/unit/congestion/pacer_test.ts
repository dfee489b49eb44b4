/** Tests of src/congestion/pacer.ts. */

import fc from "fast-check";
import t from "tap";
import {
  MICRO_BURST_BYTES_MAX,
  MICRO_BURST_BYTES_MIN,
  Pacer,
  PACER_AGE_US_MAX,
} from "../../../src/congestion/pacer.ts";

const PACKET_BYTES = 1000;
const FRAME_US = 16_667;

function packetOf(number: number): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES);
  new DataView(packet.buffer).setUint32(0, number);
  return packet;
}

/** Pulls at each deadline until the queue is empty; numbers of packets and when they left. */
function drain(pacer: Pacer, startUs: number): { number: number; atUs: number }[] {
  const left: { number: number; atUs: number }[] = [];
  for (let nowUs = startUs; pacer.deadline !== undefined;) {
    nowUs = Math.max(nowUs, pacer.deadline);
    for (let packet = pacer.pull(nowUs); packet !== undefined; packet = pacer.pull(nowUs)) {
      const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
      left.push({ number: view.getUint32(0), atUs: nowUs });
    }
  }
  return left;
}

t.test("Pacer lets frames at the target pass at once, always", (t) => {
  const targetBps = 20e6;
  const pacer = new Pacer({ targetBps, packetBytesMax: 1292 });
  const perFrame = Math.floor(targetBps / 8e6 * FRAME_US / PACKET_BYTES);
  for (let frame = 0; frame < 600; frame++) {
    for (let number = 0; number < perFrame; number++) {
      if (pacer.push(packetOf(number), frame * FRAME_US) !== "send") t.fail(`frame ${frame}`);
    }
  }
  t.equal(pacer.stats.paced, 0);
  t.equal(pacer.deadline, undefined);
  t.end();
});

t.test("Pacer spreads what exceeds the micro-burst, in order and at twice the target", (t) => {
  const targetBps = 4e6;
  const pacer = new Pacer({ targetBps, packetBytesMax: 1292 });
  const burst = pacer.microBurstBytes;
  t.equal(burst, 25_000, "50 ms of the target");
  const outcomes = Array.from({ length: 100 }, (_, number) => pacer.push(packetOf(number), 0));
  t.same(outcomes.filter((outcome) => outcome === "send").length, 25);
  t.same([pacer.queuedPackets, pacer.queuedBytes], [75, 75_000]);
  const left = drain(pacer, 0);
  t.same(left.map(({ number }) => number), Array.from({ length: 75 }, (_, at) => 25 + at));
  const lastUs = left.at(-1)!.atUs;
  t.ok(Math.abs(lastUs - 75_000 * 8e6 / (2 * targetBps)) < 2_000, `${lastUs}`);
  const times = new Set(left.map(({ atUs }) => atUs));
  t.ok(times.size <= 76, `${times.size} timers`);
  const waitedUs = left.reduce((sum, { atUs }) => sum + atUs, 0);
  t.equal(pacer.stats.waitedUs, waitedUs, "all of them came at 0");
  t.equal(pacer.queuedBytes, 0);
  t.end();
});

t.test("Pacer keeps the micro-burst within its bounds", (t) => {
  const pacer = new Pacer({ targetBps: 1e5, packetBytesMax: 1292 });
  t.equal(pacer.microBurstBytes, MICRO_BURST_BYTES_MIN);
  pacer.setTarget(1e9);
  t.equal(pacer.microBurstBytes, MICRO_BURST_BYTES_MAX);
  t.throws(() => new Pacer({ targetBps: 1e6, packetBytesMax: 0 }), {
    message: "Cannot pace packets of 0 in 524288 bytes",
  });
  t.end();
});

t.test("Pacer refuses what does not fit, and drops what waited too long", (t) => {
  const pacer = new Pacer({ targetBps: 1e5, packetBytesMax: 1000, queueBytes: 10_000 });
  for (let number = 0; number < 30; number++) pacer.push(packetOf(number), 0);
  t.same([pacer.queuedPackets, pacer.stats.refused], [10, 4]);
  t.equal(pacer.push(new Uint8Array(1001), 0), "refused", "longer than a slot");
  t.equal(pacer.pull(PACER_AGE_US_MAX + 1), undefined);
  t.same([pacer.queuedPackets, pacer.stats.expired], [0, 10]);
  t.equal(pacer.push(packetOf(1), PACER_AGE_US_MAX + 2), "send");
  for (let number = 0; number < 30; number++) pacer.push(packetOf(number), PACER_AGE_US_MAX + 3);
  pacer.clear();
  t.same([pacer.queuedPackets, pacer.queuedBytes, pacer.deadline], [0, 0, undefined]);
  t.end();
});

t.test("Pacer queues nothing that could not leave in time", (t) => {
  const pacer = new Pacer({ targetBps: 1e6, packetBytesMax: 1000 });
  const outcomes = Array.from({ length: 300 }, (_, number) => pacer.push(packetOf(number), 0));
  // 2 Mbit/s for half a second, and the micro-burst before.
  t.equal(outcomes.filter((outcome) => outcome === "queued").length, 125);
  t.ok(pacer.queuedUs <= PACER_AGE_US_MAX, `${pacer.queuedUs} us`);
  t.equal(drain(pacer, 0).length, 125, "and all of them leave");
  t.match(pacer.stats, { expired: 0 });
  t.equal(pacer.queuedUs, 0);
  pacer.setAgeMax(100_000);
  pacer.push(packetOf(0), 2e6);
  for (let number = 0; number < 300; number++) pacer.push(packetOf(number), 2e6);
  t.ok(pacer.queuedUs <= 100_000, `${pacer.queuedUs} us`);
  pacer.setTarget(1);
  t.equal(pacer.deadline, 2e6 + 100_001, "a path that stands still keeps nothing for longer");
  t.equal(pacer.pull(2e6 + 100_001), undefined);
  t.same([pacer.queuedBytes, pacer.deadline], [0, undefined]);
  t.end();
});

t.test("Pacer holds no packet for longer than its time, nor more bytes than its limit", (t) => {
  const frames = fc.array(
    fc.record({
      packets: fc.integer({ min: 0, max: 400 }),
      elapsedUs: fc.integer({ min: 0, max: 300_000 }),
      targetBps: fc.integer({ min: 1, max: 5e7 }),
    }),
    { maxLength: 30 },
  );
  let waitedUsMax = 0;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(frames, (list) => {
        const pacer = new Pacer({ targetBps: 1e6, packetBytesMax: 1000, queueBytes: 200_000 });
        const pushedUs: number[] = [];
        let nowUs = 0;
        for (const { packets, elapsedUs, targetBps } of list) {
          const untilUs = nowUs + elapsedUs;
          for (let at = pacer.deadline; at !== undefined && at <= untilUs; at = pacer.deadline) {
            nowUs = Math.max(nowUs, at);
            for (let packet = pacer.pull(nowUs); packet; packet = pacer.pull(nowUs)) {
              const number = new DataView(packet.buffer, packet.byteOffset).getUint32(0);
              waitedUsMax = Math.max(waitedUsMax, nowUs - pushedUs[number]!);
            }
          }
          nowUs = untilUs;
          pacer.setTarget(targetBps);
          for (let count = 0; count < packets; count++) {
            if (pacer.push(packetOf(pushedUs.length), nowUs) === "queued") {
              if (pacer.queuedUs > PACER_AGE_US_MAX + 1) return false;
            }
            pushedUs.push(nowUs);
          }
          if (pacer.queuedBytes > 200_000) return false;
        }
        return waitedUsMax <= PACER_AGE_US_MAX;
      }),
      { seed: 1 },
    )
  );
  t.ok(waitedUsMax > 100_000, `the longest wait was ${waitedUsMax} us`);
  t.end();
});

t.test("Pacer loses no packet and turns no order around", (t) => {
  const steps = fc.array(
    fc.record({
      packets: fc.integer({ min: 0, max: 60 }),
      elapsedUs: fc.integer({ min: 0, max: 40_000 }),
      targetBps: fc.integer({ min: 1e5, max: 5e7 }),
    }),
    { maxLength: 40 },
  );
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(steps, (frames) => {
        const pacer = new Pacer({ targetBps: 1e6, packetBytesMax: 1000 });
        let nowUs = 0;
        let pushed = 0;
        const left: number[] = [];
        const pull = () => {
          for (let packet = pacer.pull(nowUs); packet; packet = pacer.pull(nowUs)) {
            left.push(new DataView(packet.buffer, packet.byteOffset).getUint32(0));
          }
        };
        for (const frame of frames) {
          nowUs += frame.elapsedUs;
          pacer.setTarget(frame.targetBps);
          pull();
          for (let count = 0; count < frame.packets; count++) {
            if (pacer.push(packetOf(pushed), nowUs) === "send") left.push(pushed);
            pushed++;
          }
        }
        const { refused, expired } = pacer.stats;
        const isInOrder = left.every((number, at) => at === 0 || number > left[at - 1]!);
        return isInOrder && left.length + pacer.queuedPackets + refused + expired === pushed &&
          pacer.queuedBytes === pacer.queuedPackets * PACKET_BYTES;
      }),
      { seed: 1 },
    )
  );
  t.end();
});

t.test("Pacer counts what others send into the micro-burst, and no more than all of it", (t) => {
  const pacer = new Pacer({ targetBps: 4e6, packetBytesMax: 1292 });
  const burst = pacer.microBurstBytes;
  pacer.noteOther(burst - 2 * PACKET_BYTES, 0);
  const outcomes = Array.from({ length: 3 }, (_, number) => pacer.push(packetOf(number), 0));
  t.same(outcomes, ["send", "send", "queued"]);
  const alone = new Pacer({ targetBps: 4e6, packetBytesMax: 1292 });
  for (let times = 0; times < 100; times++) alone.noteOther(burst, 0);
  t.equal(alone.push(packetOf(0), 0), "queued");
  t.ok(alone.deadline! <= 2 * PACKET_BYTES, `it leaves after ${alone.deadline} us`);
  t.end();
});
