/**
 * Recorder: writes one stream to files. Frames are copied into a part as they come, parts wait in a
 * queue that is bounded in bytes, and one loop writes them, so that nothing which is live waits for
 * the disk: what does not fit is dropped up to the next keyframe and counted. Files are split by size,
 * by duration and where the picture changes its form.
 */

import type { Logger } from "../core/log.ts";
import type { StreamDescription } from "../wire/codec.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { decoderRecord, parameterSets, sameBytes } from "../wire/access_unit.ts";
import type { AudioDescription, HeaderOptions } from "./mp4_header.ts";
import { type AudioPacket, RecordingPart, type SealedPart } from "./recording_part.ts";
import type { RecordingEnd } from "./recording_file.ts";

/**
 * A part is written when it is this long. A process that is killed loses it and what is on its way to
 * the disk: a second, when the disk takes half of one.
 */
export const PART_US = 500_000;
/** A keyframe begins a new part when the one before is at least this long. */
const PART_US_MIN = 200_000;
/** A keyframe is asked for when the last one is this old. */
export const KEYFRAME_US = 1_000_000;
/** Buffers kept for the next parts. */
const SPARE_BUFFERS = 2;
const FIRST_BUFFER_BYTES = 256 * 1024;

/** Why a recording ended. */
export type StopReason = "asked" | "quota" | "disk_full" | "write_failed" | "shutdown";

/** Where parts go; what it does takes time. */
export interface PartSink {
  readonly id: string;
  append(part: SealedPart): Promise<void>;
  finish(end: RecordingEnd): Promise<void>;
}

/** What a new file is told. */
export interface NewFile extends HeaderOptions {
  readonly streamId: number;
  readonly startUs: number;
}

/** When files are split. */
export interface SplitLimits {
  /** Bytes of a file, and capture time in it; 0 for no limit. */
  readonly splitBytes: number;
  readonly splitUs: number;
  /** Bytes of all that is held in memory. */
  readonly queueBytes: number;
}

/** What a recorder needs. */
export interface RecorderOptions {
  readonly streamId: number;
  readonly limits: SplitLimits;
  /** Makes a file; rejects when it cannot. */
  readonly open: (file: NewFile) => Promise<PartSink>;
  /** Asked before each part: why it may not be written. */
  readonly refusal: (bytes: number) => Promise<StopReason | undefined>;
  /** The next frame should be a keyframe: at once, or with the next change. */
  readonly onKeyframeWanted: (isUrgent: boolean) => void;
  /** What makes microseconds of 1970 of capture times such as this one, which was just now. */
  readonly wallClockOffsetUs: (captureTimeUs: number) => number;
  /** It has stopped by itself. */
  readonly onStopped: (reason: StopReason) => void;
  readonly log: Logger;
}

/** Counters of a `Recorder`. */
export interface RecorderStats {
  frames: number;
  /** Packets of sound. */
  packets: number;
  /** Frames that found no room, or no keyframe before them. */
  framesDropped: number;
  parts: number;
  bytes: number;
  files: number;
  /** Longest time from a part's end to the disk. */
  writeUsMax: number;
}

type Job =
  | { readonly kind: "open"; readonly file: NewFile }
  | { readonly kind: "part"; readonly part: SealedPart; readonly heldBytes: number }
  | { readonly kind: "finish"; readonly end: RecordingEnd };

/** The file that frames go to now. */
interface CurrentFile {
  readonly description: StreamDescription;
  readonly audio: AudioDescription | undefined;
  readonly decoderRecord: Uint8Array;
  readonly startUs: number;
  bytes: number;
  parts: number;
}

/** Records one stream. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #jobs: Job[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  readonly #stats: RecorderStats = {
    ...{ frames: 0, packets: 0, framesDropped: 0, parts: 0, bytes: 0, files: 0, writeUsMax: 0 },
  };
  #description: StreamDescription | undefined;
  #audio: AudioDescription | undefined;
  #file: CurrentFile | undefined;
  #sink: PartSink | undefined;
  /** What of the sink's file is on the disk. */
  #written = { startUs: 0, endUs: 0 };
  #part: RecordingPart | undefined;
  /** Server's clock when the last frame came, and its capture time. */
  #pushedUs = 0;
  #lastUs = 0;
  #keyframeUs = -Infinity;
  #needsKeyframe = true;
  #queuedBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drained: Promise<void> | undefined;
  #stopped: StopReason | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get stats(): Readonly<RecorderStats> {
    return this.#stats;
  }

  /** Why it ended; undefined while it records. */
  get stopped(): StopReason | undefined {
    return this.#stopped;
  }

  /** The recording that is written now. */
  get id(): string | undefined {
    return this.#sink?.id;
  }

  /** Bytes that it holds in memory. */
  get heldBytes(): number {
    const spare = this.#spare.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return this.#queuedBytes + (this.#part?.heldBytes ?? 0) + spare;
  }

  /** What a decoder must know of the frames that follow; they begin with a keyframe. */
  describe(description: StreamDescription): void {
    this.#description = description;
    this.#needsKeyframe = true;
  }

  /** Sound is of this form from the next file on, which begins with the next keyframe. */
  describeAudio(audio: AudioDescription): void {
    this.#audio = audio;
  }

  /** Takes a frame; `nowUs` is the server's clock. */
  push(frame: EncodedFrame, nowUs: number): void {
    if (this.#stopped !== undefined || this.#description === undefined) return;
    const isKeyframe = frame.referenceDistance === 0;
    const captureTimeUs = Math.max(frame.captureTimeUs, this.#lastUs);
    if (!this.#hasRoom(frame.payload.byteLength)) this.#needsKeyframe = true;
    else if (isKeyframe) this.#onKeyframe(frame, captureTimeUs);
    if (this.#needsKeyframe || this.#file === undefined) {
      this.#stats.framesDropped++;
      // While the disk is slow a keyframe would not help.
      if (this.#jobs.length <= 1) this.#options.onKeyframeWanted(true);
      return;
    }
    const startUs = this.#part?.startUs ?? captureTimeUs;
    if (this.#part?.isFull === true || captureTimeUs - startUs >= PART_US) {
      this.#seal(captureTimeUs);
    }
    this.#part ??= this.#newPart();
    this.#part.push(frame, captureTimeUs);
    this.#lastUs = captureTimeUs;
    this.#pushedUs = nowUs;
    this.#stats.frames++;
    if (captureTimeUs - this.#keyframeUs >= KEYFRAME_US) this.#options.onKeyframeWanted(false);
  }

  /** Takes a packet of sound; before the first picture there is no file for it. */
  pushAudio(packet: AudioPacket): void {
    const file = this.#file;
    if (this.#stopped !== undefined || file === undefined) return;
    const isOfFile = file.audio !== undefined && file.audio === this.#audio;
    if (!isOfFile || packet.captureTimeUs < file.startUs) return;
    if (!this.#hasRoom(packet.payload.byteLength)) return;
    // While the screen stands still a part has sound alone.
    this.#part ??= this.#newPart();
    if (this.#part.pushAudio(packet)) this.#stats.packets++;
  }

  /** Writes what is held and ends the file; resolves when all is on the disk. Never rejects. */
  stop(reason: StopReason, nowUs: number): Promise<void> {
    if (this.#stopped === undefined) {
      this.#endFile(this.#lastUs + Math.max(0, nowUs - this.#pushedUs));
      this.#end(reason);
    }
    return this.#drained ?? Promise.resolve();
  }

  #onKeyframe(frame: EncodedFrame, captureTimeUs: number): void {
    const sets = parameterSets(frame.payload);
    const description = this.#description;
    if (sets === undefined || description === undefined) return;
    const record = decoderRecord(sets);
    if (this.#file !== undefined && this.#isFileDone(record, captureTimeUs)) {
      this.#endFile(captureTimeUs);
    }
    const startUs = this.#part?.startUs ?? captureTimeUs;
    if (captureTimeUs - startUs >= PART_US_MIN) this.#seal(captureTimeUs);
    // What was dropped in between is a gap: the part before ends where its last frame does.
    if (this.#needsKeyframe) this.#seal(captureTimeUs);
    this.#keyframeUs = captureTimeUs;
    this.#needsKeyframe = false;
    if (this.#file !== undefined) return;
    const streamId = this.#options.streamId;
    this.#file = {
      ...{ description, audio: this.#audio, decoderRecord: record, startUs: captureTimeUs },
      ...{ bytes: 0, parts: 0 },
    };
    this.#enqueue({
      kind: "open",
      file: {
        ...{ streamId, description, decoderRecord: record, audio: this.#audio },
        startUs: captureTimeUs,
        startedMs: Math.round(
          (captureTimeUs + this.#options.wallClockOffsetUs(captureTimeUs)) / 1000,
        ),
      },
    });
  }

  /** True when a file ends with the keyframe that comes at `captureTimeUs`. */
  #isFileDone(record: Uint8Array, captureTimeUs: number): boolean {
    const file = this.#file!;
    const { splitBytes, splitUs } = this.#options.limits;
    if (!sameBytes(file.decoderRecord, record) || file.audio !== this.#audio) return true;
    const { codedWidth, codedHeight } = this.#description!;
    const { description } = file;
    if (description.codedWidth !== codedWidth || description.codedHeight !== codedHeight) {
      return true;
    }
    if (splitBytes > 0 && file.bytes + (this.#part?.heldBytes ?? 0) >= splitBytes) return true;
    return splitUs > 0 && captureTimeUs - file.startUs >= splitUs;
  }

  #hasRoom(bytes: number): boolean {
    return this.heldBytes + bytes <= this.#options.limits.queueBytes;
  }

  #newPart(): RecordingPart {
    this.#timer = setTimeout(() => this.#onPartDue(), PART_US / 1000);
    return new RecordingPart(this.#spare.pop() ?? new Uint8Array(FIRST_BUFFER_BYTES));
  }

  /** No frame has come since that would have ended the part: the screen stands still. */
  #onPartDue(): void {
    const { startUs = 0, lastUs = 0 } = this.#part ?? {};
    this.#seal(Math.max(lastUs, startUs + PART_US));
  }

  /** Hands the part that is collected to the loop that writes. */
  #seal(endUs: number): void {
    clearTimeout(this.#timer);
    const part = this.#part;
    const file = this.#file;
    this.#part = undefined;
    if (part === undefined || file === undefined || part.isEmpty) return;
    const sealed = part.seal({
      number: ++file.parts,
      recordingUs: file.startUs,
      endUs,
      wallClockOffsetUs: this.#options.wallClockOffsetUs(endUs),
    });
    file.bytes += sealed.bytes;
    this.#lastUs = Math.max(this.#lastUs, part.lastUs);
    const heldBytes = part.heldBytes;
    this.#queuedBytes += heldBytes;
    this.#enqueue({ kind: "part", part: sealed, heldBytes });
  }

  #endFile(endUs: number): void {
    this.#seal(endUs);
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    const wallClockOffsetUs = this.#options.wallClockOffsetUs(endUs);
    this.#enqueue({ kind: "finish", end: { startUs: file.startUs, endUs, wallClockOffsetUs } });
  }

  #end(reason: StopReason): void {
    this.#stopped = reason;
    clearTimeout(this.#timer);
    this.#part = undefined;
    this.#spare.length = 0;
  }

  #enqueue(job: Job): void {
    this.#jobs.push(job);
    this.#drained ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Not within the call that brought the frame.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      try {
        const refusal = await this.#run(job);
        if (refusal !== undefined) await this.#giveUp(refusal);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#options.log.error("Cannot write a recording", { recording: this.id, why });
        await this.#giveUp(isDiskFull(error) ? "disk_full" : "write_failed");
      }
      this.#jobs.shift();
      if (job.kind === "part") this.#recycle(job);
    }
    this.#drained = undefined;
  }

  async #run(job: Job): Promise<StopReason | undefined> {
    const sink = this.#sink;
    if (job.kind === "open") {
      const refusal = await this.#options.refusal(0);
      if (refusal !== undefined) return refusal;
      this.#sink = await this.#options.open(job.file);
      this.#written = { startUs: job.file.startUs, endUs: job.file.startUs };
      this.#stats.files++;
      return undefined;
    }
    if (sink === undefined) return undefined;
    if (job.kind === "finish") {
      this.#sink = undefined;
      await sink.finish(job.end);
      return undefined;
    }
    const refusal = await this.#options.refusal(job.part.bytes);
    if (refusal !== undefined) return refusal;
    const startedMs = performance.now();
    await sink.append(job.part);
    this.#written = { startUs: this.#written.startUs, endUs: job.part.endUs };
    const tookUs = Math.round((performance.now() - startedMs) * 1000);
    this.#stats.writeUsMax = Math.max(this.#stats.writeUsMax, tookUs);
    this.#stats.parts++;
    this.#stats.bytes += job.part.bytes;
    return undefined;
  }

  /** Ends by itself: what waits is dropped, what is written stays. */
  async #giveUp(reason: StopReason): Promise<void> {
    const wasStopped = this.#stopped !== undefined;
    this.#end(this.#stopped ?? reason);
    this.#file = undefined;
    for (const job of this.#jobs.splice(1)) {
      if (job.kind === "part") this.#queuedBytes -= job.heldBytes;
    }
    const sink = this.#sink;
    this.#sink = undefined;
    if (sink !== undefined) {
      const wallClockOffsetUs = this.#options.wallClockOffsetUs(this.#written.endUs);
      await sink.finish({ ...this.#written, wallClockOffsetUs });
    }
    if (!wasStopped) this.#options.onStopped(reason);
  }

  #recycle({ part, heldBytes }: Extract<Job, { kind: "part" }>): void {
    this.#queuedBytes -= heldBytes;
    if (this.#stopped === undefined && this.#spare.length < SPARE_BUFFERS) {
      this.#spare.push(part.buffer);
    }
  }
}

/** ENOSPC or EDQUOT. */
function isDiskFull(error: unknown): boolean {
  const { code, message = "" } = error as { code?: string; message?: string };
  return code === "ENOSPC" || code === "EDQUOT" || /os error (28|122)/.test(message);
}
