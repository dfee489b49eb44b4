/**
 * FileSender: the files that the viewer sends: at most four at once, the others in line, over whatever
 * connection there is. It is a bundle of its own, loaded with the first file, and lives in the receive
 * worker, where the connection is.
 */

import { FILE_TRANSFERS_MAX } from "../../../src/wire/file_transfer.ts";
import type { FileCommand } from "./file_messages.ts";
import { type FileLink, type SentEvent, SentFile, type TransferMessage } from "./sent_file.ts";

/** Files that are remembered. */
export const SENT_FILES_MAX = 1000;
/** A file that moves is told of no more often than this. */
const TELL_INTERVAL_MS = 100;
/** When the host has no place for it, a file waits this long. */
const BUSY_WAIT_MS = 2000;

/** Sends files. */
export class FileSender {
  readonly #post: (event: SentEvent) => void;
  readonly #files = new Map<number, SentFile>();
  /** What is not told yet of each file. */
  readonly #untold = new Map<number, SentEvent>();
  #link: FileLink | undefined;
  #mayUpload = false;
  #transferId = 0;
  #tellTimer: ReturnType<typeof setTimeout> | undefined;
  #busyTimer: ReturnType<typeof setTimeout> | undefined;

  /** `post` hears where each file stands. */
  constructor(post: (event: SentEvent) => void) {
    this.#post = post;
  }

  /** Takes a command of the page. */
  handle(command: FileCommand): void {
    if (command.do === "send") return this.#add(command.id, command.file);
    const file = this.#files.get(command.id);
    if (file === undefined) return;
    switch (command.do) {
      case "pause":
        file.pause(command.isPaused);
        break;
      case "cancel":
        file.cancel();
        this.#files.delete(file.id);
        break;
      case "retry":
        if (file.isOver) file.enqueue();
        break;
    }
    this.#startNext();
  }

  /** The host let us in, and lets files in or not. */
  connected(link: FileLink, mayUpload: boolean): void {
    if (this.#link !== link) { for (const file of this.#files.values()) file.disconnect(); }
    this.#link = link;
    this.#mayUpload = mayUpload;
    this.#startNext();
  }

  disconnected(): void {
    this.#link = undefined;
    clearTimeout(this.#busyTimer);
    this.#busyTimer = undefined;
    for (const file of this.#files.values()) file.disconnect();
  }

  /** Takes what the host says of a transfer. */
  take(message: TransferMessage): void {
    for (const file of this.#files.values()) {
      if (file.transferId !== message.transferId) continue;
      const isBusy = message.type === "file_failed" && message.reason === "busy";
      if (isBusy) this.#waitForPlace(file);
      else file.take(message);
      break;
    }
    if (message.type === "file_done" || message.type === "file_failed") this.#startNext();
  }

  #add(id: number, file: File): void {
    if (this.#files.size >= SENT_FILES_MAX) this.#forgetOne();
    const sent = new SentFile(id, file, (event) => this.#tell(event));
    this.#files.set(id, sent);
    sent.enqueue();
    this.#startNext();
  }

  #forgetOne(): void {
    for (const file of this.#files.values()) {
      if (!file.isOver) continue;
      this.#files.delete(file.id);
      return;
    }
  }

  #startNext(): void {
    const link = this.#link;
    if (link === undefined || !this.#mayUpload || this.#busyTimer !== undefined) return;
    let active = 0;
    for (const file of this.#files.values()) if (file.isActive) active++;
    for (const file of this.#files.values()) {
      if (active >= FILE_TRANSFERS_MAX) return;
      const isDue = file.state === "queued" || file.state === "offline";
      if (file.isActive || !isDue) continue;
      this.#transferId = (this.#transferId + 1) >>> 0;
      file.start(link, this.#transferId);
      active++;
    }
  }

  /** All places of the host are taken, by others perhaps. */
  #waitForPlace(file: SentFile): void {
    file.disconnect();
    this.#busyTimer ??= setTimeout(() => {
      this.#busyTimer = undefined;
      this.#startNext();
    }, BUSY_WAIT_MS);
  }

  /** Tells a change of state at once, and how far a file is some times a second. */
  #tell(event: SentEvent): void {
    this.#untold.delete(event.id);
    if (event.state !== "sending") return this.#post(event);
    this.#untold.set(event.id, event);
    this.#tellTimer ??= setTimeout(() => {
      this.#tellTimer = undefined;
      const events = [...this.#untold.values()];
      this.#untold.clear();
      for (const untold of events) this.#post(untold);
    }, TELL_INTERVAL_MS);
  }
}
