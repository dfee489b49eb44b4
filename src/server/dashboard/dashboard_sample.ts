/**
 * Dashboard sample: what was read of the host in the form in which its dashboard is told: plain
 * values, made only when somebody looks.
 */

import type { MediaStats } from "../../ipc/media_message.ts";
import { IDLE_ENCODERS } from "../../memory/media_limits.ts";
import type { MemorySample, ProcessMemory } from "../../memory/memory_sample.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { ShownSession } from "../../session/shown_session.ts";
import { addressPrefix } from "../../transport/address_prefix.ts";
import type { RepairRung } from "../../wire/control.ts";
import type {
  DashboardPool,
  DashboardSample,
  DashboardSession,
  DashboardStage,
  DashboardStream,
} from "../../wire/dashboard.ts";
import { MAX_CODING_WINDOW } from "../../wire/repair.ts";
import type { PublishedReport } from "../config/stream_options.ts";
import { hostnameOf } from "../pages/allowed_hosts.ts";
import type { Stream } from "../streams/stream.ts";

/** A stream of the host as the sampler reads it. */
export interface SampledStream {
  readonly id: number;
  readonly name: string;
  readonly stream: Stream;
  /** Times of its stages; empty while nobody looks. */
  readonly stages: readonly DashboardStage[];
}

/** Who a session is. */
export interface SampledPerson {
  /** Undefined where nobody knows. */
  readonly name: string | undefined;
  /** Streams whose keyboard and pointer are theirs. */
  readonly controls: readonly number[];
}

/** A session, read. */
export interface SessionReading {
  readonly session: ShownSession;
  readonly person: SampledPerson;
  readonly streamId: number | undefined;
  readonly isPlaying: boolean;
  readonly sent: MediaSenderStats | undefined;
  readonly sentBps: number;
  readonly rung: RepairRung;
  readonly isSilent: boolean;
}

/** A stream, read. */
export interface StreamReading {
  readonly source: SampledStream;
  readonly framesPerSecond: number;
  readonly encodedBps: number;
}

/** The memory of both processes and of every owner. */
export function memoryOf(memory: MemorySample): DashboardSample["memory"] {
  const { rssBytes, pssBytes, heapUsedBytes, externalBytes, native, server, media } = memory;
  return {
    rssBytes,
    ...pssBytes === undefined ? {} : { pssBytes },
    ...{ heapUsedBytes, externalBytes },
    nativeBytes: native.bytes,
    nativeLive: native.live,
    server: processOf(server),
    ...media === undefined ? {} : { media: processOf(media) },
    owners: memory.owners.map(({ owner, currentBytes, peakBytes, live, undisposed }) => {
      return { owner, currentBytes, peakBytes, live, undisposed };
    }),
  };
}

function processOf({ rssBytes, pssBytes, heapUsedBytes, descriptors }: ProcessMemory) {
  return {
    rssBytes,
    ...pssBytes === undefined ? {} : { pssBytes },
    heapUsedBytes,
    ...descriptors === undefined ? {} : { descriptors },
  };
}

/** A stream with its pool and its stages. */
export function streamOf(reading: StreamReading, media: MediaStats | undefined): DashboardStream {
  const { source, framesPerSecond, encodedBps } = reading;
  const { stream, id, name, stages } = source;
  const { facts, pictureRate, groups } = stream;
  const counters = media?.streams.find(({ streamId }) => streamId === id);
  return {
    id,
    name,
    state: stream.state,
    reason: stream.reason,
    isCapturing: stream.isCapturing,
    viewers: stream.viewers,
    ...facts === undefined
      ? {}
      : { encoder: facts.encoder, width: facts.width, height: facts.height },
    fps: pictureRate.fps,
    scale: pictureRate.scale,
    framesPerSecond,
    encodedBps,
    ...counters === undefined ? {} : { framePool: poolOf(counters.pool) },
    fecWindowPackets: most(groups, ({ windowPackets }) => windowPackets) ?? 0,
    fecWindowPacketsMax: MAX_CODING_WINDOW,
    stages: [...stages],
    ...stream.published === undefined ? {} : { published: publishedOf(stream.published.report()) },
  };
}

function publishedOf(report: PublishedReport): NonNullable<DashboardStream["published"]> {
  const { framesDropped, score, packetsLost, packetsRecovered, ...known } = report;
  return {
    ...known,
    ...framesDropped === undefined ? {} : { framesDropped },
    ...score === undefined ? {} : { score },
    ...packetsLost === undefined ? {} : { packetsLost },
    ...packetsRecovered === undefined ? {} : { packetsRecovered },
  };
}

/** The encoders of the media process; nothing while there is none. */
export function encoderPoolOf(
  media: MediaStats | undefined,
  streams: number,
): Pick<DashboardSample, "encoderPool"> {
  if (media === undefined) return {};
  const { active, idle, idleBytes, created, reused, reconfigured, refused } = media.encoders;
  const again = reused + reconfigured;
  const reuseRatio = again / Math.max(1, created + again);
  const max = streams + IDLE_ENCODERS;
  return { encoderPool: { active, idle, max, idleBytes, reuseRatio, refused } };
}

function poolOf(pool: MediaStats["streams"][number]["pool"]): DashboardPool {
  const { inUse, allocated, framesMax, totalBytes, reuseRatio, exhaustions } = pool;
  return { inUse, allocated, max: framesMax, bytes: totalBytes, reuseRatio, exhaustions };
}

/** A session and how its path is. */
export function sessionOf(reading: SessionReading): DashboardSession {
  const { session, person, streamId, sent, sentBps, rung } = reading;
  const { reorderPackets, reorderPacketsMax } = session.stats;
  return {
    id: session.id,
    role: session.role,
    permissions: session.rights.permissions,
    ...person.name === undefined ? {} : { name: person.name },
    controls: [...person.controls],
    addressPrefix: networkOf(session.remoteAddress),
    ...streamId === undefined ? {} : { streamId },
    transport: session.transport,
    state: stateOf(reading),
    connectedSeconds: session.connectedSeconds,
    targetBps: sent?.targetBps ?? 0,
    sentBps,
    rttUs: sent?.rttUs ?? 0,
    queueDelayUs: Math.max(0, sent?.queueDelayUs ?? 0),
    loss: Math.min(1, sent?.loss ?? 0),
    redundancy: sent?.redundancy ?? 0,
    rung,
    queuedBytes: sent?.queuedBytes ?? 0,
    inFlightBytes: sent?.bytesInFlight ?? 0,
    ...reorderPackets === undefined || reorderPacketsMax === undefined
      ? {}
      : { reorderPackets, reorderPacketsMax },
  };
}

/** The network of a peer `address:port`; what cannot be told apart is not shown at all. */
function networkOf(remoteAddress: string): string {
  const address = hostnameOf(remoteAddress);
  return address === undefined ? "unknown" : addressPrefix(address);
}

function stateOf({ sent, isPlaying, isSilent }: SessionReading): DashboardSession["state"] {
  if (sent === undefined) return "joining";
  if (isSilent) return "silent";
  return isPlaying ? "playing" : "paused";
}

/** The greatest figure; undefined of an empty list. */
export function most<T>(list: readonly T[], read: (entry: T) => number): number | undefined {
  return list.length === 0 ? undefined : Math.max(...list.map(read));
}
