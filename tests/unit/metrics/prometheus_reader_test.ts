/** Tests of tests/prometheus_reader.ts: it must find what is wrong, or it proves nothing. */

import t from "tap";
import { prometheusFaults, readPrometheus } from "../../prometheus_reader.ts";

function faultsOf(text: string): string[] {
  return prometheusFaults(readPrometheus(text));
}

t.test("readPrometheus reads what the specification shows", (t) => {
  const families = readPrometheus([
    "# HELP http_requests_total Number of \\\\ requests\\n",
    "# TYPE http_requests_total counter",
    'http_requests_total{method="post",path="C:\\\\DIR\\"\\n",code="200"} 1.027e3',
    'http_requests_total{method="post",path="",code="400"} +Inf',
    "# HELP wait_seconds Time",
    "# TYPE wait_seconds histogram",
    'wait_seconds_bucket{le="0.5"} 1',
    'wait_seconds_bucket{le="+Inf"} 2',
    "wait_seconds_sum 3",
    "wait_seconds_count 2",
    "",
  ].join("\n"));
  t.same(families.get("http_requests_total")?.samples.map(({ value }) => value), [1027, Infinity]);
  t.equal(families.get("http_requests_total")?.samples[0]?.labels["path"], 'C:\\DIR"\n');
  t.same(prometheusFaults(families), []);
  t.end();
});

t.test("readPrometheus refuses what breaks the format", (t) => {
  const head = "# HELP a_b A\n# TYPE a_b gauge\n";
  const broken = [
    `${head}a_b 1`,
    "a_b 1\n",
    "# TYPE a_b gauge\na_b 1\n",
    `${head}other_name 1\n`,
    `${head}a_b{x="1} 2\n`,
    `${head}a_b{x="1",x="2"} 2\n`,
    `${head}a_b one\n`,
    `${head}a_b 1\n\na_b 2\n`,
    `${head}a_b 1\n# HELP a_b again\n`,
    "# HELP a_b A\n# TYPE a_b number\n",
  ];
  for (const text of broken) {
    t.throws(() => readPrometheus(text), { name: "Error" }, JSON.stringify(text));
  }
  t.end();
});

t.test("prometheusFaults finds names and series that break the rules", (t) => {
  const of = (name: string, type: string, lines: string) => {
    return faultsOf(`# HELP ${name} Text\n# TYPE ${name} ${type}\n${lines}`);
  };
  t.match(of("a_delay_ms", "gauge", "a_delay_ms 1\n"), ["a_delay_ms is in no base unit"]);
  t.match(of("a_bps", "gauge", "a_bps 1\n"), ["a_bps is in no base unit"]);
  t.match(of("a_frames", "counter", "a_frames 1\n"), [/by its type alone/]);
  t.match(of("a_total", "gauge", "a_total 1\n"), [/by its type alone/]);
  t.match(of("frames", "gauge", "frames 1\n"), [/with a prefix/]);
  t.match(of("a_b", "gauge", "a_b 1\na_b 2\n"), [/twice/]);
  t.match(of("a_b", "gauge", 'a_b{x="1"} 1\na_b{y="1"} 2\n'), [/different labels/]);
  t.match(of("a_total", "counter", "a_total -1\n"), [/below zero/]);
  t.match(of("a_b", "gauge", ""), [/no sample/]);
  const bucket = (count: number, end: number) => {
    return `a_b_bucket{le="1"} ${count}\na_b_bucket{le="+Inf"} 2\na_b_sum 1\na_b_count ${end}\n`;
  };
  t.same(of("a_b", "histogram", bucket(1, 2)), []);
  t.match(of("a_b", "histogram", bucket(3, 2)), [/shrinks/]);
  t.match(of("a_b", "histogram", bucket(1, 3)), [/\+Inf/]);
  t.end();
});
