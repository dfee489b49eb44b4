/** Tests that datagrams arrive whole, in time and order, and that slots are used again. */

import t from "tap";
import { LinkModel, type LinkOptions } from "../../../../bench/simulator/link_model.ts";
import { SimulatedClock } from "../../../../bench/simulator/simulated_clock.ts";
import { SimulatedLink } from "../../../../bench/simulator/simulated_link.ts";

function rig(options: Partial<LinkOptions> = {}) {
  const clock = new SimulatedClock();
  const received: { bytes: number[]; atUs: number }[] = [];
  const link = new SimulatedLink(clock, {
    model: new LinkModel({ delayUs: 1000, ...options }, { seed: 1, name: "link" }),
    receive: (datagram, atUs) => received.push({ bytes: [...datagram], atUs }),
  });
  return { clock, link, received };
}

t.test("SimulatedLink delivers copies after the delay", (t) => {
  const { clock, link, received } = rig();
  const datagram = new Uint8Array([1, 2, 3]);
  t.equal(link.send(datagram, 0), "delivered");
  datagram.fill(9);
  t.equal(link.send(datagram.subarray(0, 2), 0), "delivered");
  t.equal(link.inFlight, 2);
  clock.run(999);
  t.same(received, []);
  clock.run(1000);
  t.same(received, [{ bytes: [1, 2, 3], atUs: 1000 }, { bytes: [9, 9], atUs: 1000 }]);
  t.equal(link.inFlight, 0);
  t.end();
});

t.test("SimulatedLink drops what is lost and doubles what is doubled", (t) => {
  const dead = rig({ losses: [{ kind: "blackhole", fromUs: 0, toUs: 100 }] });
  t.equal(dead.link.send(new Uint8Array(5), 0), "lost");
  dead.clock.run(10_000);
  t.same(dead.received, []);
  const twice = rig({ duplicateShare: 1 });
  twice.link.send(new Uint8Array([7]), 0);
  twice.clock.run(10_000);
  t.same(twice.received.map(({ bytes }) => bytes), [[7], [7]]);
  t.end();
});

t.test("SimulatedLink uses its slots again", (t) => {
  const { clock, link, received } = rig();
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 300; index++) link.send(new Uint8Array([round]), clock.nowUs());
    t.equal(link.inFlight, 300);
    clock.run((round + 1) * 5000);
  }
  t.equal(received.length, 6000);
  t.equal(link.inFlight, 0);
  t.end();
});
