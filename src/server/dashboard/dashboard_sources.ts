/**
 * Dashboard sources: joins the dashboard's feed with the parts of the host that it shows: what they
 * have of state and counters, and what stays the same for as long as the host runs.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { PRESSURE_MARKS } from "../../memory/memory_pressure.ts";
import type { DashboardHello } from "../../wire/dashboard.ts";
import { VERSION } from "../config/config.ts";
import type { ServerConfig } from "../config/config.ts";
import { DashboardFeed } from "./dashboard_feed.ts";
import { hostBudget } from "../memory/host_budget.ts";
import type { HostMemory } from "../memory/host_memory.ts";
import type { MediaLink } from "../streams/media_link.ts";
import type { MemoryGuard } from "../memory/memory_guard.ts";
import type { PeopleHub } from "../people/people_hub.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import type { ViewerAdmission } from "../viewer_admission.ts";

/** The parts of a host that its dashboard shows. */
export interface DashboardParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly memory: HostMemory;
  readonly guard: MemoryGuard;
  readonly streams: () => StreamSet;
  readonly media: () => MediaLink;
  readonly admission: () => ViewerAdmission;
  readonly people: () => PeopleHub | undefined;
  readonly uptimeSeconds: () => number;
}

/** The feed of one host; it samples once it is started. */
export function makeDashboardFeed(parts: DashboardParts): DashboardFeed {
  const { config, clock, log, memory, guard, streams, media, admission } = parts;
  const { people, uptimeSeconds } = parts;
  const hello = helloOf(config, guard.pressure.limitBytes);
  return new DashboardFeed({
    ledger: memory.ledger,
    sources: {
      sample: () => memory.sample(),
      pressure: guard.pressure,
      sessions: () => admission().shown,
      person: ({ browserSessionId: id }) => ({
        name: people()?.nameOf(id),
        controls: people()?.controlledBy(id) ?? [],
      }),
      turnedAway: () => admission().stats.turnedAway,
      media: () => media().processStats,
      mediaState: () => ({ state: media().state, restarts: media().restarts }),
      uptimeSeconds,
      nowUs: () => clock.nowUs(),
    },
    streams: () => streams().all.map((stream) => ({ id: stream.id, name: stream.name, stream })),
    hello: () => hello,
    hostTimeUs: (nowUs) => media().hostTimeUs(nowUs),
    nowMs: () => clock.nowUs() / 1000,
    log,
  });
}

function helloOf(
  config: ServerConfig,
  limitBytes: number,
): Omit<DashboardHello, "columns"> {
  const budget = hostBudget(config);
  const owners = new Set(budget.lines.map(({ owner }) => owner));
  owners.delete("runtime");
  return {
    version: VERSION,
    machineName: Deno.hostname(),
    startedMs: Date.now(),
    limitBytes,
    highBytes: Math.round(limitBytes * PRESSURE_MARKS.high.begins),
    criticalBytes: Math.round(limitBytes * PRESSURE_MARKS.critical.begins),
    budgetBytes: budget.totalBytes(),
    caps: [...owners].map((owner) => ({ owner, bytes: budget.limitBytesOf(owner) ?? 0 })),
    maxViewers: config.maxViewers,
  };
}
