import t from "tap";
import { HostProcess, until } from "./host_process.ts";

t.test("a program with the token reads metrics of host and viewers", async (t) => {
  const host = await HostProcess.start();
  t.teardown(() => host.stop());
  t.match(host.out, `Metrics  ${host.stateDir}/metrics-token\n`, "where the token is");
  const token = (await Deno.readTextFile(`${host.stateDir}/metrics-token`)).trim();
  const { cookie, info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  await viewer.send({ type: "play", streamId: 0 });
  const { sessionId } = await viewer.heard("welcome");

  const read = async (headers: Record<string, string>) => {
    const response = await host.call("GET", "/metrics", { headers });
    return { status: response.status, text: await response.text() };
  };
  const withToken = { authorization: `Bearer ${token}` };
  const value = async (name: string) => {
    const { text } = await read(withToken);
    const line = text.split("\n").find((line) => line.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length));
  };
  await until(async () => (await value(`wavry_frames_total{stream="0"}`) ?? 0) > 10, "frames");
  await until(async () => {
    return (await value(`wavry_sent_packets_total{session="${sessionId}"}`) ?? 0) > 10;
  }, "packets of the viewer");
  t.equal(await value('wavry_viewers{role="player"}'), 1);
  await until(async () => {
    return (await value('wavry_resident_bytes{process="media"}') ?? 0) > 1e7;
  }, "figures of the media process");
  t.ok((await value('wavry_owner_bytes{owner="staging"}') ?? 0) >= 3 * 640 * 360 * 1.5);
  t.ok((await value('wavry_stage_seconds_count{stage="encode"}') ?? 0) > 10);

  t.equal((await read({})).status, 401, "not without the token");
  t.equal((await read({ authorization: `Bearer ${"a".repeat(43)}` })).status, 401);
  t.equal((await host.call("GET", "/metrics", { cookie })).status, 401, "a player is no program");
  const json = JSON.parse((await read({ ...withToken, accept: "application/json" })).text);
  t.ok(json.metrics.some(({ name }: { name: string }) => name === "wavry_frames_total"));
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  t.ok(stats.memory.rssBytes > 1e7, "and players read the statistics as before");

  for (const [owner, bytes] of [["packet", 100_000], ["fec", 500_000]] as const) {
    const held = await value(`wavry_owner_bytes{owner="${owner}"}`) ?? 0;
    t.ok(held > bytes, `${owner}: ${held} bytes for the viewer`);
  }

  viewer.client.close(0, "");
  await until(async () => await value('wavry_viewers{role="player"}') === 0, "the end", 15_000);
  t.equal(await value(`wavry_sent_packets_total{session="${sessionId}"}`), undefined, "gone too");
  for (const owner of ["packet", "fec"]) {
    const held = await value(`wavry_owner_bytes{owner="${owner}"}`);
    t.equal(held, 0, `${owner} is given back`);
  }
});
