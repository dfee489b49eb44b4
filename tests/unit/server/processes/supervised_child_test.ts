import t from "tap";
import type { Test } from "tap";
import type { Logger } from "../../../../src/core/log.ts";
import { ChildReaper } from "../../../../src/server/processes/child_reaper.ts";
import {
  MAX_RESTARTS,
  signal,
  SupervisedChild,
} from "../../../../src/server/processes/supervised_child.ts";

async function isAlive(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (!await check()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function makeReaper(t: Test): Promise<ChildReaper> {
  const reaper = new ChildReaper(await Deno.makeTempDir({ prefix: "wavry-test-" }));
  t.teardown(() => reaper.close());
  return reaper;
}

function shell(script: string): () => Deno.Command {
  return () =>
    new Deno.Command("/bin/sh", {
      args: ["-c", script],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
}

function noting(lines: string[]): Logger {
  return { debug() {}, info() {}, warn: (m) => lines.push(m), error: (m) => lines.push(m) };
}

t.test("SupervisedChild starts a program that ended again", async (t) => {
  const lines: string[] = [];
  const pids: number[] = [];
  const child = new SupervisedChild({
    name: "sleeper",
    command: shell("exec sleep 60"),
    reaper: await makeReaper(t),
    log: noting(lines),
    onStart: ({ pid }) => pids.push(pid),
  });
  await until(() => child.pid !== undefined, "a start");
  Deno.kill(pids[0]!, "SIGKILL");
  await until(() => pids.length === 2, "a restart");
  t.same(lines, ["Restarting sleeper"]);
  await child.close();
  t.notOk(await isAlive(pids[1]!));
  t.equal(child.pid, undefined);
  await child.close();
});

t.test("SupervisedChild kills what does not end when asked", async (t) => {
  const child = new SupervisedChild({
    name: "stubborn",
    command: shell("trap '' TERM; while :; do sleep 0.1; done"),
    reaper: await makeReaper(t),
    log: noting([]),
  });
  await until(() => child.pid !== undefined, "a start");
  await new Promise((resolve) => setTimeout(resolve, 50));
  const pid = child.pid!;
  const startedMs = performance.now();
  await child.close();
  const tookMs = performance.now() - startedMs;
  t.notOk(await isAlive(pid));
  t.ok(tookMs > 900 && tookMs < 8000, `${Math.round(tookMs)} ms`);
});

t.test("SupervisedChild gives a program up that cannot run", async (t) => {
  const lines: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const setTimer = globalThis.setTimeout;
  t.teardown(() => {
    globalThis.setTimeout = setTimer;
  });
  // Its pauses add up to 13 s: here they last no time.
  globalThis.setTimeout = ((run: () => void) => setTimer(run, 0)) as typeof setTimeout;
  const child = new SupervisedChild({
    name: "nothing",
    command: () => new Deno.Command("/nowhere/nothing"),
    reaper: await makeReaper(t),
    log: noting(lines),
    onGivenUp: resolve,
  });
  t.match(await promise, /nowhere/);
  t.equal(lines.filter((line) => line === "Restarting nothing").length, MAX_RESTARTS + 1);
  t.equal(lines.at(-1), "Cannot keep nothing running");
  await child.close();
});

t.test("signal takes a process that has ended", async (t) => {
  const process = shell("exit 0")().spawn();
  await process.status;
  t.doesNotThrow(() => signal(process, "SIGKILL"));
  t.doesNotThrow(() => signal(undefined, "SIGTERM"));
});

t.test("ChildReaper ends what a killed server leaves behind, and its folder", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const module = new URL("../../../../src/server/processes/child_reaper.ts", import.meta.url);
  const program = `
    import { ChildReaper } from "${module}";
    const reaper = new ChildReaper("${folder}");
    const spawn = (script) => {
      const child = new Deno.Command("/bin/sh", {
        args: ["-c", script],
        stdout: "null",
        detached: true,
      }).spawn();
      reaper.watch(child.pid);
      return child;
    };
    const gone = spawn("exit 0");
    await gone.status;
    reaper.forget(gone.pid);
    const pids = [spawn("exec sleep 60"), spawn("trap '' TERM INT; while :; do sleep 0.1; done")];
    console.log(pids.map(({ pid }) => pid).join(" "));
    await new Promise(() => setInterval(() => {}, 1000));
  `;
  const server = new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.getReader();
  const line = new TextDecoder().decode((await reader.read()).value);
  const pids = line.trim().split(" ").map(Number);
  t.equal(pids.length, 2);
  for (const pid of pids) t.ok(await isAlive(pid));
  server.kill("SIGKILL");
  await server.status;
  await reader.cancel();
  for (const pid of pids) await until(async () => !await isAlive(pid), `the end of ${pid}`);
  const isGone = () => Deno.stat(folder).then(() => false, () => true);
  await until(isGone, "the end of the folder");
  t.pass("all gone");
});
