/**
 * ProcessUsage: processor time and memory of processes, read from /proc. Time is what the kernel's
 * scheduler counted (user and system), in steps of 10 ms; a process that ended in between is counted
 * up to the last look at it.
 */

const TICKS_PER_SECOND = 100;

/** One process as /proc shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly command: string;
  /** User and system time since it began, in seconds. */
  readonly cpuSeconds: number;
  readonly threads: number;
}

/** Memory of one process in bytes. */
export interface ProcessMemory {
  /** Resident, shared pages counted in full. */
  readonly rssBytes: number;
  /** Resident, shared pages counted in proportion. */
  readonly pssBytes: number;
  /** Resident and backed by no file: what the process itself allocated. */
  readonly anonymousBytes: number;
}

/** Reads one process; undefined when it is gone. */
export function readProcess(pid: number): ProcessInfo | undefined {
  try {
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim();
    return parseStat(pid, Deno.readTextFileSync(`/proc/${pid}/stat`), command);
  } catch {
    return undefined;
  }
}

/** Takes the text of /proc/PID/stat apart; the name in it may hold spaces and brackets. */
export function parseStat(pid: number, stat: string, command: string): ProcessInfo {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid,
    parentPid: field(4),
    command,
    cpuSeconds: (field(14) + field(15)) / TICKS_PER_SECOND,
    threads: field(20),
  };
}

/** How long a process has run, milliseconds, to a hundredth of a second; undefined when it is gone. */
export function processAgeMs(pid: number): number | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const startTicks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3]);
    const upSeconds = Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
    return (upSeconds - startTicks / TICKS_PER_SECOND) * 1000;
  } catch {
    return undefined;
  }
}

/** Memory of a process; undefined when it is gone. */
export function readMemory(pid: number): ProcessMemory | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
    const kibibytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0);
    return {
      rssBytes: kibibytes("Rss") * 1024,
      pssBytes: kibibytes("Pss") * 1024,
      anonymousBytes: kibibytes("Anonymous") * 1024,
    };
  } catch {
    return undefined;
  }
}

/** Open file descriptors of a process; undefined when it is gone. */
export function countDescriptors(pid: number): number | undefined {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  } catch {
    return undefined;
  }
}

/** Threads that run JavaScript and its compiler and collector, by their names in Deno. */
const JAVASCRIPT_THREADS = /^(deno|V8 )/;

/** Processor time of a process outside of JavaScript so far: its native library's, in seconds. */
export function nativeCpuSeconds(pid: number): number {
  return Object.entries(threadCpuSeconds(pid))
    .reduce((sum, [name, seconds]) => JAVASCRIPT_THREADS.test(name) ? sum : sum + seconds, 0);
}

/** Processor time of the threads of a process by their names, in seconds. */
function threadCpuSeconds(pid: number): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const task of readTasks(pid)) {
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/task/${task}/stat`);
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      seconds[name] = (seconds[name] ?? 0) + parseStat(pid, stat, "").cpuSeconds;
    } catch {
      // The thread ended between the two looks.
    }
  }
  return seconds;
}

function readTasks(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map((entry) => entry.name);
  } catch {
    return [];
  }
}

/** A process and everything that it started, directly or not. */
export function processTree(rootPid: number): ProcessInfo[] {
  const all = new Map<number, ProcessInfo>();
  for (const entry of Deno.readDirSync("/proc")) {
    const info = /^\d+$/.test(entry.name) ? readProcess(Number(entry.name)) : undefined;
    if (info !== undefined) all.set(info.pid, info);
  }
  const belongs = (info: ProcessInfo | undefined): boolean => {
    for (let depth = 0; info !== undefined && depth < 64; depth++) {
      if (info.pid === rootPid) return true;
      info = all.get(info.parentPid);
    }
    return false;
  };
  return [...all.values()].filter(belongs);
}

/** Processor time of named groups of processes between two moments. */
export class CpuMeter {
  readonly #groupOf: (info: ProcessInfo) => string | undefined;
  readonly #rootPid: number;
  readonly #before = new Map<number, number>();
  #startMs = 0;

  /** `groupOf` names the group of a process below `rootPid`, or undefined to leave it out. */
  constructor(rootPid: number, groupOf: (info: ProcessInfo) => string | undefined) {
    this.#rootPid = rootPid;
    this.#groupOf = groupOf;
  }

  /** Begins to count. */
  start(): void {
    this.#before.clear();
    for (const info of processTree(this.#rootPid)) this.#before.set(info.pid, info.cpuSeconds);
    this.#startMs = performance.now();
  }

  /** Processor time since `start` in percent of one core, by group. */
  read(): Record<string, number> {
    const seconds = (performance.now() - this.#startMs) / 1000;
    const groups: Record<string, number> = {};
    for (const info of processTree(this.#rootPid)) {
      const group = this.#groupOf(info);
      if (group === undefined) continue;
      const used = info.cpuSeconds - (this.#before.get(info.pid) ?? 0);
      groups[group] = (groups[group] ?? 0) + used / seconds * 100;
    }
    return groups;
  }
}

/** Which part of a run a process is, by its command line; undefined for this program itself. */
export function partOf(info: ProcessInfo): string | undefined {
  const { command } = info;
  if (command.includes("/wavry_scene")) return "scene";
  if (/^\S*Xvfb /.test(command)) return "xvfb";
  if (/(src\/media\/main\.ts|build\/media\.js)/.test(command)) return "media";
  if (/(src\/transport\/webrtc\/main\.ts|build\/webrtc_gateway\.js)/.test(command)) {
    return "webrtc gateway";
  }
  if (/(src\/transport\/websocket\/main\.ts|build\/websocket_gateway\.js)/.test(command)) {
    return "tcp gateway";
  }
  if (/(src\/main\.ts|build\/server\.js)/.test(command)) return "server";
  if (command.includes("--type=renderer")) return "chromium renderer";
  if (command.includes("--type=gpu-process")) return "chromium gpu";
  if (command.includes("network.mojom.NetworkService")) return "chromium network";
  if (command.includes("chromium")) return "chromium other";
  return undefined;
}
