/**
 * `deno task check`: formatter, linter, types of both worlds (Deno's and the browser's) and tidy, side
 * by side. Prints one line per check and the output of those that fail; exit code 1 when one fails.
 */

import { fileURLToPath } from "node:url";
import { IMPORT_TABLE, rowOf } from "./import_table.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** A check that hangs must not hang CI: the slowest takes some 15 s on two busy cores. */
const CHECK_TIMEOUT_MS = 180_000;
/** Folders that run in Deno; `web` has its own configuration with DOM types. */
const DENO_FOLDERS = ["mod.ts", "src", "ffi", "bench", "tests", "tools", "deploy"];

/** A configuration outside the workspace: browser-safe folders seen with the DOM's types alone. */
const BROWSER_CONFIG = "build/browser_check/deno.json";

interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

async function main(): Promise<number> {
  const checks: Check[] = [
    { name: "format", args: ["fmt", "--check"] },
    { name: "lint", args: ["lint"] },
    { name: "tidy", args: ["run", "-A", "tools/tidy.ts"] },
  ];
  const denoFiles = await typescriptFiles(DENO_FOLDERS);
  const webFiles = await typescriptFiles(["web"]);
  if (denoFiles.length > 0) checks.push({ name: "types", args: ["check", ...denoFiles] });
  if (webFiles.length > 0) {
    checks.push({ name: "web types", args: ["check", "--config", "web/deno.json", ...webFiles] });
  }
  const sharedFiles = await browserSafeFiles();
  if (sharedFiles.length > 0) {
    await writeBrowserConfig();
    const args = ["check", "--no-lock", "--config", BROWSER_CONFIG, ...sharedFiles];
    checks.push({ name: "browser-safe types", args });
  }
  const results = await Promise.all(checks.map(run));
  return results.every((passed) => passed) ? 0 : 1;
}

async function run({ name, args }: Check): Promise<boolean> {
  const startMs = performance.now();
  const output = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
  }).output();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  console.log(`${output.success ? "ok  " : "FAIL"} ${name} in ${seconds} s`);
  if (output.success) return true;
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout) + decoder.decode(output.stderr);
  // The names of all files that were looked at would hide those that fail.
  console.log(text.replace(/^(Check |Warning: config file ).*\n/gm, ""));
  return false;
}

/** Files of src that the import table promises to browsers, used by a page or not. */
async function browserSafeFiles(): Promise<string[]> {
  const folders = IMPORT_TABLE
    .filter(({ module, browserSafe }) => browserSafe === true && module.startsWith("src/"))
    .map(({ module }) => module);
  const files = await typescriptFiles(folders);
  return files.filter((file) => rowOf(file)?.browserSafe === true);
}

async function writeBrowserConfig(): Promise<void> {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(ROOT + path));
  const [root, web] = [await read("deno.json"), await read("web/deno.json")];
  const imports = Object.entries(root.imports as Record<string, string>)
    .map(([name, target]) => [name, target.startsWith("./") ? `../../${target.slice(2)}` : target]);
  await Deno.mkdir(`${ROOT}build/browser_check`, { recursive: true });
  await Deno.writeTextFile(
    ROOT + BROWSER_CONFIG,
    JSON.stringify({
      compilerOptions: { ...root.compilerOptions, ...web.compilerOptions },
      imports: Object.fromEntries(imports),
      nodeModulesDir: "manual",
    }),
  );
}

/** TypeScript files below the given files and folders; an absent one has none. */
async function typescriptFiles(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const info = await Deno.stat(ROOT + path).catch(() => undefined);
    if (info?.isFile === true && path.endsWith(".ts")) found.push(path);
    if (info?.isDirectory !== true) continue;
    const inside: string[] = [];
    for await (const entry of Deno.readDir(ROOT + path)) {
      if (entry.name !== "node_modules") inside.push(`${path}/${entry.name}`);
    }
    found.push(...await typescriptFiles(inside.sort()));
  }
  return found;
}

Deno.exit(await main());
