/**
 * ReplayReader: one answer of frames out of a replay, as a byte stream that takes its pace from who
 * reads it: nothing is copied before there is room for it, so a slow reader meets gaps and holds no
 * memory. After each piece the rest of the server has its turn. It gives its lease back at the end,
 * however that comes.
 */

import { ReplayCursor } from "../../replay/replay_cursor.ts";
import type { CursorStep } from "../../replay/replay_cursor.ts";
import { SoundCursor } from "../../replay/sound_cursor.ts";
import {
  encodeFrameStreamMark,
  encodeStreamedSound,
  FRAME_STREAM_HEADER_BYTES,
  writeFrameHeader,
} from "../../wire/frame_stream.ts";
import type { StreamReplay } from "./stream_replay.ts";

/** A piece is handed on when it has this many bytes; one frame more at most. */
export const PIECE_BYTES = 64 * 1024;
/** Between two pieces, for frames that come from the media process: a second takes 20 ms longer. */
const REST_MS = 1;

/** What a reader is to read. */
export interface ReplayReaderOptions {
  readonly replay: StreamReplay;
  /** Capture time of what was on the screen; the first frame shown. */
  readonly atUs: number;
  /** The last frame is the one on the screen at this time; no frame follows it. */
  readonly toUs: number;
  /** Goes on with frames as they are captured, whatever `toUs` says. */
  readonly follows: boolean;
  /** Gives sound as well, where it is held. */
  readonly withSound?: boolean;
  readonly nowUs: () => number;
  /** Asked before each piece: a session that was ended reads no more. */
  readonly isAllowed: () => boolean;
  readonly onEnd: () => void;
}

/** Reads one replay once. */
export class ReplayReader {
  /** The answer's body. */
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #options: ReplayReaderOptions;
  readonly #abort = new AbortController();
  #cursor: ReplayCursor | undefined;
  #sound: SoundCursor | undefined;
  #buffer: StreamReplay["buffer"];
  #tookUs: number;
  #saidLive = false;
  #isWaiting = false;
  #isFirst = true;
  #isEnded = false;
  #isClosed = false;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #bytes = 0;

  constructor(options: ReplayReaderOptions) {
    this.#options = options;
    this.#tookUs = options.nowUs();
    this.#buffer = options.replay.buffer;
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => {
        this.#isClosed = true;
        this.#end();
      },
    }, { highWaterMark: 1 });
  }

  /** Bytes given so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When its reader last had room for something, microseconds of the server's clock. */
  get tookUs(): number {
    return this.#tookUs;
  }

  /** True while it waits for a frame that is yet to be captured. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Ends it from our side: the body ends here. Idempotent. */
  close(): void {
    this.#end();
    this.#finish();
  }

  async #pull(): Promise<void> {
    this.#tookUs = this.#options.nowUs();
    let piece: Uint8Array<ArrayBuffer> | undefined;
    let hasWaited = false;
    while (!this.#isEnded && piece === undefined) {
      piece = this.#options.isAllowed() ? this.#nextPiece() : this.#end();
      if (piece !== undefined || this.#isEnded) break;
      this.#isWaiting = hasWaited = true;
      await this.#options.replay.changed(this.#abort.signal);
      this.#isWaiting = false;
    }
    if (piece !== undefined && !this.#isClosed) {
      this.#bytes += piece.byteLength;
      this.#controller?.enqueue(piece);
    }
    if (this.#isEnded) return this.#finish();
    // Frames that come from the media process go first.
    if (!hasWaited) await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }

  /** Records up to the size of a piece; undefined when there are none now. */
  #nextPiece(): Uint8Array<ArrayBuffer> | undefined {
    const { replay, atUs, nowUs } = this.#options;
    if (replay.buffer === undefined || replay.buffer !== this.#buffer) return this.#end();
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    const add = (part: Uint8Array<ArrayBuffer>) => {
      parts.push(part);
      bytes += part.byteLength;
    };
    this.#cursor ??= ReplayCursor.open(replay.buffer, atUs, nowUs());
    if (this.#cursor === undefined) {
      if (!this.#options.follows) this.#end();
      return undefined;
    }
    if (this.#isFirst) {
      this.#isFirst = false;
      const startUs = replay.buffer.span?.startUs ?? 0;
      if (atUs < startUs) {
        add(encodeFrameStreamMark({ kind: "gap", cause: "evicted", toUs: startUs }));
      }
    }
    while (bytes < PIECE_BYTES && !this.#isEnded) {
      const step = this.#cursor.pull(nowUs());
      if (step.kind === "live" || step.kind === "frame") this.#addSound(step, add);
      const record = this.#record(this.#cursor, step);
      if (record === undefined) break;
      add(record);
    }
    return bytes === 0 ? undefined : joined(parts, bytes);
  }

  /** What was heard before a frame; at the newest one, all that there is. */
  #addSound(
    step: Extract<CursorStep, { kind: "frame" | "live" }>,
    add: (part: Uint8Array<ArrayBuffer>) => void,
  ): void {
    const { replay, toUs, follows, withSound } = this.#options;
    if (withSound !== true || replay.sound === undefined) return;
    const stepUs = step.kind === "live" ? Infinity : step.frame.captureTimeUs;
    // From the first frame on, which is a keyframe: whoever keeps what was read can go back to it.
    this.#sound ??= new SoundCursor(replay.sound, Number.isFinite(stepUs) ? stepUs : toUs);
    const beforeUs = follows ? stepUs : Math.min(stepUs, toUs);
    for (let next = this.#sound.pull(beforeUs); next; next = this.#sound.pull(beforeUs)) {
      add(encodeStreamedSound(next.packet, next.payload));
    }
  }

  /** The bytes of a step; undefined when nothing is to be written now, or ever. */
  #record(cursor: ReplayCursor, step: CursorStep): Uint8Array<ArrayBuffer> | undefined {
    const { toUs, follows } = this.#options;
    if (step.kind === "live") {
      const wasSaid = this.#saidLive;
      this.#saidLive = true;
      if (!follows) this.#end();
      return wasSaid ? undefined : encodeFrameStreamMark({ kind: "live" });
    }
    if (step.kind === "gap") {
      this.#saidLive = false;
      if (!follows && step.toUs > toUs) this.#end();
      return encodeFrameStreamMark(step);
    }
    if (step.kind === "description") return encodeFrameStreamMark(step);
    const { frame, isShown } = step;
    if (!follows && frame.captureTimeUs > Math.max(toUs, cursor.targetUs)) {
      this.#end();
      return undefined;
    }
    const record = new Uint8Array(FRAME_STREAM_HEADER_BYTES + frame.byteLength);
    writeFrameHeader(record, { ...frame, isShown }, frame.byteLength);
    cursor.read(record.subarray(FRAME_STREAM_HEADER_BYTES));
    return record;
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#controller?.close();
  }

  #end(): undefined {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cursor?.[Symbol.dispose]();
    this.#abort.abort();
    this.#options.onEnd();
  }
}

function joined(
  parts: readonly Uint8Array<ArrayBuffer>[],
  bytes: number,
): Uint8Array<ArrayBuffer> {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
