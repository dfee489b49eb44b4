/**
 * DeliveryWatch: what about the delivery of recordings a person should hear: looks at its figures every
 * few seconds and says so, at most once a minute for each cause.
 */

import type { DeliveryStats } from "./delivery_stats.ts";

/** Share of the budget above which it warns. */
export const BUDGET_SHARE_MAX = 0.8;
/** Share of refused requests above which it warns, when there were enough of them to tell. */
export const REFUSED_SHARE_MAX = 0.05;
const REQUESTS_TO_TELL = 20;
/** Looks in a row with more bodies each, and none that ended, after which it warns. */
export const LOOKS_GROWING = 6;
const REPEAT_US = 60_000_000;

/** Causes of warnings. */
export type DeliveryCause = "memory" | "cache_entries" | "refusals" | "growing";

/** One warning. */
export interface DeliveryWarning {
  readonly cause: DeliveryCause;
  /** For the log. */
  readonly why: string;
  readonly fields: Readonly<Record<string, number>>;
}

type Figures = Pick<
  DeliveryStats,
  | "budgetBytes"
  | "bookedBytes"
  | "isCacheFull"
  | "cacheEntries"
  | "requests"
  | "refusals"
  | "activeStreams"
  | "ends"
>;

/** Watches one delivery. */
export class DeliveryWatch {
  readonly #warnedUs = new Map<DeliveryCause, number>();
  #requests = 0;
  #refusals = 0;
  #streams = 0;
  #ended = 0;
  #looksGrowing = 0;

  /** Takes the figures of now; gives what is to be said. */
  push(stats: Figures, nowUs: number): DeliveryWarning[] {
    const warnings = [
      memoryWarning(stats),
      cacheWarning(stats),
      this.#refusalWarning(stats),
      this.#growthWarning(stats),
    ];
    return warnings.filter((warning) => {
      if (warning === undefined) return false;
      const before = this.#warnedUs.get(warning.cause);
      if (before !== undefined && nowUs - before < REPEAT_US) return false;
      this.#warnedUs.set(warning.cause, nowUs);
      return true;
    }) as DeliveryWarning[];
  }

  #refusalWarning({ requests, refusals }: Figures): DeliveryWarning | undefined {
    const asked = requests - this.#requests;
    if (asked < REQUESTS_TO_TELL) return undefined;
    const refused = refusals - this.#refusals;
    this.#requests = requests;
    this.#refusals = refusals;
    if (refused <= asked * REFUSED_SHARE_MAX) return undefined;
    return { cause: "refusals", why: "many were refused", fields: { asked, refused } };
  }

  #growthWarning({ activeStreams, ends }: Figures): DeliveryWarning | undefined {
    const ended = Object.values(ends).reduce((sum, count) => sum + count, 0);
    const isGrowing = activeStreams > this.#streams && ended === this.#ended;
    this.#looksGrowing = isGrowing ? this.#looksGrowing + 1 : 0;
    this.#streams = activeStreams;
    this.#ended = ended;
    if (this.#looksGrowing < LOOKS_GROWING) return undefined;
    return { cause: "growing", why: "readers come and none ends", fields: { activeStreams } };
  }
}

function memoryWarning({ bookedBytes, budgetBytes }: Figures): DeliveryWarning | undefined {
  if (bookedBytes <= budgetBytes * BUDGET_SHARE_MAX) return undefined;
  return {
    cause: "memory",
    why: "its memory is nearly full",
    fields: { bookedBytes, budgetBytes },
  };
}

function cacheWarning({ isCacheFull, cacheEntries }: Figures): DeliveryWarning | undefined {
  if (!isCacheFull) return undefined;
  return { cause: "cache_entries", why: "its cache is full", fields: { cacheEntries } };
}
