/**
 * HostRecordings: who records what: one recorder for each stream at most, between the stream and the
 * folder of recordings. It starts and stops them, has viewers hear of it, and gives what they hold in
 * memory a bound. A folder that cannot be used costs recording and nothing else.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MemoryLedger, MemoryReading } from "../../memory/memory_ledger.ts";
import { Recorder, type RecorderStats, type StopReason } from "../../recording/recorder.ts";
import { RecordingFolder } from "../../recording/recording_folder.ts";
import type { SessionHost } from "../../session/session_host.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { ServerMessage } from "../../wire/control.ts";
import type { ServerConfig } from "../config/config.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import { FollowedSound } from "./followed_sound.ts";
import type { FollowSound } from "./followed_sound.ts";

/** What recordings take of memory at least: some keyframes of any size. */
const QUEUE_BYTES_MIN = 16_000_000;
/** How long the first sound is waited for: an idle sound server takes a tenth of this to wake. */
const SOUND_WAIT_MS = 700;
/** Seconds of video that a disk may be late. */
const QUEUE_SECONDS = 4;

/** A stream's recording as its viewers hear of it. */
export type RecordingStateMessage = Extract<ServerMessage, { type: "recording_state" }>;

/** What recordings need. */
export interface HostRecordingsOptions {
  readonly config: Pick<
    ServerConfig,
    | "bitrate"
    | "recordDir"
    | "recordSplitSize"
    | "recordSplitDuration"
    | "recordQuota"
    | "recordDeleteOldest"
  >;
  /** Where recordings are kept when the configuration does not say. */
  readonly defaultFolder: string;
  readonly streams: () => Pick<StreamSet, "all" | "get">;
  /** The clock of capture times; undefined before the media process told it. */
  readonly hostTimeUs: () => number | undefined;
  readonly clock: Clock;
  readonly nowMs: () => number;
  /** Sends a framed message to every viewer. */
  readonly broadcast: (framed: Uint8Array) => void;
  /** Gives every frame of the host's sound; returns its end, or undefined on a host without sound. */
  readonly followSound: FollowSound;
  readonly ledger: Pick<MemoryLedger, "watch">;
  readonly log: Logger;
}

/** What became of a wish to record. */
export type StartOutcome =
  | { readonly kind: "started" | "already"; readonly state: RecordingStateMessage }
  | { readonly kind: "refused"; readonly reason: StopReason | "no_folder" | "no_stream" };

interface Active {
  readonly recorder: Recorder;
  readonly sound: FollowedSound;
  readonly detach: () => void;
  readonly startedMs: number;
}

/** Bytes that one stream's recorder may hold. */
export function recordQueueBytes(bitrateKbps: number): number {
  return Math.max(QUEUE_BYTES_MIN, QUEUE_SECONDS * bitrateKbps * 1000 / 8);
}

/** The recorders of one host. */
export class HostRecordings {
  readonly #options: HostRecordingsOptions;
  readonly #active = new Map<number, Active>();
  /** Streams whose sound is waited for. */
  readonly #starting = new Set<number>();
  readonly #reasons = new Map<number, StopReason>();
  readonly #endings = new Set<Promise<void>>();
  readonly #past: RecorderStats = emptyStats();
  #folder: RecordingFolder | undefined;
  #why = "";

  constructor(options: HostRecordingsOptions) {
    this.#options = options;
    options.ledger.watch("recording_cache", () => this.memory);
  }

  /** The files; undefined when their folder cannot be used. */
  get folder(): RecordingFolder | undefined {
    return this.#folder;
  }

  /** Opens the folder, and mends in the background what a kill left there. Never rejects. */
  async open(): Promise<void> {
    const { config, defaultFolder, log } = this.#options;
    const path = config.recordDir || defaultFolder;
    try {
      this.#folder = await RecordingFolder.open({
        ...{ path, log },
        quotaBytes: config.recordQuota.bytes,
        deletesOldest: config.recordDeleteOldest,
      });
    } catch (error) {
      this.#why = error instanceof Error ? error.message : String(error);
      log.error("Cannot use the folder of recordings", { path, why: this.#why });
      return;
    }
    this.#track(this.#folder.reconcile());
  }

  /** Records a stream from its next keyframe on, which is asked for. */
  async start(streamId: number): Promise<StartOutcome> {
    const folder = this.#folder;
    const stream = this.#options.streams().get(streamId);
    if (folder === undefined) return { kind: "refused", reason: "no_folder" };
    if (stream === undefined) return { kind: "refused", reason: "no_stream" };
    const refusal = await folder.refusal(0);
    if (refusal !== undefined) return { kind: "refused", reason: refusal };
    if (this.#active.has(streamId) || this.#starting.has(streamId)) {
      return { kind: "already", state: this.state(streamId) };
    }
    const recorder = this.#makeRecorder(streamId, folder);
    const { followSound } = this.#options;
    const sound = new FollowedSound(recorder, (sink) => followSound(sink, streamId));
    this.#starting.add(streamId);
    // The file's header says how many channels there are.
    await sound.begun(SOUND_WAIT_MS);
    if (!this.#starting.delete(streamId)) {
      sound.close();
      return { kind: "refused", reason: "shutdown" };
    }
    const detach = stream.record(recorder);
    if (detach === undefined) {
      sound.close();
      return { kind: "refused", reason: "no_stream" };
    }
    this.#reasons.delete(streamId);
    this.#active.set(streamId, { recorder, sound, detach, startedMs: this.#options.nowMs() });
    this.#options.log.info("Recording started", { stream: streamId });
    this.#tell(streamId);
    return { kind: "started", state: this.state(streamId) };
  }

  /** Ends the recording of a stream; resolves when the file is whole. False when there was none. */
  async stop(streamId: number, reason: StopReason = "asked"): Promise<boolean> {
    // One that is about to begin does not.
    this.#starting.delete(streamId);
    const active = this.#active.get(streamId);
    if (active === undefined) return false;
    const ended = active.recorder.stop(reason, this.#options.clock.nowUs());
    this.#track(ended);
    this.#forget(streamId, reason);
    await ended;
    return true;
  }

  /** What viewers of a stream are told. */
  state(streamId: number): RecordingStateMessage {
    const active = this.#active.get(streamId);
    const reason = this.#reasons.get(streamId);
    return {
      type: "recording_state",
      streamId,
      isRecording: active !== undefined,
      ...(active === undefined ? {} : { startedMs: active.startedMs }),
      ...(active?.recorder.id === undefined ? {} : { recordingId: active.recorder.id }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  /** Records every stream; one that cannot be says so in the log, and is shown all the same. */
  async startAll(): Promise<void> {
    await Promise.all(
      this.#options.streams().all.map(async ({ id, name }) => {
        const outcome = await this.start(id);
        if (outcome.kind !== "refused") return;
        this.#options.log.error("Cannot record", { stream: name, reason: outcome.reason });
      }),
    );
  }

  /** `host` with a greeting that says what is recorded, and whose recording failed. */
  greetIn(host: SessionHost): SessionHost {
    const said = () => [...new Set([...this.#active.keys(), ...this.#reasons.keys()])];
    const words = () => said().map((streamId) => encodeServerMessage(this.state(streamId)));
    return { ...host, greeting: () => [...host.greeting(), ...words()] };
  }

  /** Ids of all streams, whether they are recorded or not. */
  get streamIds(): readonly number[] {
    return this.#options.streams().all.map(({ id }) => id);
  }

  /** Recorders now. */
  get active(): number {
    return this.#active.size;
  }

  /** What the recorders hold in memory. */
  get memory(): MemoryReading {
    const recorders = [...this.#active.values()].map(({ recorder }) => recorder);
    const currentBytes = recorders.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
    return { currentBytes, live: recorders.length };
  }

  /** Counters since the start of the host. */
  get stats(): Readonly<RecorderStats> {
    return [...this.#active.values()].reduce(
      (sum, { recorder }) => addedStats(sum, recorder.stats),
      { ...this.#past },
    );
  }

  /** What the API tells. */
  get report(): Record<string, unknown> {
    return {
      active: [...this.#active.keys()].map((streamId) => this.state(streamId)),
      folder: this.#folder?.folder ?? null,
      ...(this.#why === "" ? {} : { why: this.#why }),
      ...this.stats,
      ...this.#folder?.totals,
      ...this.#folder?.stats,
    };
  }

  /** Ends all recordings and closes the catalogue. */
  async close(): Promise<void> {
    this.#starting.clear();
    await Promise.all([...this.#active.keys()].map((id) => this.stop(id, "shutdown")));
    const folder = this.#folder;
    // What the files' folder is being searched for can wait for another start.
    folder?.close();
    await Promise.all(this.#endings);
  }

  #makeRecorder(streamId: number, folder: RecordingFolder): Recorder {
    const { config, streams, log } = this.#options;
    return new Recorder({
      streamId,
      limits: {
        splitBytes: config.recordSplitSize.bytes,
        splitUs: config.recordSplitDuration.ms * 1000,
        queueBytes: recordQueueBytes(config.bitrate),
      },
      open: async (file) => {
        const sink = await folder.create(file);
        log.info("Recording file made", { stream: streamId, recording: sink.id });
        // Once the recorder has it as its own.
        setTimeout(() => this.#tell(streamId), 0);
        return sink;
      },
      refusal: (bytes) => folder.refusal(bytes),
      onKeyframeWanted: (isUrgent) => {
        streams().get(streamId)?.requestKeyframe(isUrgent ? "damage" : "segment");
      },
      wallClockOffsetUs: (captureTimeUs) => this.#wallClockOffsetUs(captureTimeUs),
      onStopped: (reason) => {
        log.warn("Recording stopped", { stream: streamId, reason });
        this.#forget(streamId, reason);
      },
      log,
    });
  }

  #wallClockOffsetUs(captureTimeUs: number): number {
    const { hostTimeUs, nowMs } = this.#options;
    // Before the clock of the media process is known, a frame that comes was captured just now.
    return Math.round(nowMs() * 1000) - (hostTimeUs() ?? captureTimeUs);
  }

  #forget(streamId: number, reason: StopReason): void {
    const active = this.#active.get(streamId);
    if (active === undefined) return;
    this.#active.delete(streamId);
    Object.assign(this.#past, addedStats(this.#past, active.recorder.stats));
    // What somebody asked for needs no explanation.
    if (reason !== "asked" && reason !== "shutdown") this.#reasons.set(streamId, reason);
    active.detach();
    active.sound.close();
    this.#tell(streamId);
  }

  #tell(streamId: number): void {
    this.#options.broadcast(encodeServerMessage(this.state(streamId)));
  }

  #track(work: Promise<void>): void {
    this.#endings.add(work);
    void work.finally(() => this.#endings.delete(work));
  }
}

function emptyStats(): RecorderStats {
  return { frames: 0, packets: 0, framesDropped: 0, parts: 0, bytes: 0, files: 0, writeUsMax: 0 };
}

function addedStats(one: Readonly<RecorderStats>, other: Readonly<RecorderStats>): RecorderStats {
  return {
    frames: one.frames + other.frames,
    packets: one.packets + other.packets,
    framesDropped: one.framesDropped + other.framesDropped,
    parts: one.parts + other.parts,
    bytes: one.bytes + other.bytes,
    files: one.files + other.files,
    writeUsMax: Math.max(one.writeUsMax, other.writeUsMax),
  };
}
