/**
 * Endings: runs ways to end many times over and asserts that a host holds what it held before. Those
 * of one group are looked at together, since a look stops the host for a while.
 */

import type { Test } from "tap";
import type { Holdings } from "./holdings.ts";
import type { WatchedHost } from "./watched_host.ts";

/** How often each ending happens: what one leaves behind is then this many times too much. */
export const TIMES = 20;
/** At a time; connections that have not authenticated may be 16 from one address. */
const AT_ONCE = 10;

/** A way to end: it begins with nothing and resolves when the viewer's side is over. */
export type Ending = readonly [name: string, end: () => Promise<void>];

/** What is looked at, and what it may hold. */
export interface EndingsOptions {
  readonly watched: WatchedHost;
  readonly baseline: Holdings;
  readonly endings: readonly Ending[];
}

/** Ends in one way, many times. */
export async function repeat(end: () => Promise<void>, times: number = TIMES): Promise<void> {
  for (let done = 0; done < times; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, times - done) }, end));
  }
}

/** Asserts that no ending of a group leaves anything behind; what is left says what is not ended. */
export async function testEndings(t: Test, options: EndingsOptions): Promise<void> {
  const { watched, baseline, endings } = options;
  for (const [name, end] of endings) {
    await repeat(end);
    t.pass(`${name}: ${TIMES} times`);
  }
  t.strictSame(await watched.leaks(baseline, TIMES), [], "nothing of all that is left");
}
