/**
 * FileSession: the files that one session sends: at most four at once, each with its own stream, all
 * within one share of the session's path. It grants bytes when the share has some, and tells the viewer
 * when what it may do with files changes.
 */

import type { Clock } from "../../core/clock.ts";
import { ProtocolError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { DropFolder } from "../../files/drop_folder.ts";
import type { TransferShare } from "../../files/transfer_share.ts";
import { UploadTransfer } from "../../files/upload_transfer.ts";
import type { UploadEnd, UploadProgress } from "../../files/upload_transfer.ts";
import type {
  FeatureSession,
  FeatureStream,
  SessionFeature,
} from "../../session/session_feature.ts";
import { TokenBucket } from "../../session/token_bucket.ts";
import { type ClientMessage, encodeServerMessage, type ServerMessage } from "../../wire/control.ts";
import {
  FILE_STREAM_HEADER_BYTES,
  FILE_STREAM_PREAMBLE,
  FILE_TRANSFERS_MAX,
  parseFileStreamHeader,
} from "../../wire/file_transfer.ts";

/** Grants of a slow share come no more often than this. */
const GRANT_INTERVAL_MS_MIN = 10;
/** The rate of the picture is looked at again after this time. */
const FOLLOW_US = 100_000;
/** Streams with files: a viewer whose every file is small still stays below. */
const STREAM_LIMIT = { perSecond: 50, burst: 100 };

/** What files may go which way. */
export interface FileRights {
  readonly upload: boolean;
  readonly download: boolean;
  /** Largest file that may be sent. */
  readonly maxBytes: number;
}

/** What of a session its files need. */
export type FilePeer = Pick<
  FeatureSession,
  "id" | "browserSessionId" | "streamId" | "feed" | "may" | "send" | "nowUs"
>;

/** What a session with files needs of its host. */
export interface FileSessionHost {
  /** Undefined while it cannot be used. */
  readonly folder: () => DropFolder | undefined;
  readonly rights: FileRights;
  readonly clock: Clock;
  readonly log: Logger;
  /** True while the host takes one more file. */
  readonly hasPlace: () => boolean;
  /** Bits a second for the picture that a session watches; undefined while it watches none. */
  readonly targetBps: (session: FilePeer) => number | undefined;
  readonly onEnd: (end: UploadEnd, progress: UploadProgress) => void;
  readonly onClose: (session: FileSession) => void;
}

const NO_RIGHTS: FileRights = { upload: false, download: false, maxBytes: 0 };

/** The files of one session. */
export class FileSession implements SessionFeature {
  readonly messages = ["file_offer", "file_pause", "file_cancel"] as const;
  readonly streams = [FILE_STREAM_PREAMBLE];
  readonly session: FilePeer;
  /** What the session's files may use of its path. */
  readonly share: TransferShare;
  readonly #host: FileSessionHost;
  readonly #transfers = new Map<number, UploadTransfer>();
  readonly #streams = new TokenBucket(STREAM_LIMIT);
  #told: FileRights = NO_RIGHTS;
  #grantTimer: ReturnType<typeof setTimeout> | undefined;
  #followedUs = -Infinity;
  #isClosed = false;

  constructor(session: FilePeer, share: TransferShare, host: FileSessionHost) {
    this.session = session;
    this.share = share;
    this.#host = host;
  }

  /** Files that it sends now. */
  get transfers(): IterableIterator<UploadTransfer> {
    return this.#transfers.values();
  }

  get openTransfers(): number {
    return this.#transfers.size;
  }

  /** The transfer of that id. */
  transfer(transferId: number): UploadTransfer | undefined {
    return this.#transfers.get(transferId);
  }

  onStart(): void {
    this.refresh(this.session.nowUs());
  }

  onMessage(message: ClientMessage, _nowUs: number): void {
    switch (message.type) {
      case "file_offer":
        return this.#offer(message);
      case "file_pause":
        return this.#transfers.get(message.transferId)?.pause(message.isPaused);
      case "file_cancel":
        return this.#transfers.get(message.transferId)?.cancel();
    }
  }

  async onStream(_preamble: number, stream: FeatureStream): Promise<void> {
    const { reader } = stream;
    if (!this.#streams.take(this.session.nowUs())) {
      reader.cancel().catch(() => {});
      throw new ProtocolError("Cannot accept that many files", { reason: "too_large" });
    }
    const first = await readHeader(stream);
    if (first === undefined) return;
    const { transferId } = parseFileStreamHeader(first);
    const transfer = this.#transfers.get(transferId);
    // It may have ended while its stream was on the way.
    if (transfer === undefined || this.#isClosed) return void reader.cancel().catch(() => {});
    await transfer.receive({ firstBytes: first, reader });
  }

  /** Looks again at what the session may do, at shares and at silence; called twice a second. */
  refresh(nowUs: number): void {
    if (this.#isClosed) return;
    // A folder that cannot be used offers nothing.
    const isOffered = this.session.may("files") && this.#host.folder() !== undefined;
    const rights = isOffered ? this.#host.rights : NO_RIGHTS;
    const isChanged = rights.upload !== this.#told.upload ||
      rights.download !== this.#told.download;
    if (isChanged) {
      this.#told = rights;
      this.#send({ type: "file_rights", ...rights });
    }
    for (const transfer of [...this.#transfers.values()]) {
      if (!rights.upload) transfer.fail("not_allowed");
      else transfer.expire(nowUs);
    }
    this.#followShare(nowUs);
    this.#grant();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#grantTimer);
    for (const transfer of [...this.#transfers.values()]) transfer.close();
    this.#host.onClose(this);
  }

  #offer(offer: Extract<ClientMessage, { type: "file_offer" }>): void {
    const { transferId, name, bytes, modifiedMs, isRepeat } = offer;
    const { rights, clock, log, hasPlace, onEnd } = this.#host;
    const folder = this.#host.folder();
    if (this.#transfers.has(transferId)) {
      throw new ProtocolError(`Cannot begin transfer ${transferId} twice`, {
        reason: "unexpected",
      });
    }
    if (folder === undefined || !rights.upload || !this.session.may("files")) {
      return this.#send({ type: "file_failed", transferId, reason: "not_allowed" });
    }
    if (this.#transfers.size >= FILE_TRANSFERS_MAX || !hasPlace()) {
      return this.#send({ type: "file_failed", transferId, reason: "busy" });
    }
    const transfer = new UploadTransfer({
      ...{ transferId, folder, isRepeat, share: this.share },
      manifest: { owner: this.session.browserSessionId, name, bytes, modifiedMs },
      nowUs: () => clock.nowUs(),
      send: (message) => this.#send(message),
      onWaiting: () => this.#schedule(),
      onEnd: (end, error) => {
        this.#transfers.delete(transferId);
        if (end === "write_failed") log.warn("File not written", { message: String(error) });
        onEnd(end, transfer.progress);
      },
    });
    this.#transfers.set(transferId, transfer);
    this.#followShare(this.session.nowUs());
    void transfer.open();
  }

  /** Follows the rate of the picture. */
  #followShare(nowUs: number): void {
    if (nowUs - this.#followedUs < FOLLOW_US) return;
    this.#followedUs = nowUs;
    this.share.setTarget(this.#host.targetBps(this.session), nowUs);
  }

  /** Gives what the share has, each time beginning with another transfer. */
  #grant(): void {
    const [first] = this.#transfers;
    if (first === undefined) return;
    for (const transfer of [...this.#transfers.values()]) transfer.grant();
    // Back to the end of the line; a transfer that ended meanwhile is gone from it.
    if (this.#transfers.delete(first[0])) this.#transfers.set(...first);
  }

  /** Comes back when the share has something for who waits for it. */
  #schedule(): void {
    if (this.#grantTimer !== undefined || this.#isClosed) return;
    let waitUs = Infinity;
    for (const transfer of this.#transfers.values()) {
      waitUs = Math.min(waitUs, transfer.waitsForShareUs ?? Infinity);
    }
    if (waitUs === Infinity) return;
    this.#grantTimer = setTimeout(() => {
      this.#grantTimer = undefined;
      this.#followShare(this.session.nowUs());
      this.#grant();
    }, Math.max(GRANT_INTERVAL_MS_MIN, waitUs / 1000));
  }

  #send(message: ServerMessage): void {
    if (this.#isClosed) return;
    const replaces = message.type === "file_credit"
      ? `file_credit ${message.transferId}`
      : undefined;
    this.session.send(encodeServerMessage(message), replaces);
  }
}

/** The header of a stream, and what came with it; undefined for one that was given up before that. */
async function readHeader({ firstBytes, reader }: FeatureStream): Promise<Uint8Array | undefined> {
  let bytes = joined(Uint8Array.of(FILE_STREAM_PREAMBLE), firstBytes);
  while (bytes.byteLength < FILE_STREAM_HEADER_BYTES) {
    const { value, done } = await reader.read();
    if (done) return undefined;
    bytes = joined(bytes, value);
  }
  return bytes;
}

function joined(front: Uint8Array, back: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(front.byteLength + back.byteLength);
  bytes.set(front);
  bytes.set(back, front.byteLength);
  return bytes;
}
