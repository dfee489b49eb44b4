/**
 * Turns: measures ways of doing one thing in rounds that take turns, so that the machine's mood hits
 * all of them alike and their ratio is worth more than either figure. Time is of the processor, bytes
 * are those that the JavaScript heap handed out.
 */

import process from "node:process";
import v8 from "node:v8";

/** One way. */
export interface Way {
  readonly name: string;
  /** Does a round; gives how many units of work it was. */
  round(): number;
}

/** What a way costs. */
export interface WayCost {
  /** Nanoseconds of processor time for each unit, of each round. */
  readonly unitNs: readonly number[];
  /** Bytes of the JavaScript heap for each unit, over all rounds. */
  readonly heapBytes: number;
}

/** Rounds before the compiler of the runtime has done its work. */
const WARM_UP_ROUNDS = 3;

/** Measures every way `rounds` times; rejects with the signal's reason. */
export async function takeTurns<Name extends string>(
  ways: readonly (Way & { readonly name: Name })[],
  rounds: number,
  signal: AbortSignal,
): Promise<Record<Name, WayCost>> {
  const costs = ways.map((way) => ({ way, unitNs: [] as number[], units: 0, bytes: 0 }));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const cost of costs) {
      const startBytes = allocatedBytes();
      const startNs = processorNs();
      const units = cost.way.round();
      const elapsedNs = processorNs() - startNs;
      const bytes = allocatedBytes() - startBytes;
      await breathe(signal);
      if (round < 0) continue;
      cost.unitNs.push(elapsedNs / units);
      cost.units += units;
      cost.bytes += bytes;
    }
  }
  return Object.fromEntries(costs.map(({ way, unitNs, units, bytes }) => [
    way.name,
    { unitNs, heapBytes: bytes / units },
  ])) as unknown as Record<Name, WayCost>;
}

/**
 * Bytes that the JavaScript heap has handed out so far, whatever became of them. It counts in pages of
 * 256 KiB, so that a round must do many units of work to say much about one.
 */
export function allocatedBytes(): number {
  const statistics = v8.getHeapStatistics() as { readonly total_allocated_bytes?: number };
  if (statistics.total_allocated_bytes === undefined) {
    throw new Error("Cannot count allocations: this runtime does not tell");
  }
  return statistics.total_allocated_bytes;
}

/** Processor time of this process so far: other load on the machine is not in it. */
function processorNs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/** Lets signals in, so that Ctrl+C and the deadline work between rounds. */
async function breathe(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal.throwIfAborted();
}
