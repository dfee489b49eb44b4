/**
 * RuntimeWatch: looks at the runtime itself every few seconds: the pauses of its collector, and the
 * memory of the run as a whole. It keeps sums; a pause is handed on once.
 */

import {
  type CollectionPause,
  type CollectionTotal,
  CollectionWatch,
} from "../../memory/collection_watch.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import { type RunFigures, RunProfile } from "../../memory/run_profile.ts";

/** Time between two looks; the profiler keeps some kilobytes of each collection until then. */
const LOOK_MS = 5000;

/** What a watch is made of. */
export interface RuntimeWatchOptions {
  readonly sample: () => MemorySample;
  /** Hears of each pause, some seconds after it. */
  readonly onPause: (pause: CollectionPause) => void;
}

/** Looks at one host's runtime. */
export class RuntimeWatch {
  readonly #options: RuntimeWatchOptions;
  readonly #resident = new RunProfile();
  readonly #proportional = new RunProfile();
  #collections: CollectionWatch | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: RuntimeWatchOptions) {
    this.#options = options;
  }

  /** Looks from now on, until it is closed. */
  start(): void {
    this.#collections = new CollectionWatch();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** Looks now. */
  look(): void {
    for (const pause of this.#collections?.take() ?? []) this.#options.onPause(pause);
    const { timeMs, rssBytes, pssBytes, media } = this.#options.sample();
    // A run begins when both processes can be seen: one alone would be a baseline of half a host.
    if (media !== undefined) this.#resident.push({ timeMs, bytes: rssBytes });
    if (pssBytes !== undefined) this.#proportional.push({ timeMs, bytes: pssBytes });
  }

  /** All pauses so far, by kind. */
  get totals(): readonly CollectionTotal[] {
    return this.#collections?.totals ?? [];
  }

  /** Memory of both processes since both could be seen. */
  get run(): Readonly<Record<"resident" | "proportional", RunFigures>> {
    return { resident: this.#resident.figures, proportional: this.#proportional.figures };
  }

  /** Ends the timer and the profiler; idempotent. */
  close(): void {
    clearInterval(this.#timer);
    this.#collections?.[Symbol.dispose]();
    this.#collections = undefined;
  }
}
