/**
 * FileHandles: open files of recordings. A handle serves one read at a time, because a file has one
 * position; idle ones are kept for the next read, few and not for long. It opens regular files of one
 * folder only: no link, no device, nothing that has moved out of it.
 */

import { createHash } from "node:crypto";
import type { FileVersion } from "./byte_range.ts";

/** Handles that wait for their next read. */
export const IDLE_HANDLES_MAX = 16;
/** How long they wait. */
const IDLE_US = 10_000_000;

/** A file as it was when it was opened. */
export interface FileIdentity extends FileVersion {
  readonly path: string;
  /** Device and number of the file, which stay while it grows. */
  readonly inode: string;
}

/** An open file, for one read at a time. */
export interface FileHandle {
  readonly identity: FileIdentity;
  readonly file: Deno.FsFile;
}

interface IdleHandle extends FileHandle {
  readonly sinceUs: number;
}

/** Open files of one folder. */
export class FileHandles {
  readonly #folder: string;
  readonly #nowUs: () => number;
  /** Idle for longest first. */
  readonly #idle: IdleHandle[] = [];
  #inUse = 0;
  #opened = 0;
  #isClosed = false;
  #root: string | undefined;

  constructor(folder: string, nowUs: () => number) {
    this.#folder = folder;
    this.#nowUs = nowUs;
  }

  /** Handles that are open. */
  get open(): number {
    return this.#inUse + this.#idle.length;
  }

  /** Files opened so far. */
  get opened(): number {
    return this.#opened;
  }

  /** The file at `path` as it is now; undefined when it is not there or not ours to read. */
  async inspect(path: string): Promise<FileIdentity | undefined> {
    try {
      const root = await this.#realFolder();
      const info = await Deno.lstat(path);
      const real = await Deno.realPath(path);
      return info.isFile && real.startsWith(`${root}/`) ? identityOf(path, info) : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** A handle of just that version of a file, for one read; undefined when it is gone. */
  async take(identity: FileIdentity): Promise<FileHandle | undefined> {
    const index = this.#idle.findLastIndex((handle) => isSame(handle.identity, identity));
    if (index >= 0) {
      this.#inUse++;
      return this.#idle.splice(index, 1)[0];
    }
    const handle = await this.#open(identity);
    if (handle !== undefined) this.#inUse++;
    return handle;
  }

  /** Gives a handle back. */
  give(handle: FileHandle): void {
    if (this.#isClosed) return this.drop(handle);
    this.#inUse--;
    this.#idle.push({ ...handle, sinceUs: this.#nowUs() });
    while (this.#idle.length > IDLE_HANDLES_MAX) this.#idle.shift()?.file.close();
  }

  /** Closes a handle that failed. */
  drop(handle: FileHandle): void {
    this.#inUse--;
    handle.file.close();
  }

  /** Closes handles that have been idle for long. */
  expire(nowUs: number): void {
    while ((this.#idle[0]?.sinceUs ?? Infinity) <= nowUs - IDLE_US) {
      this.#idle.shift()?.file.close();
    }
  }

  /** Closes the idle handles of one file, or of all. */
  closeIdle(path?: string): void {
    for (let index = this.#idle.length - 1; index >= 0; index--) {
      const handle = this.#idle[index];
      if (path !== undefined && handle?.identity.path !== path) continue;
      handle?.file.close();
      this.#idle.splice(index, 1);
    }
  }

  /** Closes what is idle now, and the others when they are given back. */
  close(): void {
    this.#isClosed = true;
    this.closeIdle();
  }

  /** The file that was inspected; what took its name since is another one and is not read. */
  async #open(identity: FileIdentity): Promise<FileHandle | undefined> {
    let file: Deno.FsFile | undefined;
    try {
      file = await Deno.open(identity.path, { read: true });
      const now = identityOf(identity.path, await file.stat());
      // A file that grows is the same up to where it ended.
      const isSameFile = now.inode === identity.inode && now.bytes >= identity.bytes &&
        (now.bytes > identity.bytes || now.etag === identity.etag);
      if (!isSameFile || this.#isClosed) return undefined;
      const handle = { identity, file };
      file = undefined;
      this.#opened++;
      return handle;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    } finally {
      file?.close();
    }
  }

  /** The folder itself, behind every link that leads to it. */
  async #realFolder(): Promise<string> {
    this.#root ??= await Deno.realPath(this.#folder);
    return this.#root;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory;
}

function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one.path === other.path && one.etag === other.etag;
}

function identityOf(path: string, { dev, ino, size, mtime }: Deno.FileInfo): FileIdentity {
  const modifiedMs = mtime?.getTime() ?? 0;
  const inode = `${dev}-${ino}`;
  const etag = etagOf(`${inode}-${size}-${modifiedMs}`);
  return { path, bytes: size, etag, modifiedMs, inode };
}

/** A strong validator that tells nothing of the machine. */
function etagOf(version: string): string {
  return `"${createHash("sha256").update(version).digest("base64url").slice(0, 22)}"`;
}
