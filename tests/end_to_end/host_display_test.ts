import t from "tap";
import { silentLogger } from "../../src/core/log.ts";
import { ChildReaper } from "../../src/server/processes/child_reaper.ts";
import { findProgram, VirtualDisplay } from "../../src/server/displays/virtual_display.ts";
import { WIRE_VERSION } from "../../src/wire/control.ts";
import { MediaReader } from "../media_reader.ts";
import { HostProcess, PlainViewer, until } from "./host_process.ts";

const skip = await findProgram("Xvfb") === undefined ? "Xvfb is not installed" : false;

/** `ended` may still be listed: its picture is gone before its parent has taken note. */
async function pidOf(host: HostProcess, name: string, ended?: number): Promise<number> {
  return await until(
    async () => {
      for (const pid of await host.tree()) {
        const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
        if (comm.trim() === name && pid !== ended) return pid;
      }
      return undefined;
    },
    name,
    15_000,
  );
}

t.test("a virtual screen that dies comes back, and the picture with it", { skip }, async (t) => {
  const host = await HostProcess.start(["--size", "640x480", "--fps", "30"]);
  t.teardown(() => host.stop());
  const { info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  let packets = 0;
  new MediaReader(viewer.client, { media: () => packets++ });
  await viewer.send({ type: "play", streamId: 0 });
  await until(() => packets > 0, "a picture");

  const first = await pidOf(host, "Xvfb");
  viewer.said.length = 0;
  Deno.kill(first, "SIGKILL");
  await viewer.heard("stream_state", ({ state }) => state === "restarting" || state === "failed");
  t.ok(await pidOf(host, "Xvfb", first), "another one");
  await viewer.heard("stream_state", ({ state }) => state === "running", 15_000);
  const before = packets;
  await until(() => packets > before, "the picture again", 10_000);
  t.notOk(viewer.said.some(({ type }) => type === "ended"), "the session lived");
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});

/** An X server that lets everybody in, on a number that has just become free; undefined: too late. */
async function openScreen(display: string): Promise<Deno.ChildProcess | undefined> {
  const args = [display, "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"];
  const server = new Deno.Command("Xvfb", { args, stderr: "null" }).spawn();
  const socket = `/tmp/.X11-unix/X${display.slice(1)}`;
  const early = server.status.then(() => true);
  for (let turn = 0; turn < 200; turn++) {
    const pause = new Promise<false>((resolve) => setTimeout(() => resolve(false), 10));
    if (await Promise.race([early, pause])) return undefined;
    if (await Deno.stat(socket).then(() => true, () => false)) return server;
  }
  return server;
}

/** Width of a screen that lets everybody in. */
async function widthOf(display: string): Promise<number> {
  const program = `${Deno.cwd()}/build/native/wavry_screen`;
  const child = new Deno.Command(program, { args: [display], stdin: "piped", stdout: "piped" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  await child.stdin.close().catch(() => {});
  Deno.kill(child.pid, "SIGKILL");
  await child.status;
  return JSON.parse(value.split("\n")[0]!).width;
}

/** The display that an X server listens on, by its sockets. */
async function displayOf(pid: number): Promise<string> {
  const links = await Array.fromAsync(
    Deno.readDir(`/proc/${pid}/fd`),
    ({ name }) => Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => ""),
  );
  const inodes = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  for (const line of (await Deno.readTextFile("/proc/net/unix")).split("\n")) {
    const words = line.split(/\s+/);
    const number = /\.X11-unix\/X(\d+)$/.exec(words[7] ?? "")?.[1];
    if (number !== undefined && inodes.has(words[6])) return `:${number}`;
  }
  throw new Error(`Cannot find the display of process ${pid}`);
}

t.test("a stranger's screen on the number of one that died is left alone", { skip }, async (t) => {
  const host = await HostProcess.start(["--size", "640x480", "--fps", "30"]);
  t.teardown(() => host.stop());
  const { info, cookie } = await host.join("player");
  const viewer = await host.view(info.ticket);
  let packets = 0;
  new MediaReader(viewer.client, { media: () => packets++ });
  await viewer.send({ type: "play", streamId: 0 });
  await until(() => packets > 0, "a picture");
  const widths = new Set<number>();
  const isRunning = async () => {
    const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
    const { state, facts } = stats.streams[0];
    if (facts?.width !== undefined) widths.add(facts.width);
    return state === "running";
  };
  t.ok(await isRunning());
  // The host itself may be first to take the number again; then its next screen dies.
  let stranger: Deno.ChildProcess | undefined;
  let display = "";
  for (let tries = 0; stranger === undefined && tries < 5; tries++) {
    const pid = await pidOf(host, "Xvfb");
    display = await displayOf(pid);
    Deno.kill(pid, "SIGKILL");
    stranger = await openScreen(display);
    if (stranger !== undefined) break;
    await pidOf(host, "Xvfb", pid);
    await until(isRunning, "the host's screen", 15_000);
  }
  t.ok(stranger !== undefined, `a stranger took ${display}`);
  t.teardown(async () => {
    // So that it takes the lock of its number along.
    stranger?.kill("SIGTERM");
    await stranger?.status;
  });
  const before = packets;
  await until(
    async () => {
      const seen = packets;
      return await isRunning() && seen > before + 30;
    },
    "the host's own screen again",
    20_000,
  );
  t.same([...widths], [640], "no picture of the stranger's, nor of another size");
  t.equal(await widthOf(display), 1280, "which keeps its size");
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});

/** Joins and plays a stream by its name; gives how many of its packets came so far. */
async function watch(host: HostProcess, ticket: string, stream: string) {
  const viewer = new PlainViewer(await host.connect());
  await viewer.open();
  await viewer.send({ type: "hello", version: WIRE_VERSION, ticket, stream });
  const streamId = (await viewer.heard("welcome")).streamId!;
  const counts = { packets: 0, ofOthers: 0 };
  new MediaReader(viewer.client, {
    media: (datagram) => (datagram[1]! & 15) === streamId ? counts.packets++ : counts.ofOthers++,
  });
  await viewer.send({ type: "play", streamId });
  await until(() => counts.packets > 0, `a picture of ${stream}`, 15_000);
  return { viewer, counts, streamId };
}

t.test("two virtual screens end and come back each on its own", { skip }, async (t) => {
  const host = await HostProcess.start(["--displays", "2", "--size", "640x480", "--fps", "30"]);
  t.teardown(() => host.stop());
  const [one, two] = [...host.out.matchAll(/Desktop (\d): virtual display :(\d+)/g)];
  t.ok(one !== undefined && two !== undefined && one[2] !== two[2], host.out);
  const { info, cookie } = await host.join("player");
  const first = await watch(host, info.ticket, "Desktop 1");
  const second = await watch(host, (await host.ticket(cookie)).ticket, "desktop 2");
  t.same([first.streamId, second.streamId], [0, 1]);
  t.match(await first.viewer.heard("stream_list"), {
    streams: [{ id: 0, name: "Desktop 1" }, { id: 1, name: "Desktop 2" }],
  });

  const { said } = first.viewer;
  said.length = 0;
  // Which of the two it is shows in what becomes of the streams.
  Deno.kill(await pidOf(host, "Xvfb"), "SIGKILL");
  const { streamId: hit } = await first.viewer.heard("stream_state", ({ state }) => {
    return state === "restarting" || state === "failed";
  });
  await first.viewer.heard("stream_state", ({ streamId, state }) => {
    return streamId === hit && state === "running";
  }, 15_000);
  const [gone, other] = hit === 0 ? [first, second] : [second, first];
  const before = other.counts.packets;
  await until(() => other.counts.packets > before + 20, "the other, as if nothing were");
  const seen = gone.counts.packets;
  await until(() => gone.counts.packets > seen + 20, "the one that ended again", 15_000);
  t.ok(said.every((word) => word.type !== "stream_state" || word.streamId === hit));
  t.same([first.counts.ofOthers, second.counts.ofOthers], [0, 0]);
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
});

t.test("a host shows a display of the user beside a virtual one", { skip }, async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const reaper = new ChildReaper(folder);
  const users = await VirtualDisplay.start({
    size: { width: 320, height: 240 },
    ...{
      fps: 10,
      application: undefined,
      folder,
      reaper,
      log: silentLogger,
      onServer() {},
      onServerEnded() {},
    },
  });
  t.teardown(async () => {
    await users.close();
    await reaper.close();
  });
  const { display } = users.server!;
  const host = await HostProcess.start(
    ["--display", display, "--displays", "1", "--size", "640x480"],
    { env: { XAUTHORITY: users.xauthority } },
  );
  t.teardown(() => host.stop());
  const plain = host.out.replaceAll(/\s+/g, " ");
  t.match(plain, new RegExp(`Shows Display ${display}: display ${display}, 320x240`));
  t.match(plain, /Shows Desktop 1: virtual display :\d+, 640x480/);
  const { cookie } = await host.join("player");
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.match(stats.streams, [{ state: "running" }, { state: "running" }], "each with its own cookie");
});

t.test("a host shows the pattern where there is no display and no Xvfb", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  await Deno.symlink(Deno.execPath(), `${folder}/deno`);
  const host = await HostProcess.start(["--size", "640x360"], { env: { PATH: folder } });
  t.teardown(() => host.stop());
  const plain = host.out.replaceAll(/\s+/g, " ");
  t.match(plain, /Shows test pattern \(Cannot start a virtual screen: Xvfb is not installed\)/);
  t.match(plain, /Encoder \w+264/);
});
