/**
 * Recording folder: the files of all recordings and their catalogue: makes ids and files, knows what is
 * being written, keeps to the quota and leaves room on the disk, and at the start mends what a kill
 * left and brings the catalogue in line with the files. It is where delivery finds recordings.
 */

import { statfs } from "node:fs/promises";
import type { Logger } from "../core/log.ts";
import { Catalog, LIST_MAX } from "./catalog.ts";
import type { RecordingFilter, RecordingRow } from "./catalog.ts";
import type { NewFile, PartSink, StopReason } from "./recorder.ts";
import { RecordingFile } from "./recording_file.ts";
import { inspectRecording } from "./recording_repair.ts";
import type { RecordingEntry, RecordingSource } from "./recording_source.ts";

/** Share of the disk that stays free. */
export const FREE_SHARE_MIN = 0.05;

const CATALOG_NAME = "recordings.sqlite";
const FILE_NAME = /^(\d{8}T\d{6}-\d{1,2}-[a-z0-9]{8})\.mp4$/;
/** How long a figure of the disk's free space is believed. */
const FREE_SPACE_MS = 1000;

/** What a folder needs. */
export interface RecordingFolderOptions {
  readonly path: string;
  /** Most bytes of all recordings; 0 for no limit. */
  readonly quotaBytes: number;
  /** Deletes the oldest to stay below; otherwise recording stops. */
  readonly deletesOldest: boolean;
  readonly log: Logger;
  /** Share of the disk that is free; default: the file system's word. */
  readonly freeShare?: () => Promise<number>;
}

/** A recording as delivery and the list have it. */
export interface FolderEntry extends RecordingEntry, RecordingRow {}

/** Counters of a `RecordingFolder`. */
export interface RecordingFolderStats {
  /** Files that a kill had left with half a part. */
  repaired: number;
  bytesCut: number;
  /** Deleted to stay below the quota. */
  deletedForQuota: number;
  /** Times that the catalogue was begun afresh. */
  rebuilt: number;
}

/** The recordings of one host. */
export class RecordingFolder implements RecordingSource<FolderEntry> {
  readonly folder: string;
  readonly #options: RecordingFolderOptions;
  readonly #catalog: Catalog;
  readonly #live = new Map<string, RecordingRow>();
  readonly #stats: RecordingFolderStats = {
    ...{ repaired: 0, bytesCut: 0, deletedForQuota: 0, rebuilt: 0 },
  };
  #storedBytes = 0;
  #freeShare = 1;
  #freeKnownMs = -Infinity;
  #isClosed = false;

  /** Opens the folder and makes what is missing. Rejects with the system's error. */
  static async open(options: RecordingFolderOptions): Promise<RecordingFolder> {
    await Deno.mkdir(options.path, { recursive: true, mode: 0o700 });
    await Deno.chmod(options.path, 0o700);
    const path = await Deno.realPath(options.path);
    return new RecordingFolder(path, Catalog.open(`${path}/${CATALOG_NAME}`), options);
  }

  private constructor(path: string, catalog: Catalog, options: RecordingFolderOptions) {
    this.folder = path;
    this.#catalog = catalog;
    this.#options = options;
    if (catalog.isNew) this.#stats.rebuilt++;
    this.#storedBytes = catalog.totals.bytes;
  }

  get stats(): Readonly<RecordingFolderStats> {
    return this.#stats;
  }

  /** Bytes of all recordings, and how many there are. */
  get totals(): { recordings: number; bytes: number } {
    return { recordings: this.#catalog.totals.recordings, bytes: this.#bytes };
  }

  /** Mends files and brings the catalogue in line with them; never rejects. */
  async reconcile(): Promise<void> {
    const missing = this.#catalog.ids;
    try {
      for await (const { name, isFile } of Deno.readDir(this.folder)) {
        const id = FILE_NAME.exec(name)?.[1];
        if (id === undefined || !isFile || this.#isClosed) continue;
        missing.delete(id);
        if (!this.#live.has(id)) await this.#check(id);
      }
    } catch (error) {
      this.#options.log.error("Cannot read the recordings", { message: String(error) });
      return;
    }
    if (this.#isClosed) return;
    for (const id of missing) if (!this.#live.has(id)) this.#catalog.remove(id);
    this.#storedBytes = this.#catalog.totals.bytes - this.#liveStoredBytes;
  }

  /** The recording of that id. */
  find(id: string): FolderEntry | undefined {
    const row = this.#live.get(id) ?? this.#catalog.get(id);
    return row === undefined ? undefined : this.#entry(row);
  }

  /** Recordings that overlap a time, newest first. */
  list(filter: RecordingFilter = {}): FolderEntry[] {
    const { fromMs = 0, limit = LIST_MAX } = filter;
    // What is being written has no end yet, as far as the catalogue knows.
    const { fromMs: _fromMs, ...open } = filter;
    const live = this.#catalog.list({ ...open, limit: LIST_MAX })
      .flatMap(({ id }) => this.#live.get(id) ?? [])
      .filter((row) => row.startedMs + (row.endUs - row.startUs) / 1000 >= fromMs);
    const past = this.#catalog.list(filter).filter(({ id }) => !this.#live.has(id));
    return [...live, ...past].toSorted((a, b) => b.startedMs - a.startedMs).slice(0, limit)
      .map((row) => this.#entry(row));
  }

  /** Deletes a recording and its file; false when there is none, or it is still written. */
  async delete(id: string): Promise<boolean> {
    const row = this.#catalog.get(id);
    if (row === undefined || this.#live.has(id)) return false;
    this.#catalog.remove(id);
    this.#storedBytes -= row.bytes;
    try {
      await Deno.remove(this.#path(id));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return true;
  }

  /** Why `bytes` more may not be written; makes room first where that is asked for. */
  async refusal(bytes: number): Promise<StopReason | undefined> {
    const { quotaBytes, deletesOldest, log } = this.#options;
    if (await this.#free() < FREE_SHARE_MIN) return "disk_full";
    while (quotaBytes > 0 && this.#bytes + bytes > quotaBytes) {
      const oldest = deletesOldest ? this.#catalog.oldest() : undefined;
      if (oldest === undefined || this.#live.has(oldest.id)) return "quota";
      await this.delete(oldest.id);
      this.#stats.deletedForQuota++;
      log.info("Recording deleted", { recording: oldest.id, why: "quota" });
    }
    return undefined;
  }

  /** Makes the file of a new recording. Rejects with the system's error. */
  async create(file: NewFile): Promise<PartSink> {
    // Loads mediabunny; who never records does without.
    const { makeHeader } = await import("./mp4_header.ts");
    const id = newId(file);
    const written = await RecordingFile.create(this.#path(id), await makeHeader(file));
    await syncFolder(this.folder);
    const { streamId, startUs, startedMs, description } = file;
    let row: RecordingRow = {
      ...{ id, streamId, startedMs, startUs, endUs: startUs, name: description.name },
      ...{ codec: description.codec, width: description.codedWidth },
      ...{ height: description.codedHeight, bytes: written.bytes, frames: 0, state: "recording" },
    };
    this.#live.set(id, row);
    this.#catalog.put(row);
    return {
      id,
      append: async (part) => {
        await written.append(part);
        const { bytes } = written;
        row = { ...row, bytes, frames: row.frames + part.frames, endUs: part.endUs };
        this.#live.set(id, row);
      },
      finish: async (end) => {
        await written.finish(end);
        this.#live.delete(id);
        row = { ...row, bytes: written.bytes, endUs: end.endUs, state: "complete" };
        if (!this.#isClosed) this.#catalog.put(row);
        this.#storedBytes += row.bytes;
      },
    };
  }

  /** Closes the catalogue; what is still written is not in it as complete. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#catalog.close();
  }

  get #bytes(): number {
    return this.#storedBytes + this.#liveBytes;
  }

  get #liveBytes(): number {
    return [...this.#live.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What of the catalogue's sum is of recordings that are still written. */
  get #liveStoredBytes(): number {
    return [...this.#live.keys()].reduce((sum, id) => sum + (this.#catalog.get(id)?.bytes ?? 0), 0);
  }

  async #check(id: string): Promise<void> {
    const { log } = this.#options;
    const known = this.#catalog.get(id);
    const { size } = await Deno.stat(this.#path(id));
    if (known !== undefined && known.state !== "recording" && known.bytes === size) return;
    const found = await inspectRecording(this.#path(id), id);
    if (this.#isClosed || found.kind === "busy") return;
    if (found.kind !== "recording") {
      this.#catalog.remove(id);
      if (found.kind === "empty") await Deno.remove(this.#path(id));
      else log.warn("Recording damaged", { recording: id });
      return;
    }
    this.#catalog.put(found.row);
    if (found.row.state !== "repaired") return;
    this.#stats.repaired++;
    this.#stats.bytesCut += found.bytesCut;
    log.warn("Recording repaired", { recording: id, bytesCut: found.bytesCut });
  }

  async #free(): Promise<number> {
    const nowMs = performance.now();
    if (nowMs - this.#freeKnownMs < FREE_SPACE_MS) return this.#freeShare;
    this.#freeKnownMs = nowMs;
    const read = this.#options.freeShare ?? (() => freeShareOf(this.folder));
    this.#freeShare = await read();
    return this.#freeShare;
  }

  #entry(row: RecordingRow): FolderEntry {
    const time = new Date(row.startedMs).toISOString().slice(0, 19).replaceAll(":", "-");
    return { ...row, path: this.#path(row.id), title: `${row.name} ${time}` };
  }

  #path(id: string): string {
    return `${this.folder}/${id}.mp4`;
  }
}

/** Share of a folder's disk that users may still fill. */
async function freeShareOf(path: string): Promise<number> {
  const { bavail, blocks } = await statfs(path);
  return blocks === 0 ? 1 : bavail / blocks;
}

function newId({ startedMs, streamId }: NewFile): string {
  const time = new Date(startedMs).toISOString().slice(0, 19).replace(/[-:]/g, "");
  const random = crypto.getRandomValues(new Uint8Array(8));
  const letters = [...random].map((byte) => (byte % 36).toString(36)).join("");
  return `${time}-${streamId}-${letters}`;
}

/** The name of a new file is on the disk as well; a system that cannot do this does without. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // The file is there; only a power cut in the next seconds could lose its name.
  }
}
