/** A memory sample with round figures, for tests of what is made of samples. */

import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { type MemorySample, memorySample } from "../../../src/memory/memory_sample.ts";

/** A sample of a host that uses `megabytes` in its server process and 50 MB in the other. */
export function sampleOf(megabytes: number, timeMs = 0): MemorySample {
  const ledger = new MemoryLedger();
  ledger.watch("staging", () => ({ currentBytes: 9_000_000, live: 3 }));
  ledger.watch("ipc", () => ({ currentBytes: megabytes * 1000 }));
  return memorySample({
    timeMs,
    server: {
      ...{ rssBytes: megabytes * 1e6, pssBytes: megabytes * 8e5, virtualBytes: 4e9 },
      ...{ descriptors: 30, heapUsedBytes: 20e6, externalBytes: 2e6 },
    },
    media: {
      ...{ rssBytes: 50e6, pssBytes: 40e6, virtualBytes: 3e9 },
      ...{ descriptors: 12, heapUsedBytes: 5e6, externalBytes: undefined },
    },
    native: { bytes: 16e6, live: 12 },
    owners: ledger.snapshot(),
  });
}
