/** Tests of the host as its task runs it: two bundled programs, and no module of the sources. */

import { fileURLToPath } from "node:url";
import t from "tap";
import { buildHost } from "../../tools/build_host.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The runtime's part of the command of the task `host`. */
async function taskArguments(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}/deno.json`));
  const [runtime, ...args] = tasks.host.command.split("&&").at(-1).trim().split(/\s+/);
  if (runtime !== "deno") throw new Error(`Cannot run the task of "${runtime}"`);
  return args;
}

t.test("the built host streams and ends", async (t) => {
  await buildHost();
  const stateDir = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(stateDir, { recursive: true }));
  const picture = ["--source", "pattern", "--size", "640x360", "--fps", "30"];
  const host = new Deno.Command(Deno.execPath(), {
    args: [
      ...[...await taskArguments(), "--port", "0", "--state-dir", stateDir, ...picture],
      ...["--stream-for", "3s"],
    ],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const children = async () => {
    const path = `/proc/${host.pid}/task/${host.pid}/children`;
    const pids = (await Deno.readTextFile(path)).trim().split(" ");
    const lines = pids.map((pid) => Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => ""));
    return (await Promise.all(lines)).join("\n");
  };
  let programs = "";
  while (!programs.includes("/build/media.js")) {
    programs = await children().catch(() => "the host is gone: /build/media.js");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.match(programs, /\/build\/media\.js\0/, "its media process is bundled too");
  const { code, stdout, stderr } = await host.output();
  const out = new TextDecoder().decode(stdout);
  const log = new TextDecoder().decode(stderr);
  t.equal(code, 0, log);
  t.ok(Number(/^streamed (\d+) frames/m.exec(out)?.[1]) >= 20, out);
  t.match(out, ", 0 failures, 0 restarts");
});
