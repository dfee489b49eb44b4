/**
 * setup <build|host|test|bench>: makes a fresh clone ready: system packages, native library, web
 * programs. It installs and builds only what is missing or stale, says one line per step, and ends
 * with one clear line and a non-zero code when a person has to act. With nothing to do it is silent.
 */

import { fileURLToPath } from "node:url";
import {
  findInstaller,
  installPackages,
  missingRequirements,
  type Purpose,
  type Requirement,
  searchPlaces,
} from "./system_packages.ts";

const PURPOSES: readonly Purpose[] = ["build", "host", "test", "bench"];
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUILD_FOLDER = `${ROOT}build`;
const LOG_PATH = `${BUILD_FOLDER}/setup.log`;
/** Names of optional packages that could not be had; delete the file to try again. */
const TRIED_PATH = `${BUILD_FOLDER}/setup_tried`;
/** Lines of a failed step that are shown; the whole text is in the log. */
const SHOWN_LINES = 30;
/** Another setup may be compiling; more than this means that it hangs. */
const LOCK_TIMEOUT_MS = 20 * 60_000;

/** A step that a person has to repair; the message is the one line that says how. */
class SetupError extends Error {
  override readonly name = "SetupError";
}

async function main(args: readonly string[]): Promise<void> {
  const purpose = PURPOSES.find((name) => name === args[0]);
  if (purpose === undefined) {
    throw new SetupError(`Usage: deno run -A deploy/setup.ts <${PURPOSES.join("|")}>`);
  }
  if (await asksOnlyForText()) return;
  await Deno.mkdir(BUILD_FOLDER, { recursive: true });
  using lock = await Deno.open(`${BUILD_FOLDER}/setup.lock`, { write: true, create: true });
  await takeLock(lock);
  await installMissing(purpose);
  await build("native library", async () => {
    const { buildNative } = await import("../ffi/build.ts");
    return await buildNative();
  });
  // Before the web programs, which contain them.
  await build("FEC kernels", async () => {
    const { rebuildStaleKernels } = await import("../tools/build_wasm.ts");
    return await rebuildStaleKernels();
  });
  await build("web programs", async () => {
    const { buildWeb } = await import("../tools/build_web.ts");
    return (await buildWeb()).isRebuilt;
  });
  await build("host", async () => {
    const { buildHost } = await import("../tools/build_host.ts");
    return await buildHost();
  });
}

/**
 * True for `deno task host --help` and `--version`, which must not install anything. `deno task`
 * gives its arguments only to the last command of a task, so they are read from its command line.
 */
async function asksOnlyForText(): Promise<boolean> {
  const commandLine = await Deno.readTextFile(`/proc/${Deno.ppid}/cmdline`).catch(() => "");
  const [, ...args] = commandLine.split("\0");
  if (!args.includes("task")) return false;
  return args.some((argument) => ["--help", "-h", "--version", "-V"].includes(argument));
}

async function takeLock(file: Deno.FsFile): Promise<void> {
  const deadlineMs = Date.now() + LOCK_TIMEOUT_MS;
  let told = false;
  while (!await file.tryLock(true)) {
    if (!told) say("waiting for another setup in this folder");
    told = true;
    if (Date.now() > deadlineMs) {
      throw new SetupError("Another setup in this folder does not end: stop it and try again");
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function installMissing(purpose: Purpose): Promise<void> {
  const tried = await readTried();
  const missing = missingHere(purpose)
    .filter((requirement) => requirement.optional !== true || !tried.includes(requirement.package));
  if (missing.length === 0) return;
  const needed = missing.filter((requirement) => requirement.optional !== true);
  const optional = missing.filter((requirement) => requirement.optional === true).map(packageOf);
  const installer = await findInstaller(missing.map(packageOf));
  if ("refusal" in installer) {
    if (needed.length > 0) throw new SetupError(installer.refusal);
    return await goOnWithout(optional, tried);
  }
  const startMs = performance.now();
  say(`installing ${missing.length} packages: ${missing.map(packageOf).join(" ")}`);
  const options = { prefix: installer.prefix, logPath: LOG_PATH };
  let failure = await installPackages(missing.map(packageOf), options);
  const unavailable = failure === undefined ? [] : optional;
  if (unavailable.length > 0) {
    await goOnWithout(optional, tried);
    failure = needed.length === 0
      ? undefined
      : await installPackages(needed.map(packageOf), options);
  }
  if (failure !== undefined) {
    console.error(lastLines(failure));
    throw new SetupError(
      `Cannot install ${needed.map(packageOf).join(" ")}: apt-get says why above`,
    );
  }
  const left = missingHere(purpose);
  const leftNeeded = left.filter((requirement) => requirement.optional !== true);
  if (leftNeeded.length > 0) {
    const names = leftNeeded.map(packageOf).join(" ");
    throw new SetupError(`Packages are installed but not usable: ${names} (see ${LOG_PATH})`);
  }
  const unusable = left.map(packageOf).filter((name) => !unavailable.includes(name));
  if (unusable.length > 0) await goOnWithout(unusable, [...tried, ...unavailable]);
  say(`installed in ${secondsSince(startMs)}`);
}

/** Remembered, so that only the first start waits for what cannot be had. */
async function goOnWithout(packages: readonly string[], tried: readonly string[]): Promise<void> {
  say(`going on without ${packages.join(" ")}, which Wavry can do without`);
  await Deno.writeTextFile(TRIED_PATH, [...new Set([...tried, ...packages])].join("\n"));
}

async function readTried(): Promise<string[]> {
  try {
    return (await Deno.readTextFile(TRIED_PATH)).split("\n");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function packageOf(requirement: Requirement): string {
  return requirement.package;
}

/** A host that shows a display needs no virtual one. */
function missingHere(purpose: Purpose): Requirement[] {
  const hasDisplay = purpose === "host" && (Deno.env.get("DISPLAY") ?? "") !== "";
  return missingRequirements(purpose, searchPlaces())
    .filter((requirement) => !(hasDisplay && requirement.forNoDisplay === true));
}

async function build(what: string, run: () => Promise<boolean>): Promise<void> {
  const startMs = performance.now();
  let built: boolean;
  try {
    built = await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [first = "", ...rest] = message.split("\n");
    await Deno.writeTextFile(LOG_PATH, `${message}\n`, { append: true });
    if (rest.length > 0) console.error(lastLines(rest.join("\n")));
    throw new SetupError(`Cannot build the ${what}: ${first}`);
  }
  if (built) say(`built the ${what} in ${secondsSince(startMs)}`);
}

function say(text: string): void {
  console.error(`setup: ${text}`);
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

function lastLines(text: string): string {
  return text.trimEnd().split("\n").slice(-SHOWN_LINES).join("\n");
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}`);
  Deno.exit(1);
}
