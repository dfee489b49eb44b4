/**
 * build_host: bundles the programs of the host into one file each: build/server.js, build/media.js and
 * the gateways of rungs. A runtime that loads 300 modules keeps their texts, their graph and what it
 * resolved of npm packages: 15 MB of its own memory in the server process. It builds only when a
 * source is newer than the result. Programs that are started from src do the same and use more.
 */

import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { isFresh } from "./freshness.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUTPUT = `${ROOT}build`;
/** Names of the programs, which lie one folder deep as src/main.ts and ffi do: paths go on. */
const PROGRAMS = {
  server: "src/main.ts",
  media: "src/media/main.ts",
  websocket_gateway: "src/transport/websocket/main.ts",
  webrtc_gateway: "src/transport/webrtc/main.ts",
} as const;
const INPUTS = ["src", "ffi", "deno.json", "deno.lock", "tools/build_host.ts"];
/** A transport that a library may use, with native code that it fetches when it is installed. */
const QUICHE = "@fails-components/webtransport-transport-http3-quiche";
/** CommonJS packages ask for modules of Node by this function, which modules do not have. */
const REQUIRE = `import { createRequire } from "node:module";
const require = createRequire(import.meta.url);`;

/** Builds both programs unless they are up to date; true when it did. Rejects with esbuild's errors. */
export async function buildHost(): Promise<boolean> {
  const outputs = Object.keys(PROGRAMS).map((name) => `${OUTPUT}/${name}.js`);
  if (await isFresh({ outputs, inputs: INPUTS.map((path) => `${ROOT}${path}`) })) return false;
  const { outputFiles } = await bundle();
  for (const { path, contents } of outputFiles) {
    // A host that starts meanwhile reads the old file or the new one.
    const unfinished = `${path}.${Deno.pid}`;
    await Deno.writeFile(unfinished, contents);
    await Deno.rename(unfinished, path);
  }
  await fillCaches();
  return true;
}

async function bundle(): Promise<esbuild.BuildResult<{ write: false }>> {
  try {
    return await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: { ...PROGRAMS },
      outdir: OUTPUT,
      write: false,
      bundle: true,
      // Names stay, for the traces of errors.
      minifyWhitespace: true,
      minifySyntax: true,
      legalComments: "none",
      platform: "node",
      format: "esm",
      target: "es2024",
      // Native code, which the server process may not load; msgpackr does without.
      external: ["msgpackr-extract", QUICHE],
      banner: { js: REQUIRE },
      logLevel: "silent",
    });
  } finally {
    await esbuild.stop();
  }
}

/**
 * Runs the server once to print a text, with the flags of the task. The runtime looks for imports in a
 * file that it has never seen, which leaves a process 40 MB larger: this one ends, and the host that
 * follows finds it done. A failure only makes that first host larger.
 */
async function fillCaches(): Promise<void> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    tasks: { host: { command: string } };
  };
  const [, ...args] = tasks.host.command.split("&&").at(-1)?.trim().split(/\s+/) ?? [];
  await new Deno.Command(Deno.execPath(), {
    args: [...args, "--print-budget"],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

if (import.meta.main) console.log(await buildHost() ? "Built" : "Up to date");
