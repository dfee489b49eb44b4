/**
 * GatewayCommandLine: how a gateway process is started: this runtime, the program of one rung, and no
 * more rights than the rung needs, which names them.
 */

/** A program with its arguments and its whole environment. */
export interface GatewayCommandLine {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

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
export function gatewayCommandLine(options: GatewayCommandLineOptions): GatewayCommandLine {
  const { root, rung, rights = [], heapMegabytes = 256 } = options;
  const program = IS_BUNDLED ? `build/${rung}_gateway.js` : `src/transport/${rung}/main.ts`;
  return runtimeCommandLine(`${root}/${program}`, {
    env: options.env ?? {},
    flags: [`--config=${root}/deno.json`, ...rights],
    heapMegabytes,
  });
}

/** A command line of this runtime for the program at `path`. */
export function runtimeCommandLine(
  path: string,
  { env, flags, heapMegabytes }: {
    readonly env: Readonly<Record<string, string>>;
    readonly flags: readonly string[];
    readonly heapMegabytes: number;
  },
): GatewayCommandLine {
  const passed: Record<string, string> = { NO_COLOR: "1", MALLOC_ARENA_MAX: "2" };
  for (const name of PASSED_VARIABLES) {
    const value = Deno.env.get(name);
    if (value !== undefined) passed[name] = value;
  }
  return {
    executable: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--cached-only",
      "--no-check",
      "--no-code-cache",
      `--v8-flags=--optimize-for-size,--max-old-space-size=${heapMegabytes}`,
      ...flags,
      path,
    ],
    env: { ...passed, ...env },
  };
}
