/**
 * UploadFile: one file on its way into the drop folder: its part and journal in a hidden folder, its
 * SHA-256 so far, and at the end the check of the whole, the flush to the disk and the name, all at
 * once. Until then nobody who looks into the folder sees anything of it.
 */

import { createHash, type Hash } from "node:crypto";
import { constantTimeEqual } from "../core/bytes.ts";
import { numberedFileName, safeFileName } from "./file_name.ts";
import {
  encodeJournal,
  fingerprintOf,
  isJournalOf,
  type UploadManifest,
} from "./upload_journal.ts";

/** Read at once while the sum of a part is made again. */
const READ_BYTES = 256 * 1024;
/** Files of one name. */
const NUMBERED_MAX = 10_000;
/** Letters of the id of a part. */
export const PART_ID_LETTERS = 32;

/** Where uploads go. */
export interface UploadPlace {
  /** Where whole files are. */
  readonly folder: string;
  /** Where parts are: on the same file system. */
  readonly partFolder: string;
}

/** A file that is being received. */
export class UploadFile {
  readonly manifest: UploadManifest;
  readonly #place: UploadPlace;
  readonly #path: string;
  readonly #file: Deno.FsFile;
  readonly #hash: Hash;
  #bytes: number;
  #name: string | undefined;
  /** What is being done to the file. */
  #working: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Opens the part of a manifest, or begins one. Rejects with the system's error. */
  static async open(place: UploadPlace, manifest: UploadManifest): Promise<UploadFile> {
    const path = `${place.partFolder}/${partIdOf(manifest)}`;
    const isKnown = await hasJournal(`${path}.json`, manifest);
    if (!isKnown) {
      await removeQuietly(`${path}.part`);
      await Deno.writeTextFile(`${path}.json`, encodeJournal(manifest), { mode: 0o600 });
    } else if (!await isOwnFile(`${path}.part`)) {
      await removeQuietly(`${path}.part`);
    }
    const file = await Deno.open(`${path}.part`, {
      ...{ read: true, write: true, create: true, mode: 0o600 },
    });
    try {
      let { size } = await file.stat();
      if (size > manifest.bytes) {
        await file.truncate(0);
        size = 0;
      }
      const hash = createHash("sha256");
      const offset = await hashAll(file, hash);
      return new UploadFile(place, { manifest, path, file, hash, offset });
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(
    place: UploadPlace,
    { manifest, path, file, hash, offset }: {
      manifest: UploadManifest;
      path: string;
      file: Deno.FsFile;
      hash: Hash;
      offset: number;
    },
  ) {
    this.manifest = manifest;
    this.#place = place;
    this.#path = path;
    this.#file = file;
    this.#hash = hash;
    this.#bytes = offset;
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What it is called; undefined while it is not whole. */
  get name(): string | undefined {
    return this.#name;
  }

  /**
   * Appends; the bytes are used until it resolves, and no other call may come before that. Rejects with
   * the system's error.
   */
  write(bytes: Uint8Array): Promise<void> {
    const writing = this.#write(bytes);
    this.#working = writing.catch(() => {});
    return writing;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      const written = await this.#file.write(bytes.subarray(done));
      this.#hash.update(bytes.subarray(done, done + written));
      this.#bytes += written;
      done += written;
    }
  }

  /**
   * The name of the file, now that it is whole; undefined when its sum is not `digest`: then the part
   * is gone. Rejects with the system's error, and the part stays.
   */
  finish(digest: Uint8Array): Promise<string | undefined> {
    const finishing = this.#finish(digest);
    this.#working = finishing.catch(() => {});
    return finishing;
  }

  async #finish(digest: Uint8Array): Promise<string | undefined> {
    const isWhole = this.#bytes === this.manifest.bytes &&
      constantTimeEqual(this.#hash.digest(), digest);
    if (!isWhole) {
      await this.#throwAway();
      return undefined;
    }
    // A clock that is ahead, or no date at all, makes no file of the future.
    const modifiedMs = Math.min(this.manifest.modifiedMs, Date.now());
    await this.#file.utime(new Date(), new Date(modifiedMs)).catch(() => {});
    await this.#file.sync();
    const name = await this.#publish();
    this.#name = name;
    await syncFolder(this.#place.folder);
    this.#letGo();
    await removeQuietly(`${this.#path}.json`);
    return name;
  }

  /** Throws the part away, unless it was let go of and may be somebody else's now. */
  async discard(): Promise<void> {
    await this.#working;
    await this.#throwAway();
  }

  /** Lets go of the file when what is being written is; its part stays. Idempotent. */
  async close(): Promise<void> {
    await this.#working;
    this.#letGo();
  }

  async #throwAway(): Promise<void> {
    if (this.#isClosed) return;
    this.#letGo();
    this.#bytes = 0;
    await removeQuietly(`${this.#path}.part`);
    await removeQuietly(`${this.#path}.json`);
  }

  #letGo(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }

  /** Gives the part its name, the first one that is free, without ever replacing a file. */
  async #publish(): Promise<string> {
    const wanted = safeFileName(this.manifest.name);
    for (let count = 1; count <= NUMBERED_MAX; count++) {
      const name = count === 1 ? wanted : numberedFileName(wanted, count);
      if (await this.#take(`${this.#place.folder}/${name}`)) return name;
    }
    throw new Deno.errors.AlreadyExists(
      `Cannot name a file "${wanted}": ${NUMBERED_MAX} are there`,
    );
  }

  /** Moves the part to `path`; false when something is there. */
  async #take(path: string): Promise<boolean> {
    try {
      await Deno.link(`${this.#path}.part`, path);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      if (error instanceof Deno.errors.NotFound) throw error;
      // A file system without hard links: an empty file holds the name until the part takes it.
      return await this.#takeWithoutLink(path);
    }
    await removeQuietly(`${this.#path}.part`);
    return true;
  }

  async #takeWithoutLink(path: string): Promise<boolean> {
    try {
      (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
    try {
      await Deno.rename(`${this.#path}.part`, path);
    } catch (error) {
      await removeQuietly(path);
      throw error;
    }
    return true;
  }
}

/** What the part of a manifest is called, without its ending. */
export function partIdOf(manifest: UploadManifest): string {
  return fingerprintOf(manifest).slice(0, PART_ID_LETTERS);
}

async function hasJournal(path: string, manifest: UploadManifest): Promise<boolean> {
  try {
    return isJournalOf(await Deno.readTextFile(path), manifest);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** True for a plain file: what is something else was not made here. */
async function isOwnFile(path: string): Promise<boolean> {
  try {
    return (await Deno.lstat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/** Adds the whole file to `hash` and stands at its end; how long it is. */
async function hashAll(file: Deno.FsFile, hash: Hash): Promise<number> {
  const piece = new Uint8Array(READ_BYTES);
  let bytes = 0;
  for (;;) {
    const read = await file.read(piece);
    if (read === null) return bytes;
    hash.update(piece.subarray(0, read));
    bytes += read;
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch {
    // It was not there, or cannot go: whoever needs its place will be told.
  }
}

/** The new name is on the disk as well; a system that cannot do this does without. */
async function syncFolder(path: string): Promise<void> {
  try {
    using folder = await Deno.open(path);
    await folder.sync();
  } catch {
    // The file is there; only a power cut in the next seconds could lose its name.
  }
}
