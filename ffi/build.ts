/**
 * Build: compiles ffi/native into build/native with the C compiler and pkg-config of this machine:
 * the library, the programs beside it and, on demand, test programs. Built again only when a source, a
 * flag or a package version differs from the last time.
 */

/** What `buildNative` takes. */
export interface BuildOptions {
  /** Receives the lines of what was found and built; default none. */
  readonly log?: (line: string) => void;
}

/** What `buildTestProgram` takes. */
export interface TestProgramOptions extends BuildOptions {
  /** With checks of every access and of undefined behaviour, which end the program; default false. */
  readonly isSanitized?: boolean;
}

interface Program {
  /** File below build/native. */
  readonly output: string;
  /** Source files, below ffi/native. */
  readonly sources: readonly string[];
  /** Files below build/native that are linked in. */
  readonly objects?: readonly string[];
  /** Packages of pkg-config. */
  readonly packages: readonly string[];
  readonly flags: readonly string[];
}

const NATIVE = pathOf("./native/");
const OUTPUT = pathOf("../build/native/");
const OBJECT = "wavry_media.o";
const LIBRARY_FOLDERS = [
  ...["", "audio/", "capture/", "clipboard/", "convert/", "encode/", "input/", "staging/"],
];
const LIBRARY_PACKAGES = ["x11", "xext", "xdamage", "xfixes", "xtst", "xrandr"];
/** Opened at run time: only their headers matter here, and the build goes on without them. */
const OPTIONAL_PACKAGES = ["x264", "openh264", "opus", "libpulse"];
const COMMON_FLAGS = [
  "-std=gnu11",
  "-D_GNU_SOURCE",
  "-O3",
  "-Wall",
  "-Wextra",
  "-Wshadow",
  "-pthread",
];
const SANITIZED_OBJECT = "wavry_media_sanitized.o";
const SANITIZER_FLAGS = [
  ...["-O1", "-fno-omit-frame-pointer"],
  ...["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"],
];
/** Every 64-bit x86 of the last 15 years; the hot loops are libyuv's and x264's own. */
const MACHINE_FLAGS = Deno.build.arch === "x86_64" ? ["-msse4.2", "-mpopcnt"] : [];

/**
 * Builds what is stale; true when something was built. Throws `Error` with one clear line, and the
 * compiler's words behind it, when it cannot.
 */
export async function buildNative(options: BuildOptions = {}): Promise<boolean> {
  const object = await buildProgram(await libraryObject(), options);
  const library = await buildProgram({
    output: "libwavry_media.so",
    sources: [],
    objects: [OBJECT],
    packages: LIBRARY_PACKAGES,
    flags: [...MACHINE_FLAGS, "-shared", "-s", "-pthread", "-Wl,-z,now", "-ldl", "-lm"],
  }, options);
  const scene = await buildProgram(await sceneProgram(), options);
  const screen = await buildProgram(await screenProgram(), options);
  return object || library || scene || screen;
}

/** Builds ffi/native/test/`name`.c with the library linked in; gives the program's path. */
export async function buildTestProgram(
  name: string,
  options: TestProgramOptions = {},
): Promise<string> {
  const isSanitized = options.isSanitized === true;
  const object = await libraryObject(isSanitized);
  await buildProgram(object, options);
  const output = isSanitized ? `${name}_sanitized` : name;
  await buildProgram({
    output,
    sources: [`test/${name}.c`],
    objects: [object.output],
    packages: LIBRARY_PACKAGES,
    flags: [
      ...COMMON_FLAGS,
      ...MACHINE_FLAGS,
      ...(isSanitized ? SANITIZER_FLAGS : []),
      ...["-g", "-lm", "-ldl"],
    ],
  }, options);
  return OUTPUT + output;
}

/** All of the library in one object file, for itself and for test programs. */
async function libraryObject(isSanitized = false): Promise<Program> {
  return {
    output: isSanitized ? SANITIZED_OBJECT : OBJECT,
    sources: await cFiles(LIBRARY_FOLDERS),
    packages: LIBRARY_PACKAGES,
    flags: [
      ...COMMON_FLAGS,
      ...MACHINE_FLAGS,
      ...(isSanitized ? SANITIZER_FLAGS : []),
      ...["-g", "-fPIC", "-fvisibility=hidden", "-r", "-nostdlib"],
    ],
  };
}

async function sceneProgram(): Promise<Program> {
  return {
    output: "wavry_scene",
    sources: [...await cFiles(["scene/"]), "marker.c"],
    packages: ["x11", "xext"],
    flags: [...COMMON_FLAGS, ...MACHINE_FLAGS, "-lm"],
  };
}

/** Tells the monitors of an X display and sets its size. */
async function screenProgram(): Promise<Program> {
  return {
    output: "wavry_screen",
    sources: [...await cFiles(["screen/"]), "capture/monitors.c", "x11_display.c"],
    packages: LIBRARY_PACKAGES,
    flags: [...COMMON_FLAGS, ...MACHINE_FLAGS],
  };
}

async function buildProgram(program: Program, options: BuildOptions): Promise<boolean> {
  const stampPath = `${OUTPUT}${program.output}.stamp`;
  const inputs = await newestInput();
  const wanted = JSON.stringify([program, inputs]);
  if (await readText(stampPath) === wanted && await exists(OUTPUT + program.output)) return false;
  const log = options.log ?? (() => {});
  await Deno.mkdir(OUTPUT, { recursive: true });
  const packageFlags = await findPackages(program, log);
  const compiler = Deno.env.get("CC") ?? "cc";
  // Written apart and renamed, so that a process never maps half a library.
  const temporary = `${OUTPUT}${program.output}.${Deno.pid}`;
  const sources = program.sources.map((source) => NATIVE + source);
  const objects = (program.objects ?? []).map((object) => OUTPUT + object);
  const libraries = program.output.endsWith(".o")
    ? packageFlags.filter(isNotLibrary)
    : packageFlags;
  const args = [...sources, ...objects, ...program.flags, ...libraries, "-o", temporary];
  const result = await run(compiler, args);
  if (!result.success) {
    throw new Error(
      `Cannot build ${program.output}: ${compiler} failed\n${result.error.slice(0, 4000)}`,
    );
  }
  await Deno.rename(temporary, OUTPUT + program.output);
  await Deno.writeTextFile(stampPath, wanted);
  log(`built build/native/${program.output}`);
  return true;
}

/** Flags of the needed packages; logs what was found and throws when one is missing. */
async function findPackages(program: Program, log: (line: string) => void): Promise<string[]> {
  const missing: string[] = [];
  const optional = program.output === OBJECT ? OPTIONAL_PACKAGES : [];
  for (const name of [...program.packages, ...optional]) {
    const version = await run("pkg-config", ["--modversion", name]);
    if (program.output === OBJECT) {
      log(`${name} ${version.success ? version.output.trim() : "not found"}`);
    }
    if (!version.success && program.packages.includes(name)) missing.push(name);
  }
  if (missing.length > 0) {
    throw new Error(
      `Cannot build ${program.output}: pkg-config does not find ${missing.join(", ")}`,
    );
  }
  const flags = await run("pkg-config", ["--cflags", "--libs", ...program.packages]);
  return flags.output.trim().split(/\s+/);
}

/** Size and time of every file below ffi/native, as one text. */
async function newestInput(): Promise<string> {
  const entries: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}${entry.name}`;
      if (entry.isDirectory) await visit(`${path}/`);
      else if (/\.[ch]$/.test(entry.name)) {
        const { size, mtime } = await Deno.stat(path);
        entries.push(`${path.slice(NATIVE.length)} ${size} ${mtime?.getTime() ?? 0}`);
      }
    }
  };
  await visit(NATIVE);
  return entries.sort().join("\n");
}

async function cFiles(folders: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(NATIVE + folder)) {
      if (entry.isFile && entry.name.endsWith(".c")) files.push(folder + entry.name);
    }
  }
  return files.sort();
}

async function run(
  command: string,
  args: string[],
): Promise<{ success: boolean; output: string; error: string }> {
  try {
    const result = await new Deno.Command(command, { args, stdin: "null" }).output();
    const text = new TextDecoder();
    return {
      success: result.success,
      output: text.decode(result.stdout),
      error: text.decode(result.stderr),
    };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(`Cannot build native code: "${command}" is not installed`, { cause });
  }
}

/** An object file takes no `-l` options. */
function isNotLibrary(flag: string): boolean {
  return !flag.startsWith("-l");
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function pathOf(relative: string): string {
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

if (import.meta.main) {
  const built = await buildNative({ log: (line) => console.error(line) });
  if (!built) console.error("build/native is up to date");
}
