/**
 * DropFolder: the one folder of the host that files come into and go out of: what is in it, whether
 * there is room for more, and the hidden folder of parts with its end after a day. Whole files are
 * directly in it; links, folders and hidden files are not shown and not read.
 */

import { statfs } from "node:fs/promises";
import { isPlainFileName } from "./file_name.ts";
import { ENTRIES_MAX, type FoundFile, infoOf, type ListedFile, plainFiles } from "./plain_files.ts";
import { PART_ID_LETTERS, partIdOf, UploadFile } from "./upload_file.ts";
import type { UploadManifest } from "./upload_journal.ts";

/** Share of the disk that stays free. */
export const FREE_SHARE_MIN = 0.05;
/** Files that a list names: the newest. */
export const LISTED_FILES_MAX = 1000;
/** Parts that nobody went on with are removed after this time. */
export const PART_LIFETIME_MS = 24 * 3_600_000;

/** Files whose end is remembered, for senders who did not hear of it. */
const FINISHED_MAX = 256;
/** Parts that wait for their senders. */
export const PARTS_MAX = 1000;
const PART_FOLDER = ".wavry-parts";
const PART_FILE = /^[\da-f]{32}\.(part|json)$/;
/** How long the sum of the folder is believed; what is written meanwhile is added. */
const USED_MS = 5000;

/** What a folder needs. */
export interface DropFolderOptions {
  readonly path: string;
  /** Largest file that is taken. */
  readonly fileBytesMax: number;
  /** Most bytes of all files; 0 for no limit. */
  readonly quotaBytes: number;
  readonly nowMs: () => number;
  /** Free and all bytes of the disk; default: the file system's word. */
  readonly disk?: () => Promise<DiskSpace>;
}

/** The disk that the folder is on. */
export interface DiskSpace {
  readonly freeBytes: number;
  readonly bytes: number;
}

/** What is in the folder. */
export interface FolderListing {
  /** Those that came last first, as many as are listed. */
  readonly files: readonly ListedFile[];
  readonly total: number;
  readonly bytes: number;
}

/** Why a file is not taken. */
export type FolderRefusal = "too_large" | "quota" | "disk_full";

/** A file that had come already, when its sender did not hear of that. */
export interface FinishedUpload {
  readonly name: string;
}

/** A file that is received, with the room that is kept for it. */
export interface OpenUpload {
  readonly file: UploadFile;
  /** Gives the room back; idempotent. */
  release(): void;
}

interface OpenEntry {
  readonly promisedBytes: number;
  file: UploadFile | undefined;
  /** Closes it from here: another connection goes on with it. */
  readonly end: () => Promise<void>;
}

/** The drop folder of one host. */
export class DropFolder {
  readonly path: string;
  readonly #options: DropFolderOptions;
  readonly #partFolder: string;
  /** What is received now, by the ids of its parts. */
  readonly #open = new Map<string, OpenEntry>();
  /** Names of what came last, by the ids that their parts had. */
  readonly #finished = new Map<string, string>();
  #listing: Promise<FolderListing> | undefined;
  #turn: Promise<void> = Promise.resolve();
  #usedBytes = 0;
  #entries = 0;
  #parts = 0;
  #usedKnownMs = -Infinity;

  /** Makes what is missing and removes old parts. Rejects with the system's error. */
  static async open(options: DropFolderOptions): Promise<DropFolder> {
    await Deno.mkdir(options.path, { recursive: true, mode: 0o700 });
    const folder = new DropFolder(await Deno.realPath(options.path), options);
    await Deno.mkdir(folder.#partFolder, { recursive: true, mode: 0o700 });
    const { isDirectory } = await Deno.lstat(folder.#partFolder);
    if (!isDirectory) throw new Error(`Cannot use "${folder.#partFolder}": it is no folder`);
    await folder.expire();
    return folder;
  }

  private constructor(path: string, options: DropFolderOptions) {
    this.path = path;
    this.#options = options;
    this.#partFolder = `${path}/${PART_FOLDER}`;
  }

  /** Files that are received now. */
  get openUploads(): number {
    return this.#open.size;
  }

  /** Its files, those that came last first, and how many bytes they have. */
  list(): Promise<FolderListing> {
    // However many ask at once, the folder is read once.
    this.#listing ??= this.#list().finally(() => this.#listing = undefined);
    return this.#listing;
  }

  async #list(): Promise<FolderListing> {
    const found: FoundFile[] = [];
    let bytes = 0;
    for await (const file of plainFiles(this.path)) {
      found.push(file);
      bytes += file.bytes;
    }
    found.sort((a, b) => b.cameMs - a.cameMs || (a.name < b.name ? -1 : 1));
    const files = found.slice(0, LISTED_FILES_MAX).map(({ cameMs: _cameMs, ...file }) => file);
    return { files, total: found.length, bytes };
  }

  /** Path of the file of that name, for who looks again whether it is one; undefined for no name. */
  pathOf(name: string): string | undefined {
    return isPlainFileName(name) ? `${this.path}/${name}` : undefined;
  }

  /**
   * Opens the part of a file, or begins one, and keeps room for the rest. A part that is open already
   * is closed first: its sender came back before its old connection was known to be gone. Rejects with
   * the system's error. One that `isRepeat` may have come whole before.
   */
  async receive(
    manifest: UploadManifest,
    isRepeat = false,
  ): Promise<OpenUpload | FinishedUpload | FolderRefusal> {
    const before = this.#turn;
    const turn = Promise.withResolvers<void>();
    this.#turn = turn.promise;
    await before;
    try {
      const upload = await this.#begin(manifest, isRepeat);
      if (typeof upload === "string" || "name" in upload) return upload;
      turn.resolve();
      return await upload.opening;
    } finally {
      turn.resolve();
    }
  }

  /** True while the disk has room for what is being written. */
  async hasRoom(): Promise<boolean> {
    const { freeBytes, bytes } = await this.#disk();
    return freeBytes >= bytes * FREE_SHARE_MIN;
  }

  /** Removes parts that nobody went on with for a day; never rejects. */
  async expire(): Promise<void> {
    const oldestMs = this.#options.nowMs() - PART_LIFETIME_MS;
    try {
      for await (const { name } of Deno.readDir(this.#partFolder)) {
        const id = name.slice(0, PART_ID_LETTERS);
        if (!PART_FILE.test(name) || this.#open.has(id)) continue;
        const part = `${this.#partFolder}/${id}`;
        const infos = await Promise.all([infoOf(`${part}.part`), infoOf(`${part}.json`)]);
        const newestMs = Math.max(...infos.map((info) => info?.mtime?.getTime() ?? 0));
        if (newestMs >= oldestMs) continue;
        await Deno.remove(`${this.#partFolder}/${name}`).catch(() => {});
      }
    } catch {
      // Parts that cannot be read cost their bytes, which the quota counts.
    }
  }

  /** Decides alone: the room that one is promised is gone for the next. */
  async #begin(
    manifest: UploadManifest,
    isRepeat: boolean,
  ): Promise<FolderRefusal | FinishedUpload | { opening: Promise<OpenUpload> }> {
    const id = partIdOf(manifest);
    await this.#open.get(id)?.end();
    const finished = isRepeat ? this.#finished.get(id) : undefined;
    if (finished !== undefined) return { name: finished };
    const thereBytes = (await infoOf(`${this.#partFolder}/${id}.part`))?.size ?? 0;
    const refusal = await this.#refusal(manifest.bytes, thereBytes);
    if (refusal !== undefined) return refusal;
    return { opening: this.#openPart(id, manifest, thereBytes) };
  }

  async #openPart(
    id: string,
    manifest: UploadManifest,
    thereBytes: number,
  ): Promise<OpenUpload> {
    const place = { folder: this.path, partFolder: this.#partFolder };
    const opening = UploadFile.open(place, manifest);
    const entry: OpenEntry = {
      promisedBytes: manifest.bytes,
      file: undefined,
      end: async () => {
        const file = await opening.catch(() => undefined);
        await file?.close();
        release();
      },
    };
    const release = () => {
      if (this.#open.get(id) !== entry) return;
      this.#open.delete(id);
      this.#usedBytes += entry.file?.bytes ?? 0;
      if (entry.file?.name === undefined) this.#parts++;
      else this.#entries++;
      if (entry.file?.name !== undefined) this.#remember(id, entry.file.name);
    };
    this.#open.set(id, entry);
    this.#usedBytes = Math.max(0, this.#usedBytes - thereBytes);
    try {
      entry.file = await opening;
      return { file: entry.file, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #remember(id: string, name: string): void {
    this.#finished.delete(id);
    this.#finished.set(id, name);
    const [oldest] = this.#finished.keys();
    if (this.#finished.size > FINISHED_MAX && oldest !== undefined) this.#finished.delete(oldest);
  }

  async #refusal(bytes: number, thereBytes: number): Promise<FolderRefusal | undefined> {
    const { fileBytesMax, quotaBytes } = this.#options;
    if (bytes > fileBytesMax) return "too_large";
    const { freeBytes, bytes: diskBytes } = await this.#disk();
    let promisedBytes = bytes - Math.min(bytes, thereBytes);
    for (const { file, promisedBytes: all } of this.#open.values()) {
      promisedBytes += all - (file?.bytes ?? 0);
    }
    if (freeBytes - promisedBytes < diskBytes * FREE_SHARE_MIN) return "disk_full";
    const usedBytes = await this.#used();
    // Many small files cost no bytes, but everything else.
    if (this.#entries >= ENTRIES_MAX || this.#parts >= PARTS_MAX) return "quota";
    if (quotaBytes === 0) return undefined;
    const open = [...this.#open.values()].reduce((sum, entry) => sum + entry.promisedBytes, 0);
    return usedBytes - thereBytes + open + bytes > quotaBytes ? "quota" : undefined;
  }

  /** Bytes of all files and parts but those that are received now. */
  async #used(): Promise<number> {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#usedKnownMs < USED_MS) return this.#usedBytes;
    let bytes = 0;
    this.#entries = 0;
    for await (const file of plainFiles(this.path, () => this.#entries++)) bytes += file.bytes;
    this.#parts = 0;
    for await (const { name } of Deno.readDir(this.#partFolder)) {
      // Journals are too small to count.
      if (!name.endsWith(".part") || this.#open.has(name.slice(0, PART_ID_LETTERS))) continue;
      this.#parts++;
      bytes += (await infoOf(`${this.#partFolder}/${name}`))?.size ?? 0;
    }
    this.#usedBytes = bytes;
    this.#usedKnownMs = nowMs;
    return bytes;
  }

  async #disk(): Promise<DiskSpace> {
    if (this.#options.disk !== undefined) return await this.#options.disk();
    const { bavail, blocks, bsize } = await statfs(this.path);
    return { freeBytes: bavail * bsize, bytes: blocks * bsize };
  }
}
