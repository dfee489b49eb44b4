import t from "tap";
import {
  READERS_MAX,
  READERS_PER_SESSION_MAX,
} from "../../../../src/server/timeline/host_replays.ts";
import { FRAME_STREAM_TYPE, FrameStreamReader } from "../../../../src/wire/frame_stream.ts";
import type { FrameStreamRecord } from "../../../../src/wire/frame_stream.ts";
import { DESCRIPTION, replayFrame } from "../../replay/replay_frames.ts";
import { makeFiles, RoutesBench } from "../routes_bench.ts";

using files = await makeFiles();

/** Routes with a replay of `frames` frames of 10 ms and 1000 bytes, a keyframe each second. */
function filled(frames = 300, bytes = 1000): RoutesBench {
  const bench = new RoutesBench(files);
  const replay = bench.replays.get(0)!;
  replay.open();
  replay.describe(DESCRIPTION);
  add(bench, 0, frames, bytes);
  return bench;
}

function add(bench: RoutesBench, from: number, to: number, bytes = 1000): void {
  for (let id = from; id < to; id++) {
    const frame = replayFrame(id, id * 10_000, { bytes, isKeyframe: id % 100 === 0 });
    bench.replays.get(0)!.push(frame, id * 10_000);
  }
}

/** What the records of an answer are, such as `description 198 199* live`. */
async function told(response: Response): Promise<string> {
  const reader = new FrameStreamReader();
  const words: string[] = [];
  for await (const piece of response.body!) {
    for (const record of reader.push(piece)) words.push(word(record));
  }
  return words.join(" ");
}

function word(record: FrameStreamRecord): string {
  if (record.kind === "gap") return `${record.cause}-${record.toUs / 1000}`;
  if (record.kind !== "frame") return record.kind;
  const { frameId, isShown } = record.frame;
  if (record.payload.some((byte) => byte !== 1 + frameId % 255)) return "wrong";
  return `${frameId}${isShown ? "*" : ""}`;
}

const read = (bench: RoutesBench, cookie: string, query: string, method = "GET") =>
  bench.send(method, `/api/replay/frames?${query}`, { headers: { cookie } });

t.test("GET /api/replay says what is held, and on which clock", async (t) => {
  const bench = filled(150);
  const cookie = await bench.join("viewer");
  const response = await bench.send("GET", "/api/replay", { headers: { cookie } });
  t.equal(response.headers.get("cache-control"), "no-store");
  const stream = {
    id: 0,
    isPaused: false,
    limits: { seconds: 30, bytes: 1e6, share: 1 },
    span: { startUs: 0, endUs: 1_490_000, frames: 150, bytes: 150_000 },
    segments: [
      { startUs: 0, frames: 100, bytes: 100_000 },
      { startUs: 1_000_000, frames: 50, bytes: 50_000 },
    ],
    gaps: [],
  };
  t.same(await response.json(), {
    ...{ isOn: true, nowUs: 1000, wallClockOffsetUs: -1000 },
    streams: [stream],
  });
  const one = await bench.send("GET", "/api/replay?stream=0", { headers: { cookie } });
  t.same((await one.json()).streams, [stream]);
  const none = await bench.send("GET", "/api/replay?stream=7", { headers: { cookie } });
  t.equal(none.status, 404);
  bench.replays.close();
});

t.test("GET /api/replay/frames gives the frame of a time, and what it is decoded from", async (t) => {
  const bench = filled();
  const cookie = await bench.join("viewer");
  const response = await read(bench, cookie, "atUs=1023456");
  t.equal(response.headers.get("content-type"), FRAME_STREAM_TYPE);
  t.equal(await told(response), "description 100 101 102*");
  t.equal(
    await told(await read(bench, cookie, "stream=0&atUs=1990000&toUs=2015000")),
    ["description", ...Array.from({ length: 99 }, (_, i) => 100 + i), "199*", "200*", "201*"]
      .join(" "),
  );
  t.match(await told(await read(bench, cookie, "atUs=9000000")), /298 299\* live$/);
  t.equal(bench.replays.readers, 0);
  t.equal(bench.replays.totals.leases, 0);
  const head = await read(bench, cookie, "atUs=1", "HEAD");
  t.equal(head.headers.get("content-type"), FRAME_STREAM_TYPE);
  t.equal(head.body, null);
  t.equal(bench.replays.stats.readersOpened, 3, "who only asks what it would get reads nothing");
  bench.replays.close();
});

t.test("GET /api/replay/frames says what is no longer held", async (t) => {
  const bench = filled(1500);
  const cookie = await bench.join("viewer");
  t.equal(bench.replays.get(0)!.buffer!.span!.startUs, 5_000_000, "1 MB hold 10 s");
  t.equal(await told(await read(bench, cookie, "atUs=0")), "evicted-5000 description 500*");
  bench.replays.get(0)!.blank(6_010_000, 6_015_000);
  t.match(
    await told(await read(bench, cookie, "atUs=6050000&toUs=7010000")),
    /^description 600 blanked-7000 700\* 701\*$/,
  );
  t.equal(await told(await read(bench, cookie, "atUs=6050000")), "description 600 blanked-7000");
  bench.replays.close();
});

t.test("GET /api/replay/frames follows the live edge, and ends with its reader", async (t) => {
  const bench = filled(10);
  const cookie = await bench.join("viewer");
  const { body } = await read(bench, cookie, "atUs=80000&follow=1");
  const reader = body!.getReader();
  const records = new FrameStreamReader();
  const next = async () => [...records.push((await reader.read()).value!)].map(word).join(" ");
  t.equal(await next(), "description 0 1 2 3 4 5 6 7 8* 9* live");
  const waited = next();
  add(bench, 10, 12);
  t.equal(await waited, "10* 11*", "both were there when it looked");
  t.equal(bench.replays.readers, 1);
  const ended = reader.read();
  await reader.cancel();
  await ended;
  t.equal(bench.replays.readers, 0);
  t.equal(bench.replays.totals.leases, 0);
  t.equal(bench.replays.get(0)!.waiting, 0);
  bench.replays.close();
});

t.test("GET /api/replay/frames lets a slow reader meet gaps, and copies nothing for it", async (t) => {
  const bench = filled(100, 9000);
  const cookie = await bench.join("viewer");
  const { body } = await read(bench, cookie, "atUs=0&follow=1");
  const reader = body!.getReader();
  const records = new FrameStreamReader();
  const first = [...records.push((await reader.read()).value!)];
  t.ok(first.length < 40, `a piece, not all: ${first.length}`);
  // 1 MB holds 111 of them: by now the segment that it reads has gone.
  await new Promise((resolve) => setTimeout(resolve, 20));
  add(bench, 100, 350, 9000);
  t.ok(bench.replays.totals.leasesRevoked > 0);
  const rest: string[] = [];
  while (!rest.includes("live")) {
    rest.push(...[...records.push((await reader.read()).value!)].map(word));
  }
  t.match(rest.join(" "), / evicted-3000 300\* 301\* /);
  t.notOk(rest.includes("wrong"));
  await reader.cancel();
  t.equal(bench.replays.totals.leases, 0);
  bench.replays.close();
});

t.test("GET /api/replay/frames ends when the session does, or the server", async (t) => {
  const bench = filled(10);
  const cookie = await bench.join("viewer");
  const reader = (await read(bench, cookie, "atUs=0&follow=1")).body!.getReader();
  await reader.read();
  const id = bench.registry.stored()[0]!.id;
  bench.registry.revoke(id);
  add(bench, 10, 11);
  t.ok((await reader.read()).done, "not one frame more");
  t.equal(bench.replays.readers, 0);
  const other = await bench.join("player");
  const second = (await read(bench, other, "atUs=0&follow=1")).body!.getReader();
  await second.read();
  const ended = second.read();
  bench.replays.close();
  t.ok((await ended).done);
  t.equal(bench.ledger.snapshot()[0]?.currentBytes, 0);
});

t.test("GET /api/replay/frames has room for few readers, and for the newest of a session", async (t) => {
  const bench = filled(100, 5000);
  const open: ReadableStream[] = [];
  for (let session = 0; session < READERS_MAX / READERS_PER_SESSION_MAX; session++) {
    const cookie = await bench.join("viewer");
    for (let i = 0; i < READERS_PER_SESSION_MAX; i++) {
      open.push((await read(bench, cookie, "atUs=0&follow=1")).body!);
    }
  }
  t.equal(bench.replays.readers, READERS_MAX);
  const newcomer = await bench.join("viewer");
  const refused = await read(bench, newcomer, "atUs=0");
  t.equal(refused.status, 503);
  t.equal(refused.headers.get("retry-after"), "1");
  t.equal((await refused.json()).error.reason, "too_many_readers");
  t.equal(bench.replays.stats.readersRefused, 1);
  // Nobody takes anything: after a while whoever stalls makes room.
  bench.clock.advance(11_000_000);
  const let_in = await read(bench, newcomer, "atUs=0");
  t.equal(let_in.status, 200);
  t.equal(bench.replays.stats.readersReplaced, 1);
  t.match(await told(let_in), "description");
  for (let i = 0; i <= READERS_PER_SESSION_MAX; i++) {
    open.push((await read(bench, newcomer, "atUs=0&follow=1")).body!);
  }
  t.ok(bench.replays.readers <= READERS_MAX);
  for (const body of open) await body.cancel();
  t.equal(bench.replays.readers, 0);
  t.equal(bench.replays.totals.leases, 0);
  bench.replays.close();
});

t.test("POST /api/replay/pause, resume and blank do it, for one stream or all", async (t) => {
  const bench = filled(100);
  const replay = bench.replays.get(0)!;
  const cookie = await bench.join("player");
  const post = (route: string, body: unknown) =>
    bench.send("POST", `/api/replay/${route}`, { body, headers: { cookie } });
  t.equal((await post("pause", {})).status, 204);
  t.ok(replay.isPaused);
  t.equal((await post("resume", { stream: 0 })).status, 204);
  t.notOk(replay.isPaused);
  t.equal((await post("pause", { stream: 5 })).status, 404);
  const blanked = await post("blank", { fromUs: 500_000, toUs: 510_000 });
  t.same(await blanked.json(), { frames: 50 }, "up to the next keyframe");
  const bytes = new Uint8Array(1000);
  replay.buffer!.read(70, bytes);
  t.ok(bytes.every((byte) => byte === 0));
  t.equal((await post("blank", { fromUs: 2, toUs: 1 })).status, 400);
  t.equal((await post("blank", { fromUs: 0 })).status, 400);
  t.equal((await post("blank", { fromUs: -1, toUs: 1 })).status, 400);
  const viewer = await bench.join("viewer");
  const forbidden = await bench.send("POST", "/api/replay/pause", {
    body: {},
    headers: { cookie: viewer },
  });
  t.equal(forbidden.status, 403);
  bench.replays.close();
});

t.test("The routes of the replay refuse what they cannot use", async (t) => {
  const bench = filled(10);
  const cookie = await bench.join("viewer");
  for (
    const query of [
      ...["", "atUs=", "atUs=-1", "atUs=1.5", "atUs=1e3", "atUs=99999999999999999"],
      ...["atUs=9007199254740993", "atUs=5&toUs=4", "atUs=5&toUs=x", "atUs=5&follow=yes"],
    ]
  ) {
    t.equal((await read(bench, cookie, query)).status, 400, query);
  }
  t.equal((await read(bench, cookie, "atUs=5&stream=9")).status, 404);
  t.equal((await read(bench, "", "atUs=5")).status, 401);
  bench.replays.close();
  const off = new RoutesBench(files, { replaySeconds: 0 });
  const guest = await off.join("viewer");
  t.equal((await (await read(off, guest, "atUs=5")).json()).error.reason, "replay_off");
  const report = await off.send("GET", "/api/replay", { headers: { cookie: guest } });
  t.same(await report.json(), {
    ...{ isOn: false, nowUs: 1000, wallClockOffsetUs: -1000 },
    streams: [],
  });
  const empty = new RoutesBench(files);
  const early = await empty.join("viewer");
  t.equal((await (await read(empty, early, "atUs=5")).json()).error.reason, "nothing_held");
});

t.test("HostReplays halve what they hold while memory is short", async (t) => {
  const bench = filled(900);
  const { replays } = bench;
  for (const share of [0.5, 0.25, 0.125, 0.125]) {
    replays.shorten(true);
    t.equal(replays.report.share, share);
    t.equal(replays.totals.capacityBytes, 1e6 * share);
    t.ok(replays.totals.bytes <= 1e6 * share);
  }
  const cookie = await bench.join("viewer");
  t.match(await told(await read(bench, cookie, "atUs=0")), /^evicted-8000 description 800\*$/);
  replays.shorten(false);
  t.equal(replays.totals.capacityBytes, 1e6);
  add(bench, 900, 1300);
  t.ok(replays.totals.bytes > 400_000, "it fills again");
  replays.close();
});
