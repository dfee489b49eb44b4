/**
 * Memory looks: looks at a host that never was, for tests of what the memory benchmark says of them.
 */

import { type HostLook, HostMetricsReading } from "../../../../bench/measure/host_sampler.ts";

/** Metrics of a host with these values; a label stands after a colon. */
export function readingOf(values: Readonly<Record<string, number>>): HostMetricsReading {
  const families = new Map<string, { labels: Record<string, string>; value: number }[]>();
  for (const [key, value] of Object.entries(values)) {
    const [name = "", label] = key.split(":");
    const series = families.get(name) ?? [];
    const labels: Record<string, string> = label === undefined ? {} : { label };
    families.set(name, [...series, { labels, value }]);
  }
  return new HostMetricsReading(
    [...families].map(([name, series]) => ({ name, help: "", kind: "gauge", series })),
  );
}

/** A look: `bytes` are both processes, each page once. */
export function lookOf(seconds: number, phase: string, bytes: number): HostLook {
  const process = { pid: 1, descriptors: 10, rssBytes: bytes, pssBytes: bytes / 2, ownPssBytes: 1 };
  return {
    ...{ seconds, phase, rssBytes: 2 * bytes, pssBytes: bytes, onceBytes: bytes },
    server: process,
    media: { ...process, pid: 2, descriptors: 20 },
    descriptors: 30,
    metrics: undefined,
  };
}

/** A run of looks every two seconds: each phase with its length and the bytes of a look in it. */
export function looksOf(
  phases: readonly (readonly [name: string, looks: number, bytesAt: (look: number) => number])[],
): HostLook[] {
  let seconds = 0;
  return phases.flatMap(([name, looks, bytesAt]) =>
    Array.from({ length: looks }, (_, at) => lookOf(seconds += 2, name, bytesAt(at)))
  );
}
