/** A heap snapshot of both processes of the real host, while it streams. */

import t from "tap";
import { HostProcess, until } from "./host_process.ts";

t.test("SIGUSR2 writes both heaps, and the stream goes on", async (t) => {
  const directory = `${await Deno.makeTempDir({ prefix: "wavry-test-" })}/heaps`;
  const host = await HostProcess.start([
    ...["--source", "pattern", "--size", "320x180", "--heap-snapshots", directory],
  ]);
  t.teardown(async () => {
    await host.stop();
    await Deno.remove(`${directory}/..`, { recursive: true });
  });
  const { cookie, info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  await viewer.send({ type: "play", streamId: 0 });
  await viewer.heard("welcome");
  host.process.kill("SIGUSR2");
  await until(() => /^heap snapshot .*server.* stopped for \d+ ms$/m.test(host.out), "one", 20_000);
  await until(() => host.log.includes("Heap snapshot "), "the other", 20_000);
  const files = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  t.same(files.map((name) => name.slice(0, 12)), ["wavry-media-", "wavry-server"]);
  for (const [file, inside] of [[files[0], "MediaProcess"], [files[1], "ViewerSession"]]) {
    const { mode } = await Deno.stat(`${directory}/${file}`);
    t.equal((mode ?? 0) & 0o777, 0o600);
    const text = await Deno.readTextFile(`${directory}/${file}`);
    t.ok(text.startsWith('{"snapshot":') && text.endsWith("]}"), `${text.length} bytes of ${file}`);
    t.ok(text.includes(inside!), `with a ${inside}`);
  }
  const frames = async () => {
    return (await (await host.call("GET", "/api/stats", { cookie })).json()).stream.frames;
  };
  const before = await frames();
  await until(async () => await frames() > before + 30, "further frames");
  host.process.kill("SIGUSR2");
  await until(() => host.log.includes("No heap snapshot"), "a refusal");
  t.match(host.log, /No heap snapshot/, "not twice in half a minute");
});

t.test("without the option that signal ends nothing and writes nothing", async (t) => {
  const host = await HostProcess.start(["--source", "pattern", "--size", "320x180"]);
  t.teardown(() => host.stop());
  host.process.kill("SIGUSR2");
  await until(() => host.log.includes("without --heap-snapshots"), "a word of it");
  t.equal((await host.call("GET", "/api/health")).status, 200);
});
