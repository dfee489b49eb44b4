/**
 * Dashboard: what the server tells its dashboard, as JSON in server-sent events: `hello` and `history`
 * once, then a `sample` a second. Host and page check it by the same schema; a page of another
 * version is told by the first message that does not fit. Every list and text has a bound.
 */

import * as schema from "../core/schema.ts";
import { MAX_STREAMS } from "./codec.ts";
import type { RepairRung, Role } from "./control.ts";
import { PERMISSIONS } from "./permission.ts";

/** Time between two samples. */
export const SAMPLE_INTERVAL_MS = 1000;
/** Samples that a fresh page is given: the last ten minutes. */
export const HISTORY_SAMPLES = 600;
/** Sessions in one sample: the most viewers that a host can be told to take. */
export const MAX_DASHBOARD_SESSIONS = 64;
/** Columns of the history. */
const MAX_COLUMNS = 64;
const MAX_OWNERS = 32;
const MAX_EVENT_TEXT = 512;

// Named here: the page's bundle would take the whole control format along.
const roles = ["viewer", "player", "admin"] as const satisfies readonly Role[];
const rungs = [
  ...["none", "repairs", "reactive", "reference", "keyframe", "rate"] as const,
] as const satisfies readonly RepairRung[];
const levels = ["normal", "high", "critical"] as const;
const states = ["starting", "running", "restarting", "failed"] as const;

const count = schema.integer(0, Number.MAX_SAFE_INTEGER);
const figure = schema.number(0, Number.MAX_VALUE);
const ratio = schema.number(0, 1);
const name = schema.text(128);
const line = schema.text(MAX_EVENT_TEXT);

/** One value of the history; null where nothing was known. */
const cell: schema.Schema<number | null> = (value, path) => {
  return value === null ? null : schema.number(-Number.MAX_VALUE, Number.MAX_VALUE)(value, path);
};

/** Schema of `hello`: what does not change while the host runs. */
export const dashboardHelloSchema = schema.object({
  version: schema.text(32),
  machineName: name,
  /** Start of the host, Unix time in milliseconds; another one is another run. */
  startedMs: count,
  /** Resident memory that both processes may use, and where the levels of pressure begin. */
  limitBytes: count,
  highBytes: count,
  criticalBytes: count,
  /** Sum of the budget; it counts every viewer that may come. */
  budgetBytes: count,
  /** Most bytes that an owner may hold. */
  caps: schema.list(schema.object({ owner: schema.text(32), bytes: count }), MAX_OWNERS),
  maxViewers: count,
  /** Names of the history's columns; the first is the time in milliseconds. */
  columns: schema.list(schema.text(64), MAX_COLUMNS),
});

/** Schema of `history`: samples of before, oldest first, a list for each column. */
export const dashboardHistorySchema = schema.object({
  /** False when it goes on where the page's own history ends. */
  isWhole: schema.boolean,
  values: schema.list(schema.list(cell, HISTORY_SAMPLES), MAX_COLUMNS),
});

const processFigures = {
  rssBytes: count,
  pssBytes: schema.optional(count),
  heapUsedBytes: count,
  descriptors: schema.optional(count),
};

/** Occupancy of a pool. */
const pool = schema.object({
  inUse: count,
  allocated: count,
  max: count,
  bytes: count,
  reuseRatio: ratio,
  exhaustions: count,
});

const stage = schema.object({
  stage: schema.oneOf(["capture", "convert", "encode", "ipc", "send"]),
  p50Us: figure,
  p99Us: figure,
});

const stream = schema.object({
  id: schema.integer(0, MAX_STREAMS - 1),
  name,
  state: schema.oneOf(states),
  reason: line,
  isCapturing: schema.boolean,
  viewers: count,
  /** What is encoded now; absent before the first frame. */
  encoder: schema.optional(name),
  width: schema.optional(count),
  height: schema.optional(count),
  /** Asked of the encoder. */
  fps: figure,
  scale: ratio,
  /** Measured over the last second. */
  framesPerSecond: figure,
  encodedBps: figure,
  framePool: schema.optional(pool),
  /** Source symbols that the widest coding window spans, and the most it may. */
  fecWindowPackets: count,
  fecWindowPacketsMax: count,
  stages: schema.list(stage, 5),
  /** Of a stream that somebody publishes. */
  published: schema.optional(
    schema.object({
      phase: schema.oneOf(["live", "waiting", "ended"]),
      by: name,
      kind: schema.text(32),
      via: schema.text(32),
      /** Why frames are refused now; empty while they are taken. */
      reason: line,
      framesRefused: count,
      framesWithoutKeyframe: count,
      framesDropped: schema.optional(count),
      score: schema.optional(figure),
      packetsLost: schema.optional(count),
      packetsRecovered: schema.optional(count),
    }),
  ),
});

const session = schema.object({
  id: schema.text(64),
  role: schema.oneOf(roles),
  permissions: schema.list(schema.oneOf(PERMISSIONS), PERMISSIONS.length),
  /** What the person is called; absent where nobody knows. */
  name: schema.optional(schema.text(64)),
  /** Streams whose keyboard and pointer are the person's now. */
  controls: schema.list(schema.integer(0, MAX_STREAMS - 1), MAX_STREAMS),
  /** Network of the viewer, never its whole address. */
  addressPrefix: schema.text(64),
  streamId: schema.optional(schema.integer(0, MAX_STREAMS - 1)),
  /** How its bytes travel. */
  transport: schema.oneOf(["loopback", "quic", "webrtc", "tcp"]),
  state: schema.oneOf(["joining", "playing", "paused", "silent"]),
  connectedSeconds: figure,
  targetBps: figure,
  sentBps: figure,
  rttUs: figure,
  queueDelayUs: figure,
  loss: ratio,
  redundancy: figure,
  rung: schema.oneOf(rungs),
  queuedBytes: count,
  inFlightBytes: count,
  /** Packets that wait in the viewer for those before them, and the room for them. */
  reorderPackets: schema.optional(count),
  reorderPacketsMax: schema.optional(count),
});

/** Schema of `sample`: the host at one moment. */
export const dashboardSampleSchema = schema.object({
  sequence: count,
  timeMs: count,
  uptimeSeconds: figure,
  level: schema.oneOf(levels),
  pressureChanges: count,
  usedBytes: count,
  memory: schema.object({
    rssBytes: count,
    pssBytes: schema.optional(count),
    heapUsedBytes: count,
    externalBytes: count,
    nativeBytes: count,
    nativeLive: count,
    server: schema.object(processFigures),
    media: schema.optional(schema.object(processFigures)),
    owners: schema.list(
      schema.object({
        owner: schema.text(32),
        currentBytes: count,
        peakBytes: count,
        live: count,
        undisposed: count,
      }),
      MAX_OWNERS,
    ),
  }),
  media: schema.object({ state: schema.oneOf(states), restarts: count }),
  /** Encoders of streams, and those that wait for the next; absent without a media process. */
  encoderPool: schema.optional(
    schema.object({
      active: count,
      idle: count,
      /** One for each stream, and those that may wait. */
      max: count,
      idleBytes: count,
      /** Requests that an encoder of before served. */
      reuseRatio: ratio,
      refused: count,
    }),
  ),
  streams: schema.list(stream, MAX_STREAMS),
  sessions: schema.list(session, MAX_DASHBOARD_SESSIONS),
  turnedAway: count,
  /** The newest row of the history; this sample's. */
  row: schema.list(cell, MAX_COLUMNS),
});

/** What does not change while the host runs. */
export type DashboardHello = schema.Infer<typeof dashboardHelloSchema>;
/** Samples of before. */
export type DashboardHistory = schema.Infer<typeof dashboardHistorySchema>;
/** The host at one moment. */
export type DashboardSample = schema.Infer<typeof dashboardSampleSchema>;
/** A stream in a sample. */
export type DashboardStream = DashboardSample["streams"][number];
/** A session in a sample. */
export type DashboardSession = DashboardSample["sessions"][number];
/** Occupancy of a pool in a sample. */
export type DashboardPool = schema.Infer<typeof pool>;
/** Times of one stage in a sample. */
export type DashboardStage = schema.Infer<typeof stage>;
