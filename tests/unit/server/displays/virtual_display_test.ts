import t from "tap";
import { silentLogger } from "../../../../src/core/log.ts";
import { ChildReaper } from "../../../../src/server/processes/child_reaper.ts";
import { findProgram, VirtualDisplay } from "../../../../src/server/displays/virtual_display.ts";
import type { XServer } from "../../../../src/server/displays/virtual_display.ts";

const skip = await findProgram("Xvfb") === undefined ? "Xvfb is not installed" : false;

async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!await check()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot wait longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function isAlive(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Asks the X server for its size with a client of the system, if there is one. */
async function sizeSeen(display: string, xauthority: string): Promise<string | undefined> {
  const program = await findProgram("xdotool");
  if (program === undefined) return undefined;
  const { stdout } = await new Deno.Command(program, {
    args: ["getdisplaygeometry"],
    env: { DISPLAY: display, XAUTHORITY: xauthority },
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** True while the kernel knows the shared segment `id`. */
async function hasSegment(id: number): Promise<boolean> {
  const table = await Deno.readTextFile("/proc/sysvipc/shm");
  return table.split("\n").some((row) => Number(row.trim().split(/\s+/)[1]) === id);
}

t.test("VirtualDisplay shows a screen to those who hold its cookie", { skip }, async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const reaper = new ChildReaper(folder);
  const servers: XServer[] = [];
  let ended = 0;
  const display = await VirtualDisplay.start({
    size: { width: 640, height: 480 },
    fps: 30,
    application: "/nowhere/application",
    folder,
    reaper,
    log: silentLogger,
    onServer: (server) => servers.push(server),
    onServerEnded: () => ended++,
  });
  const before = display.server!;
  t.match(before.display, /^:\d+$/);
  t.ok(before.framebufferShmId >= 0, "its framebuffer is shared");
  t.same(servers, [before]);
  t.equal(((await Deno.stat(display.xauthority)).mode ?? 0) & 0o777, 0o600);
  const seen = await sizeSeen(before.display, display.xauthority);
  if (seen !== undefined) {
    t.equal(seen, "640 480");
    t.equal(await sizeSeen(before.display, "/dev/null"), "", "without the cookie: nothing");
  }

  const pids = display.pids;
  Deno.kill(pids[0]!, "SIGKILL");
  await until(() => servers.length === 2, "another X server");
  t.equal(ended, 1, "the end was told before");
  const after = display.server!;
  t.same(servers, [before, after]);
  t.not(after.framebufferShmId, before.framebufferShmId);
  if (seen !== undefined) t.equal(await sizeSeen(after.display, display.xauthority), "640 480");

  const last = display.pids;
  await display.close();
  await reaper.close();
  for (const pid of [...pids, ...last]) t.notOk(await isAlive(pid), `process ${pid}`);
  await t.rejects(Deno.stat(folder), "the cookie is gone with its folder");
  for (const { framebufferShmId } of servers) {
    t.notOk(await hasSegment(framebufferShmId), `framebuffer ${framebufferShmId}`);
  }
  const lock = `/tmp/.X${after.display.slice(1)}-lock`;
  // Another test's server may have taken the number meanwhile.
  const holder = Number(await Deno.readTextFile(lock).catch(() => "0"));
  t.notOk(last.includes(holder), "and the display number is free");
});

t.test("VirtualDisplay says when there is no Xvfb", async (t) => {
  const path = Deno.env.get("PATH") ?? "";
  t.teardown(() => Deno.env.set("PATH", path));
  Deno.env.set("PATH", "/nowhere");
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const reaper = new ChildReaper(folder);
  t.teardown(() => reaper.close());
  await t.rejects(
    VirtualDisplay.start({
      size: { width: 640, height: 480 },
      ...{ fps: 30, application: undefined, folder, reaper, log: silentLogger },
      onServer: () => {},
      onServerEnded: () => {},
    }),
    { name: "NativeError", message: "Cannot start a virtual screen: Xvfb is not installed" },
  );
});
