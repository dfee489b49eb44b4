/**
 * ResidentPages: the memory of a few processes taken together, each page counted once, as if nothing
 * else ran on the machine. The kernel's proportional size (PSS) divides the pages of a program file
 * among all who run that program, so that it shrinks while other programs of the same runtime run, a
 * benchmark among them; here pages of files are counted from /proc/PID/pagemap, whoever else has them.
 */

const PAGE_BYTES = 4096;
const ENTRY_BYTES = 8;
/** Bits of an entry's upper half: present, and a page of a file or shared memory. */
const PRESENT = 0x8000_0000;
const OF_FILE = 0x2000_0000;
/** Longest mapping that is looked at; what is larger is address space that a runtime has reserved. */
const MAPPING_PAGES_MAX = 1 << 18;

/** Memory of one process, bytes. */
export interface ResidentMemory {
  /** Shared pages counted in full. */
  readonly rssBytes: number;
  /** Shared pages divided among all processes that have them, as the kernel does. */
  readonly pssBytes: number;
  /** Of that: pages of no file, and shared memory such as the X server's framebuffer. */
  readonly ownPssBytes: number;
}

/** A mapping of a file. */
export interface FileMapping {
  readonly startPage: number;
  readonly pages: number;
  /** Page of the file that the mapping begins with. */
  readonly filePage: number;
  /** Device and inode. */
  readonly file: string;
}

/** Reads the sums of a process; undefined when it is gone or another user's. */
export function readResidentMemory(pid: number): ResidentMemory | undefined {
  const text = textOf(`/proc/${pid}/smaps_rollup`);
  if (text === undefined) return undefined;
  const bytes = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
  return {
    rssBytes: bytes("Rss"),
    pssBytes: bytes("Pss"),
    ownPssBytes: bytes("Pss") - bytes("Pss_File"),
  };
}

/** Bytes of all pages of files that any of the processes has in memory, each page once. */
export function fileBytesOnce(pids: readonly number[]): number | undefined {
  const files = new Map<string, Uint8Array>();
  for (const pid of pids) if (!markFilePages(pid, files)) return undefined;
  let pages = 0;
  for (const marks of files.values()) for (const mark of marks) pages += mark;
  return pages * PAGE_BYTES;
}

/** The mappings of files in the text of /proc/PID/maps, shared memory left out. */
export function parseFileMappings(maps: string): FileMapping[] {
  const mappings: FileMapping[] = [];
  const line = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+) (\d+) +(\/.*)$/gm;
  for (const [, from = "", to = "", offset = "", device, inode, path = ""] of maps.matchAll(line)) {
    if (inode === "0" || /^\/(dev\/|SYSV|memfd:)/.test(path)) continue;
    const startPage = Number.parseInt(from, 16) / PAGE_BYTES;
    mappings.push({
      startPage,
      pages: Number.parseInt(to, 16) / PAGE_BYTES - startPage,
      filePage: Number.parseInt(offset, 16) / PAGE_BYTES,
      file: `${device} ${inode}`,
    });
  }
  return mappings;
}

/** Marks the pages of files that a process has in memory; false when it cannot be told. */
function markFilePages(pid: number, files: Map<string, Uint8Array>): boolean {
  const maps = textOf(`/proc/${pid}/maps`);
  if (maps === undefined) return false;
  try {
    using pagemap = Deno.openSync(`/proc/${pid}/pagemap`);
    for (const mapping of parseFileMappings(maps)) {
      if (mapping.pages > MAPPING_PAGES_MAX) continue;
      const marks = marksOf(files, mapping);
      const entries = new Uint32Array(mapping.pages * ENTRY_BYTES / 4);
      pagemap.seekSync(mapping.startPage * ENTRY_BYTES, Deno.SeekMode.Start);
      readAll(pagemap, new Uint8Array(entries.buffer));
      for (let page = 0; page < mapping.pages; page++) {
        const upper = entries[2 * page + 1]!;
        if ((upper & PRESENT) !== 0 && (upper & OF_FILE) !== 0) marks[mapping.filePage + page] = 1;
      }
    }
    return true;
  } catch {
    return false;
  }
}

function marksOf(files: Map<string, Uint8Array>, { file, filePage, pages }: FileMapping) {
  const length = filePage + pages;
  const before = files.get(file);
  if (before !== undefined && before.length >= length) return before;
  const marks = new Uint8Array(length);
  if (before !== undefined) marks.set(before);
  files.set(file, marks);
  return marks;
}

function readAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) return;
    at += read;
  }
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
