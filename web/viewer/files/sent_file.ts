/**
 * SentFile: one file on its way to the host: offered, read in chunks within what is granted,
 * hashed, and after a cut offered again, until the host has it or says no. It holds one chunk
 * ahead and the state of the sum; the file itself stays where the browser has it.
 */

import { createSHA256 } from "hash-wasm";
import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";
import {
  encodeFileStreamHeader,
  FILE_CHUNK_BYTES,
  FILE_DIGEST_BYTES,
} from "../../../src/wire/file_transfer.ts";
import { MAX_OFFERED_NAME } from "../../../src/wire/file_transfer_messages.ts";
import type { FileEvent, SendFailure, SendState } from "./file_messages.ts";

type Hasher = Awaited<ReturnType<typeof createSHA256>>;

/** What the host says of one transfer. */
export type TransferMessage = Extract<ServerMessage, { transferId: number }>;

/** What of a connection a file needs. */
export interface FileLink {
  send(message: ClientMessage): void;
  openUnidirectional(): Promise<WritableStream<Uint8Array>>;
}

/** What is told of a file. */
export type SentEvent = Extract<FileEvent, { event: "sent" }>;

/** One attempt over one connection. */
interface Attempt {
  readonly link: FileLink;
  readonly transferId: number;
  until: number;
  isOver: boolean;
  /** Called when more was granted, or it is over. */
  wake: () => void;
}

/** One file that is sent. */
export class SentFile {
  readonly id: number;
  readonly #file: File;
  readonly #tell: (event: SentEvent) => void;
  #attempt: Attempt | undefined;
  #hasher: Hasher | undefined;
  #hashedTo = 0;
  #state: SendState = "queued";
  #written = 0;
  #isPaused = false;
  #isHeld = false;
  #hasFailedCheck = false;
  #isAllSent = false;

  constructor(id: number, file: File, tell: (event: SentEvent) => void) {
    this.id = id;
    this.#file = file;
    this.#tell = tell;
  }

  get state(): SendState {
    return this.#state;
  }

  /** True while it has nothing more to do. */
  get isOver(): boolean {
    return this.#state === "done" || this.#state === "failed";
  }

  /** True while it takes one of the places of a connection. */
  get isActive(): boolean {
    return this.#attempt !== undefined;
  }

  /** The transfer that it is for the host now. */
  get transferId(): number | undefined {
    return this.#attempt?.transferId;
  }

  /** Offers it over a connection. */
  start(link: FileLink, transferId: number): void {
    this.#attempt = { link, transferId, until: 0, isOver: false, wake: () => {} };
    this.#isHeld = false;
    const { name, size: bytes } = this.#file;
    const modifiedMs = Math.max(0, Math.round(this.#file.lastModified));
    link.send({
      ...{ type: "file_offer", transferId, name: name.slice(0, MAX_OFFERED_NAME), bytes },
      ...{ modifiedMs, isRepeat: this.#isAllSent },
    });
    if (this.#isPaused) link.send({ type: "file_pause", transferId, isPaused: true });
    this.#show(this.#isPaused ? "paused" : "sending");
  }

  /** The connection is gone: the next one goes on. */
  disconnect(): void {
    this.#leave();
    if (!this.isOver) this.#show(this.#isPaused ? "paused" : "offline");
  }

  /** It waits for its turn. */
  enqueue(): void {
    this.#hasFailedCheck = false;
    this.#show("queued");
  }

  /** The person stops it or lets it go on. */
  pause(isPaused: boolean): void {
    if (this.isOver || this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    const attempt = this.#attempt;
    if (attempt === undefined) return this.#show(isPaused ? "paused" : "offline");
    attempt.link.send({ type: "file_pause", transferId: attempt.transferId, isPaused });
    attempt.wake();
    this.#show(isPaused ? "paused" : this.#isHeld ? "held" : "sending");
  }

  /** It is given up, by the person unless there is another reason. */
  cancel(reason: SendFailure = "cancelled"): void {
    const attempt = this.#attempt;
    attempt?.link.send({ type: "file_cancel", transferId: attempt.transferId });
    this.#leave();
    if (!this.isOver) this.#fail(reason);
  }

  /** Takes what the host says of its transfer. */
  take(message: TransferMessage): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    switch (message.type) {
      case "file_ready":
        this.#written = message.offset;
        void this.#send(attempt, message.offset);
        return;
      case "file_credit":
        attempt.until = message.until;
        attempt.wake();
        this.#written = message.written;
        return this.#show(this.#state);
      case "file_held":
        this.#isHeld = message.isPaused;
        attempt.wake();
        return this.#show(this.#isHeld ? "held" : this.#isPaused ? "paused" : "sending");
      case "file_done":
        this.#leave();
        this.#written = this.#file.size;
        return this.#show("done", { name: message.name });
      case "file_failed":
        this.#leave();
        // What was there was not of this file; now nothing is, and it can begin anew, once.
        this.#isAllSent = false;
        if (message.reason === "mismatch" && !this.#hasFailedCheck) {
          this.#hasFailedCheck = true;
          this.#written = 0;
          return this.#show("queued");
        }
        return this.#fail(message.reason);
    }
  }

  /** Sends from `offset` on, in chunks, as far as it may. */
  async #send(attempt: Attempt, offset: number): Promise<void> {
    let writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
    try {
      const hasher = await this.#hashUpTo(offset, attempt);
      if (hasher === undefined) return;
      writer = (await attempt.link.openUnidirectional()).getWriter();
      writer.closed.catch(() => {});
      const { transferId } = attempt;
      await writer.write(encodeFileStreamHeader({ transferId, offset }));
      const { size } = this.#file;
      let ahead: Promise<Uint8Array<ArrayBuffer>> | undefined;
      for (let at = offset; at < size;) {
        const chunk = await (ahead ?? this.#read(at));
        const next = at + chunk.byteLength;
        // Read while this one is sent.
        ahead = next < size ? this.#read(next) : undefined;
        ahead?.catch(() => {});
        hasher.update(chunk);
        this.#hashedTo = next;
        for (let sent = 0; sent < chunk.byteLength;) {
          if (!await this.#mayGoOn(attempt, at + sent)) return abandon(writer);
          const piece = chunk.subarray(sent, Math.min(chunk.byteLength, attempt.until - at));
          await writer.write(piece);
          sent += piece.byteLength;
        }
        at = next;
      }
      // From here on the host may have it all, whatever becomes of this connection.
      this.#isAllSent = true;
      // Copied: what digest() gives belongs to the library.
      await writer.write(hasher.digest("binary").slice(0, FILE_DIGEST_BYTES));
      this.#hasher = undefined;
      if (!attempt.isOver) this.#show("checking");
      await writer.close();
    } catch (error) {
      if (writer !== undefined) abandon(writer);
      if (attempt.isOver) return;
      // A browser lets nobody read a file that changed since it was chosen.
      if (isUnreadable(error)) this.cancel("unreadable");
      // Else the path died, which the connection will say.
    }
  }

  /** Waits until the byte at `position` may be sent; false when the attempt is over. */
  async #mayGoOn(attempt: Attempt, position: number): Promise<boolean> {
    while (!attempt.isOver && (attempt.until <= position || this.#isPaused || this.#isHeld)) {
      await new Promise<void>((resolve) => attempt.wake = resolve);
    }
    return !attempt.isOver;
  }

  /** The sum of the bytes before `offset`; undefined when the attempt ended meanwhile. */
  async #hashUpTo(offset: number, attempt: Attempt): Promise<Hasher | undefined> {
    let hasher = this.#hasher;
    if (hasher === undefined || this.#hashedTo > offset) {
      hasher = await createSHA256();
      hasher.init();
      this.#hashedTo = 0;
    }
    this.#hasher = hasher;
    while (this.#hashedTo < offset) {
      if (attempt.isOver) return undefined;
      const chunk = await this.#read(this.#hashedTo, offset);
      hasher.update(chunk);
      this.#hashedTo += chunk.byteLength;
    }
    return attempt.isOver ? undefined : hasher;
  }

  async #read(from: number, end = this.#file.size): Promise<Uint8Array<ArrayBuffer>> {
    const to = Math.min(end, from + FILE_CHUNK_BYTES);
    const bytes = new Uint8Array(await this.#file.slice(from, to).arrayBuffer());
    if (bytes.byteLength !== to - from) {
      throw new DOMException("Cannot read as much as there was", "NotReadableError");
    }
    return bytes;
  }

  #leave(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    attempt.isOver = true;
    attempt.wake();
  }

  #fail(reason: SendFailure): void {
    this.#hasher = undefined;
    this.#show("failed", { reason });
  }

  #show(state: SendState, more: { name?: string; reason?: SendFailure } = {}): void {
    this.#state = state;
    this.#tell({ event: "sent", id: this.id, state, written: this.#written, ...more });
  }
}

function isUnreadable(error: unknown): boolean {
  return error instanceof DOMException &&
    ["NotReadableError", "NotFoundError", "SecurityError"].includes(error.name);
}

function abandon(writer: WritableStreamDefaultWriter<Uint8Array>): void {
  writer.abort().catch(() => {});
}
