/**
 * UploadTransfer: one file that a viewer sends, from its offer to its end: the part is opened, bytes
 * are granted, taken from a stream, written, and at the end checked. It owns one file; whatever ends it
 * but a cancellation leaves the part, so that a later offer of the same file goes on from there.
 */

import { ProtocolError } from "../core/errors.ts";
import type { ServerMessage } from "../wire/control.ts";
import { FileStreamReader } from "../wire/file_transfer.ts";
import type { FileFailure } from "../wire/file_transfer_messages.ts";
import type { DropFolder, OpenUpload } from "./drop_folder.ts";
import type { TransferShare } from "./transfer_share.ts";
import { UploadCredit } from "./upload_credit.ts";
import type { UploadManifest } from "./upload_journal.ts";

/** Nothing came for this long though it might have: the sender is gone. */
export const SILENCE_US_MAX = 60_000_000;
/** A transfer that its sender paused keeps its place for this long. */
export const PAUSE_US_MAX = 1_800_000_000;
/** The disk is looked at again after so many bytes. */
const ROOM_CHECK_BYTES = 16 * 1024 * 1024;

/** The bytes of a file as they come in. */
export interface UploadStream {
  /** What has been read of it already. */
  readonly firstBytes: Uint8Array;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
}

/** How a transfer ended. */
export type UploadEnd = "done" | "cut" | FileFailure;

/** What a transfer is made of. */
export interface UploadTransferOptions {
  readonly transferId: number;
  readonly manifest: UploadManifest;
  /** Its sender sent all of it before and does not know whether it came. */
  readonly isRepeat?: boolean;
  readonly folder: Pick<DropFolder, "receive" | "hasRoom">;
  readonly share: TransferShare;
  readonly nowUs: () => number;
  readonly send: (message: ServerMessage) => void;
  /** Called whenever more could be granted than was: the share may have some later. */
  readonly onWaiting: () => void;
  /** Called once; `error` is the system's, where one ended it. */
  readonly onEnd: (end: UploadEnd, error?: unknown) => void;
}

/** What a transfer looks like from outside. */
export interface UploadProgress {
  readonly name: string;
  readonly bytes: number;
  readonly written: number;
  /** Bytes that came over this connection. */
  readonly received: number;
  readonly state: "opening" | "sending" | "paused" | "held" | "checking";
}

/** One file that comes in. */
export class UploadTransfer {
  readonly transferId: number;
  readonly #options: UploadTransferOptions;
  readonly #parts = new FileStreamReader();
  #upload: OpenUpload | undefined;
  #credit: UploadCredit | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #heardUs: number;
  #roomCheckedAt = 0;
  #isPaused = false;
  #isHeld = false;
  #isChecking = false;
  #isEnded = false;

  constructor(options: UploadTransferOptions) {
    this.transferId = options.transferId;
    this.#options = options;
    this.#heardUs = options.nowUs();
  }

  /** What it is doing. */
  get progress(): UploadProgress {
    const { name, bytes } = this.#options.manifest;
    const { written, received } = this.#credit ?? { written: 0, received: 0 };
    return {
      ...{ name, bytes, written, state: this.#state },
      received: received - (this.#credit?.offset ?? 0),
    };
  }

  /** Bytes that came over this connection. */
  get receivedBytes(): number {
    return this.progress.received;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Microseconds until bytes may be granted that the share does not give now; undefined: none wait. */
  get waitsForShareUs(): number | undefined {
    const credit = this.#credit;
    if (credit === undefined || this.#isStopped || credit.granted === credit.bytes) {
      return undefined;
    }
    const { share, nowUs } = this.#options;
    const waitUs = share.waitUs(credit.bytes - credit.granted, nowUs());
    return waitUs > 0 || credit.isIdle ? waitUs : undefined;
  }

  /** Opens the part and asks for what is missing; never rejects. */
  async open(): Promise<void> {
    const { folder, manifest, isRepeat, send, transferId } = this.#options;
    try {
      const upload = await folder.receive(manifest, isRepeat);
      if (typeof upload === "string") return this.fail(upload);
      if ("name" in upload) {
        if (!this.#isEnded) send({ type: "file_done", transferId, name: upload.name });
        return this.#end("done");
      }
      if (this.#isEnded) {
        await upload.file.close();
        return upload.release();
      }
      this.#upload = upload;
      this.#credit = new UploadCredit(manifest.bytes, upload.file.bytes);
      this.#heardUs = this.#options.nowUs();
      send({ type: "file_ready", transferId, offset: upload.file.bytes });
      this.grant();
    } catch (error) {
      this.#end("write_failed", error);
    }
  }

  /** Takes the stream with its bytes; resolves at its end. Rejects with ProtocolError. */
  async receive({ firstBytes, reader }: UploadStream): Promise<void> {
    if (this.#reader !== undefined || this.#credit === undefined) {
      reader.cancel().catch(() => {});
      throw new ProtocolError("Cannot take a stream of a file that was not asked for", {
        reason: "unexpected",
      });
    }
    this.#reader = reader;
    try {
      if (!await this.#take(firstBytes)) return;
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        if (!await this.#take(value)) return;
      }
      if (!this.#isEnded) this.#end(this.#parts.isComplete ? "cut" : "interrupted");
    } catch (error) {
      // A path that died is no fault: the file goes on over the next one.
      if (!this.#isEnded) this.#end("cut");
      if (error instanceof ProtocolError) throw error;
    }
  }

  /** Grants what the share allows. */
  grant(): void {
    const credit = this.#credit;
    if (credit === undefined || this.#isStopped || this.#isEnded) return;
    const { share, nowUs, onWaiting } = this.#options;
    if (credit.grant(share, nowUs())) this.#tellCredit();
    if (credit.granted < credit.bytes) onWaiting();
  }

  /** The sender stops or goes on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#heardUs = this.#options.nowUs();
    this.grant();
  }

  /** The host's user stops it or lets it go on. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld || this.#isEnded) return;
    this.#isHeld = isHeld;
    this.#heardUs = this.#options.nowUs();
    this.#options.send({ type: "file_held", transferId: this.transferId, isPaused: isHeld });
    this.grant();
  }

  /** The sender gives it up: nothing of it is kept. */
  cancel(): void {
    void this.#upload?.file.discard().catch(() => {});
    this.#end("cut");
  }

  /** The host ends it; a cancelled one is thrown away, any other can go on later. */
  fail(why: FileFailure): void {
    if (why === "cancelled") void this.#upload?.file.discard().catch(() => {});
    this.#end(why);
  }

  /** Ends it without a word: the connection is gone. */
  close(): void {
    this.#end("cut");
  }

  /** Ends it when its sender is gone. */
  expire(nowUs: number): void {
    const credit = this.#credit;
    // What was granted has not come, or the sum after the last byte.
    const isWaiting = credit !== undefined && !this.#isChecking &&
      (!credit.isIdle || credit.received === credit.bytes);
    const limitUs = this.#isStopped ? PAUSE_US_MAX : isWaiting ? SILENCE_US_MAX : Infinity;
    if (nowUs - this.#heardUs > limitUs) this.fail("interrupted");
  }

  get #isStopped(): boolean {
    return this.#isPaused || this.#isHeld;
  }

  get #state(): UploadProgress["state"] {
    if (this.#isChecking) return "checking";
    if (this.#isHeld) return "held";
    if (this.#isPaused) return "paused";
    return this.#credit === undefined ? "opening" : "sending";
  }

  /** Takes a piece; false when no more is wanted. */
  async #take(piece: Uint8Array): Promise<boolean> {
    this.#heardUs = this.#options.nowUs();
    for (const part of this.#parts.push(piece)) {
      if (this.#isEnded) return false;
      if (part.kind === "data") {
        if (!await this.#write(part.bytes)) return false;
      } else if (part.kind === "digest") {
        await this.#finish(part.digest);
        return false;
      } else this.#begin(part.header);
    }
    return !this.#isEnded;
  }

  #begin({ transferId, offset }: { transferId: number; offset: number }): void {
    const credit = this.#credit;
    if (credit === undefined || transferId !== this.transferId || offset !== credit.received) {
      throw new ProtocolError(`Cannot go on with a file at byte ${offset}`, {
        reason: "unexpected",
      });
    }
    this.#parts.expect(credit.bytes - offset);
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    const credit = this.#credit;
    const file = this.#upload?.file;
    if (credit === undefined || file === undefined) return false;
    credit.receive(bytes.byteLength);
    try {
      await file.write(bytes);
      if (this.#isEnded) return false;
      credit.write(bytes.byteLength);
      if (credit.written - this.#roomCheckedAt >= ROOM_CHECK_BYTES) {
        this.#roomCheckedAt = credit.written;
        if (!await this.#options.folder.hasRoom()) {
          this.fail("disk_full");
          return false;
        }
      }
    } catch (error) {
      this.#fault(error);
      return false;
    }
    this.grant();
    return true;
  }

  async #finish(digest: Uint8Array): Promise<void> {
    const file = this.#upload?.file;
    if (file === undefined) return;
    this.#isChecking = true;
    try {
      const name = await file.finish(digest);
      if (this.#isEnded) return;
      if (name === undefined) return this.fail("mismatch");
      this.#options.send({ type: "file_done", transferId: this.transferId, name });
      this.#end("done");
    } catch (error) {
      this.#fault(error);
    }
  }

  /** The file failed: closed by who goes on with it elsewhere, or by the system. */
  #fault(error: unknown): void {
    const isTaken = error instanceof Deno.errors.BadResource;
    this.#end(isTaken ? "superseded" : "write_failed", error);
  }

  #tellCredit(): void {
    const { transferId } = this;
    const credit = this.#credit;
    if (credit === undefined) return;
    const { granted: until, written } = credit;
    this.#options.send({ type: "file_credit", transferId, until, written });
  }

  #end(end: UploadEnd, error?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#reader?.cancel().catch(() => {});
    const upload = this.#upload;
    void upload?.file.close().catch(() => {}).then(() => upload.release());
    if (end !== "done" && end !== "cut") {
      this.#options.send({ type: "file_failed", transferId: this.transferId, reason: end });
    }
    this.#options.onEnd(end, error);
  }
}
