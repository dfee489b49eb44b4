/** A sample and a greeting of the dashboard, with changes, for the tests of its page. */

import type {
  DashboardHello,
  DashboardSample,
  DashboardSession,
} from "../../../../src/wire/dashboard.ts";

export const MB = 1_000_000;
export const STARTED_MS = 1_700_000_000_000;

/** A greeting. */
export function hello(changes: Partial<DashboardHello> = {}): DashboardHello {
  return {
    ...{ version: "1.2.3", machineName: "desk", startedMs: STARTED_MS, maxViewers: 8 },
    ...{ limitBytes: 1000 * MB, highBytes: 750 * MB, criticalBytes: 900 * MB },
    budgetBytes: 300 * MB,
    caps: [{ owner: "encoder", bytes: 10 * MB }, { owner: "staging", bytes: 5 * MB }],
    columns: ["timeMs", "rssBytes", "owner:encoder", "owner:pages", "owner:replay"],
    ...changes,
  };
}

/** A session that plays well. */
export function session(changes: Partial<DashboardSession> = {}): DashboardSession {
  return {
    ...{
      id: "v1",
      role: "viewer",
      addressPrefix: "192.0.2.0/24",
      streamId: 0,
      ...{ controls: [], permissions: [] },
      ...{ state: "playing", transport: "quic" },
    },
    ...{ connectedSeconds: 75, targetBps: 8 * MB, sentBps: 2 * MB, rttUs: 4000, queueDelayUs: 0 },
    ...{ loss: 0, redundancy: 0.02, rung: "none", queuedBytes: 0, inFlightBytes: 1200 },
    ...changes,
  };
}

/** A sample of a host that is well, a second after the one before. */
export function sample(sequence = 0, changes: Partial<DashboardSample> = {}): DashboardSample {
  const rssBytes = 200 * MB;
  const timeMs = STARTED_MS + sequence * 1000;
  const owner = (name: string, currentBytes: number) => {
    return { owner: name, currentBytes, peakBytes: currentBytes, live: 1, undisposed: 0 };
  };
  return {
    ...{ sequence, timeMs, uptimeSeconds: sequence, level: "normal", pressureChanges: 0 },
    usedBytes: rssBytes,
    memory: {
      ...{ rssBytes, heapUsedBytes: MB, externalBytes: 0, nativeBytes: 0, nativeLive: 0 },
      server: { rssBytes, heapUsedBytes: MB },
      owners: [owner("pages", MB), owner("encoder", 8 * MB), owner("replay", 0)],
    },
    media: { state: "running", restarts: 0 },
    streams: [{
      ...{ id: 0, name: "Desktop", state: "running", reason: "", isCapturing: true, viewers: 0 },
      ...{ fps: 60, scale: 1, framesPerSecond: 59.94, encodedBps: 8 * MB },
      ...{ fecWindowPackets: 3, fecWindowPacketsMax: 512, stages: [] },
    }],
    sessions: [],
    turnedAway: 0,
    row: [timeMs, rssBytes, 8 * MB, MB, 0],
    ...changes,
  };
}
