/**
 * MemoryMap: the memory of a process by what holds it, from /proc/PID/smaps. The kernel names files
 * and little else, so that anonymous memory is told apart by where the runtime and the C library
 * put it: V8 picks addresses below 2^46 and alone makes anonymous memory executable, arenas of
 * malloc begin at multiples of 64 MiB, and a stack has a guard page below it.
 */

/** What holds memory, in the order of tables. */
export const MEMORY_CLASSES = [
  "runtime code",
  "runtime data",
  "V8 heap",
  "V8 code",
  "malloc main",
  "malloc arenas",
  "mapped",
  "stacks",
  "libraries",
  "shared memory",
  "other",
] as const;
/** One of `MEMORY_CLASSES`. */
export type MemoryClass = (typeof MEMORY_CLASSES)[number];

/** Bytes of one class in one process. */
export interface ClassMemory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

/** Memory of a process by class; every class is there. */
export type MemoryMap = Readonly<Record<MemoryClass, ClassMemory>>;

/** One line of smaps with the figures below it. */
interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly access: string;
  readonly path: string;
  readonly rssBytes: number;
  readonly pssBytes: number;
}

/** V8 asks for its pages at random addresses below this. */
const V8_ADDRESS_END = 2 ** 46;
/** Arenas of the C library are aligned to this. */
const ARENA_BYTES = 64 * 1024 * 1024;
/** Guard pages are no larger than this; the unused rest of an arena is. */
const GUARD_BYTES_MAX = 64 * 1024;
/** Variables of a library are no larger than this. */
const VARIABLES_BYTES_MAX = 512 * 1024;
const HEADER = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \S+\s*(.*)$/;
const FIGURE = /^(Rss|Pss):\s+(\d+) kB/;

/** Memory of a process by class; undefined when it is gone. */
export function readMemoryMap(pid: number): MemoryMap | undefined {
  try {
    return memoryMapOf(Deno.readTextFileSync(`/proc/${pid}/smaps`));
  } catch {
    return undefined;
  }
}

/** Takes the text of /proc/PID/smaps apart. */
export function memoryMapOf(smaps: string): MemoryMap {
  const map = Object.fromEntries(
    MEMORY_CLASSES.map((name) => [name, { rssBytes: 0, pssBytes: 0 }]),
  ) as Record<MemoryClass, { rssBytes: number; pssBytes: number }>;
  let before: Mapping | undefined;
  let fileBefore = "";
  for (const mapping of parseMappings(smaps)) {
    const isJoined = before?.end === mapping.start;
    if (mapping.path !== "" || !isJoined) fileBefore = mapping.path;
    const entry = map[classOf(mapping, isJoined ? before : undefined, fileBefore)];
    entry.rssBytes += mapping.rssBytes;
    entry.pssBytes += mapping.pssBytes;
    before = mapping;
  }
  return map;
}

function parseMappings(smaps: string): Mapping[] {
  const mappings: { -readonly [Key in keyof Mapping]: Mapping[Key] }[] = [];
  for (const line of smaps.split("\n")) {
    const header = HEADER.exec(line);
    if (header !== null) {
      const [, start = "", end = "", access = "", path = ""] = header;
      mappings.push({
        start: parseInt(start, 16),
        end: parseInt(end, 16),
        ...{ access, path, rssBytes: 0, pssBytes: 0 },
      });
      continue;
    }
    const [, name, kibibytes] = FIGURE.exec(line) ?? [];
    const last = mappings.at(-1);
    if (last === undefined || name === undefined) continue;
    last[name === "Rss" ? "rssBytes" : "pssBytes"] = Number(kibibytes) * 1024;
  }
  return mappings;
}

/** `before` touches the mapping from below; `file` is the file that it follows without a gap. */
function classOf(mapping: Mapping, before: Mapping | undefined, file: string): MemoryClass {
  const { path, access, start } = mapping;
  if (path === "[heap]") return "malloc main";
  if (path === "[stack]") return "stacks";
  if (/^(\/SYSV|\/dev\/shm\/|\/memfd:)/.test(path)) return "shared memory";
  if (path.startsWith("/")) return classOfFile(path, access);
  if (path !== "") return "other";
  if (access.includes("x")) return "V8 code";
  if (start < V8_ADDRESS_END) return "V8 heap";
  // What a program keeps in variables follows its file; larger neighbours are there by chance.
  if (file !== "" && mapping.end - start <= VARIABLES_BYTES_MAX) return classOfFile(file, access);
  if (start % ARENA_BYTES === 0) return "malloc arenas";
  if (before?.access === "---p" && before.end - before.start <= GUARD_BYTES_MAX) return "stacks";
  return "mapped";
}

function classOfFile(path: string, access: string): MemoryClass {
  if (!path.endsWith("/deno")) return "libraries";
  return access.startsWith("rw") ? "runtime data" : "runtime code";
}
