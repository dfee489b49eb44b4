/**
 * RuntimeCommandLine: how another process of this program is started: this runtime, one program, the
 * rights that it is given and none else, and only the named part of the environment.
 */

/** A program with its arguments and its whole environment. */
export interface CommandLine {
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What the program gets. */
export interface RuntimeOptions {
  /** Flags of V8, such as `--optimize-for-size`. */
  readonly v8Flags: readonly string[];
  /** Rights and other flags of the runtime. */
  readonly flags: readonly string[];
  /** Variables that are passed on where they are set. */
  readonly passed: readonly string[];
  /** Added to the environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** The command line for the program at `path`. Reads the environment and the path of the runtime. */
export function runtimeCommandLine(path: string, options: RuntimeOptions): CommandLine {
  const passed: Record<string, string> = { NO_COLOR: "1" };
  for (const name of options.passed) {
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
      // Compiling for the cache leaves a process larger than not having it.
      "--no-code-cache",
      `--v8-flags=${options.v8Flags.join(",")}`,
      ...options.flags,
      path,
    ],
    env: { ...passed, ...options.env },
  };
}
