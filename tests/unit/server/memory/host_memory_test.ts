import t from "tap";
import { silentLogger } from "../../../../src/core/log.ts";
import type { MediaStats } from "../../../../src/ipc/media_message.ts";
import { HostMemory } from "../../../../src/server/memory/host_memory.ts";

const MB = 1_000_000;

function mediaStats(): MediaStats {
  const type = (name: string, live: number, liveBytes: number) => {
    return { type: name, live, liveBytes, peakBytes: 2 * liveBytes };
  };
  const pool = {
    ...{ framesMax: 3, frameBytes: MB, allocated: 3, inUse: 1, totalBytes: 3 * MB },
    ...{ workingSet: 2, available: 2 },
    ...{ leases: 1000, reuseRatio: 0.997, exhaustions: 0 },
  };
  return {
    rssBytes: 70 * MB,
    heapUsedBytes: 5 * MB,
    externalBytes: MB,
    kernel: {
      media: { pssBytes: 60 * MB, virtualBytes: 1, descriptors: 12 },
      server: { pssBytes: 80 * MB, virtualBytes: 2, descriptors: 30 },
    },
    native: [
      type("frame", 3, 3 * MB),
      type("encoder", 1, 100),
      type("encoder_library", 1, 30 * MB),
      type("output", 2, 8 * MB),
    ],
    encoders: { created: 2, reused: 5, reconfigured: 1 },
    streams: [{ pool }],
  } as unknown as MediaStats;
}

t.test("HostMemory adds both processes up and knows every owner", (t) => {
  let media: MediaStats | undefined = mediaStats();
  const memory = new HostMemory(silentLogger, {
    media: () => media,
    pipeBytes: () => 400,
    queuedDatagrams: () => ({ outstanding: 2, unread: 1 }),
    codingRings: () => ({ currentBytes: 700, live: 1 }),
    senderRings: () => ({ currentBytes: 800, live: 2 }),
    queuedControlBytes: () => 12,
  });
  const sample = memory.sample();
  t.equal(sample.rssBytes, sample.server.rssBytes + 70 * MB);
  t.equal(sample.pssBytes, 140 * MB);
  t.equal(sample.descriptors, 42);
  t.equal(sample.heapUsedBytes, sample.server.heapUsedBytes + 5 * MB);
  t.equal(sample.externalBytes, sample.server.externalBytes! + MB);
  t.ok(sample.server.rssBytes > 10 * MB, "this very process");
  t.same(sample.native, { bytes: 41 * MB + 100, live: 7 });
  const owners = Object.fromEntries(sample.owners.map((entry) => [entry.owner, entry]));
  t.match(owners, {
    staging: { currentBytes: 3 * MB, peakBytes: 6 * MB, live: 3, reuses: 997, allocations: 3 },
    encoder: { currentBytes: 30 * MB + 100, live: 2, allocations: 2, reuses: 6 },
    native: { currentBytes: 8 * MB, live: 2 },
    ipc: { currentBytes: 400 },
    control: { currentBytes: 12 },
    fec: { currentBytes: 700, live: 1 },
    packet: { currentBytes: 800, live: 2 },
    send_queue: { currentBytes: 3000, live: 2 },
    receive_queue: { currentBytes: 1500, live: 1 },
  });
  t.equal(sample.ledgerBytes, 41 * MB + 100 + 400 + 12 + 700 + 800 + 4500);

  media = undefined;
  const after = memory.sample();
  t.equal(after.pssBytes, undefined, "half a figure is none");
  t.equal(after.media, undefined, "a media process that is gone costs nothing");
  t.match(after.owners.find(({ owner }) => owner === "staging"), {
    currentBytes: 0,
    peakBytes: 6 * MB,
  });
  t.end();
});
