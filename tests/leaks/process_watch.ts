/**
 * ProcessWatch: everything that one process holds, as holdings: its objects and resources through its
 * debugger, its descriptors and native threads through /proc, and whatever figures its owner adds.
 */

import { HeapProbe } from "./heap_probe.ts";
import {
  descriptorHoldings,
  differences,
  type Holdings,
  objectHoldings,
  sourceClasses,
  threadHoldings,
} from "./holdings.ts";

/** An encoder that nobody uses any more is kept for 5 s; nothing else takes longer to end. */
const SETTLE_MS = 12_000;
/** Between looks at what can be seen without stopping the process. */
const POLL_MS = 100;
/** Looks at all objects before what differs is believed to be a leak, and the pause between them. */
const LOOKS = 6;
const LOOK_PAUSE_MS = 500;

/** Looks at one process. */
export class ProcessWatch implements Disposable {
  readonly #pid: number;
  readonly #probe: HeapProbe;
  readonly #ours: ReadonlySet<string>;
  readonly #figures: () => Holdings;

  /** Looks at this process; `figures` are counts that only it can tell. */
  static async ofThisProcess(figures: () => Holdings = () => new Map()): Promise<ProcessWatch> {
    return new ProcessWatch(Deno.pid, HeapProbe.ofThisProcess(), await sourceClasses(), figures);
  }

  /** Looks at a child that was started with `INSPECT_FLAGS`; `log` is its standard error so far. */
  static async ofChild(
    pid: number,
    log: string,
    figures: () => Holdings = () => new Map(),
  ): Promise<ProcessWatch> {
    return new ProcessWatch(pid, await HeapProbe.ofChild(log), await sourceClasses(), figures);
  }

  private constructor(
    pid: number,
    probe: HeapProbe,
    ours: ReadonlySet<string>,
    figures: () => Holdings,
  ) {
    this.#pid = pid;
    this.#probe = probe;
    this.#ours = ours;
    this.#figures = figures;
  }

  /** What it holds now; `classes` names further classes that count exactly. */
  async held(classes: readonly string[] = []): Promise<Holdings> {
    const exact = new Set([...this.#ours, ...classes]);
    const holdings = objectHoldings(await this.#probe.census(), exact);
    for (const [name, count] of await this.#probe.resources()) {
      holdings.set(`resource ${name}`, count);
    }
    for (const [name, count] of await this.#outside()) holdings.set(name, count);
    return holdings;
  }

  /** What it holds more or less than `before`, once all that was begun had its time to end. */
  async leaks(before: Holdings, repetitions: number): Promise<string[]> {
    const deadlineMs = performance.now() + SETTLE_MS;
    const isQuiet = async () => {
      const now = await this.#outside();
      return [...now].every(([name, count]) => before.get(name) === count);
    };
    while (!await isQuiet() && performance.now() < deadlineMs) await pause(POLL_MS);
    let found: string[] = [];
    for (let look = 0; look < LOOKS; look++) {
      found = differences(before, await this.held(), repetitions);
      if (found.length === 0) break;
      await pause(LOOK_PAUSE_MS);
    }
    return found;
  }

  /** Lets its debugger go. */
  [Symbol.dispose](): void {
    this.#probe[Symbol.dispose]();
  }

  async #outside(): Promise<Map<string, number>> {
    return new Map([
      ...await descriptorHoldings(this.#pid),
      ...await threadHoldings(this.#pid),
      ...this.#figures(),
    ]);
  }
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
