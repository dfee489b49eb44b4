/**
 * MediaProcess: the JavaScript of the media process: takes the server's commands, owns at most 16
 * streams, watches the headers of their frames and says every second that it is alive. Native threads
 * write the frames themselves; it never sees a picture.
 */

import {
  kernelMemory,
  type MediaOutput,
  monotonicUs,
  nativeCandidates,
  nativeMemoryStats,
  releaseFreedMemory,
} from "../../ffi/mod.ts";
import { NativeError } from "../core/errors.ts";
import { EncoderPool } from "../encode/encoder_pool.ts";
import type { EncoderRate, MediaCommand, MediaStreamConfig } from "../ipc/media_command.ts";
import {
  encodeMediaMessage,
  type KernelMemoryCounters,
  MAX_MEDIA_TEXT,
  type MediaMessage,
  STATS_INTERVAL_MS,
} from "../ipc/media_message.ts";
import type { MediaRecordHeader } from "../ipc/media_record.ts";
import { CollectionWatch, heapFigures } from "../memory/collection_watch.ts";
import { writeHeapSnapshot } from "../memory/heap_snapshot.ts";
import { FreedMemory } from "./freed_memory.ts";
import { HeaderWatch } from "./header_watch.ts";
import { MediaFeatures } from "./media_features.ts";
import { MediaStream } from "./media_stream.ts";
import { QuietCollection } from "./quiet_collection.ts";
import { StreamSlot } from "./stream_slot.ts";

/** What streams may take to end before the process goes anyway: a display that hangs, for example. */
const CLOSE_TIMEOUT_MS = 500;

/** The kernel counts pages when it is asked, which takes a millisecond. */
const KERNEL_SECONDS = 5;
const UNKNOWN: KernelMemoryCounters = { pssBytes: 0, virtualBytes: 0, descriptors: 0 };

/** One media process. */
export class MediaProcess {
  readonly #output: MediaOutput;
  readonly #watch: HeaderWatch;
  /** Of all streams. */
  readonly #encoders = new EncoderPool();
  /** At most 16: a stream id is below 16. */
  readonly #slots = new Map<number, StreamSlot>();
  /** Streams whose end was reported. */
  readonly #failed = new WeakSet<MediaStream>();
  readonly #collections = new CollectionWatch();
  readonly #freed = new FreedMemory(releaseFreedMemory);
  readonly #garbage = new QuietCollection();
  readonly #features: MediaFeatures;
  #kernel = { media: UNKNOWN, server: UNKNOWN };
  #seconds = 0;
  #statsTimer: ReturnType<typeof setInterval> | undefined;
  #tickTimer: ReturnType<typeof setTimeout> | undefined;
  #tickAtUs = Infinity;

  /** `output` is attached to the descriptor that the server process reads. */
  constructor(output: MediaOutput) {
    this.#output = output;
    this.#features = new MediaFeatures({
      output,
      post: (message) => this.#post(message),
      log: (level, message) => this.#log(level, message),
    });
    this.#watch = new HeaderWatch({
      source: output,
      onHeader: (header) => this.#onHeader(header),
      intervalUs: () => this.#intervalUs(),
      nowUs: monotonicUs,
    });
  }

  /** Reports itself and watches headers until the output is closed, by `close` or by its reader. */
  async run(): Promise<void> {
    const candidates = await nativeCandidates();
    this.#post({
      type: "media_ready",
      pid: Deno.pid,
      candidates: candidates.map((candidate) => ({
        ...candidate,
        detail: candidate.detail.slice(0, MAX_MEDIA_TEXT),
      })),
    });
    this.#statsTimer = setInterval(() => this.#onSecond(), STATS_INTERVAL_MS);
    await this.#watch.run();
  }

  /** Does what the server says. Never throws: what fails is reported. */
  handle(command: MediaCommand): void {
    try {
      this.#dispatch(command);
    } catch (error) {
      this.#log("error", `Cannot carry out ${command.type}: ${messageOf(error)}`);
    }
  }

  /** Says in the server's log what happened here. */
  reportError(message: string): void {
    this.#log("error", message);
  }

  /** Ends every stream; resolves within half a second, and never rejects. */
  async close(): Promise<void> {
    clearInterval(this.#statsTimer);
    clearTimeout(this.#tickTimer);
    for (const slot of this.#slots.values()) slot.want(undefined);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
    });
    const ends = [...this.#slots.values()].map((slot) => slot.settled());
    const settled = Promise.all([...ends, this.#features.close()]);
    await Promise.race([settled, timeout]);
    clearTimeout(timer);
    // A stream that hangs keeps its encoder.
    if (this.#encoders.stats.active === 0) this.#encoders[Symbol.dispose]();
    this.#output.close();
  }

  #dispatch(command: MediaCommand): void {
    switch (command.type) {
      case "start_stream": {
        const { type: _type, ...config } = command;
        return this.#slot(command.streamId).want(config);
      }
      case "stop_stream":
        return this.#slots.get(command.streamId)?.want(undefined);
      case "set_rate":
        return this.#slots.get(command.streamId)?.setRate(command);
      case "keyframe":
        this.#stream(command)?.requestKeyframe(command.cause);
        return this.#tick();
      case "invalidate":
        this.#stream(command)?.invalidate(command.firstLostFrameId);
        return this.#tick();
      case "input":
        this.#garbage.noteInput(monotonicUs());
        this.#stream(command)?.pushInput(command.records);
        return this.#schedule(this.#stream(command)?.deadline);
      case "release_input":
        return this.#stream(command)?.releaseInput();
      case "clock_probe":
        return this.#post({ type: "clock_reply", id: command.id, monotonicUs: monotonicUs() });
      case "trim_memory":
        for (const { stream } of this.#slots.values()) stream?.trim();
        this.#encoders.trim(monotonicUs());
        return;
      case "heap_snapshot":
        return this.#takeHeapSnapshot(command.path);
      case "shutdown":
        return this.#output.close();
      default:
        return this.#features.handle(command);
    }
  }

  #takeHeapSnapshot(path: string): void {
    const { bytes, ms } = writeHeapSnapshot(path);
    this.#log("info", `Heap snapshot ${path}: ${bytes} bytes in ${ms} ms`);
    // V8 took a hundred megabytes and more from the C library for it.
    void releaseFreedMemory().catch(() => {});
  }

  #stream(command: { readonly streamId: number }): MediaStream | undefined {
    return this.#slots.get(command.streamId)?.stream;
  }

  #intervalUs(): number {
    const rates = [...this.#slots.values()].map(({ stream }) => stream?.fps ?? 1);
    return 1e6 / Math.max(1, ...rates);
  }

  #slot(streamId: number): StreamSlot {
    let slot = this.#slots.get(streamId);
    if (slot === undefined) {
      slot = new StreamSlot({
        open: (config, takeRate) => this.#open(config, takeRate),
        onFailed: (id, error) => this.#reportFailure(id, error),
        onOpened: () => this.#tick(),
      });
      this.#slots.set(streamId, slot);
    }
    return slot;
  }

  #open(
    config: MediaStreamConfig,
    takeRate: () => EncoderRate | undefined,
  ): Promise<MediaStream> {
    return MediaStream.open(config, {
      takeRate,
      output: this.#output,
      encoders: this.#encoders,
      nowUs: monotonicUs,
      input: {
        post: (message) => this.#post(message),
        unavailable: (why) => this.#log("warn", `No input on "${config.display}": ${why}`),
      },
    });
  }

  #reportFailure(streamId: number, error: unknown): void {
    const reason = error instanceof NativeError ? error.reason : "failed";
    const message = messageOf(error).slice(0, MAX_MEDIA_TEXT);
    this.#post({ type: "stream_failed", streamId, reason, message });
  }

  #onHeader(header: MediaRecordHeader): void {
    const slot = this.#slots.get(header.streamId);
    const stream = slot?.stream;
    if (slot === undefined || stream === undefined) return;
    // Headers are read a little later: this may be one of the stream before.
    if (header.captureTimeUs < stream.startedUs) return;
    if (header.kind === "video") {
      stream.onFrame(header);
      this.#schedule(stream.deadline);
    } else if (header.serial < 0) {
      // The record itself has told the server.
      this.#failed.add(stream);
      slot.want(undefined);
    } else {
      stream.onScreen();
    }
  }

  #onSecond(): void {
    const nowUs = monotonicUs();
    for (const [streamId, slot] of this.#slots) {
      const { stream } = slot;
      if (stream === undefined) continue;
      stream.trimWhenIdle(nowUs);
      if (stream.status < 0 && !this.#failed.has(stream)) this.#endUnreported(streamId, stream);
    }
    this.#encoders.trimWhenIdle(nowUs);
    this.#garbage.push(nowUs);
    this.#features.onSecond(nowUs);
    void this.#report();
  }

  /** Sends the counters, with what the kernel says at this moment when it is time to ask it. */
  async #report(): Promise<void> {
    if (this.#seconds++ % KERNEL_SECONDS === 0) await this.#askKernel();
    this.#postStats();
  }

  async #askKernel(): Promise<void> {
    try {
      const server = await kernelCounters(Deno.ppid);
      this.#kernel = { media: await kernelCounters(Deno.pid), server };
    } catch {
      // A kernel that does not tell, or a server that is gone: the figures stay as they were.
    }
  }

  /** The stream ended while the output had no room for its last record. */
  #endUnreported(streamId: number, stream: MediaStream): void {
    this.#failed.add(stream);
    this.#slots.get(streamId)?.want(undefined);
    const message = `The stream ended with status ${stream.status}`;
    this.#post({ type: "stream_failed", streamId, reason: "failed", message });
  }

  #tick(): void {
    this.#tickAtUs = Infinity;
    clearTimeout(this.#tickTimer);
    this.#tickTimer = undefined;
    const nowUs = monotonicUs();
    for (const { stream } of this.#slots.values()) {
      stream?.tick(nowUs);
      this.#schedule(stream?.deadline);
    }
  }

  /** Wakes for the earliest deadline; a deadline that moves back wakes once in vain. */
  #schedule(deadlineUs: number | undefined): void {
    if (deadlineUs === undefined || deadlineUs >= this.#tickAtUs) return;
    this.#tickAtUs = deadlineUs;
    clearTimeout(this.#tickTimer);
    const delayMs = Math.max(0, Math.ceil((deadlineUs - monotonicUs()) / 1000));
    this.#tickTimer = setTimeout(() => this.#guardedTick(), delayMs);
  }

  #guardedTick(): void {
    try {
      this.#tick();
    } catch (error) {
      this.#log("error", `Cannot control a stream: ${messageOf(error)}`);
    }
  }

  #postStats(): void {
    const memory = Deno.memoryUsage();
    const heap = heapFigures();
    this.#collections.take();
    const allocated = nativeMemoryStats();
    void this.#freed.push(allocated);
    const native = Object.entries(allocated).map(([type, stats]) => {
      const { live, liveBytes, peakBytes, allocations } = stats;
      return { type, live, liveBytes, peakBytes, allocations };
    });
    const streams = [...this.#slots.values()].flatMap(({ stream }) =>
      stream === undefined ? [] : [stream.counters()]
    );
    this.#post({
      type: "media_stats",
      rssBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      heapLimitBytes: heap.limitBytes,
      heapAllocatedBytes: heap.allocatedBytes,
      collections: this.#collections.totals,
      kernel: this.#kernel,
      native,
      output: { ...this.#output.stats },
      encoders: { ...this.#encoders.stats },
      streams,
    });
  }

  #log(level: "error" | "warn" | "info", message: string): void {
    this.#post({ type: "log", level, message: message.slice(0, MAX_MEDIA_TEXT) });
  }

  /** A full output drops the message: the server sees the silence. */
  #post(message: MediaMessage): void {
    this.#output.post(encodeMediaMessage(message));
  }
}

async function kernelCounters(pid: number): Promise<KernelMemoryCounters> {
  const { pssBytes, virtualBytes, descriptors } = await kernelMemory(pid);
  return { pssBytes, virtualBytes, descriptors };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
