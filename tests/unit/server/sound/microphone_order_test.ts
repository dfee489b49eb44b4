/** Tests of src/server/sound/microphone_order.ts. */

import t from "tap";
import { MicrophoneOrder } from "../../../../src/server/sound/microphone_order.ts";
import type { AudioDatagram } from "../../../../src/wire/audio.ts";
import { seededRandom } from "../../../seeded.ts";

/** A datagram with `copies` older frames; the bytes of frame n are n. */
function datagram(
  sequence: number,
  copies = 0,
  change: Partial<AudioDatagram> = {},
): AudioDatagram {
  const frames = Array.from(
    { length: 1 + copies },
    (_, age) => Uint8Array.of((sequence - age) & 255),
  );
  return {
    ...{ kind: "microphone", streamId: 0, epoch: 0, channels: 1, frameUs: 10_000 },
    ...{ captureTimeUs: 0, sequence, frames },
    ...change,
  } as AudioDatagram;
}

/** Everything that can be had now: frames by their byte, "lost" for those that were. */
function drain(order: MicrophoneOrder): (number | "lost")[] {
  const all: (number | "lost")[] = [];
  for (let next = order.pull(); next !== undefined; next = order.pull()) {
    all.push(next.packet?.[0] ?? "lost");
  }
  return all;
}

function pushAll(order: MicrophoneOrder, ...datagrams: AudioDatagram[]) {
  return datagrams.map((one) => {
    order.push(one);
    return drain(order);
  });
}

t.test("frames in order go on at once, doubled ones once", (t) => {
  const order = new MicrophoneOrder();
  t.equal(order.pull(), undefined);
  const seen = pushAll(order, datagram(7), datagram(8), datagram(8), datagram(7), datagram(9, 2));
  t.same(seen, [[7], [8], [], [], [9]]);
  t.match(order.stats, { frames: 3, lost: 0, doubled: 2, recovered: 0 });
  t.end();
});

t.test("a copy brings back what was lost, and a late frame is waited for", (t) => {
  const order = new MicrophoneOrder();
  const seen = pushAll(order, datagram(1), datagram(3, 1), datagram(5), datagram(4), datagram(6));
  t.same(seen, [[1], [2, 3], [], [4, 5], [6]]);
  t.match(order.stats, { frames: 6, lost: 0, recovered: 1 });
  t.end();
});

t.test("a frame is given up when three newer ones are there", (t) => {
  const order = new MicrophoneOrder();
  const seen = pushAll(order, datagram(1), datagram(3), datagram(4), datagram(5), datagram(2));
  t.same(seen, [[1], [], [], ["lost", 3, 4, 5], []]);
  t.match(order.stats, { frames: 4, lost: 1, doubled: 1 });
  t.end();
});

t.test("a pause, another epoch or another duration begins at the newest", (t) => {
  const order = new MicrophoneOrder();
  t.same(pushAll(order, datagram(1), datagram(200, 2)), [[1], [200]]);
  t.same(pushAll(order, datagram(3, 0, { epoch: 1 })), [[3]]);
  t.same(pushAll(order, datagram(4, 0, { epoch: 1, frameUs: 20_000 })), [[4]]);
  t.equal(order.stats.restarts, 3);
  t.end();
});

t.test("sequences wrap", (t) => {
  const order = new MicrophoneOrder();
  const last = 0xffff_ffff;
  t.same(pushAll(order, datagram(last - 1), datagram(1, 2)), [[254], [255, 0, 1]]);
  t.same(pushAll(order, datagram(2)), [[2]]);
  t.end();
});

t.test("whatever comes, frames are given once, in order, and never more than eight are held", (t) => {
  const random = seededRandom("microphone order");
  for (let run = 0; run < 200; run++) {
    const order = new MicrophoneOrder();
    let given = 0;
    let lastSeen = -1;
    const pending: AudioDatagram[] = [];
    for (let sequence = 0; sequence < 200; sequence++) {
      if (random.next() < 0.9) {
        pending.push(datagram(sequence, random.int(Math.min(3, sequence + 1))));
      }
      if (random.next() < 0.2) continue;
      while (pending.length > 0) {
        order.push(pending.splice(random.int(Math.min(2, pending.length)), 1)[0]!);
        for (let next = order.pull(); next !== undefined; next = order.pull()) {
          given++;
          if (next.packet === undefined) continue;
          const seen = next.packet[0]!;
          if (((seen - lastSeen) & 255) > 128) t.fail(`${seen} after ${lastSeen}`);
          lastSeen = seen;
        }
      }
    }
    if (given > 200) t.fail(`${given} of 200 frames`);
  }
  t.pass("200 runs");
  t.end();
});
