/**
 * HostReplays: the replays of all streams and those who read them: makes one for each stream where
 * replay is on, lets `READERS_MAX` read at once, and tells what is held and where. A session's newest
 * reader makes room among its own; who stalls makes room for others.
 */

import type { Logger } from "../../core/log.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { ReplayLimits, ReplayStats } from "../../replay/replay_buffer.ts";
import type { HeldSoundLimits } from "../../replay/held_sound.ts";
import type { ServerConfig } from "../config/config.ts";
import type { FollowSink, FollowSound } from "./followed_sound.ts";
import { ReplayReader } from "./replay_reader.ts";
import type { ReplayReaderOptions } from "./replay_reader.ts";
import { StreamReplay } from "./stream_replay.ts";

/** Readers of all replays at once. */
export const READERS_MAX = 16;
/** Readers of one session: a seek takes the place of the oldest. */
export const READERS_PER_SESSION_MAX = 4;
/** A reader that took nothing for this long may be ended for another one. */
export const STALLED_US = 10_000_000;

/** Share of the limits that is left when memory is short for long. */
const SHARE_MIN = 1 / 8;

/** Counters of `HostReplays`. */
export interface HostReplaysStats {
  readersOpened: number;
  /** Refused because there were too many. */
  readersRefused: number;
  /** Ended for another one of the same session, or because they stalled. */
  readersReplaced: number;
  /** Bytes given to readers that have ended. */
  bytesRead: number;
}

/** What is told of the readers and replays of a host. */
export interface ReplayTotals extends ReplayStats {
  readonly bytes: number;
  readonly capacityBytes: number;
  readonly readers: number;
  readonly leases: number;
}

/** What `GET /api/stats` has of replays. */
export interface ReplayFigures extends ReplayTotals, HostReplaysStats {
  /** Of each stream; null when replay is off. */
  readonly limits: ReplayLimits | null;
  /** Share of the limits that holds now: less than 1 while memory is short. */
  readonly share: number;
}

/** How a reader is opened. */
export interface OpenReaderOptions
  extends
    Pick<ReplayReaderOptions, "replay" | "atUs" | "toUs" | "follows" | "withSound" | "isAllowed"> {
  /** Who reads: the session, or the dashboard. */
  readonly reader: string;
}

/** What a host's replays need. */
export interface HostReplaysOptions {
  /** Undefined when replay is off. */
  readonly limits: ReplayLimits | undefined;
  /** Sound beside the pictures; absent on a host without. */
  readonly sound?: { readonly limits: HeldSoundLimits; readonly follow: FollowSound } | undefined;
  readonly account: () => MemoryAccount;
  readonly nowUs: () => number;
  readonly log: Logger;
}

interface OpenReader {
  readonly reader: ReplayReader;
  readonly owner: string;
}

/** The limits of each stream's replay; undefined when it is off. */
export function replayLimits(
  { replay, replayBytes, bitrate, fps }: Pick<
    ServerConfig,
    "replay" | "replayBytes" | "bitrate" | "fps"
  >,
): ReplayLimits | undefined {
  if (replay.ms === 0) return undefined;
  const seconds = replay.ms / 1000;
  const bytes = replayBytes.bytes || Math.ceil(seconds * bitrate * 1000 / 8);
  return { seconds, bytes, fps };
}

/** What is held of sound beside the pictures; undefined without a replay or without any sound. */
export function replaySoundLimits(
  { replay, audio, audioBitrate, audioFrame, maxPublished }: Pick<
    ServerConfig,
    "replay" | "audio" | "audioBitrate" | "audioFrame" | "maxPublished"
  >,
): HeldSoundLimits | undefined {
  if (replay.ms === 0 || (audio === "off" && maxPublished === 0)) return undefined;
  return {
    seconds: replay.ms / 1000,
    bitrateBps: audioBitrate * 1000,
    frameUs: audioFrame * 1000,
  };
}

/** The replays of one host. */
export class HostReplays {
  readonly #options: HostReplaysOptions;
  readonly #replays: StreamReplay[] = [];
  #share = 1;
  /** Oldest first. */
  readonly #readers = new Set<OpenReader>();
  readonly #stats: HostReplaysStats = {
    readersOpened: 0,
    readersRefused: 0,
    readersReplaced: 0,
    bytesRead: 0,
  };

  /** The replays that a configuration asks for. */
  static of(
    config: Parameters<typeof replayLimits>[0] & Parameters<typeof replaySoundLimits>[0],
    { followSound, ...options }: Omit<HostReplaysOptions, "limits" | "sound"> & {
      readonly followSound: FollowSound;
    },
  ): HostReplays {
    const limits = replaySoundLimits(config);
    const sound = limits === undefined ? undefined : { limits, follow: followSound };
    return new HostReplays({ ...options, limits: replayLimits(config), sound });
  }

  constructor(options: HostReplaysOptions) {
    this.#options = options;
  }

  get stats(): Readonly<HostReplaysStats> {
    return this.#stats;
  }

  /** What each may hold; undefined when replay is off. */
  get limits(): ReplayLimits | undefined {
    return this.#options.limits;
  }

  /** All of them. */
  get all(): readonly StreamReplay[] {
    return this.#replays;
  }

  /** Readers now. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Figures of all replays together. */
  get totals(): ReplayTotals {
    const sum = (read: (replay: StreamReplay) => number) =>
      this.#replays.reduce((total, replay) => total + read(replay), 0);
    return {
      pushed: sum(({ stats }) => stats.pushed),
      refused: sum(({ stats }) => stats.refused),
      segmentsEvicted: sum(({ stats }) => stats.segmentsEvicted),
      leasesRevoked: sum(({ stats }) => stats.leasesRevoked),
      framesBlanked: sum(({ stats }) => stats.framesBlanked),
      bytes: sum(({ buffer }) => buffer?.span?.bytes ?? 0),
      capacityBytes: sum(({ buffer }) => buffer?.capacityBytes ?? 0),
      leases: sum(({ buffer }) => buffer?.leases ?? 0),
      readers: this.readers,
    };
  }

  /** Figures for the API. */
  get report(): ReplayFigures {
    return { ...this.totals, ...this.#stats, limits: this.limits ?? null, share: this.#share };
  }

  /**
   * The replay of a new stream; undefined when replay is off. Streams that share the room of one get a
   * part of `parts` each.
   */
  make(streamId: number, onSegmentDue: () => void, parts = 1): StreamReplay | undefined {
    const { sound: all, account, log } = this.#options;
    if (this.limits === undefined) return undefined;
    const limits = { ...this.limits, bytes: Math.floor(this.limits.bytes / parts) };
    const sound = all === undefined ? undefined : {
      limits: all.limits,
      follow: (sink: FollowSink) => all.follow(sink, streamId),
    };
    const onNoRoom = (why: string) => log.warn("Cannot hold a replay", { stream: streamId, why });
    const replay = new StreamReplay({
      ...{ streamId, limits, sound, onSegmentDue, onNoRoom },
      account: account(),
    });
    this.#replays.push(replay);
    return replay;
  }

  /** The replay of a stream. */
  get(streamId: number): StreamReplay | undefined {
    return this.#replays.find((replay) => replay.streamId === streamId);
  }

  /** Opens a reader; undefined when there are too many. */
  read({ reader: owner, ...options }: OpenReaderOptions): ReplayReader | undefined {
    if (!this.#makeRoom(owner)) {
      this.#stats.readersRefused++;
      return undefined;
    }
    const reader = new ReplayReader({
      ...options,
      nowUs: this.#options.nowUs,
      onEnd: () => {
        this.#readers.delete(entry);
        this.#stats.bytesRead += reader.bytes;
      },
    });
    const entry = { reader, owner };
    this.#readers.add(entry);
    this.#stats.readersOpened++;
    return reader;
  }

  /** Has each hold half of what it holds at most, an eighth in the end; or all of it again. */
  shorten(isShort: boolean): void {
    const { log } = this.#options;
    const share = isShort ? Math.max(SHARE_MIN, this.#share / 2) : 1;
    if (share === this.#share) return;
    this.#share = share;
    for (const replay of this.#replays) replay.limit(share);
    if (this.#replays.length > 0) log.warn("Replay resized", { share });
  }

  /** Ends every reader and gives all memory back. */
  close(): void {
    for (const { reader } of [...this.#readers]) reader.close();
    for (const replay of this.#replays) replay[Symbol.dispose]();
  }

  #makeRoom(owner: string): boolean {
    const own = [...this.#readers].filter((entry) => entry.owner === owner);
    if (own.length >= READERS_PER_SESSION_MAX) return this.#replace(own[0]!);
    if (this.#readers.size < READERS_MAX) return true;
    const nowUs = this.#options.nowUs();
    const stalled = [...this.#readers].find(({ reader }) => {
      return !reader.isWaiting && nowUs - reader.tookUs > STALLED_US;
    });
    return stalled === undefined ? false : this.#replace(stalled);
  }

  #replace({ reader }: OpenReader): true {
    this.#stats.readersReplaced++;
    reader.close();
    return true;
  }
}
