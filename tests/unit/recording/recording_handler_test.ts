import fc from "fast-check";
import t from "tap";
import { parseRange } from "../../../src/recording/byte_range.ts";
import { DELIVERY_LIMITS } from "../../../src/recording/delivery_limits.ts";
import { content, DeliveryRig, RawReader } from "./delivery_rig.ts";

const BYTES = 1_000_003;
const BUDGET = DELIVERY_LIMITS.budgetBytes;

async function bytesOf(response: Response): Promise<Uint8Array> {
  return await response.bytes();
}

t.test("RecordingHandler serves whole files and their head", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", BYTES);
  const whole = await rig.fetch("one");
  t.equal(whole.status, 200);
  t.match(Object.fromEntries(whole.headers), {
    "accept-ranges": "bytes",
    "content-length": String(BYTES),
    "content-type": "video/mp4",
    "x-content-type-options": "nosniff",
    "content-disposition": 'inline; filename="Desk _1_b_one.mp4"',
    "cache-control": "private, no-cache, no-transform",
  });
  t.ok(isSame(await bytesOf(whole), content(0, BYTES)));
  const head = await rig.fetch("one", { range: "bytes=0-1" }, "HEAD");
  t.equal(head.status, 200);
  t.equal(head.headers.get("content-length"), String(BYTES));
  t.equal(head.headers.get("etag"), whole.headers.get("etag"));
  t.equal((await bytesOf(head)).byteLength, 0);
  const download = await rig.fetch("one?download=1", { range: "bytes=0-0" });
  t.match(download.headers.get("content-disposition"), /^attachment; /);
  t.equal((await bytesOf(download)).byteLength, 1);
  t.equal((await rig.fetch("none")).status, 404);
  t.ok(await rig.until(() => rig.isQuiet), "nothing is held afterwards");
});

t.test("RecordingHandler serves ranges to the byte", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", BYTES);
  const ranges: [string, number, number][] = [
    ["bytes=0-0", 0, 1],
    ["bytes=4095-4096", 4095, 4097],
    ["bytes=65535-65536", 65_535, 65_537],
    ["bytes=262143-524289", 262_143, 524_290],
    ["bytes=-3", BYTES - 3, BYTES],
    ["bytes=999999-9007199254740993", 999_999, BYTES],
    ["bytes=1-", 1, BYTES],
  ];
  for (const [range, start, end] of ranges) {
    const response = await rig.fetch("one", { range });
    t.equal(response.status, 206, range);
    t.equal(response.headers.get("content-range"), `bytes ${start}-${end - 1}/${BYTES}`);
    t.equal(response.headers.get("content-length"), String(end - start));
    t.ok(isSame(await bytesOf(response), content(start, end)));
  }
  const beyond = await rig.fetch("one", { range: `bytes=${BYTES}-` });
  t.equal(beyond.status, 416);
  t.equal(beyond.headers.get("content-range"), `bytes */${BYTES}`);
  t.equal((await bytesOf(beyond)).byteLength, 0);
  t.ok(await rig.until(() => rig.isQuiet));
});

t.test("RecordingHandler serves several ranges as multipart, and too many as the whole", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", BYTES);
  const response = await rig.fetch("one", { range: "bytes=5-9,70000-140000,-2" });
  t.equal(response.status, 206);
  t.equal(response.headers.get("content-type"), "multipart/byteranges; boundary=gate");
  const got = await bytesOf(response);
  t.equal(response.headers.get("content-length"), String(got.byteLength));
  const part = (start: number, end: number) =>
    [
      `\r\n--gate\r\nContent-Type: video/mp4\r\nContent-Range: bytes ${start}-${
        end - 1
      }/${BYTES}\r\n\r\n`,
      content(start, end),
    ] as const;
  const expected = new Blob([
    ...part(5, 10),
    ...part(70_000, 140_001),
    ...part(BYTES - 2, BYTES),
    "\r\n--gate--\r\n",
  ]);
  t.ok(isSame(got, new Uint8Array(await expected.arrayBuffer())));
  const many = await rig.fetch("one", { range: "bytes=0-0,1-1,2-2,3-3,4-4,5-5" });
  t.equal(many.status, 200);
  t.equal((await bytesOf(many)).byteLength, BYTES);
  t.ok(await rig.until(() => rig.isQuiet));
});

t.test("RecordingHandler answers conditions, and a file that changed as another one", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 100);
  const first = await rig.fetch("one", {}, "HEAD");
  const etag = first.headers.get("etag")!;
  const date = first.headers.get("last-modified")!;
  const status = async (headers: Record<string, string>) => {
    const response = await rig.fetch("one", headers);
    await response.body?.cancel();
    return response.status;
  };
  const range = "bytes=0-1";
  t.equal(await status({ "if-none-match": etag }), 304);
  t.equal(await status({ "if-modified-since": date }), 304);
  t.equal(await status({ "if-match": '"other"' }), 412);
  t.equal(await status({ range, "if-range": etag }), 206);
  t.equal(await status({ range, "if-range": date }), 206);
  await rig.write("one", 101);
  t.equal(await status({ range, "if-range": etag }), 200, "the whole of the new one");
  t.equal(await status({ "if-none-match": etag }), 200);
});

t.test("RecordingHandler agrees with a naive reading for any ranges", async (t) => {
  await using rig = await DeliveryRig.open();
  const bytes = 300_000;
  await rig.write("one", bytes);
  const position = fc.integer({ min: 0, max: bytes + 5 });
  const spec = fc.tuple(position, fc.integer({ min: 0, max: 70_000 }))
    .map(([first, length]) => `${first}-${first + length}`);
  const header = fc.array(spec, { minLength: 1, maxLength: 3 })
    .map((specs) => `bytes=${specs.join(",")}`);
  const property = fc.asyncProperty(header, async (range) => {
    const outcome = parseRange(range, bytes);
    const response = await rig.fetch("one", { range });
    const got = await bytesOf(response);
    if (outcome.kind === "unsatisfiable") return response.status === 416;
    if (outcome.kind === "whole") return response.status === 200 && got.byteLength === bytes;
    if (outcome.kind !== "part") return false;
    const spans = outcome.spans.map(({ start, end }) => content(start, end));
    if (spans.length === 1) return isSame(got, spans[0]!);
    const text = new TextDecoder("latin1").decode(got);
    const parts = text.split(/\r\n--gate(?:--)?\r\n/).filter((part) => part !== "");
    return parts.length === spans.length && parts.every((part, index) => {
      const body = part.slice(part.indexOf("\r\n\r\n") + 4);
      return body === new TextDecoder("latin1").decode(spans[index]!);
    });
  });
  await t.resolves(fc.assert(property, { numRuns: 150, seed: 3 }));
  t.ok(await rig.until(() => rig.isQuiet));
});

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}

t.test("RecordingHandler reads once for readers who ask for the same", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 1_000_000);
  const all = await Promise.all(Array.from({ length: 20 }, async () => {
    return await bytesOf(await rig.fetch("one", { range: "bytes=0-499999" }));
  }));
  t.ok(all.every((bytes) => isSame(bytes, content(0, 500_000))), "each got every byte");
  const { reader, cache } = rig.handler.stats;
  t.ok(reader.bytesRead < 3_000_000, `${reader.bytesRead} bytes for 10,000,000`);
  t.ok(reader.coalesced + cache.hits > 0);
  t.ok(await rig.until(() => rig.isQuiet));
});

t.test("RecordingHandler waits for a slow reader without reading on", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 24_000_000);
  const slow = await RawReader.get(rig.port, "/one");
  await rig.until(() => rig.handler.stats.activeStreams === 1);
  let before = -1;
  // It goes on until every buffer on the way is full, and then stands still.
  for (let still = 0; still < 10;) {
    const { bytesRead } = rig.handler.stats.reader;
    still = bytesRead === before ? still + 1 : 0;
    before = bytesRead;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.ok(before < 20_000_000, `${before} bytes were read for who takes none`);
  t.ok(rig.bookedBytes <= 9_000_000, `${rig.bookedBytes} bytes are held`);
  t.ok(await slow.read(24_000_000) >= 24_000_000, "it gets all of it all the same");
  slow.close();
  t.ok(await rig.until(() => rig.isQuiet));
});

t.test("RecordingHandler leaves nothing behind when readers go away", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 24_000_000);
  for (let round = 0; round < 5; round++) {
    const readers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        return RawReader.get(rig.port, "/one", { range: `bytes=${index * 1000}-` });
      }),
    );
    await Promise.all(readers.map((reader, index) => reader.read(index * 100_000)));
    for (const reader of readers) reader.close();
  }
  t.ok(await rig.until(() => rig.isQuiet), JSON.stringify(rig.handler.stats));
  const { ends, bodies } = rig.handler.stats;
  t.equal(ends.complete + ends.cancelled + ends.closed + ends.failed, bodies);
  rig.clock.advance(60_000_000);
  rig.handler.tick(rig.clock.nowUs());
  t.equal(rig.bookedBytes, 0, "the cache is empty");
  t.equal(rig.handler.stats.openFiles, 0, "and every file is closed");
});

t.test("RecordingHandler refuses beyond its line, and lets in again", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 24_000_000);
  const fits = Math.floor(BUDGET / (DELIVERY_LIMITS.bodyBytes + DELIVERY_LIMITS.requestBytes));
  const readers: RawReader[] = [];
  for (let count = 0; count < fits; count++) readers.push(await RawReader.get(rig.port, "/one"));
  t.ok(await rig.until(() => rig.handler.stats.activeStreams === fits), "the places are taken");
  for (let count = 0; count < 100; count++) readers.push(await RawReader.get(rig.port, "/one"));
  t.ok(await rig.until(() => rig.handler.stats.queueDepth === 100), "the line is full");
  const refused = await rig.fetch("one");
  t.equal(refused.status, 503);
  t.equal(refused.headers.get("retry-after"), "1");
  t.match(await refused.json(), { error: { reason: "too_many_readers" } });
  t.equal((await rig.fetch("one", {}, "HEAD")).status, 200, "the head costs nothing");
  for (const reader of readers) reader.close();
  t.ok(await rig.until(() => rig.isQuiet), JSON.stringify(rig.handler.stats));
  const again = await rig.fetch("one", { range: "bytes=0-9" });
  t.ok(isSame(await bytesOf(again), content(0, 10)));
  t.ok(rig.handler.stats.refusals >= 1);
});

t.test("RecordingHandler ends who stalls while others wait", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 24_000_000);
  const fits = Math.floor(BUDGET / (DELIVERY_LIMITS.bodyBytes + DELIVERY_LIMITS.requestBytes));
  const readers: RawReader[] = [];
  for (let count = 0; count < fits; count++) readers.push(await RawReader.get(rig.port, "/one"));
  await rig.until(() => rig.handler.stats.activeStreams === fits);
  const waiting = rig.fetch("one");
  await rig.until(() => rig.handler.stats.queueDepth === 1);
  rig.clock.advance(DELIVERY_LIMITS.stalledWhenFullUs - 1);
  rig.handler.tick(rig.clock.nowUs());
  t.equal(rig.handler.stats.stalled, 0, "not before its time");
  t.equal(rig.handler.stats.queueDepth, 1);
  rig.clock.advance(1);
  rig.handler.tick(rig.clock.nowUs());
  t.ok(rig.handler.stats.stalled >= 1, "those who took nothing are gone");
  rig.clock.advance(DELIVERY_LIMITS.leavingWhenFullUs);
  rig.handler.tick(rig.clock.nowUs());
  const response = await waiting;
  t.equal(response.status, 200, "its turn has come");
  const { overdueBytes } = rig.handler.stats;
  t.ok(overdueBytes <= BUDGET, `${overdueBytes} bytes are still in the runtime, and known`);
  await response.body?.cancel();
  for (const reader of readers) reader.close();
  t.ok(await rig.until(() => rig.isQuiet), JSON.stringify(rig.handler.stats));
  t.equal(rig.handler.stats.overdueBytes, 0);
});

t.test("RecordingHandler ends bodies of a deleted file, of a session that ended, at the end", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 24_000_000);
  await rig.write("two", 24_000_000);
  const one = await RawReader.get(rig.port, "/one");
  const two = await RawReader.get(rig.port, "/two");
  await rig.until(() => rig.handler.stats.activeStreams === 2);
  await Deno.remove(rig.path("one"));
  rig.handler.forget(rig.path("one"));
  t.ok(await one.read(Infinity) < 24_000_000, "what was deleted goes no further");
  t.equal(rig.handler.stats.activeStreams, 1, "the other goes on");
  rig.isAllowed = false;
  t.ok(await two.read(Infinity) < 24_000_000, "nor does who may not read any more");
  rig.isAllowed = true;
  const three = await RawReader.get(rig.port, "/two");
  await rig.until(() => rig.handler.stats.activeStreams === 1);
  rig.handler.close();
  t.ok(await three.read(Infinity) < 24_000_000, "the end of the host ends it");
  t.ok(await rig.until(() => rig.isQuiet), JSON.stringify(rig.handler.stats));
  t.equal(rig.bookedBytes, 0);
  t.equal(rig.handler.stats.openFiles, 0);
  const late = await rig.fetch("two");
  await late.body?.cancel();
  t.not(late.status, 200, "nothing begins after the end");
  for (const reader of [one, two, three]) reader.close();
});

t.test("RecordingHandler opens regular files of its folder only", async (t) => {
  await using rig = await DeliveryRig.open();
  const outside = await Deno.makeTempFile({ prefix: "wavry-test-" });
  await rig.write("one", 100);
  await Deno.symlink(outside, rig.path("link"));
  await Deno.symlink(rig.path("one"), rig.path("inner"));
  await Deno.mkdir(rig.path("folder"));
  await new Deno.Command("mkfifo", { args: [rig.path("pipe")] }).output();
  for (const name of ["link", "inner", "folder", "pipe"]) {
    t.equal((await rig.fetch(name)).status, 404, name);
  }
  const elsewhere = { id: "x", path: outside, title: "x" };
  const request = {
    ...{ method: "GET" as const, headers: new Headers() },
    ...{ isAllowed: () => true, isDownload: false },
  };
  t.equal(await rig.handler.serve(elsewhere, request), undefined, "a file of another folder");
  const nested = { ...elsewhere, path: `${rig.folder}/../${outside.split("/").at(-1)}` };
  t.equal(await rig.handler.serve(nested, request), undefined, "or a way out of ours");
  await Deno.remove(outside);
});

t.test("RecordingHandler gives memory up under pressure and takes it back", async (t) => {
  await using rig = await DeliveryRig.open();
  await rig.write("one", 4_000_000);
  await bytesOf(await rig.fetch("one"));
  t.ok(rig.handler.stats.cacheBytes > 3_000_000);
  rig.handler.economise(1);
  t.ok(rig.handler.stats.cacheBytes <= DELIVERY_LIMITS.cache.bytes / 4);
  t.equal(rig.handler.stats.readsMax, 6);
  rig.handler.economise(2);
  t.equal(rig.handler.stats.cacheBytes, 0);
  t.equal(rig.handler.stats.readsMax, 2);
  t.ok(isSame(await bytesOf(await rig.fetch("one")), content(0, 4_000_000)), "it still serves");
  t.equal(rig.handler.stats.cacheBytes, 0);
  rig.handler.economise(0);
  t.equal(rig.handler.stats.readsMax, 10);
  await bytesOf(await rig.fetch("one"));
  t.ok(rig.handler.stats.cacheBytes > 3_000_000);
});
