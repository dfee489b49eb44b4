/**
 * DashboardSampler: the figures of the host as its dashboard has them: a row for the history every
 * second, which is all that is made while nobody looks, and the whole sample for those who do. Rates
 * are counters against those of the second before; nothing here changes what it reads.
 */

import type { MediaStats } from "../../ipc/media_message.ts";
import { MEMORY_OWNERS } from "../../memory/memory_ledger.ts";
import { type MemoryPressure, PRESSURE_LEVELS } from "../../memory/memory_pressure.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { ShownSession } from "../../session/shown_session.ts";
import { REPAIR_RUNGS } from "../../wire/control.ts";
import type { RepairRung } from "../../wire/control.ts";
import { MAX_DASHBOARD_SESSIONS } from "../../wire/dashboard.ts";
import type { DashboardSample } from "../../wire/dashboard.ts";
import { encoderPoolOf, memoryOf, most, sessionOf, streamOf } from "./dashboard_sample.ts";
import type {
  SampledPerson,
  SampledStream,
  SessionReading,
  StreamReading,
} from "./dashboard_sample.ts";
import type { StreamState } from "../streams/stream_messages.ts";

/** Figures of a row besides the owners of the ledger; the time is Unix time in milliseconds. */
const HOST_COLUMNS = [
  ...[
    "timeMs",
    "rssBytes",
    "pssBytes",
    "heapUsedBytes",
    "nativeBytes",
    "level",
    "viewers",
  ] as const,
  ...["framesPerSecond", "encodedBps", "sentBps", "queuedBytes", "redundancy", "loss"] as const,
];

/** Names of the columns of a row, in its order. */
export const DASHBOARD_COLUMNS: readonly string[] = [
  ...HOST_COLUMNS,
  ...MEMORY_OWNERS.map((owner) => `owner:${owner}`),
];

/** A session silent for this many samples while it has packets under way is shown so. */
const SILENT_SAMPLES = 3;

/** Where the figures come from. */
export interface DashboardSources {
  readonly sample: () => MemorySample;
  readonly pressure: MemoryPressure;
  readonly streams: () => readonly SampledStream[];
  readonly sessions: () => Iterable<ShownSession>;
  readonly person: (session: ShownSession) => SampledPerson;
  readonly turnedAway: () => number;
  readonly media: () => MediaStats | undefined;
  readonly mediaState: () => { readonly state: StreamState; readonly restarts: number };
  readonly uptimeSeconds: () => number;
  /** Microseconds, for rates. */
  readonly nowUs: () => number;
}

/** Counters of the second before. */
interface Earlier {
  readonly bytes: number;
  readonly frames: number;
}

interface EarlierSession {
  readonly sent: MediaSenderStats;
  readonly silentSamples: number;
}

/** What was read at one moment. */
export interface HostReading {
  readonly row: (number | undefined)[];
  readonly memory: MemorySample;
  readonly sessions: readonly SessionReading[];
  readonly streams: readonly StreamReading[];
}

/** Reads one host, once a second. */
export class DashboardSampler {
  readonly #sources: DashboardSources;
  readonly #streams = new Map<number, Earlier>();
  readonly #sessions = new WeakMap<ShownSession, EarlierSession>();
  #readUs: number | undefined;

  constructor(sources: DashboardSources) {
    this.#sources = sources;
  }

  /** Reads all counters: what a row needs. */
  read(): HostReading {
    const nowUs = this.#sources.nowUs();
    const seconds = this.#readUs === undefined ? 0 : Math.max(0, nowUs - this.#readUs) / 1e6;
    this.#readUs = nowUs;
    const memory = this.#sources.sample();
    const streams = this.#sources.streams().map((source) => this.#readStream(source, seconds));
    const ids = streams.map(({ source }) => source.id);
    const sessions = [...this.#sources.sessions()].slice(0, MAX_DASHBOARD_SESSIONS)
      .map((session) => this.#readSession(session, { ids, seconds }));
    return { row: this.#row(memory, { streams, sessions }), memory, sessions, streams };
  }

  /** The whole sample of a reading; `sequence` is the number of its row. */
  sample(reading: HostReading, sequence: number): DashboardSample {
    const { memory, streams, sessions, row } = reading;
    const { pressure, turnedAway, mediaState, uptimeSeconds, media } = this.#sources;
    return {
      sequence,
      timeMs: Math.round(memory.timeMs),
      uptimeSeconds: uptimeSeconds(),
      level: pressure.level,
      pressureChanges: pressure.stats.changes,
      usedBytes: pressure.usedBytes,
      memory: memoryOf(memory),
      media: mediaState(),
      ...encoderPoolOf(media(), streams.length),
      streams: streams.map((stream) => streamOf(stream, media())),
      sessions: sessions.map(sessionOf),
      turnedAway: turnedAway(),
      row: row.map((value) => value === undefined || !Number.isFinite(value) ? null : value),
    };
  }

  #readStream(source: SampledStream, seconds: number): StreamReading {
    const { frames, bytes } = source.stream.stats;
    const earlier = this.#streams.get(source.id);
    this.#streams.set(source.id, { frames, bytes });
    return {
      source,
      framesPerSecond: rate(frames, earlier?.frames, seconds),
      encodedBps: rate(bytes, earlier?.bytes, seconds) * 8,
    };
  }

  #readSession(
    session: ShownSession,
    { ids, seconds }: { ids: readonly number[]; seconds: number },
  ): SessionReading {
    const feeds = ids.flatMap((id) => {
      const feed = session.feed(id);
      return feed === undefined ? [] : [{ id, feed }];
    });
    const found = feeds.find(({ feed }) => feed.isPlaying) ?? feeds[0];
    const sent = found?.feed.stats;
    const isPlaying = found?.feed.isPlaying ?? false;
    const earlier = this.#sessions.get(session);
    let silentSamples = 0;
    if (sent !== undefined) {
      const hasReported = sent.feedbacks !== earlier?.sent.feedbacks;
      if (!hasReported && isPlaying && sent.bytesInFlight > 0) {
        silentSamples = (earlier?.silentSamples ?? 0) + 1;
      }
      this.#sessions.set(session, { sent, silentSamples });
    }
    return {
      session,
      person: this.#sources.person(session),
      streamId: found?.id,
      isPlaying,
      sent,
      sentBps: rate(sent?.bytesSent ?? 0, earlier?.sent.bytesSent, seconds) * 8,
      rung: highestRung(sent, earlier?.sent),
      isSilent: silentSamples >= SILENT_SAMPLES,
    };
  }

  #row(
    memory: MemorySample,
    { streams, sessions }: Pick<HostReading, "streams" | "sessions">,
  ): (number | undefined)[] {
    const owners = new Map(memory.owners.map((entry) => [entry.owner, entry.currentBytes]));
    const playing = sessions.filter(({ isPlaying }) => isPlaying);
    const figures: Record<typeof HOST_COLUMNS[number], number | undefined> = {
      timeMs: Math.round(memory.timeMs),
      rssBytes: memory.rssBytes,
      pssBytes: memory.pssBytes,
      heapUsedBytes: memory.heapUsedBytes,
      nativeBytes: memory.native.bytes,
      level: PRESSURE_LEVELS.indexOf(this.#sources.pressure.level),
      viewers: sessions.length,
      framesPerSecond: sum(streams, ({ framesPerSecond }) => framesPerSecond),
      encodedBps: sum(streams, ({ encodedBps }) => encodedBps),
      sentBps: sum(sessions, ({ sentBps }) => sentBps),
      queuedBytes: sum(sessions, ({ sent }) => sent?.queuedBytes ?? 0),
      redundancy: most(playing, ({ sent }) => sent?.redundancy ?? 0),
      loss: most(playing, ({ sent }) => sent?.loss ?? 0),
    };
    return [
      ...HOST_COLUMNS.map((name) => figures[name]),
      ...MEMORY_OWNERS.map((owner) => owners.get(owner) ?? 0),
    ];
  }
}

/** The highest rung that was taken since the sample before. */
function highestRung(
  sent: MediaSenderStats | undefined,
  earlier: MediaSenderStats | undefined,
): RepairRung {
  if (sent === undefined) return "none";
  const taken = REPAIR_RUNGS.filter((rung) => {
    return rung !== "none" && sent.ladder[rung] > (earlier?.ladder[rung] ?? 0);
  });
  return taken.at(-1) ?? "none";
}

/** Per second; 0 where there is nothing to compare with, or a counter began anew. */
function rate(now: number, earlier: number | undefined, seconds: number): number {
  if (earlier === undefined || seconds === 0) return 0;
  return rounded(Math.max(0, now - earlier) / seconds);
}

/** A hundredth is more than anybody reads, and a third of the digits. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function sum<T>(list: readonly T[], read: (entry: T) => number): number {
  return list.reduce((total, entry) => total + read(entry), 0);
}
