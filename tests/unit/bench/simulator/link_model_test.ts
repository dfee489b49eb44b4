/** Tests of the bottleneck, its queue, delay, order and duplicates, and of independent processes. */

import t from "tap";
import {
  LinkModel,
  type LinkOptions,
  PACKET_OVERHEAD_BYTES,
} from "../../../../bench/simulator/link_model.ts";

const ORIGIN = { seed: 1, name: "test" };
/** Payload of packets that are 1,000 bytes long at the bottleneck: 1 ms at 8 Mbit/s. */
const PAYLOAD = 1000 - PACKET_OVERHEAD_BYTES;

function link(options: Partial<LinkOptions>): LinkModel {
  return new LinkModel({ delayUs: 10_000, ...options }, ORIGIN);
}

t.test("without a bottleneck a packet takes the delay", (t) => {
  const path = link({});
  t.equal(path.push(1200, 5), "delivered");
  t.same(path.deliveries, [10_005]);
  t.equal(path.rateBps(0), undefined);
  t.end();
});

t.test("a bottleneck takes its time for each packet, one after the other", (t) => {
  const path = link({ rates: [{ fromUs: 0, bps: 8_000_000 }] });
  t.same(
    [0, 0, 500, 9000].map((nowUs) => {
      path.push(PAYLOAD, nowUs);
      return [path.deliveries[0], path.queueDelayUs];
    }),
    [[11_000, 1000], [12_000, 2000], [13_000, 2500], [20_000, 1000]],
  );
  t.equal(path.stats.marked, 2);
  t.end();
});

t.test("a packet on the way when the rate steps is sent at both", (t) => {
  const path = link({ rates: [{ fromUs: 0, bps: 8_000_000 }, { fromUs: 500, bps: 4_000_000 }] });
  path.push(PAYLOAD, 0);
  t.same(path.deliveries, [11_500]);
  path.push(PAYLOAD, 1500);
  t.same(path.deliveries, [13_500]);
  t.equal(path.rateBps(499), 8_000_000);
  t.equal(path.rateBps(500), 4_000_000);
  t.end();
});

t.test("a full queue drops the newest, and has room again as it drains", (t) => {
  const path = link({ rates: [{ fromUs: 0, bps: 8_000_000 }], queueBytes: 3000 });
  const outcomes = Array.from({ length: 5 }, () => path.push(PAYLOAD, 0));
  t.same(outcomes, ["delivered", "delivered", "delivered", "queue_full", "queue_full"]);
  t.same(path.deliveries, []);
  t.equal(path.push(PAYLOAD, 999), "queue_full");
  t.equal(path.push(PAYLOAD, 1000), "delivered");
  t.match(path.stats, { packets: 7, queueFull: 3, lost: 0 });
  t.end();
});

t.test("many packets leave no trace in the queue", (t) => {
  const path = link({ rates: [{ fromUs: 0, bps: 8_000_000 }], queueBytes: 10_000 });
  for (let packet = 0; packet < 10_000; packet++) path.push(PAYLOAD, packet * 1000);
  t.equal(path.stats.queueFull, 0);
  t.equal(path.queueDelayUs, 1000);
  t.end();
});

t.test("jitter keeps the order, reordering does not", (t) => {
  const jittery = link({ jitterUs: 2000 });
  const arrivals = Array.from({ length: 500 }, (_, packet) => {
    jittery.push(100, packet * 100);
    return jittery.deliveries[0]!;
  });
  t.ok(arrivals.every((atUs, index) => index === 0 || atUs >= arrivals[index - 1]!));
  t.ok(arrivals.some((atUs, index) => atUs - index * 100 > 11_000), "some are late");
  const unruly = link({ reorderShare: 0.1, reorderUs: 3000 });
  let overtaken = 0;
  let before = 0;
  for (let packet = 0; packet < 1000; packet++) {
    unruly.push(100, packet * 100);
    if (unruly.deliveries[0]! < before) overtaken++;
    before = unruly.deliveries[0]!;
  }
  t.ok(unruly.stats.reordered > 60 && unruly.stats.reordered < 140, `${unruly.stats.reordered}`);
  t.ok(overtaken > 50, `${overtaken} overtaken`);
  t.end();
});

t.test("a lost packet has no delivery, but a time at which it would have come", (t) => {
  const path = link({ losses: [{ kind: "blackhole", fromUs: 0, toUs: 100 }] });
  t.equal(path.push(100, 50), "lost");
  t.same(path.deliveries, []);
  t.equal(path.arrivalUs, 10_050);
  t.equal(path.push(100, 100), "delivered");
  t.match(path.stats, { packets: 2, lost: 1, bytes: 200, deliveredBytes: 100 });
  t.end();
});

t.test("duplicates arrive twice", (t) => {
  const path = link({ duplicateShare: 0.5 });
  let copies = 0;
  for (let packet = 0; packet < 1000; packet++) {
    path.push(100, packet);
    copies += path.deliveries.length;
  }
  t.equal(copies, 1000 + path.stats.duplicates);
  t.ok(path.stats.duplicates > 430 && path.stats.duplicates < 570, `${path.stats.duplicates}`);
  t.end();
});

t.test("one process more shifts no other", (t) => {
  const losses = [{ kind: "bursts", rate: 0.1, meanBurst: 3 }] as const;
  const plain = link({ losses });
  const more = link({
    losses: [...losses, { kind: "independent", rate: 0.1 }],
    jitterUs: 500,
    duplicateShare: 0.1,
    reorderShare: 0.1,
    reorderUs: 5000,
  });
  let lostByBoth = 0;
  for (let packet = 0; packet < 2000; packet++) {
    if (plain.push(100, packet * 100) === "delivered") {
      more.push(100, packet * 100);
    } else if (more.push(100, packet * 100) === "lost") lostByBoth++;
  }
  t.equal(lostByBoth, plain.stats.lost);
  t.ok(more.stats.lost > plain.stats.lost);
  t.end();
});

t.test("rates that cannot be are refused", (t) => {
  t.throws(() => link({ rates: [{ fromUs: 0, bps: 0 }] }), { message: "Cannot use a rate of 0" });
  t.throws(() => link({ rates: [{ fromUs: 5, bps: 1 }] }), { message: /schedule at 5 us/ });
  t.end();
});
