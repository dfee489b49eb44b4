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
  await build("web programs", async () => {
    const { buildWeb } = await import("../tools/build_web.ts");
    return (await buildWeb()).isRebuilt;
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
  const missing = missingHere(purpose);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((requirement) => requirement.package))];
  const installer = await findInstaller(packages);
  if ("refusal" in installer) throw new SetupError(installer.refusal);
  const startMs = performance.now();
  say(`installing ${packages.length} packages: ${packages.join(" ")}`);
  const failure = await installPackages(packages, { prefix: installer.prefix, logPath: LOG_PATH });
  if (failure !== undefined) {
    console.error(lastLines(failure));
    throw new SetupError(`Cannot install ${packages.join(" ")}: apt-get says why above`);
  }
  const left = missingHere(purpose);
  if (left.length > 0) {
    const names = left.map((requirement) => requirement.package).join(" ");
    throw new SetupError(`Packages are installed but not usable: ${names} (see ${LOG_PATH})`);
  }
  say(`installed in ${secondsSince(startMs)}`);
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
