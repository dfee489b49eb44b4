/**
 * Memory CSV: the looks of a run, one row each (RFC 4180), for spreadsheets and plots. What the host
 * says of itself is in every fifth row.
 */

import { MEMORY_OWNERS } from "../../src/memory/memory_ledger.ts";
import type { HostLook } from "../measure/host_sampler.ts";

type Cell = string | number | undefined;

const COLUMNS: readonly (readonly [name: string, read: (look: HostLook) => Cell])[] = [
  ["seconds", (look) => look.seconds.toFixed(3)],
  ["phase", (look) => look.phase],
  ["once_bytes", (look) => look.onceBytes],
  ["rss_bytes", (look) => look.rssBytes],
  ["pss_bytes", (look) => look.pssBytes],
  ["server_rss_bytes", (look) => look.server.rssBytes],
  ["server_pss_bytes", (look) => look.server.pssBytes],
  ["media_rss_bytes", (look) => look.media.rssBytes],
  ["media_pss_bytes", (look) => look.media.pssBytes],
  ["descriptors", (look) => look.descriptors],
  ["server_heap_bytes", (look) => look.metrics?.value("wavry_heap_used_bytes", "server")],
  ["media_heap_bytes", (look) => look.metrics?.value("wavry_heap_used_bytes", "media")],
  ["external_bytes", (look) => look.metrics?.value("wavry_external_bytes")],
  ["native_bytes", (look) => look.metrics?.value("wavry_native_bytes")],
  ["frames", (look) => look.metrics?.value("wavry_frames_total")],
  ["pressure", (look) => look.metrics?.value("wavry_memory_pressure")],
  ...MEMORY_OWNERS.map((owner) =>
    [
      `${owner}_bytes`,
      (look: HostLook): Cell => look.metrics?.value("wavry_owner_bytes", owner),
    ] as const
  ),
];

/** All looks, with a header line. */
export function memoryCsv(looks: readonly HostLook[]): string {
  const rows = looks.map((look) => COLUMNS.map(([, read]) => read(look) ?? "").join(","));
  return `${[COLUMNS.map(([name]) => name).join(","), ...rows].join("\r\n")}\r\n`;
}
