/**
 * MediaSupervisor: keeps the media process running for the server process: starts it, starts its
 * streams again after a crash, ends it when it is silent, waits ever longer when it keeps failing,
 * and knows the host's clock. Capture to encode lie behind it; frames come out of it in order.
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { INPUT_RECORD_BYTES } from "../wire/input.ts";
import { HostClock } from "./host_clock.ts";
import { MediaChild } from "./media_child.ts";
import type { CommandLine } from "../process/runtime_command_line.ts";
import {
  encodeMediaCommand,
  type EncoderRate,
  type KeyframeCause,
  MAX_COMMAND_INPUT_RECORDS,
  type MediaCommand,
  type MediaStreamConfig,
} from "./media_command.ts";
import type { MediaHandlers, MediaState } from "./media_handlers.ts";
import type { MediaCandidate, MediaMessage } from "./media_message.ts";
import { MediaRecordRouter, type MediaRouterStats } from "./media_record_router.ts";
import {
  DEFAULT_RESTART_LIMITS,
  RestartBackoff,
  type RestartLimits,
} from "../core/restart_backoff.ts";

/** A process that is up says so within this time, also on a busy machine. */
const START_DEADLINE_MS = 15_000;
/** Checks once a second; messages come once a second too. */
const WATCHDOG_MS = 1000;
/** Checks in a row without a message after which the process counts as stuck: 5 s. */
const SILENT_CHECKS_MAX = 5;
/** Clock probes sent quickly at the start, and how far apart. */
const QUICK_PROBES = 8;
const QUICK_PROBE_MS = 25;
/** Probes under way; a lost answer is overwritten by a later probe. */
const PROBE_SLOTS = 16;
/** What each step of `close` may take: asking, SIGTERM, SIGKILL. */
const CLOSE_STEP_MS = 1000;

/** What a `MediaSupervisor` needs. */
export interface MediaSupervisorOptions {
  /** Asked anew for each start. */
  readonly command: () => CommandLine;
  readonly log: Logger;
  readonly clock: Clock;
  readonly handlers: MediaHandlers;
  /** Default: `DEFAULT_RESTART_LIMITS`. */
  readonly limits?: RestartLimits;
  /** Hears of each process id, for whoever ends what a killed server leaves behind. */
  readonly processStarted?: (pid: number) => void;
  readonly processEnded?: (pid: number) => void;
}

/** Counters of a `MediaSupervisor`. */
export interface MediaSupervisorStats extends Readonly<MediaRouterStats> {
  readonly state: MediaState;
  readonly pid: number | undefined;
  /** Starts after the first. */
  readonly restarts: number;
  /** Processes ended because they were silent. */
  readonly silentKills: number;
  /** Input records dropped because no process was there to take them. */
  readonly inputRecordsDropped: number;
  /** Round trip of the best clock probe in use, microseconds. */
  readonly clockRoundTripUs: number | undefined;
  /** Bytes that the pipes to the process hold in this one. */
  readonly pipeBytes: number;
}

/** Keeps one media process. */
export class MediaSupervisor {
  readonly #options: MediaSupervisorOptions;
  readonly #backoff: RestartBackoff;
  readonly #router: MediaRecordRouter;
  readonly #hostClock = new HostClock();
  /** At most 16: a stream id is below 16. */
  readonly #streams = new Map<number, MediaStreamConfig>();
  /** What was set last for a stream that is wanted. */
  readonly #rates = new Map<number, EncoderRate>();
  readonly #probeSentUs = new Float64Array(PROBE_SLOTS);
  #nextProbe = 0;
  #child: MediaChild | undefined;
  #candidates: readonly MediaCandidate[] = [];
  #state: MediaState = "starting";
  #startedUs = 0;
  #starts = 0;
  #silentChecks = 0;
  #silentKills = 0;
  #inputRecordsDropped = 0;
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #restartTimer: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  #quickProbes: ReturnType<typeof setInterval> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: MediaSupervisorOptions) {
    this.#options = options;
    this.#backoff = new RestartBackoff(options.limits ?? DEFAULT_RESTART_LIMITS);
    this.#router = new MediaRecordRouter({
      handlers: options.handlers,
      log: options.log,
      onMessage: (message) => this.#onMessage(message),
      onFrameLost: (streamId, frameId) => this.invalidate(streamId, frameId),
    });
  }

  /** What the process is doing. */
  get state(): MediaState {
    return this.#state;
  }

  /** Back-ends of the native library, as the process reported them; empty before it did. */
  get candidates(): readonly MediaCandidate[] {
    return this.#candidates;
  }

  /** Reads the counters. */
  get stats(): MediaSupervisorStats {
    return {
      ...this.#router.stats,
      state: this.#state,
      pid: this.#child?.pid,
      restarts: Math.max(0, this.#starts - 1),
      silentKills: this.#silentKills,
      inputRecordsDropped: this.#inputRecordsDropped,
      clockRoundTripUs: this.#hostClock.roundTripUs,
      pipeBytes: this.#child?.heldBytes ?? 0,
    };
  }

  /** Starts the process, once. Never throws: a failure is a state and is tried again. */
  start(): void {
    if (this.#starts > 0 || this.#closing !== undefined) return;
    this.#setState("starting", "");
    this.#spawn();
  }

  /** Starts a stream, now and after each restart until `stopStream`; a running one starts anew. */
  startStream(config: MediaStreamConfig): void {
    this.#streams.set(config.streamId, { ...config });
    this.#rates.delete(config.streamId);
    this.send({ type: "start_stream", ...config });
  }

  /** Ends a stream; frames that are in the pipe still come. */
  stopStream(streamId: number): void {
    this.#rates.delete(streamId);
    if (this.#streams.delete(streamId)) this.send({ type: "stop_stream", streamId });
  }

  /** Sets bitrate, frame rate, size and layers, now and after a restart, until `startStream`. */
  setRate(streamId: number, rate: EncoderRate): void {
    if (!this.#streams.has(streamId)) return;
    const { bitrateBps, fps, scaleQuarters, temporalLayers } = rate;
    const kept: EncoderRate = { bitrateBps, fps, scaleQuarters, temporalLayers };
    this.#rates.set(streamId, kept);
    this.send({ type: "set_rate", streamId, ...kept });
  }

  /**
   * Asks for a keyframe; the media process joins requests that come close together, and makes those
   * that follow damage ever rarer. Who joins does not wait for that.
   */
  requestKeyframe(streamId: number, cause: KeyframeCause = "damage"): void {
    this.send({ type: "keyframe", streamId, cause });
  }

  /** Frames from `firstLostFrameId` on did not reach a viewer. */
  invalidate(streamId: number, firstLostFrameId: number): void {
    const encoderFrameId = this.#router.numbering(streamId).toEncoder(firstLostFrameId);
    // A frame of an encoder that is gone cannot be repaired; only a keyframe is sure to help.
    if (encoderFrameId === undefined) return this.requestKeyframe(streamId);
    this.send({ type: "invalidate", streamId, firstLostFrameId: encoderFrameId });
  }

  /** Gives whole 20-byte input records to the stream's device; dropped while no process runs. */
  sendInput(streamId: number, records: Uint8Array): void {
    if (records.byteLength % INPUT_RECORD_BYTES !== 0) {
      throw new RangeError(`Cannot send ${records.byteLength} bytes of input records`);
    }
    if (this.#state !== "running") {
      // Keys pressed into a process that is not there must not be typed seconds later.
      this.#inputRecordsDropped += records.byteLength / INPUT_RECORD_BYTES;
      return;
    }
    const limit = MAX_COMMAND_INPUT_RECORDS * INPUT_RECORD_BYTES;
    for (let offset = 0; offset < records.byteLength; offset += limit) {
      this.send({ type: "input", streamId, records: records.subarray(offset, offset + limit) });
    }
  }

  /** Has the process free what it does not use now. */
  trimMemory(): void {
    this.send({ type: "trim_memory" });
  }

  /** Has the process write its JavaScript heap to a file that must not exist. */
  takeHeapSnapshot(path: string): void {
    this.send({ type: "heap_snapshot", path });
  }

  /** Releases every key and button that the stream's device holds. */
  releaseInput(streamId: number): void {
    this.send({ type: "release_input", streamId });
  }

  /** Writes a command; lost while no process is there, and not repeated to the next one. */
  send(command: MediaCommand): void {
    this.#child?.write(encodeMediaCommand(command));
  }

  /** The host's CLOCK_MONOTONIC at a time of the server's clock; undefined before the first probe. */
  hostTimeUs(serverNowUs: number): number | undefined {
    return this.#hostClock.hostTimeUs(serverNowUs);
  }

  /** Ends the process and all timers; resolves within 3 s when it is gone, and never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #spawn(): void {
    this.#restartTimer = undefined;
    this.#starts++;
    this.#startedUs = this.#options.clock.nowUs();
    this.#silentChecks = 0;
    let child: MediaChild;
    try {
      child = new MediaChild({
        commandLine: this.#options.command(),
        log: this.#options.log,
        onRecord: (record) => this.#router.route(record),
        onEnd: (reason) => this.#onEnd(child, reason),
      });
    } catch (error) {
      this.#restartLater(error instanceof Error ? error.message : String(error));
      return;
    }
    this.#child = child;
    this.#guard("the start", () => this.#options.processStarted?.(child.pid));
    this.#startTimer = setTimeout(() => child.kill("it did not start"), START_DEADLINE_MS);
    // The pipe holds them until the process is up: nothing waits for its first word.
    for (const config of this.#streams.values()) this.send({ type: "start_stream", ...config });
    for (const [streamId, rate] of this.#rates) this.send({ type: "set_rate", streamId, ...rate });
  }

  #onEnd(child: MediaChild, reason: string): void {
    this.#guard("the end", () => this.#options.processEnded?.(child.pid));
    this.#child = undefined;
    this.#stopTimers();
    if (this.#closing === undefined) this.#restartLater(`Media process ended: ${reason}`);
  }

  #restartLater(reason: string): void {
    const ranMs = (this.#options.clock.nowUs() - this.#startedUs) / 1000;
    const { delayMs, isFailed } = this.#backoff.next(ranMs);
    const level = isFailed ? "error" : "warn";
    this.#options.log[level](reason, { failures: this.#backoff.failures, retryMs: delayMs });
    this.#setState(isFailed ? "failed" : "restarting", reason);
    this.#restartTimer = setTimeout(() => this.#spawn(), delayMs);
  }

  #onMessage(message: MediaMessage): void {
    this.#silentChecks = 0;
    if (message.type === "clock_reply") this.#onClockReply(message);
    if (message.type !== "media_ready") return;
    clearTimeout(this.#startTimer);
    this.#candidates = message.candidates;
    this.#watchdog = setInterval(() => this.#check(), WATCHDOG_MS);
    let quickProbes = 0;
    this.#quickProbes = setInterval(() => {
      if (++quickProbes >= QUICK_PROBES) clearInterval(this.#quickProbes);
      this.#probe();
    }, QUICK_PROBE_MS);
    this.#probe();
    this.#setState("running", "");
  }

  /** Counted in checks and not in time, so that a pause of this process is no fault of the other. */
  #check(): void {
    this.#probe();
    if (++this.#silentChecks <= SILENT_CHECKS_MAX) return;
    this.#silentKills++;
    this.#child?.kill("it was silent for too long");
  }

  #probe(): void {
    const id = this.#nextProbe;
    this.#nextProbe = (id + 1) % 0x1_0000_0000;
    this.#probeSentUs[id % PROBE_SLOTS] = this.#options.clock.nowUs();
    this.send({ type: "clock_probe", id });
  }

  #onClockReply({ id, monotonicUs }: { id: number; monotonicUs: number }): void {
    const isKnown = id < this.#nextProbe && this.#nextProbe - id <= PROBE_SLOTS;
    const sentUs = this.#probeSentUs[id % PROBE_SLOTS];
    if (!isKnown || sentUs === undefined) return;
    this.#hostClock.push(sentUs, this.#options.clock.nowUs(), monotonicUs);
  }

  #setState(state: MediaState, reason: string): void {
    this.#state = state;
    this.#guard("a state", () => this.#options.handlers.stateChanged(state, reason));
  }

  #guard(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      const message = `Cannot report ${what} of the media process`;
      this.#options.log.error(message, { error: String(error) });
    }
  }

  #stopTimers(): void {
    clearTimeout(this.#startTimer);
    clearTimeout(this.#restartTimer);
    clearInterval(this.#watchdog);
    clearInterval(this.#quickProbes);
  }

  async #close(): Promise<void> {
    this.#stopTimers();
    this.#streams.clear();
    const child = this.#child;
    if (child === undefined) return;
    this.send({ type: "shutdown" });
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await endsWithin(child, CLOSE_STEP_MS)) return;
      child.signal(signal);
    }
    if (!await endsWithin(child, CLOSE_STEP_MS)) {
      this.#options.log.error("Cannot end the media process", { pid: child.pid });
    }
  }
}

async function endsWithin(child: MediaChild, timeoutMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const hasEnded = await Promise.race([child.done.then(() => true), timeout]);
  clearTimeout(timer);
  return hasEnded;
}
