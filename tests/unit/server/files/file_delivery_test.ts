/** Tests of src/server/files/file_delivery.ts and file_body.ts: ranges, pace, limits, and what is no file. */

import t, { type Test } from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { DropFolder } from "../../../../src/files/drop_folder.ts";
import { TransferShare } from "../../../../src/files/transfer_share.ts";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import {
  DOWNLOAD_WAIT_US_MAX,
  DOWNLOADS_MAX,
  FileDelivery,
} from "../../../../src/server/files/file_delivery.ts";
import { digestOf } from "../../../end_to_end/file_sender.ts";
import { until } from "../../../end_to_end/host_process.ts";
import { seededRandom } from "../../../seeded.ts";

const content = seededRandom("file delivery").bytes(700_000);

class Rig {
  readonly clock = new ManualClock();
  readonly account = new MemoryLedger().account("files");
  readonly ends: [string, number][] = [];
  share: TransferShare | undefined;
  isAllowed = true;
  readonly delivery: FileDelivery;
  readonly folder: DropFolder;

  static async open(t: Test): Promise<Rig> {
    const limits = { fileBytesMax: 1e9, quotaBytes: 0, nowMs: Date.now };
    const rig = new Rig(await DropFolder.open({ path: `${t.testdir({})}/drop`, ...limits }));
    await Deno.writeFile(`${rig.folder.path}/a.bin`, content);
    t.teardown(() => rig.delivery.close());
    return rig;
  }

  constructor(folder: DropFolder) {
    this.folder = folder;
    this.delivery = new FileDelivery({
      ...{ folder, account: this.account, nowUs: () => this.clock.nowUs() },
      share: () => this.share,
      onEnd: (end, bytes) => this.ends.push([end, bytes]),
    });
  }

  async get(name: string, headers: Record<string, string> = {}, by = "b1", method = "GET") {
    return await this.delivery.serve(name, {
      method: method as "GET",
      headers: new Headers(headers),
      browserSessionId: by,
      isAllowed: () => this.isAllowed,
    });
  }
}

/** All pieces of a body, kept as they came, as a server that is in no hurry keeps them. */
async function piecesOf(response: Response | undefined): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of response!.body!) pieces.push(piece);
  return pieces;
}

async function bytesOf(response: Response | undefined): Promise<Uint8Array> {
  return await new Blob(await piecesOf(response) as BlobPart[]).bytes();
}

const isSame = (a: Uint8Array, b: Uint8Array) => digestOf(a).toHex() === digestOf(b).toHex();

t.test("a file comes whole, as an attachment that nobody guesses the type of", async (t) => {
  const rig = await Rig.open(t);
  await Deno.rename(`${rig.folder.path}/a.bin`, `${rig.folder.path}/Ä "x".html`);
  const response = await rig.get('Ä "x".html');
  t.equal(response?.status, 200);
  t.equal(response?.headers.get("content-type"), "application/octet-stream");
  t.equal(
    response?.headers.get("content-disposition"),
    `attachment; filename="_ _x_.html"; filename*=UTF-8''%C3%84%20_x_.html`,
  );
  t.ok(isSame(await bytesOf(response), content));
  t.same(rig.ends, [["complete", content.byteLength]]);
  t.equal(rig.account.reading.live, 0);
  const head = await rig.get('Ä "x".html', {}, "b1", "HEAD");
  t.equal(head?.headers.get("content-length"), String(content.byteLength));
  t.equal(head?.body, null);
});

t.test("a download that broke off goes on, but not with another file", async (t) => {
  const rig = await Rig.open(t);
  const etag = (await rig.get("a.bin", {}, "b1", "HEAD"))!.headers.get("etag")!;
  const rest = await rig.get("a.bin", { "range": "bytes=123456-", "if-range": etag });
  t.equal(rest?.status, 206);
  t.equal(rest?.headers.get("content-range"), "bytes 123456-699999/700000");
  t.ok(isSame(await bytesOf(rest), content.subarray(123_456)));
  await Deno.writeFile(`${rig.folder.path}/a.bin`, content.toReversed());
  const other = await rig.get("a.bin", { "range": "bytes=123456-", "if-range": etag });
  t.equal(other?.status, 200, "all of the new one");
  await other?.body?.cancel();
  t.equal((await rig.get("a.bin", { range: "bytes=700000-" }))?.status, 416);
  const several = await rig.get("a.bin", { range: "bytes=0-1,5-6" });
  t.equal(several?.status, 200);
  await several?.body?.cancel();
});

t.test("its sum comes with it for who asks", async (t) => {
  const rig = await Rig.open(t);
  const response = await rig.get("a.bin", { "want-repr-digest": "sha-256=1" }, "b1", "HEAD");
  const expected = `sha-256=:${digestOf(content).toBase64()}:`;
  t.equal(response?.headers.get("repr-digest"), expected);
  t.equal((await rig.get("a.bin", {}, "b1", "HEAD"))?.headers.get("repr-digest"), null);
});

t.test("what is no file of the folder is not there", async (t) => {
  const rig = await Rig.open(t);
  await Deno.writeTextFile(`${rig.folder.path}/.hidden`, "x");
  await Deno.mkdir(`${rig.folder.path}/folder`);
  await Deno.symlink("/etc/passwd", `${rig.folder.path}/link`);
  await new Deno.Command("mkfifo", { args: [`${rig.folder.path}/pipe`] }).output();
  const names = ["../../../etc/passwd", "/etc/passwd", ".hidden", "folder", "link", "pipe", "none"];
  for (const name of [...names, "", ".", "..", "a\0.bin", ".wavry-parts/x", "x".repeat(300)]) {
    t.equal(await rig.get(name), undefined, JSON.stringify(name).slice(0, 30));
  }
});

t.test("a paced download takes its time and mixes nothing up", async (t) => {
  const rig = await Rig.open(t);
  rig.share = new TransferShare();
  rig.share.setTarget(80_000_000, 0);
  const reading = piecesOf(await rig.get("a.bin"));
  const ticks = setInterval(() => rig.clock.advance(10_000), 1);
  const pieces = await reading;
  clearInterval(ticks);
  t.ok(pieces.length > 5, `${pieces.length} pieces`);
  t.ok(isSame(await new Blob(pieces as BlobPart[]).bytes(), content));
  t.ok(rig.clock.nowUs() >= 700_000 / 1.5e6 * 1e6 * 0.9, `${rig.clock.nowUs()} us`);
});

t.test("downloads are few at once, and one that ends makes room", async (t) => {
  const rig = await Rig.open(t);
  const open: Response[] = [];
  for (let count = 0; count < DOWNLOADS_MAX; count++) {
    open.push((await rig.get("a.bin", {}, `b${Math.floor(count / 4)}`))!);
  }
  const order: string[] = [];
  const ask = async (by: string) => {
    const response = await rig.get("a.bin", {}, by);
    order.push(`${by} ${response?.status}`);
    return response;
  };
  const asked: Promise<Response | undefined>[] = [];
  for (const by of ["b1", "b0", "b9"]) {
    asked.push(ask(by));
    await until(() => rig.delivery.waiting === asked.length, `${by} to wait`);
  }
  await open[0]!.body!.cancel();
  await until(() => order.length === 1, "a turn");
  t.same(order, ["b0 200"], "b1 has its four already");
  rig.clock.advance(DOWNLOAD_WAIT_US_MAX);
  rig.delivery.tick(rig.clock.nowUs() - 1);
  t.equal(rig.delivery.waiting, 2);
  rig.delivery.tick(rig.clock.nowUs());
  const [, next, late] = await Promise.all(asked);
  t.same(order.slice(1).sort(), ["b1 503", "b9 503"]);
  t.equal(late?.headers.get("retry-after"), "2");
  for (const response of [...open.slice(1), next]) await response?.body?.cancel();
  t.equal([...rig.delivery.downloads].length, 0);
  t.equal(rig.account.reading.live, 0);
});

t.test("a download ends when its reader may not go on, stalls, or is told to", async (t) => {
  const rig = await Rig.open(t);
  const reader = (await rig.get("a.bin"))!.body!.getReader();
  await reader.read();
  rig.isAllowed = false;
  t.ok((await reader.read()).done, "short of its length");
  rig.isAllowed = true;
  const stalled = await rig.get("a.bin");
  rig.clock.advance(60_000_001);
  rig.delivery.tick(rig.clock.nowUs());
  t.same(rig.ends.map(([end]) => end), ["closed", "closed"]);
  t.ok((await stalled!.body!.getReader().read()).done);
  const held = (await rig.get("a.bin"))!.body!.getReader();
  const [download] = rig.delivery.downloads;
  download!.body.hold(true);
  const reading = held.read();
  rig.clock.advance(600_000_000);
  rig.delivery.tick(rig.clock.nowUs());
  t.equal(download!.body.position, 0, "held for as long as it takes");
  download!.body.hold(false);
  t.equal((await reading).value?.byteLength, 262_144);
  download!.body.abort();
  await until(() => rig.account.reading.live === 0, "its memory");
});

t.test("a file that shrinks ends its download short", async (t) => {
  const rig = await Rig.open(t);
  const reader = (await rig.get("a.bin"))!.body!.getReader();
  await reader.read();
  await Deno.truncate(`${rig.folder.path}/a.bin`, 1000);
  t.ok((await reader.read()).done);
  t.equal(rig.ends[0]?.[0], "failed");
});
