import t from "tap";
import { prometheusText } from "../../../src/metrics/prometheus_text.ts";

t.test("prometheusText writes every kind of metric", (t) => {
  const text = prometheusText([
    { name: "up", help: "Is up", kind: "gauge", series: [{ labels: {}, value: 1 }] },
    {
      name: "sent_total",
      help: "Bytes \\ of\npackets",
      kind: "counter",
      series: [
        { labels: { session: "a", role: 'say "hi"\n\\' }, value: 2.5 },
        { labels: { session: "b", role: "" }, value: 1e21 },
      ],
    },
    {
      name: "seconds",
      help: "Time",
      kind: "histogram",
      series: [{
        labels: { stage: "grab" },
        value: 3,
        sum: 0.75,
        buckets: [{ upTo: 0.5, count: 2 }, { upTo: Infinity, count: 3 }],
      }],
    },
  ]);
  t.same(text.split("\n"), [
    "# HELP up Is up",
    "# TYPE up gauge",
    "up 1",
    "# HELP sent_total Bytes \\\\ of\\npackets",
    "# TYPE sent_total counter",
    'sent_total{session="a",role="say \\"hi\\"\\n\\\\"} 2.5',
    'sent_total{session="b",role=""} 1e+21',
    "# HELP seconds Time",
    "# TYPE seconds histogram",
    'seconds_bucket{stage="grab",le="0.5"} 2',
    'seconds_bucket{stage="grab",le="+Inf"} 3',
    'seconds_sum{stage="grab"} 0.75',
    'seconds_count{stage="grab"} 3',
    "",
  ]);
  t.equal(prometheusText([]), "");
  t.end();
});
