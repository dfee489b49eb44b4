/**
 * MetricExport: gives our metrics to the OpenTelemetry that is built into the runtime, which sends
 * them with its own while OTEL_DENO is on. They are read when it asks; between two times it holds
 * nothing and costs nothing.
 */

import type { MetricDescription, MetricFamily } from "../../metrics/metric_registry.ts";

/** What is exported. */
export interface ExportedMetrics {
  describe(): MetricDescription[];
  snapshot(): MetricFamily[];
}

/** What of the runtime's meter is used; it is as OpenTelemetry's own interface for JavaScript. */
export interface TelemetryMeter {
  createObservableCounter(name: string, options: InstrumentOptions): Instrument;
  createObservableGauge(name: string, options: InstrumentOptions): Instrument;
  addBatchObservableCallback(callback: BatchCallback, instruments: Instrument[]): void;
  removeBatchObservableCallback(callback: BatchCallback, instruments: Instrument[]): void;
}

type Instrument = object;
type BatchCallback = (observer: BatchObserver) => void;

interface InstrumentOptions {
  readonly description: string;
  readonly unit: string;
}

interface BatchObserver {
  observe(instrument: Instrument, value: number, labels: Readonly<Record<string, string>>): void;
}

/** True when the runtime exports telemetry. */
export function isTelemetryOn(): boolean {
  return ["true", "1"].includes(Deno.env.get("OTEL_DENO") ?? "");
}

/** Exports until it is closed. */
export class MetricExport {
  readonly #meter: TelemetryMeter;
  readonly #metrics: ExportedMetrics;
  readonly #instruments = new Map<string, Instrument>();
  readonly #observe = (observer: BatchObserver): void => this.#observeAll(observer);

  /** Begins at once. */
  constructor(
    metrics: ExportedMetrics,
    meter: TelemetryMeter = Deno.telemetry.meterProvider.getMeter("wavry"),
  ) {
    this.#metrics = metrics;
    this.#meter = meter;
    for (const description of metrics.describe()) this.#add(description);
    meter.addBatchObservableCallback(this.#observe, [...this.#instruments.values()]);
  }

  /** Ends. */
  close(): void {
    this.#meter.removeBatchObservableCallback(this.#observe, [...this.#instruments.values()]);
  }

  #add({ name, help, kind }: MetricDescription): void {
    const counter = (counterName: string, unit: string) => {
      const options = { description: help, unit };
      this.#instruments.set(counterName, this.#meter.createObservableCounter(counterName, options));
    };
    if (kind === "counter") return counter(name, unitOf(name));
    if (kind === "gauge") {
      const options = { description: help, unit: unitOf(name) };
      this.#instruments.set(name, this.#meter.createObservableGauge(name, options));
      return;
    }
    // There is no instrument that takes a distribution which somebody else has counted.
    counter(`${name}_sum`, unitOf(name));
    counter(`${name}_count`, "");
  }

  #observeAll(observer: BatchObserver): void {
    for (const { name, kind, series } of this.#metrics.snapshot()) {
      for (const { value, sum, labels } of series) {
        const set = (key: string, figure: number) => {
          const instrument = this.#instruments.get(key);
          if (instrument !== undefined) observer.observe(instrument, figure, labels);
        };
        if (kind !== "histogram") set(name, value);
        else {
          set(`${name}_sum`, sum ?? 0);
          set(`${name}_count`, value);
        }
      }
    }
  }
}

/** The unit that a name ends in, as OpenTelemetry writes it. */
function unitOf(name: string): string {
  if (/_bytes_per_second$/.test(name)) return "By/s";
  if (/_bytes(_total)?$/.test(name)) return "By";
  if (/_seconds(_total)?$/.test(name)) return "s";
  return /_ratio$/.test(name) ? "1" : "";
}
