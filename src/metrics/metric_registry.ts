/**
 * MetricRegistry: what the host counts and measures, for programs that watch it. Counters and gauges
 * are read from their owners when somebody asks; histograms take a value where it arises, without an
 * allocation. Every metric has a bound of series, so that no peer can grow it.
 */

/** Kind of a metric. */
export type MetricKind = "counter" | "gauge" | "histogram";

/** Values of a metric's labels, in the order of their names. */
export type LabelValues = readonly string[];

/** What a metric is called and what it means. */
export interface MetricOptions {
  /** Such as `wavry_frames_total`, with the base unit in the name. */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  /** Names of labels; default: none. */
  readonly labels?: readonly string[];
}

/** One value, or one distribution, of a metric. */
export interface MetricSeries {
  readonly labels: Readonly<Record<string, string>>;
  /** Of a histogram: the number of observations. */
  readonly value: number;
  /** Of a histogram only. */
  readonly sum?: number;
  /** Of a histogram only: how many were at most each bound; the last is infinite (null in JSON). */
  readonly buckets?: readonly { readonly upTo: number; readonly count: number }[];
}

/** A metric without its values. */
export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly kind: MetricKind;
}

/** A metric with all its values at one moment. */
export interface MetricFamily extends MetricDescription {
  readonly series: readonly MetricSeries[];
}

/** Series of one metric: a label for each viewer of a full server, with room for reasons. */
export const MAX_SERIES = 128;
/** Metrics of one registry. */
export const MAX_METRICS = 256;

const METRIC_NAME = /^[a-z][a-z0-9_]*$/;

/** Takes values of one metric while a snapshot is made. */
export type SetValue = (value: number | undefined, ...labels: LabelValues) => void;

interface Metric {
  readonly options: MetricOptions;
  readonly kind: MetricKind;
  readonly collect: () => MetricSeries[];
}

/** A distribution over fixed bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #labelNames: readonly string[];
  readonly #series = new Map<string, { counts: Float64Array; sum: number }>();
  readonly #onRefused: () => void;

  /** Made by `MetricRegistry.histogram`. */
  constructor(
    options: { bounds: readonly number[]; labels: readonly string[] },
    onRefused: () => void,
  ) {
    const { bounds, labels } = options;
    if (bounds.length === 0 || bounds.some((bound, i) => i > 0 && !(bound > bounds[i - 1]!))) {
      throw new RangeError(`Cannot make a histogram of the bounds ${bounds.join(", ")}`);
    }
    if (labels.length > 1) throw new RangeError("Cannot make a histogram of two labels");
    this.#bounds = bounds;
    this.#labelNames = labels;
    this.#onRefused = onRefused;
  }

  /** Takes a value; `label` is the value of its label, where it has one. */
  observe(value: number, label = ""): void {
    let series = this.#series.get(label);
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) return this.#onRefused();
      series = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
      this.#series.set(label, series);
    }
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    series.counts[bucket]!++;
    series.sum += value;
  }

  /** What it has taken so far. */
  collect(): MetricSeries[] {
    return [...this.#series].map(([label, { counts, sum }]) => {
      let count = 0;
      const buckets = [...counts].map((inBucket, index) => {
        count += inBucket;
        return { upTo: this.#bounds[index] ?? Infinity, count };
      });
      return { labels: labelsOf(this.#labelNames, [label]), value: count, sum, buckets };
    });
  }
}

/** Every metric of a process. */
export class MetricRegistry {
  readonly #metrics = new Map<string, Metric>();
  #seriesRefused = 0;

  /** Values that were left out because their metric had `MAX_SERIES` already. */
  get seriesRefused(): number {
    return this.#seriesRefused;
  }

  /** A figure that only grows; `read` gives its values whenever a snapshot is made. */
  counter(options: MetricOptions, read: (set: SetValue) => void): void {
    this.#add("counter", options, () => this.#read(options, read));
  }

  /** A figure that goes up and down; `read` gives its values whenever a snapshot is made. */
  gauge(options: MetricOptions, read: (set: SetValue) => void): void {
    this.#add("gauge", options, () => this.#read(options, read));
  }

  /** A distribution over `bounds`, which rise; at most one label. */
  histogram(options: MetricOptions, bounds: readonly number[]): Histogram {
    const histogram = new Histogram({ bounds, labels: options.labels ?? [] }, () => {
      this.#seriesRefused++;
    });
    this.#add("histogram", options, () => histogram.collect());
    return histogram;
  }

  /** What metrics there are, whether they have a value or not. */
  describe(): MetricDescription[] {
    return [...this.#metrics.values()].map(({ options: { name, help }, kind }) => {
      return { name, help, kind };
    });
  }

  /** Every metric that has a value now, in the order in which they were made. */
  snapshot(): MetricFamily[] {
    return [...this.#metrics.values()].flatMap(({ options, kind, collect }) => {
      const series = collect();
      return series.length === 0 ? [] : [{ name: options.name, help: options.help, kind, series }];
    });
  }

  #add(kind: MetricKind, options: MetricOptions, collect: () => MetricSeries[]): void {
    const names = [options.name, ...options.labels ?? []];
    const bad = names.find((name) => !METRIC_NAME.test(name));
    if (bad !== undefined) throw new RangeError(`Cannot use "${bad}" in a metric`);
    if (this.#metrics.has(options.name) || this.#metrics.size >= MAX_METRICS) {
      throw new RangeError(`Cannot add the metric ${options.name}: there is one, or too many`);
    }
    this.#metrics.set(options.name, { options, kind, collect });
  }

  #read({ labels = [] }: MetricOptions, read: (set: SetValue) => void): MetricSeries[] {
    const series: MetricSeries[] = [];
    read((value, ...values) => {
      if (value === undefined) return;
      if (series.length >= MAX_SERIES) this.#seriesRefused++;
      else series.push({ labels: labelsOf(labels, values), value });
    });
    return series;
  }
}

function labelsOf(names: readonly string[], values: LabelValues): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
