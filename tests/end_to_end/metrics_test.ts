import t from "tap";
import { MediaReader } from "../media_reader.ts";
import { prometheusFaults, readPrometheus } from "../prometheus_reader.ts";
import { HostProcess, until } from "./host_process.ts";

/** What a person who watches memory wants to have, once a viewer plays. */
const WANTED = [
  ...["server", "media"].flatMap((process) => [
    `wavry_virtual_bytes{process="${process}"}`,
    `wavry_proportional_bytes{process="${process}"}`,
    `wavry_heap_used_bytes{process="${process}"}`,
    `wavry_heap_limit_bytes{process="${process}"}`,
    `wavry_external_bytes{process="${process}"}`,
    `wavry_heap_allocated_bytes_total{process="${process}"}`,
  ]),
  ...["wavry_native_bytes", "wavry_native_live_allocations", "wavry_native_mean_bytes"],
  ...["wavry_pool_reuse_ratio", "wavry_pool_frames_max", "wavry_memory_limit_bytes"],
  ...["wavry_encoder_pool_active", "wavry_encoder_pool_created_total"],
  ...["wavry_run_baseline_bytes", "wavry_run_peak_bytes", "wavry_run_end_bytes"],
  'wavry_memory_mark_bytes{level="critical"}',
  'wavry_gc_collections_total{process="server"}',
  'wavry_gc_paused_seconds_total{process="server"}',
  "wavry_gc_pause_seconds_count",
  "wavry_fec_window_packets",
  "wavry_target_bytes_per_second",
  "wavry_encoder_target_bytes_per_second",
];

t.test("a program with the token reads metrics of host and viewers", async (t) => {
  const host = await HostProcess.start();
  t.teardown(() => host.stop());
  t.match(host.out, `Metrics  ${host.stateDir}/metrics-token\n`, "where the token is");
  const { cookie, info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  await viewer.send({ type: "play", streamId: 0 });
  // A viewer that reports nothing is silent, and gets nothing but probes.
  new MediaReader(viewer.client);
  const { sessionId } = await viewer.heard("welcome");

  const { read, value, withToken } = await scraperOf(host);
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

  const { text } = await read(withToken);
  t.same(prometheusFaults(readPrometheus(text)), [], "every name and series keeps the rules");
  for (const metric of WANTED) t.ok((await value(metric) ?? 0) > 0, `${metric} has a value`);
  const rssBytes = await value('wavry_resident_bytes{process="media"}') ?? 0;
  t.ok(rssBytes < (await value('wavry_virtual_bytes{process="media"}') ?? 0));
  const readings = async () => [
    await value('wavry_heap_allocated_bytes_total{process="server"}') ?? 0,
    await value('wavry_native_allocations_total{type="output"}') ?? 0,
  ];
  const [heapBefore = 0] = await readings();
  const [heapAfter = 0] = await readings();
  t.ok(heapAfter > heapBefore, "an answer costs the server some garbage");

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

/** What reads the metrics of a host as Prometheus does. */
async function scraperOf(host: HostProcess) {
  const token = (await Deno.readTextFile(`${host.stateDir}/metrics-token`)).trim();
  const withToken = { authorization: `Bearer ${token}` };
  const read = async (headers: Record<string, string>) => {
    const response = await host.call("GET", "/metrics", { headers });
    return { status: response.status, text: await response.text() };
  };
  /** The value of a series, such as `wavry_viewers{role="player"}`; labels left out may be any. */
  const value = async (series: string) => {
    const { text } = await read(withToken);
    const [, name = "", wanted = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const samples = [...readPrometheus(text).values()].flatMap(({ samples }) => samples);
    return samples.find((sample) => {
      const labels = Object.entries(sample.labels).map(([label, value]) => `${label}="${value}"`);
      return sample.name === name &&
        wanted.split(",").every((label) => label === "" || labels.includes(label));
    })?.value;
  };
  return { read, value, withToken };
}
