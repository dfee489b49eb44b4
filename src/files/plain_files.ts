/**
 * plainFiles: what of a folder is a file that viewers may see: directly in it, not hidden, no link
 * and no device. It looks at no more than `ENTRIES_MAX` entries.
 */

import { isPlainFileName } from "./file_name.ts";

/** Entries of the folder that are looked at; with more, none is added. */
export const ENTRIES_MAX = 20_000;

/** One file as viewers see it. */
export interface ListedFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** One file as it was found. */
export interface FoundFile extends ListedFile {
  /** When it came or changed here: a file keeps the date that it had with its sender. */
  readonly cameMs: number;
}

/** The files of a folder in no order; `onEntry` hears of every entry, whatever it is. */
export async function* plainFiles(
  folder: string,
  onEntry: () => void = () => {},
): AsyncGenerator<FoundFile> {
  let entries = 0;
  for await (const { name, isFile } of Deno.readDir(folder)) {
    onEntry();
    if (++entries > ENTRIES_MAX) return;
    if (!isFile || !isPlainFileName(name)) continue;
    const info = await infoOf(`${folder}/${name}`);
    if (info === undefined || !info.isFile) continue;
    const modifiedMs = Math.max(0, info.mtime?.getTime() ?? 0);
    yield { name, bytes: info.size, modifiedMs, cameMs: info.ctime?.getTime() ?? modifiedMs };
  }
}

/** What is at a path, not behind it; undefined when nothing is, or nobody may know. */
export async function infoOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch {
    return undefined;
  }
}
