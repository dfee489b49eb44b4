/**
 * Memory comparison: what an earlier run of the same kind allows this one, with the noise that two runs
 * of one program on one machine have: pages of the runtime that happen to be read, and the moment of
 * the last collection.
 */

import { atMost, type Check, type Report } from "../report/report.ts";

/** Values that must not grow, and the noise of each: a share of it and MB. */
const NOISE = [
  ["memory, no viewer", { share: 0.03, mb: 2 }],
  ["memory, peak", { share: 0.05, mb: 4 }],
  ["memory, after the viewers", { share: 0.05, mb: 4 }],
  ["each further viewer", { share: 0, mb: 1.5 }],
] as const;
/** Options that make another kind of run. */
export const COMPARABLE_OPTIONS = [
  ...["size", "fps", "content", "bitrate", "viewers", "browser"] as const,
];

/** Checks that `after` is no worse than `before`, a run of the same kind. */
export function memoryRegressions(before: Report, after: Report): Check[] {
  const valueOf = (report: Report, name: string) => report.results.values[name]?.value;
  const checks = NOISE.flatMap(([name, { share, mb }]) => {
    const [then, now] = [valueOf(before, name), valueOf(after, name)];
    if (then === undefined || now === undefined) return [];
    return [atMost(`${name}: than before, MB`, now, then * (1 + share) + mb)];
  });
  const [slopes, margins] = ["slope", "slope, 95 % margin"].map((name) =>
    [before, after].map((report) => valueOf(report, name))
  ) as [(number | undefined)[], (number | undefined)[]];
  const [then, now] = slopes;
  const [thenMargin, nowMargin] = margins;
  if (
    then !== undefined && now !== undefined && thenMargin !== undefined && nowMargin !== undefined
  ) {
    const noise = Math.hypot(thenMargin, nowMargin);
    checks.push(atMost("slope: than before, MB/h", now, Math.max(0, then) + noise));
  }
  return checks;
}
