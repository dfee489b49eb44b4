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

/** Looks before what differs is believed to be a leak, and the pause between them. */
const LOOKS = 8;
const LOOK_PAUSE_MS = 300;

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
    const outside = [await descriptorHoldings(this.#pid), await threadHoldings(this.#pid)];
    for (const counts of [...outside, this.#figures()]) {
      for (const [name, count] of counts) holdings.set(name, count);
    }
    return holdings;
  }

  /** What it holds more or less than `before`, once all that was begun had its time to end. */
  async leaks(before: Holdings, repetitions: number): Promise<string[]> {
    let found: string[] = [];
    for (let look = 0; look < LOOKS; look++) {
      found = differences(before, await this.held(), repetitions);
      if (found.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, LOOK_PAUSE_MS));
    }
    return found;
  }

  /** Lets its debugger go. */
  [Symbol.dispose](): void {
    this.#probe[Symbol.dispose]();
  }
}
