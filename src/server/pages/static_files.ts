/**
 * StaticFiles: the built pages, read once into memory at start: a request can only name what was
 * there, so no path of a request ever reaches the file system. At most `MAX_FILES` files and
 * `MAX_TOTAL_BYTES` bytes.
 */

import { createHash } from "node:crypto";
import { ConfigError } from "../../core/errors.ts";
import { ManagedBuffer } from "../../memory/managed_buffer.ts";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";

/** Files of all pages together. */
export const MAX_FILES = 256;
/** Bytes of all files together. */
export const MAX_TOTAL_BYTES = 32 * 1024 * 1024;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  map: "application/json",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  woff2: "font/woff2",
  wasm: "application/wasm",
  txt: "text/plain; charset=utf-8",
  webmanifest: "application/manifest+json",
};

/** One file as it is served. */
export interface StaticFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  /** Strong validator: a hash of the bytes, with its quotes. */
  readonly etag: string;
}

interface HeldFile extends Omit<StaticFile, "bytes"> {
  readonly buffer: ManagedBuffer;
}

/** The files of one folder. */
export class StaticFiles implements Disposable {
  readonly #files: ReadonlyMap<string, HeldFile>;

  private constructor(files: ReadonlyMap<string, HeldFile>) {
    this.#files = files;
  }

  /**
   * Reads `folder` and what is below it into the book of `account`. Rejects with ConfigError when it
   * has no page.
   */
  static async load(folder: string, account: MemoryAccount): Promise<StaticFiles> {
    using held = new DisposableStack();
    const files = new Map<string, HeldFile>();
    let totalBytes = 0;
    for await (const path of walk(folder, "")) {
      const bytes = await Deno.readFile(`${folder}${path}`);
      totalBytes += bytes.byteLength;
      if (files.size >= MAX_FILES || totalBytes > MAX_TOTAL_BYTES) {
        throw new ConfigError(`Cannot serve "${folder}": more than ${MAX_FILES} files or too big`, {
          reason: "bad_value",
        });
      }
      const buffer = held.use(new ManagedBuffer(account, bytes));
      files.set(path, { buffer, contentType: contentTypeOf(path), etag: etagOf(bytes) });
    }
    if (!files.has("/index.html")) {
      throw new ConfigError(`Cannot serve "${folder}": no index.html; run deno task build`, {
        reason: "unreadable_file",
      });
    }
    held.move();
    return new StaticFiles(files);
  }

  /** The file that a request's path names, or undefined. */
  find(path: string): StaticFile | undefined {
    const file = this.#files.get(path.endsWith("/") ? `${path}index.html` : path);
    if (file === undefined) return undefined;
    return { bytes: file.buffer.bytes, contentType: file.contentType, etag: file.etag };
  }

  /** Gives the files back; nothing can be served after it. */
  [Symbol.dispose](): void {
    for (const { buffer } of this.#files.values()) buffer[Symbol.dispose]();
  }
}

async function* walk(folder: string, below: string): AsyncGenerator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(`${folder}${below}`));
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = `${below}/${entry.name}`;
    if (entry.isDirectory) yield* walk(folder, path);
    else if (entry.isFile) yield path;
  }
}

function contentTypeOf(path: string): string {
  const extension = path.slice(path.lastIndexOf(".") + 1);
  return CONTENT_TYPES[extension] ?? "application/octet-stream";
}

function etagOf(bytes: Uint8Array): string {
  return `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
}
