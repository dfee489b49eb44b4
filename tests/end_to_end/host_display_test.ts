import t from "tap";
import { findProgram } from "../../src/server/virtual_display.ts";
import { MediaReader } from "../media_reader.ts";
import { HostProcess, until } from "./host_process.ts";

const skip = await findProgram("Xvfb") === undefined ? "Xvfb is not installed" : false;

async function pidOf(host: HostProcess, name: string): Promise<number> {
  return await until(
    async () => {
      for (const pid of await host.tree()) {
        const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
        if (comm.trim() === name) return pid;
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
  const second = await pidOf(host, "Xvfb");
  t.not(second, first);
  await viewer.heard("stream_state", ({ state }) => state === "running", 15_000);
  const before = packets;
  await until(() => packets > before, "the picture again", 10_000);
  t.notOk(viewer.said.some(({ type }) => type === "ended"), "the session lived");
  t.notMatch(host.log, /Unhandled rejection|Uncaught error/);
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
