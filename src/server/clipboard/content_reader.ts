/**
 * ContentReader: has the media process read what a program of the host has copied, and fetches it piece
 * by piece. One read at a time, the others wait; each has a limit of bytes and of time.
 */

import type { ClipboardReadOutcome } from "../../ipc/clipboard_message.ts";
import type { MediaCommand } from "../../ipc/media_command.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { ClipboardLimits } from "../../session/clipboard_port.ts";
import type { ClipboardFailure, ClipboardType } from "../../wire/clipboard.ts";
import { HeldContent } from "./held_content.ts";

/** The media process gives a program a minute, and says so when that is over. */
const READ_MS = 65_000;
/** A piece that does not come was lost where the pipe was full: it is asked for again. */
const PIECE_MS = 1000;
const PIECE_TRIES = 5;

const FAILURES: Readonly<Record<Exclude<ClipboardReadOutcome, "ok">, ClipboardFailure>> = {
  too_large: "too_large",
  refused: "refused",
  timeout: "timeout",
  gone: "gone",
};

/** What a reader needs. */
export interface ContentReaderOptions {
  readonly streamId: number;
  readonly limits: ClipboardLimits;
  readonly account: MemoryAccount;
  readonly command: (command: MediaCommand) => void;
}

interface Job {
  readonly serial: number;
  readonly type: ClipboardType;
  readonly done: (result: HeldContent | ClipboardFailure) => void;
  content?: HeldContent;
  tries: number;
}

/** Reads from one display's clipboard. */
export class ContentReader {
  readonly #options: ContentReaderOptions;
  /** At most one for each type: whoever asks shares what is under way. */
  #waiting: Job[] = [];
  #job: Job | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ContentReaderOptions) {
    this.#options = options;
  }

  /** Content of an offer of the media process; the caller is its first user. Never rejects. */
  read(serial: number, type: ClipboardType): Promise<HeldContent | ClipboardFailure> {
    const { promise, resolve } = Promise.withResolvers<HeldContent | ClipboardFailure>();
    this.#waiting.push({ serial, type, done: resolve, tries: 0 });
    if (this.#job === undefined) this.#next();
    return promise;
  }

  /** Ends everything that is under way or waits. */
  abandon(failure: ClipboardFailure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#job !== undefined) this.#finish(failure);
    for (const job of waiting) job.done(failure);
  }

  /** The media process has read, or cannot. */
  onEnded(message: Extract<MediaMessage, { type: "clipboard_read_ended" }>): void {
    const job = this.#job;
    const isMeant = job?.serial === message.serial && job.type === message.content;
    if (!isMeant || job.content !== undefined) return;
    const { outcome, bytes } = message;
    if (outcome !== "ok") return this.#finish(FAILURES[outcome]);
    if (bytes > this.#limit(job.type)) return this.#finish("too_large");
    job.content = new HeldContent(job.type, bytes, this.#options.account);
    if (bytes === 0) return this.#finish(job.content);
    this.#pull(job, job.content);
  }

  /** A piece of what was read. */
  onPiece({ serial, offset, bytes }: Extract<MediaMessage, { type: "clipboard_piece" }>): void {
    const job = this.#job;
    const content = job?.content;
    if (job === undefined || content === undefined || job.serial !== serial) return;
    // One that was asked for twice came twice.
    if (offset !== content.filled) return;
    if (bytes.byteLength === 0 || !content.push(bytes)) return this.#finish("bad_content");
    job.tries = 0;
    if (!content.isWhole) return this.#pull(job, content);
    this.#finish(content.isOfItsType ? content : "bad_content");
  }

  #next(): void {
    const job = this.#waiting.shift();
    this.#job = job;
    if (job === undefined) return;
    const { serial, type: content } = job;
    const bytesMax = this.#limit(content);
    this.#send({ type: "clipboard_read", serial, content, bytesMax });
    this.#timer = setTimeout(() => this.#finish("timeout"), READ_MS);
  }

  #pull(job: Job, content: HeldContent): void {
    clearTimeout(this.#timer);
    if (job.tries++ >= PIECE_TRIES) return this.#finish("timeout");
    this.#send({ type: "clipboard_pull", serial: job.serial, offset: content.filled });
    this.#timer = setTimeout(() => this.#pull(job, content), PIECE_MS);
  }

  #finish(result: HeldContent | ClipboardFailure): void {
    const job = this.#job;
    clearTimeout(this.#timer);
    this.#job = undefined;
    this.#send({ type: "clipboard_drop" });
    if (typeof result === "string") job?.content?.drop();
    job?.done(result);
    if (this.#job === undefined) this.#next();
  }

  #limit(type: ClipboardType): number {
    return this.#options.limits.get(type) ?? 0;
  }

  #send(command: Unnamed<Extract<MediaCommand, { type: `clipboard_${string}` }>>): void {
    this.#options.command({ ...command, streamId: this.#options.streamId } as MediaCommand);
  }
}

/** A command without the stream that it is for. */
type Unnamed<C> = C extends unknown ? Omit<C, "streamId"> : never;
