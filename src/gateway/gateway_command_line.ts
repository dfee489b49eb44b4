/**
 * GatewayCommandLine: how a gateway process is started: this runtime, the program of one rung, and no
 * more rights than the rung needs, which names them.
 */

import { type CommandLine, runtimeCommandLine } from "../process/runtime_command_line.ts";

/** Variables that the runtime needs. */
const PASSED_VARIABLES = ["DENO_DIR", "HOME", "LANG", "PATH", "TMPDIR", "XDG_CACHE_HOME"];

/** A server that was bundled into one file has its gateways beside it in others. */
const IS_BUNDLED = !import.meta.url.endsWith(".ts");

/** Where things are, and what the program may do. */
export interface GatewayCommandLineOptions {
  /** Folder of the program: holds build/, src/ and deno.json. An absolute path. */
  readonly root: string;
  /** The folder below src/transport, such as `websocket`. */
  readonly rung: string;
  /** Rights, such as `--allow-net=0.0.0.0`; none by default. */
  readonly rights?: readonly string[];
  /** Largest JavaScript heap; the process ends above it. Default 256. */
  readonly heapMegabytes?: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The real command line. Reads the environment and the path of the runtime. */
export function gatewayCommandLine(options: GatewayCommandLineOptions): CommandLine {
  const { root, rung, rights = [], heapMegabytes, env } = options;
  const program = IS_BUNDLED ? `build/${rung}_gateway.js` : `src/transport/${rung}/main.ts`;
  return programCommandLine(`${root}/${program}`, {
    flags: [`--config=${root}/deno.json`, ...rights],
    ...(heapMegabytes === undefined ? {} : { heapMegabytes }),
    ...(env === undefined ? {} : { env }),
  });
}

/** The command line of a gateway whose program is at `path`. */
export function programCommandLine(
  path: string,
  { env = {}, flags = [], heapMegabytes = 256 }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly flags?: readonly string[];
    readonly heapMegabytes?: number;
  } = {},
): CommandLine {
  return runtimeCommandLine(path, {
    v8Flags: ["--optimize-for-size", `--max-old-space-size=${heapMegabytes}`],
    flags,
    passed: PASSED_VARIABLES,
    env: { MALLOC_ARENA_MAX: "2", ...env },
  });
}
