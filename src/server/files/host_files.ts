/**
 * HostFiles: files between viewers and one folder of this machine: who may send and take them, what is
 * under way, and how many at once. It joins the folder, the sessions that send and the requests that
 * take; a folder that cannot be used costs files and nothing else.
 */

import { DropFolder } from "../../files/drop_folder.ts";
import { TransferShare } from "../../files/transfer_share.ts";
import type { UploadEnd, UploadProgress } from "../../files/upload_transfer.ts";
import type { FeatureSession } from "../../session/session_feature.ts";
import type { ServerConfig } from "../config/config.ts";
import { planDisplays } from "../displays/displays.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import { type Download, FileDelivery, type FileRequest } from "./file_delivery.ts";
import type { FileRoutesHost, TransferAction } from "./file_routes.ts";
import { type FilePeer, type FileRights, FileSession } from "./file_session.ts";

/** Files that all viewers together send at once. */
export const UPLOADS_MAX = 16;

const TICK_MS = 500;
/** Ticks between two looks for old parts. */
const EXPIRE_TICKS = 2 * 3600;

/** Counters of the files of one host. */
export interface FileStats {
  uploadsDone: number;
  /** Whose connection ended, or whose sender gave them up. */
  uploadsCut: number;
  uploadsFailed: number;
  bytesReceived: number;
  downloadsDone: number;
  /** That ended before their last byte, from either side. */
  downloadsCut: number;
  bytesSent: number;
}

/** What there is to tell of the files of one host. */
export interface FileFigures extends Readonly<FileStats> {
  /** Under way. */
  readonly uploads: number;
  readonly downloads: number;
}

/** The files of one host. */
export class HostFiles implements HostFeature, FileRoutesHost {
  readonly name = "files";
  readonly #context: HostFeatureContext;
  readonly #rights: FileRights;
  readonly #sessions = new Set<FileSession>();
  readonly #stats: FileStats = {
    ...{ uploadsDone: 0, uploadsCut: 0, uploadsFailed: 0, bytesReceived: 0 },
    ...{ downloadsDone: 0, downloadsCut: 0, bytesSent: 0 },
  };
  #folder: DropFolder | undefined;
  #delivery: FileDelivery | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    const { files, filesBytes } = context.config;
    this.#rights = {
      upload: files === "upload" || files === "both",
      download: files === "download" || files === "both",
      maxBytes: filesBytes.bytes === 0 ? Number.MAX_SAFE_INTEGER : filesBytes.bytes,
    };
  }

  /** Makes the files of a session; absent where there are none. */
  get makeSession(): ((session: FeatureSession) => FileSession) | undefined {
    if (this.#context.config.files === "off") return undefined;
    return (session) => this.#makeSession(session);
  }

  async open(): Promise<void> {
    const { config, clock, ledger, log } = this.#context;
    if (config.files === "off") return;
    const path = folderOf(config, this.#context.stateFolder);
    this.#folder = await DropFolder.open({
      path,
      fileBytesMax: this.#rights.maxBytes,
      quotaBytes: config.filesQuota.bytes,
      nowMs: Date.now,
    });
    this.#delivery = new FileDelivery({
      folder: this.#folder,
      account: ledger.account("files"),
      nowUs: () => clock.nowUs(),
      share: (id) => this.#shareOf(id),
      onEnd: (end, bytes) => {
        this.#stats.bytesSent += bytes;
        if (end === "complete") this.#stats.downloadsDone++;
        else this.#stats.downloadsCut++;
      },
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    log.info("Files are shared", { folder: this.#folder.path, way: config.files });
  }

  report(): Record<string, unknown> {
    return { ...this.figures };
  }

  /** What it has done, with what is under way as far as it came. */
  get figures(): FileFigures {
    const uploads = [...this.#sessions].flatMap((session) => [...session.transfers]);
    const up = uploads.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0);
    const down = this.#downloads.reduce((sum, { body }) => sum + body.sentBytes, 0);
    return {
      ...this.#stats,
      ...{ uploads: uploads.length, downloads: this.#downloads.length },
      bytesReceived: this.#stats.bytesReceived + up,
      bytesSent: this.#stats.bytesSent + down,
    };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const session of [...this.#sessions]) session.close();
    this.#delivery?.close();
  }

  async list(): Promise<Record<string, unknown> | undefined> {
    const listing = this.#rights.download ? await this.#folder?.list() : undefined;
    return listing && { ...listing };
  }

  async serve(name: string, request: FileRequest): Promise<Response | undefined> {
    return this.#rights.download ? await this.#delivery?.serve(name, request) : undefined;
  }

  transfers(): Record<string, unknown>[] {
    const uploads = [...this.#sessions].flatMap((session) => {
      return [...session.transfers].map(({ transferId, progress }) => {
        const { received: _received, ...shown } = progress;
        const { browserSessionId: sessionId } = session.session;
        return { id: uploadId(session, transferId), way: "upload", sessionId, ...shown };
      });
    });
    const downloads = this.#downloads.map(({ id, name, bytes, browserSessionId, body }) => ({
      ...{ id, way: "download", sessionId: browserSessionId, name, bytes },
      ...{ written: body.position, state: body.isHeld ? "held" : "sending" },
    }));
    return [...uploads, ...downloads];
  }

  act(id: string, action: TransferAction): boolean {
    const download = this.#delivery?.download(id);
    if (download !== undefined) {
      if (action === "cancel") download.body.abort();
      else download.body.hold(action === "pause");
      return true;
    }
    for (const session of this.#sessions) {
      for (const transfer of session.transfers) {
        if (uploadId(session, transfer.transferId) !== id) continue;
        if (action === "cancel") transfer.fail("cancelled");
        else transfer.hold(action === "pause");
        return true;
      }
    }
    return false;
  }

  get #uploads(): number {
    let uploads = 0;
    for (const session of this.#sessions) uploads += session.openTransfers;
    return uploads;
  }

  get #downloads(): Download[] {
    return [...this.#delivery?.downloads ?? []];
  }

  #makeSession(session: FeatureSession): FileSession {
    const made = new FileSession(session, new TransferShare(), {
      // What the folder is becomes known when the host opens it, which is before any viewer.
      folder: () => this.#folder,
      rights: this.#rights,
      ...{ clock: this.#context.clock, log: this.#context.log },
      hasPlace: () => this.#uploads < UPLOADS_MAX,
      targetBps: targetOf,
      onEnd: (end, progress) => this.#onUploadEnd(end, progress),
      onClose: (closed) => void this.#sessions.delete(closed),
    });
    this.#sessions.add(made);
    return made;
  }

  #onUploadEnd(end: UploadEnd, { received, name, bytes }: UploadProgress): void {
    this.#stats.bytesReceived += received;
    if (end === "done") this.#stats.uploadsDone++;
    else if (end === "cut") this.#stats.uploadsCut++;
    else this.#stats.uploadsFailed++;
    // Names are what people chose: they are in no log that others may read.
    if (end === "done") this.#context.log.info("File received", { bytes, letters: name.length });
  }

  /** The share of the session of a browser that limits most. */
  #shareOf(browserSessionId: string): TransferShare | undefined {
    let least: TransferShare | undefined;
    for (const { session, share } of this.#sessions) {
      if (session.browserSessionId !== browserSessionId) continue;
      const rate = share.bytesPerSecond ?? Infinity;
      if (rate < (least?.bytesPerSecond ?? Infinity)) least = share;
    }
    return least;
  }

  #tick(): void {
    const nowUs = this.#context.clock.nowUs();
    for (const session of [...this.#sessions]) session.refresh(nowUs);
    this.#delivery?.tick(nowUs);
    if (++this.#ticks % EXPIRE_TICKS === 0) void this.#folder?.expire();
  }
}

function uploadId({ session }: FileSession, transferId: number): string {
  return `${session.id}.${transferId}`;
}

/** Bits a second for the picture that a session watches; undefined while it watches none. */
function targetOf(session: FilePeer): number | undefined {
  const { streamId } = session;
  return streamId === undefined ? undefined : session.feed(streamId)?.stats?.targetBps;
}

/** The folder that a configuration means. */
function folderOf(config: ServerConfig, stateFolder: string): string {
  if (config.filesFolder !== "") return config.filesFolder;
  const home = Deno.env.get("HOME");
  const isReal = planDisplays(config).some(({ kind }) => kind === "display");
  return isReal && home ? `${home}/Downloads/Wavry` : `${stateFolder}/files`;
}
