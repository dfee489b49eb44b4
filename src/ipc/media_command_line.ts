/**
 * MediaCommandLine: how the media process is started: this runtime, foreign functions of one library
 * and nothing else, no network, no files, and only the environment that X needs.
 */

import { resolve } from "node:path";
import { type CommandLine, runtimeCommandLine } from "../process/runtime_command_line.ts";

/** Variables that Xlib, the loader of shared libraries and the runtime need. */
const PASSED_VARIABLES = [
  "DENO_DIR",
  "DENO_V8_FLAGS",
  "HOME",
  "LANG",
  "LD_LIBRARY_PATH",
  "PATH",
  "TMPDIR",
  "XAUTHORITY",
  "XDG_CACHE_HOME",
];

/** A server that was bundled into one file has its media process beside it in another. */
const PROGRAM = import.meta.url.endsWith(".ts") ? "src/media/main.ts" : "build/media.js";
/**
 * The young generation stays at 1 MB: what this process's JavaScript allocates is little and dies at
 * once, but V8 would let it fill 16. The other is for src/media/quiet_collection.ts.
 */
const V8_FLAGS = ["--optimize-for-size", "--expose-gc"];

/**
 * Large blocks get mappings of their own, always. By itself the C library takes them from its heap
 * once one has been freed, where a new encoder beside an old one's rest left 57 MB for good; and each
 * of 20 threads that allocates would get an arena.
 */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: "262144", MALLOC_ARENA_MAX: "2" };

/** Where things are. */
export interface MediaCommandLineOptions {
  /** Folder of the program: holds build/, src/ and deno.json. An absolute path. */
  readonly root: string;
  /** Folder that the process may write to, without reading; default: none. */
  readonly writableFolder?: string;
  /** Added to the environment, for example XAUTHORITY of a virtual display. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The real command line. Reads the environment and the path of the runtime. */
export function mediaCommandLine(options: MediaCommandLineOptions): CommandLine {
  const { root, writableFolder = "", env } = options;
  return runtimeCommandLine(`${root}/${PROGRAM}`, {
    v8Flags: V8_FLAGS,
    flags: [
      `--config=${root}/deno.json`,
      `--allow-ffi=${root}/build/native/libwavry_media.so`,
      ...(writableFolder === "" ? [] : [allowWrite(writableFolder)]),
    ],
    passed: PASSED_VARIABLES,
    env: { ...MALLOC, ...env },
  });
}

/** The runtime takes a comma for the end of a path, and two for one of its letters. */
function allowWrite(folder: string): string {
  return `--allow-write=${resolve(folder).replaceAll(",", ",,")}`;
}
