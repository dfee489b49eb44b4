import t from "tap";
import { silentLogger } from "../../../../src/core/log.ts";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import { Catalog } from "../../../../src/recording/catalog.ts";
import { RecordingFolder } from "../../../../src/recording/recording_folder.ts";
import { RecordingDelivery } from "../../../../src/server/timeline/recording_delivery.ts";
import { makeFiles, RoutesBench } from "../routes_bench.ts";

const pages = await makeFiles();
const STARTED_MS = Date.UTC(2026, 0, 2);
const idOf = (number: number) => `20260102T00000${number}-0-aaaaaaa${number}`;

/** Routes over a folder with two recordings, the second of which is still written. */
async function open() {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const catalog = Catalog.open(`${folder}/recordings.sqlite`);
  for (const [number, state] of [[1, "complete"], [2, "recording"]] as const) {
    await Deno.writeFile(`${folder}/${idOf(number)}.mp4`, new Uint8Array(1000).fill(number));
    catalog.put({
      ...{ id: idOf(number), streamId: 0, name: "Desk <b>", codec: "avc1.42c01f", state },
      ...{ width: 640, height: 360, startedMs: STARTED_MS + number * 60_000, startUs: 5 },
      ...{ endUs: 10_000_005, bytes: 1000, frames: 600 },
    });
  }
  catalog.close();
  const kept = await RecordingFolder.open({
    ...{ path: folder, quotaBytes: 0, deletesOldest: false, log: silentLogger },
  });
  const bench = new RoutesBench(pages);
  Object.defineProperty(bench.recordings, "folder", { value: kept });
  bench.delivery = RecordingDelivery.over(kept, {
    account: new MemoryLedger().account("recording_cache"),
    ...{ clock: bench.clock, log: silentLogger },
  });
  return {
    bench,
    folder,
    async [Symbol.asyncDispose]() {
      bench.delivery?.close();
      kept.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

t.test("GET /api/recordings lists by time, without places on this machine", async (t) => {
  await using rig = await open();
  const { bench } = rig;
  const headers = { cookie: await bench.join("viewer") };
  const list = async (query: string) => {
    const response = await bench.send("GET", `/api/recordings${query}`, { headers });
    t.equal(response.status, 200, query);
    const text = await response.text();
    t.notOk(text.includes(rig.folder));
    return JSON.parse(text) as { recordings: { id: string }[]; totals: unknown };
  };
  const all = await list("");
  t.same(all.recordings.map(({ id }) => id), [idOf(2), idOf(1)], "newest first");
  t.same(all.totals, { recordings: 2, bytes: 2000 });
  t.match(all.recordings[1], {
    ...{ startedMs: STARTED_MS + 60_000, durationMs: 10_000, state: "complete", bytes: 1000 },
    url: `/recordings/${idOf(1)}.mp4`,
  });
  const ids = async (query: string) => (await list(query)).recordings.map(({ id }) => id);
  t.same(await ids(`?from=${STARTED_MS + 75_000}`), [idOf(2)]);
  t.same(await ids(`?to=${STARTED_MS + 75_000}`), [idOf(1)]);
  t.same(await ids(`?start=${STARTED_MS + 65_000}&duration=1000`), [idOf(1)]);
  t.same(await ids(`?start=${STARTED_MS}&duration=1000`), []);
  t.same(await ids("?limit=1"), [idOf(2)]);
  for (const query of ["?from=-1", "?limit=x", "?start=1e3"]) {
    const response = await bench.send("GET", `/api/recordings${query}`, { headers });
    t.equal(response.status, 400, query);
  }
});

t.test("GET /recordings/<id>.mp4 serves who may watch, and no other name", async (t) => {
  await using rig = await open();
  const { bench } = rig;
  const headers = { cookie: await bench.join("viewer") };
  const path = `/recordings/${idOf(1)}.mp4`;
  const part = await bench.send("GET", path, { headers: { ...headers, range: "bytes=990-" } });
  t.equal(part.status, 206);
  t.same([...await part.bytes()], new Array(10).fill(1));
  t.equal(part.headers.get("content-disposition")?.includes("<"), false);
  t.equal(part.headers.get("x-content-type-options"), "nosniff");
  const head = await bench.send("HEAD", path, { headers });
  t.equal(head.status, 200);
  t.equal(head.headers.get("content-length"), "1000");
  t.equal((await bench.send("GET", path)).status, 401, "nobody without a session");
  const foreign = { ...headers, "sec-fetch-site": "cross-site" };
  t.equal((await bench.send("GET", path, { headers: foreign })).status, 403, "no other site");
  const names: [string, number][] = [
    [`${idOf(3)}.mp4`, 404],
    [`${idOf(1)}`, 400],
    ["recordings.sqlite", 400],
    ["..%2f..%2fetc%2fpasswd.mp4", 400],
    ["%00.mp4", 400],
  ];
  for (const [name, status] of names) {
    const response = await bench.send("GET", `/recordings/${name}`, { headers });
    t.equal(response.status, status, name);
  }
});

t.test("DELETE /api/recordings/<id> is for players, and for good", async (t) => {
  await using rig = await open();
  const { bench, folder } = rig;
  const path = `/api/recordings/${idOf(1)}`;
  const viewer = { cookie: await bench.join("viewer") };
  t.equal((await bench.send("DELETE", path, { body: {}, headers: viewer })).status, 403);
  const player = { cookie: await bench.join("player") };
  t.equal((await bench.send("DELETE", path, { body: { a: 1 }, headers: player })).status, 400);
  t.equal((await bench.send("DELETE", path, { body: {}, headers: player })).status, 204);
  const running = `/api/recordings/${idOf(2)}`;
  t.equal((await bench.send("DELETE", running, { body: {}, headers: player })).status, 409);
  await t.rejects(Deno.stat(`${folder}/${idOf(1)}.mp4`), Deno.errors.NotFound);
  t.equal((await bench.send("DELETE", path, { body: {}, headers: player })).status, 404);
  const file = await bench.send("GET", `/recordings/${idOf(1)}.mp4`, { headers: player });
  t.equal(file.status, 404);
  const left = await bench.send("GET", "/api/recordings", { headers: player });
  t.equal((await left.json()).recordings.length, 1);
});
