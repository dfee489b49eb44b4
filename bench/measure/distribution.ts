/**
 * Distribution: a set of samples as the figures that a report shows. Percentiles are exact nearest
 * ranks over all samples (no buckets, no interpolation), so every figure is a value that occurred.
 */

/** Percentiles of every report, by the name that they have there. */
export const PERCENTILES = [
  ["p50", 50],
  ["p90", 90],
  ["p95", 95],
  ["p99", 99],
  ["p99.9", 99.9],
] as const;

/** Most samples that one distribution keeps; an hour at 240 a second stays below it. */
const MAX_SAMPLES = 1_000_000;

/** What a set of samples looks like. All figures are in `unit`. */
export interface Distribution {
  readonly unit: string;
  /** Number of samples. With 0, every figure is null. */
  readonly count: number;
  readonly min: number | null;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly "p99.9": number | null;
  readonly max: number | null;
}

/** The smallest sample that at least `percent` % of the sorted samples do not exceed. */
export function percentileOf(sorted: readonly number[], percent: number): number {
  if (sorted.length === 0) throw new RangeError("Cannot take a percentile of no samples");
  if (!(percent > 0 && percent <= 100)) {
    throw new RangeError(`Cannot take percentile ${percent}: not in (0, 100]`);
  }
  // The product is off by a rounding error for 99.9 of 1000; the ranks must not be.
  const rank = Math.ceil(Number((sorted.length * percent / 100).toFixed(6)));
  return sorted[Math.max(0, rank - 1)] as number;
}

/** Describes the samples. Throws RangeError for a sample that is not finite or for too many. */
export function distributionOf(samples: readonly number[], unit: string): Distribution {
  if (samples.length > MAX_SAMPLES) {
    throw new RangeError(`Cannot describe ${samples.length} samples: at most ${MAX_SAMPLES}`);
  }
  const bad = samples.find((sample) => !Number.isFinite(sample));
  if (bad !== undefined) throw new RangeError(`Cannot describe sample ${bad}`);
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (percent: number) =>
    sorted.length === 0 ? null : rounded(percentileOf(sorted, percent));
  const sum = sorted.reduce((total, sample) => total + sample, 0);
  return {
    unit,
    count: sorted.length,
    min: rounded(sorted[0] ?? null),
    mean: sorted.length === 0 ? null : rounded(sum / sorted.length),
    p50: at(50),
    p90: at(90),
    p95: at(95),
    p99: at(99),
    "p99.9": at(99.9),
    max: rounded(sorted.at(-1) ?? null),
  };
}

/** A line through points, by least squares. */
export interface Slope {
  /** Change of y per x; 0 when there are fewer than two different x. */
  readonly slope: number;
  /** Half of the 95 % interval around it; infinite when there are too few points to know. */
  readonly margin: number;
}

/** Least-squares slope of `y` over `x`. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  if (!(variance > 0)) return { slope: 0, margin: Infinity };
  const slope = covariance / variance;
  const residuals = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  const margin = count > 2 ? 1.96 * Math.sqrt(residuals / (count - 2) / variance) : Infinity;
  return { slope, margin };
}

function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Math.round(value * 1e4) / 1e4) as T;
}
