/** Tests of src/server/metrics/metric_export.ts. */

import t from "tap";
import { MetricRegistry } from "../../../../src/metrics/metric_registry.ts";
import { MetricExport } from "../../../../src/server/metrics/metric_export.ts";

t.test("MetricExport gives every series when it is asked, until it is closed", (t) => {
  const registry = new MetricRegistry();
  let frames = 3;
  registry.counter({ name: "x_frames_total", help: "Frames", labels: ["stream"] }, (set) => {
    set(frames, "0");
    set(frames + 1, "1");
  });
  registry.gauge({ name: "x_held_bytes", help: "Held" }, (set) => set(7));
  registry.gauge({ name: "x_empty_ratio", help: "Nothing" }, () => {});
  registry.histogram({ name: "x_wait_seconds", help: "Waits" }, [1, 2]).observe(1.5);

  const made: string[] = [];
  const callbacks = new Set<(observer: { observe: typeof observe }) => void>();
  const observed: unknown[] = [];
  const observe = (instrument: object, value: number, labels: object) => {
    observed.push([(instrument as { name: string }).name, value, labels]);
  };
  const make = (kind: string) => (name: string, { unit }: { unit: string }) => {
    made.push(`${kind} ${name} ${unit}`);
    return { name };
  };
  const exported = new MetricExport(registry, {
    createObservableCounter: make("counter"),
    createObservableGauge: make("gauge"),
    addBatchObservableCallback: (callback, instruments) => {
      t.equal(instruments.length, 5);
      callbacks.add(callback);
    },
    removeBatchObservableCallback: (callback) => callbacks.delete(callback),
  });
  t.same(made, [
    "counter x_frames_total ",
    "gauge x_held_bytes By",
    "gauge x_empty_ratio 1",
    "counter x_wait_seconds_sum s",
    "counter x_wait_seconds_count ",
  ]);
  frames = 10;
  for (const callback of callbacks) callback({ observe });
  t.same(observed, [
    ["x_frames_total", 10, { stream: "0" }],
    ["x_frames_total", 11, { stream: "1" }],
    ["x_held_bytes", 7, {}],
    ["x_wait_seconds_sum", 1.5, {}],
    ["x_wait_seconds_count", 1, {}],
  ]);
  exported.close();
  t.equal(callbacks.size, 0);
  t.end();
});
