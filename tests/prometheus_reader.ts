/**
 * Prometheus reader: reads the text exposition format 0.0.4 as strictly as its specification is, and
 * checks names by the rules of https://prometheus.io/docs/practices/naming/, written apart from
 * src/metrics on purpose: where both agree, the text is right.
 */

/** One line of values. */
export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric. */
export interface PrometheusFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: PrometheusSample[];
}

const TYPES = ["counter", "gauge", "histogram", "summary", "untyped"];
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|[+-]?Inf|NaN)$/;
/** Units that are not base units, and their short forms. */
const BAD_UNITS =
  /_(ms|us|ns|s|sec|milliseconds|microseconds|minutes|hours|days|kb|mb|gb|kib|mib|bits|bps|percent)(_|$)/;

/** Metrics by name. Throws with the first line that breaks the format. */
export function readPrometheus(text: string): Map<string, PrometheusFamily> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("The text ends without a newline");
  const families = new Map<string, PrometheusFamily>();
  let family: PrometheusFamily | undefined;
  let help: { name: string; text: string } | undefined;
  for (const line of text.split("\n").slice(0, -1)) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, keyword, name = "", rest = ""] =
      /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line) ?? [];
    if (keyword === "HELP") {
      if (families.has(name)) fail("Described twice");
      help = { name, text: rest };
    } else if (keyword === "TYPE") {
      if (help?.name !== name || families.has(name)) fail("A type without its help before it");
      if (!TYPES.includes(rest)) fail("An unknown type");
      family = { name, type: rest, help: help!.text, samples: [] };
      families.set(name, family);
    } else {
      const sample = readSample(line) ?? fail("No sample");
      if (family === undefined || !belongs(sample.name, family)) fail("A sample out of its group");
      else family.samples.push(sample);
    }
  }
  return families;
}

/** What breaks rules, in words; empty when nothing does. */
export function prometheusFaults(families: ReadonlyMap<string, PrometheusFamily>): string[] {
  return [...families.values()].flatMap((family) => {
    const faults = [...nameFaults(family)];
    const keys = family.samples.map((sample) => `${sample.name}${keyOf(sample.labels)}`);
    if (new Set(keys).size !== keys.length) faults.push("has a series twice");
    if (family.samples.length === 0) faults.push("has no sample");
    if (family.type === "histogram") faults.push(...histogramFaults(family));
    if (family.type === "counter" && family.samples.some(({ value }) => !(value >= 0))) {
      faults.push("counts below zero");
    }
    const labelSets = family.samples.map(({ labels }) => {
      return Object.keys(labels).filter((name) => name !== "le").sort().join();
    });
    if (new Set(labelSets).size > 1) faults.push("has series of different labels");
    return faults.map((fault) => `${family.name} ${fault}`);
  });
}

function* nameFaults({ name, type, help }: PrometheusFamily): Generator<string> {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name)) yield "is no lower-case name with a prefix";
  if (help.trim() === "") yield "has no help";
  if ((type === "counter") !== name.endsWith("_total")) yield `is a ${type} by its type alone`;
  if (BAD_UNITS.test(name)) yield "is in no base unit";
  if (/_(count|sum|bucket)$/.test(name)) yield "ends like a part of a histogram";
  if (/_(gauge|counter|histogram|summary)(_|$)/.test(name)) yield "names a type";
}

function histogramFaults({ samples, name }: PrometheusFamily): string[] {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...labels } }) => keyOf(labels));
  return [...groups.values()].flatMap((group) => {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => numberOf(labels["le"] ?? ""));
    const counts = buckets.map(({ value }) => value);
    const total = group.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = group.find((sample) => sample.name === `${name}_sum`)?.value;
    const faults: string[] = [];
    if (bounds.some((bound, at) => at > 0 && !(bound > bounds[at - 1]!))) faults.push("has bounds");
    if (counts.some((count, at) => at > 0 && count < counts[at - 1]!)) faults.push("shrinks");
    if (bounds.at(-1) !== Infinity || counts.at(-1) !== total) faults.push("ends before +Inf");
    if (total === undefined || sum === undefined) faults.push("has no sum or count");
    return faults;
  });
}

function readSample(line: string): PrometheusSample | undefined {
  const [, name, labelText = "", valueText = ""] = SAMPLE.exec(line) ?? [];
  if (name === undefined || !VALUE.test(valueText)) return undefined;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < labelText.length) {
    const [, label, value = ""] = LABEL.exec(labelText) ?? [];
    if (label === undefined || Object.hasOwn(labels, label)) return undefined;
    labels[label] = value.replace(/\\(.)/g, (_all, mark) => mark === "n" ? "\n" : mark);
  }
  return { name, labels, value: numberOf(valueText) };
}

function belongs(name: string, family: PrometheusFamily): boolean {
  if (family.type !== "histogram") return name === family.name;
  return ["_bucket", "_sum", "_count"].some((part) => name === `${family.name}${part}`);
}

function numberOf(text: string): number {
  return text.endsWith("Inf") ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1));
}
