import fc from "fast-check";
import t from "tap";
import { MAX_METRICS, MAX_SERIES, MetricRegistry } from "../../../src/metrics/metric_registry.ts";

t.test("MetricRegistry reads counters and gauges when somebody asks", (t) => {
  const registry = new MetricRegistry();
  let frames = 1;
  registry.counter({ name: "frames_total", help: "Frames" }, (set) => set(frames));
  registry.gauge({ name: "viewers", help: "Viewers", labels: ["role"] }, (set) => {
    set(2, "player");
    set(undefined, "viewer");
  });
  registry.gauge({ name: "nothing", help: "Has no value" }, () => {});
  frames = 7;
  t.same(registry.snapshot(), [
    { name: "frames_total", help: "Frames", kind: "counter", series: [{ labels: {}, value: 7 }] },
    {
      name: "viewers",
      help: "Viewers",
      kind: "gauge",
      series: [{ labels: { role: "player" }, value: 2 }],
    },
  ]);
  t.end();
});

t.test("Histogram counts what is at most each bound", (t) => {
  const registry = new MetricRegistry();
  const options = { name: "seconds", help: "Time", labels: ["stage"] };
  const histogram = registry.histogram(options, [1, 2, 4]);
  for (const value of [0.5, 1, 1.5, 4, 5]) histogram.observe(value, "grab");
  t.same(registry.snapshot()[0]?.series, [{
    labels: { stage: "grab" },
    value: 5,
    sum: 12,
    buckets: [
      { upTo: 1, count: 2 },
      { upTo: 2, count: 3 },
      { upTo: 4, count: 4 },
      { upTo: Infinity, count: 5 },
    ],
  }]);
  t.end();
});

t.test("Histogram puts every number in one bucket", (t) => {
  const bounds = [0.001, 0.01, 0.1, 1, 10];
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 100, noNaN: true })), (values) => {
      const registry = new MetricRegistry();
      const histogram = registry.histogram({ name: "x", help: "" }, bounds);
      for (const value of values) histogram.observe(value);
      const series = histogram.collect()[0];
      return series === undefined ? values.length === 0 : series.value === values.length &&
        series.buckets!.every(({ upTo, count }) =>
          count === values.filter((v) => v <= upTo).length
        );
    }))
  );
  t.end();
});

t.test("MetricRegistry bounds the series of a metric and counts the rest", (t) => {
  const registry = new MetricRegistry();
  registry.gauge({ name: "many", help: "", labels: ["id"] }, (set) => {
    for (let i = 0; i < MAX_SERIES + 5; i++) set(i, String(i));
  });
  const histogram = registry.histogram({ name: "spread", help: "", labels: ["id"] }, [1]);
  for (let i = 0; i < MAX_SERIES + 3; i++) histogram.observe(0, String(i));
  const sizes = registry.snapshot().map(({ series }) => series.length);
  t.same(sizes, [MAX_SERIES, MAX_SERIES]);
  t.equal(registry.seriesRefused, 8);
  t.end();
});

t.test("MetricRegistry refuses names and bounds that nobody could read", (t) => {
  const registry = new MetricRegistry();
  const gauge = (name: string, labels: string[] = []) => {
    registry.gauge({ name, help: "", labels }, () => {});
  };
  gauge("good");
  for (const name of ["good", "Bad", "1st", "a-b", ""]) {
    t.throws(() => gauge(name), { name: "RangeError" }, name);
  }
  t.throws(() => gauge("labelled", ["le ss"]), { name: "RangeError" });
  const make = (bounds: number[]) => registry.histogram({ name: "h", help: "" }, bounds);
  for (const bounds of [[], [1, 1], [2, 1], [NaN, 1]]) {
    t.throws(() => make(bounds), { name: "RangeError" }, bounds.join());
  }
  for (let i = 1; i < MAX_METRICS; i++) gauge(`m${i}`);
  t.throws(() => gauge("one_too_many"), { name: "RangeError" });
  t.end();
});
