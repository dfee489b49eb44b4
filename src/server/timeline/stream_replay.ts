/**
 * StreamReplay: the replay of one stream as the server keeps it: made when capture begins, fed after
 * the viewers, emptied once what it holds is as old as it may be and nothing follows. Between it and
 * the buffer stand who waits for the next frame, and the times at which somebody paused it. At most
 * `PAUSES_MAX` of these are remembered.
 */

import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { MediaSound } from "../../ipc/sound_record.ts";
import { HeldSound } from "../../replay/held_sound.ts";
import type { HeldSoundLimits } from "../../replay/held_sound.ts";
import type { FollowSink } from "./followed_sound.ts";
import { ReplayBuffer, type ReplayLimits, type ReplayStats } from "../../replay/replay_buffer.ts";
import type { StreamDescription } from "../../wire/codec.ts";
import type { EncodedFrame } from "../../wire/frame.ts";

/** Pauses that are remembered, the newest. */
export const PAUSES_MAX = 64;

/** A span of capture time; `toUs` is absent while it lasts. */
export interface ReplayPause {
  readonly fromUs: number;
  readonly toUs?: number;
}

/** Sound for replays: how much of it, and where it comes from. */
export interface ReplaySound {
  readonly limits: HeldSoundLimits;
  readonly follow: (sink: FollowSink) => (() => void) | undefined;
}

/** What a `StreamReplay` needs. */
export interface StreamReplayOptions {
  readonly streamId: number;
  readonly limits: ReplayLimits;
  readonly account: MemoryAccount;
  /** Sound that is held beside the pictures; absent on a host without. */
  readonly sound?: ReplaySound | undefined;
  /** A segment is due: the next frame that is made anyway should be a keyframe. */
  readonly onSegmentDue: () => void;
  /** The room that the limits ask for cannot be had: there is no replay. */
  readonly onNoRoom: (why: string) => void;
}

/** The replay of one stream. */
export class StreamReplay implements Disposable {
  readonly #options: StreamReplayOptions;
  readonly #waiting = new Set<() => void>();
  #pauses: ReplayPause[] = [];
  /** Of the buffers before this one. */
  readonly #past: ReplayStats = emptyStats();
  #buffer: ReplayBuffer | undefined;
  #sound: HeldSound | undefined;
  #unfollow: (() => void) | undefined;
  #share = 1;
  #isPaused = false;
  #isClosed = false;
  #endTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: StreamReplayOptions) {
    this.#options = options;
  }

  get streamId(): number {
    return this.#options.streamId;
  }

  get limits(): ReplayLimits {
    return this.#options.limits;
  }

  /** What is held; undefined while nothing was captured. */
  get buffer(): ReplayBuffer | undefined {
    return this.#buffer;
  }

  /** The sound beside it; undefined while nothing was captured, and without sound. */
  get sound(): HeldSound | undefined {
    return this.#sound;
  }

  /** Share of its limit that it may hold now. */
  get share(): number {
    return this.#share;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** When it was paused, oldest first; those that ended before all that is held are left out. */
  get pauses(): readonly ReplayPause[] {
    const startUs = this.#buffer?.span?.startUs ?? Infinity;
    return this.#pauses.filter(({ toUs }) => toUs === undefined || toUs > startUs);
  }

  /** Counters since the start of the host. */
  get stats(): Readonly<ReplayStats> {
    return addedStats(this.#past, this.#buffer?.stats ?? emptyStats());
  }

  /** Capture begins, or goes on. */
  open(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = undefined;
    if (this.#isClosed) return;
    const { limits, account, sound, onNoRoom } = this.#options;
    this.#unfollow ??= sound?.follow((heard) => this.#pushSound(heard));
    if (this.#buffer !== undefined) return;
    try {
      this.#buffer = new ReplayBuffer(limits, account);
      if (this.#unfollow !== undefined) this.#sound = new HeldSound(sound!.limits, account);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // It costs the replay, not the stream.
      this.#isClosed = true;
      return onNoRoom(error.message);
    }
    if (this.#share < 1) this.#buffer.limit(this.#share);
    if (this.#isPaused) this.#buffer.pause();
  }

  /** Capture has ended: what is held goes when it is as old as it may be. */
  captureEnded(): void {
    this.#endSound();
    if (this.#buffer === undefined || this.#endTimer !== undefined) return;
    this.#endTimer = setTimeout(() => this.#empty(), this.limits.seconds * 1000);
  }

  /** What a decoder must know of the frames that follow. */
  describe(description: StreamDescription): void {
    this.#buffer?.describe(description);
  }

  /** Takes a frame after the viewers have it. */
  push(frame: EncodedFrame, nowUs: number): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const outcome = buffer.push(frame, nowUs);
    if (buffer.wantsKeyframe(frame.captureTimeUs)) this.#options.onSegmentDue();
    if (outcome === "held") this.#wake();
  }

  /** Takes nothing up from `hostUs` on. */
  pause(hostUs: number): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#buffer?.pause();
    this.#pauses = [...this.#pauses, { fromUs: hostUs }].slice(-PAUSES_MAX);
  }

  /** Goes on with the next keyframe, which is asked for. */
  resume(hostUs: number): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#buffer?.resume();
    const last = this.#pauses.at(-1)!;
    this.#pauses = [...this.#pauses.slice(0, -1), { fromUs: last.fromUs, toUs: hostUs }];
    if (this.#buffer !== undefined) this.#options.onSegmentDue();
  }

  /** Overwrites what was captured from `fromUs` to `toUs`; returns how many frames. */
  blank(fromUs: number, toUs: number): number {
    this.#sound?.blank(fromUs, toUs);
    return this.#buffer?.blank(fromUs, toUs) ?? 0;
  }

  /** Holds at most `share` of its limit, 0 to 1. */
  limit(share: number): void {
    this.#share = share;
    this.#buffer?.limit(share);
  }

  /** Resolves when a frame was taken, the buffer has gone, or `signal` aborts; never rejects. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = () => {
        this.#waiting.delete(end);
        signal.removeEventListener("abort", end);
        resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener("abort", end);
    });
  }

  /** Readers that wait for a frame. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Overwrites all that is held; what is captured goes on to be. */
  forget(): void {
    const wasOpen = this.#unfollow !== undefined;
    this.#empty();
    this.#pauses = [];
    if (wasOpen) this.open();
  }

  /** Overwrites and gives back all; idempotent. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#empty();
  }

  #empty(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = undefined;
    this.#endSound();
    if (this.#buffer === undefined) return;
    const buffer = this.#buffer;
    this.#buffer = undefined;
    this.#sound?.[Symbol.dispose]();
    this.#sound = undefined;
    buffer[Symbol.dispose]();
    Object.assign(this.#past, addedStats(this.#past, buffer.stats));
    this.#wake();
  }

  #pushSound({ captureTimeUs, frameUs, channels, payload }: MediaSound): void {
    if (this.#isPaused) return;
    this.#sound?.push({ captureTimeUs, durationUs: frameUs, channels }, payload);
  }

  #endSound(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
  }

  #wake(): void {
    if (this.#waiting.size === 0) return;
    for (const end of [...this.#waiting]) end();
  }
}

function emptyStats(): ReplayStats {
  return { pushed: 0, refused: 0, segmentsEvicted: 0, leasesRevoked: 0, framesBlanked: 0 };
}

function addedStats(one: Readonly<ReplayStats>, other: Readonly<ReplayStats>): ReplayStats {
  return {
    pushed: one.pushed + other.pushed,
    refused: one.refused + other.refused,
    segmentsEvicted: one.segmentsEvicted + other.segmentsEvicted,
    leasesRevoked: one.leasesRevoked + other.leasesRevoked,
    framesBlanked: one.framesBlanked + other.framesBlanked,
  };
}
