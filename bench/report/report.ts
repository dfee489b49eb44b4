/**
 * Report: what every scenario hands back, as `--json` writes it. Names are stable so that two runs
 * can be compared; every distribution carries its unit and sample count.
 */

import type { Distribution } from "../measure/distribution.ts";
import type { Machine } from "../measure/machine.ts";

/** One figure that is not a distribution. */
export interface Value {
  readonly value: number;
  readonly unit: string;
}

/** Figures that are best read side by side: a row for each case, a column for each figure. */
export interface FigureTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What a scenario measured. */
export interface Results {
  readonly distributions: Readonly<Record<string, Distribution>>;
  readonly values: Readonly<Record<string, Value>>;
  readonly tables?: readonly FigureTable[];
  /** What a reader must know about this run, one sentence each. */
  readonly notes: readonly string[];
}

/** One limit and whether the run kept it. */
export interface Check {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly pass: boolean;
}

/** The whole report. */
export interface Report {
  readonly scenario: string;
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly machine: Machine;
  readonly results: Results;
  readonly checks: readonly Check[];
}

/** Passes when `value` is at most `limit`; a missing value fails. */
export function atMost(name: string, value: number | null | undefined, limit: number): Check {
  const known = value ?? Number.MAX_SAFE_INTEGER;
  return { name, value: known, limit, pass: known <= limit };
}

/** Passes when `value` is at least `limit`; a missing value fails. */
export function atLeast(name: string, value: number | null | undefined, limit: number): Check {
  const known = value ?? 0;
  return { name, value: known, limit, pass: value != null && known >= limit };
}
