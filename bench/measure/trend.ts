/**
 * Trend: the slope of a figure over time with an interval that holds for samples that depend on each
 * other, as those of a process' memory do. Least squares gives the slope; its margin counts only as
 * many samples as are independent (Santer et al. 2000, "Statistical significance of trends"): of the
 * residuals' lag-1 autocorrelation r, n (1 - r) / (1 + r). A run too short to tell has a wide one.
 */

/** A slope and how sure it is. */
export interface Trend {
  /** Change of y per x; 0 when there are fewer than two different x. */
  readonly slope: number;
  /** Half of the 95 % interval around it; infinite when there are too few independent samples. */
  readonly margin: number;
  /** Lag-1 autocorrelation of the residuals, its bias from the short run taken off. */
  readonly correlation: number;
  /** Samples that count. */
  readonly effective: number;
  /** y at the middle of the x. */
  readonly level: number;
}

/** Strongest correlation that is told from a random walk. */
const CORRELATION_MAX = 0.999;
/** So few points tell nothing of it. */
const POINTS_MIN = 5;
const NOTHING: Trend = { slope: 0, margin: Infinity, correlation: 0, effective: 0, level: 0 };

/** The trend of points at even distances, in order. */
export function trendOf(points: readonly (readonly [x: number, y: number])[]): Trend {
  const count = points.length;
  if (count === 0) return NOTHING;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  if (!(variance > 0)) return { ...NOTHING, level: meanY };
  const slope = covariance / variance;
  const residuals = points.map(([x, y]) => y - meanY - slope * (x - meanX));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const correlation = squares === 0 ? 0 : correlationOf(residuals, squares);
  const effective = count * (1 - correlation) / (1 + correlation);
  const freedom = effective - 2;
  const margin = freedom < 1
    ? (squares === 0 && count > 2 ? 0 : Infinity)
    : studentT95(freedom) * Math.sqrt(squares / freedom / variance);
  return { slope, margin, correlation, effective, level: meanY };
}

/** Lag-1 autocorrelation; the fit of a line takes (2 + 4 r) / n off it, which is given back. */
function correlationOf(residuals: readonly number[], squares: number): number {
  const count = residuals.length;
  if (count <= POINTS_MIN) return CORRELATION_MAX;
  const products = residuals.reduce(
    (sum, residual, at) => at === 0 ? sum : sum + residual * residuals[at - 1]!,
    0,
  );
  const raw = products / squares;
  return Math.min(CORRELATION_MAX, Math.max(0, (raw * count + 2) / (count - 4)));
}

/**
 * Two-sided 95 % quantile of Student's distribution, by the expansion of Cornish and Fisher; exact to
 * a percent from three degrees of freedom, and from the table below that.
 */
export function studentT95(freedom: number): number {
  if (freedom < 3) return interpolated(freedom);
  const z = 1.959964;
  const [z3, z5, z7] = [z ** 3, z ** 5, z ** 7];
  return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom ** 3);
}

/** Quantiles of 1, 2 and 3 degrees of freedom, joined by lines over the reciprocal. */
function interpolated(freedom: number): number {
  const [one, two, three] = [12.706, 4.303, 3.182];
  const at = 1 / Math.max(1, freedom);
  if (freedom <= 2) return two + (one - two) * (at - 1 / 2) / (1 - 1 / 2);
  return three + (two - three) * (at - 1 / 3) / (1 / 2 - 1 / 3);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
