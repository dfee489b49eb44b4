/**
 * UploadCredit: how far a sender may go with one file: as far as what is written, a window and the
 * session's share allow. A pure step: it counts positions, and whoever sends beyond what was granted
 * breaks the protocol.
 */

import { ProtocolError } from "../core/errors.ts";
import { FILE_CHUNK_BYTES } from "../wire/file_transfer.ts";
import type { TransferShare } from "./transfer_share.ts";

/** Bytes that may be on their way and not yet written. */
export const UPLOAD_WINDOW_BYTES = 4 * FILE_CHUNK_BYTES;
/** Less is not worth a message, unless it is all that is left or all that the share gives. */
const GRANT_BYTES_MIN = 64 * 1024;

/** Grants of one transfer. */
export class UploadCredit {
  readonly bytes: number;
  /** Where this connection went on. */
  readonly offset: number;
  #received: number;
  #written: number;
  #granted: number;

  /** A file of `bytes`, of which those before `offset` are there. */
  constructor(bytes: number, offset: number) {
    this.bytes = bytes;
    this.offset = offset;
    this.#received = offset;
    this.#written = offset;
    this.#granted = offset;
  }

  /** Bytes that came. */
  get received(): number {
    return this.#received;
  }

  /** Bytes that are in the file. */
  get written(): number {
    return this.#written;
  }

  /** Bytes that may be sent. */
  get granted(): number {
    return this.#granted;
  }

  /** True while all that may be sent has come. */
  get isIdle(): boolean {
    return this.#received === this.#granted;
  }

  /** Bytes came. Throws ProtocolError when they were not granted. */
  receive(bytes: number): void {
    if (this.#received + bytes > this.#granted) {
      const message = `Cannot take byte ${
        this.#received + bytes
      } of a file: granted ${this.#granted}`;
      throw new ProtocolError(message, { reason: "too_large" });
    }
    this.#received += bytes;
  }

  /** Bytes are in the file. */
  write(bytes: number): void {
    this.#written += bytes;
  }

  /** Grants what can be granted; true when that is more than before. */
  grant(share: TransferShare, nowUs: number): boolean {
    const room = Math.min(this.bytes, this.#written + UPLOAD_WINDOW_BYTES) - this.#granted;
    if (room <= 0) return false;
    const isLast = this.#granted + room === this.bytes;
    // Small grants are for slow shares alone: where nothing limits, the window opens in large ones.
    const isPaced = share.bytesPerSecond !== undefined;
    if (!isLast && !isPaced && room < GRANT_BYTES_MIN) return false;
    const granted = share.take(room, nowUs);
    this.#granted += granted;
    return granted > 0;
  }
}
