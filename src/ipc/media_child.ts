/**
 * MediaChild: one run of the media process with its three pipes: commands in, records out, and its
 * error output, relayed to the log within a bound. It reports its end exactly once; nothing of it
 * reaches the server afterwards.
 */

import type { Logger } from "../core/log.ts";
import { relayLines } from "../core/relay_lines.ts";
import { PipedChild } from "../process/piped_child.ts";
import type { CommandLine } from "../process/runtime_command_line.ts";
import type { MediaRecord } from "./media_record.ts";
import { MediaRecordSplitter } from "./media_record_splitter.ts";

/** Commands that wait because the child does not read: some thousand, seconds of wild input. */
export const MAX_PENDING_COMMAND_BYTES = 256 * 1024;
/** One read takes a whole ordinary frame. */
export const READ_BYTES = 256 * 1024;
/** Process and pipe end together; when one does, the other is waited for this long. */
const DRAIN_TIMEOUT_MS = 200;

/** What a `MediaChild` needs. */
export interface MediaChildOptions {
  readonly commandLine: CommandLine;
  readonly log: Logger;
  /** Takes each record; what it throws ends the child. */
  readonly onRecord: (record: MediaRecord) => void;
  /** Called once, when the process is gone. */
  readonly onEnd: (reason: string) => void;
}

/** One run. The constructor throws what `spawn` throws. */
export class MediaChild {
  readonly #options: MediaChildOptions;
  readonly #child: PipedChild;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #done: Promise<void>;
  readonly #splitter: MediaRecordSplitter;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #isWriting = false;

  constructor(options: MediaChildOptions) {
    this.#options = options;
    this.#splitter = new MediaRecordSplitter(options.onRecord);
    this.#child = new PipedChild(options.commandLine);
    this.#stdin = this.#child.process.stdin.getWriter();
    this.#stdin.closed.catch(() => {});
    this.#done = this.#watch();
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Bytes of the pipes that are held here: a read, an unfinished record, commands that wait. */
  get heldBytes(): number {
    return READ_BYTES + this.#splitter.bufferBytes + this.#pendingBytes;
  }

  /** Resolves when the process is gone and `onEnd` was called; never rejects. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Sends a framed command; a child that does not read is killed at the limit. */
  write(framed: Uint8Array): void {
    if (this.#child.hasEnded) return;
    if (this.#pendingBytes + framed.byteLength > MAX_PENDING_COMMAND_BYTES) {
      this.kill("it does not read its commands");
      return;
    }
    this.#pending.push(framed);
    this.#pendingBytes += framed.byteLength;
    if (!this.#isWriting) this.#flush();
  }

  /** Ends it at once, for the given reason. */
  kill(reason: string): void {
    this.#child.kill(reason);
  }

  /** Sends a signal to a process that may have ended. */
  signal(name: Deno.Signal): void {
    this.#child.signal(name);
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#pending.length > 0) {
        const chunk = joined(this.#pending, this.#pendingBytes);
        this.#pending = [];
        // Counted until written, so that the bound holds for what is under way too.
        await this.#stdin.write(chunk);
        this.#pendingBytes -= chunk.byteLength;
      }
    } catch {
      // The pipe is broken: the child has ended, which `#watch` reports.
    } finally {
      this.#isWriting = false;
    }
  }

  async #watch(): Promise<void> {
    const reader = this.#child.process.stdout.getReader({ mode: "byob" });
    const errors = this.#child.process.stderr.getReader();
    const reading = Promise.all([
      this.#read(reader),
      relayLines(errors, (line) => this.#options.log.warn("Media process", { line })),
    ]);
    const status = await this.#child.process.status;
    // A process that it left behind may hold the pipes open.
    const timer = setTimeout(() => {
      reader.cancel().catch(() => {});
      errors.cancel().catch(() => {});
    }, DRAIN_TIMEOUT_MS);
    await reading;
    clearTimeout(timer);
    const reason = this.#child.end(status);
    this.#pending = [];
    this.#stdin.abort().catch(() => {});
    this.#options.onEnd(reason);
  }

  async #read(reader: ReadableStreamBYOBReader): Promise<void> {
    let buffer = new Uint8Array(READ_BYTES);
    try {
      while (true) {
        const { value, done } = await reader.read(buffer);
        if (done || value === undefined) break;
        this.#splitter.push(value);
        buffer = new Uint8Array(value.buffer);
      }
      setTimeout(() => this.kill("it closed its output"), DRAIN_TIMEOUT_MS);
    } catch (error) {
      this.kill(error instanceof Error ? error.message : String(error));
      await reader.cancel().catch(() => {});
    }
  }
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const result = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    result.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return result;
}
