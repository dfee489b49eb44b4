/**
 * Tests of src/files/upload_transfer.ts: a sender over a stream that is cut at any byte, one that lies,
 * one that is silent, and what the host's user does, in a real folder.
 */

import fc from "fast-check";
import t, { type Test } from "tap";
import { ManualClock } from "../../../src/core/clock.ts";
import { DropFolder } from "../../../src/files/drop_folder.ts";
import { TransferShare } from "../../../src/files/transfer_share.ts";
import {
  PAUSE_US_MAX,
  SILENCE_US_MAX,
  type UploadEnd,
  UploadTransfer,
} from "../../../src/files/upload_transfer.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import { encodeFileStreamHeader } from "../../../src/wire/file_transfer.ts";
import { until } from "../../end_to_end/host_process.ts";
import { digestOf } from "../../end_to_end/file_sender.ts";
import { seededRandom } from "../../seeded.ts";

const random = seededRandom("upload transfer");
const content = random.bytes(3_000_000);
const digest = digestOf(content);

type Said<T extends ServerMessage["type"]> = Extract<ServerMessage, { type: T }>;

/** One transfer, and a stream into it. */
class Rig {
  readonly said: ServerMessage[] = [];
  readonly clock = new ManualClock();
  readonly share = new TransferShare();
  readonly ends: UploadEnd[] = [];
  readonly transfer: UploadTransfer;
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>();
  readonly writer = this.#pipe.writable.getWriter();
  receiving: Promise<void> | undefined;

  constructor(folder: Pick<DropFolder, "receive" | "hasRoom">, bytes = content.byteLength) {
    this.writer.closed.catch(() => {});
    this.transfer = new UploadTransfer({
      ...{ transferId: 5, folder, share: this.share },
      manifest: { owner: "s1", name: "a.bin", bytes, modifiedMs: 1 },
      nowUs: () => this.clock.nowUs(),
      send: (message) => this.said.push(message),
      onWaiting: () => {},
      onEnd: (end) => this.ends.push(end),
    });
  }

  last<T extends ServerMessage["type"]>(type: T): Said<T> | undefined {
    return this.said.findLast((message): message is Said<T> => message.type === type);
  }

  /** Opens the transfer and its stream; where it goes on. */
  async begin(): Promise<number> {
    await this.transfer.open();
    const { offset } = this.last("file_ready")!;
    this.receiving = this.transfer.receive({
      firstBytes: encodeFileStreamHeader({ transferId: 5, offset }),
      reader: this.#pipe.readable.getReader(),
    });
    this.receiving.catch(() => {});
    return offset;
  }

  /** Sends up to `end` as credit comes; the pieces have odd sizes. */
  async send(from: number, end: number): Promise<void> {
    for (let at = from; at < end && !this.transfer.isEnded;) {
      const until = Math.min(end, this.last("file_credit")?.until ?? 0);
      if (until <= at) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        continue;
      }
      const piece = content.subarray(at, Math.min(until, at + 1 + random.int(400_000)));
      await this.writer.write(piece);
      at += piece.byteLength;
    }
  }

  /** Ends the stream as a connection that dies. */
  async cut(): Promise<void> {
    await this.writer.abort("gone").catch(() => {});
    await this.receiving?.catch(() => {});
  }
}

async function openFolder(t: Test): Promise<DropFolder> {
  return await DropFolder.open({
    ...{ path: `${t.testdir({})}/drop`, fileBytesMax: 1e9, quotaBytes: 0, nowMs: Date.now },
  });
}

async function settled(rig: Rig): Promise<void> {
  await rig.receiving?.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
}

t.test("a file that is cut at any bytes arrives whole, and nothing is seen before", async (t) => {
  const folder = await openFolder(t);
  let names = 0;
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: content.byteLength + 31 }), {
    maxLength: 6,
  });
  await t.resolves(fc.assert(
    fc.asyncProperty(cuts, async (unsorted) => {
      let written = 0;
      for (const cut of unsorted.toSorted((a, b) => a - b)) {
        const rig = new Rig(folder);
        const offset = await rig.begin();
        // What was said to be written is there.
        if (offset < written) throw new Error(`Went on at ${offset} of ${written}`);
        await rig.send(offset, Math.min(cut, content.byteLength));
        // Within the digest.
        if (cut > content.byteLength) {
          await rig.writer.write(digest.subarray(0, cut - content.byteLength));
        }
        await rig.cut();
        await settled(rig);
        if (rig.ends.join() !== "cut") throw new Error(`ended by ${rig.ends.join()}`);
        const { total } = await folder.list();
        if (total !== names) throw new Error("A part is seen");
        written = rig.transfer.progress.written;
      }
      const rig = new Rig(folder);
      await rig.send(await rig.begin(), content.byteLength);
      await rig.writer.write(digest);
      await settled(rig);
      const { name } = rig.last("file_done") ?? { name: "" };
      const isListed = (await folder.list()).files.some((file) => file.name === name);
      names++;
      const there = await Deno.readFile(`${folder.path}/${name}`);
      return rig.ends.join() === "done" && isListed &&
        digestOf(there).toHex() === digest.toHex();
    }),
    { numRuns: 25, seed: random.seed },
  ));
});

t.test("a sender that goes beyond its credit, or begins elsewhere, breaks the protocol", async (t) => {
  const folder = await openFolder(t);
  const greedy = new Rig(folder);
  await greedy.begin();
  const { until } = greedy.last("file_credit")!;
  await greedy.writer.write(new Uint8Array(until)).catch(() => {});
  await greedy.writer.write(new Uint8Array(2 * until)).catch(() => {});
  await t.rejects(greedy.receiving!, { name: "ProtocolError", reason: "too_large" });
  t.same(greedy.ends, ["cut"]);
  for (const header of [{ transferId: 5, offset: 9 }, { transferId: 4, offset: 0 }]) {
    const rig = new Rig(folder, 1000);
    await rig.transfer.open();
    const { readable } = new TransformStream<Uint8Array, Uint8Array>();
    const firstBytes = encodeFileStreamHeader(header);
    await t.rejects(rig.transfer.receive({ firstBytes, reader: readable.getReader() }), {
      name: "ProtocolError",
    });
  }
  const early = new Rig(folder, 999);
  const { readable } = new TransformStream<Uint8Array, Uint8Array>();
  const firstBytes = encodeFileStreamHeader({ transferId: 5, offset: 0 });
  await t.rejects(early.transfer.receive({ firstBytes, reader: readable.getReader() }), {
    message: /was not asked for/,
  });
});

t.test("another sum than the file's leaves nothing behind", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder);
  await rig.send(await rig.begin(), content.byteLength);
  await rig.writer.write(new Uint8Array(32));
  await settled(rig);
  t.same(rig.ends, ["mismatch"]);
  t.equal(rig.last("file_failed")?.reason, "mismatch");
  t.equal((await folder.list()).total, 0);
  const again = new Rig(folder);
  t.equal(await again.begin(), 0, "it begins anew");
  again.transfer.close();
});

t.test("a file of no bytes arrives", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder, 0);
  await rig.begin();
  await rig.writer.write(digestOf(new Uint8Array(0)));
  await settled(rig);
  t.same(rig.ends, ["done"]);
  t.equal((await Deno.stat(`${folder.path}/a.bin`)).size, 0);
});

t.test("a stream that ends early says so, and the file goes on later", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder);
  await rig.begin();
  await rig.writer.write(content.subarray(0, 1000));
  await rig.writer.close();
  await settled(rig);
  t.equal(rig.last("file_failed")?.reason, "interrupted");
  const again = new Rig(folder);
  t.equal(await again.begin(), 1000);
  again.transfer.close();
});

t.test("silence ends a transfer, a pause much later", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder);
  await rig.begin();
  rig.clock.advance(SILENCE_US_MAX);
  rig.transfer.expire(rig.clock.nowUs());
  t.notOk(rig.transfer.isEnded);
  rig.transfer.pause(true);
  rig.clock.advance(SILENCE_US_MAX * 2);
  rig.transfer.expire(rig.clock.nowUs());
  t.notOk(rig.transfer.isEnded, "a pause is no silence");
  rig.clock.advance(PAUSE_US_MAX);
  rig.transfer.expire(rig.clock.nowUs());
  t.same(rig.ends, ["interrupted"]);
  await settled(rig);
});

t.test("a sum that never comes ends a transfer as silence does", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder, 10);
  await rig.begin();
  await rig.writer.write(content.subarray(0, 10));
  await until(() => rig.transfer.progress.written === 10, "the bytes");
  rig.clock.advance(SILENCE_US_MAX + 1);
  rig.transfer.expire(rig.clock.nowUs());
  t.same(rig.ends, ["interrupted"]);
  await settled(rig);
});

t.test("nothing is granted while somebody holds it, and nothing to who has gone", async (t) => {
  const folder = await openFolder(t);
  const rig = new Rig(folder);
  await rig.begin();
  rig.transfer.hold(true);
  t.same(rig.last("file_held"), { type: "file_held", transferId: 5, isPaused: true });
  t.equal(rig.transfer.progress.state, "held");
  const granted = rig.last("file_credit")!.until;
  await rig.send(0, granted);
  await settledSoon();
  t.equal(rig.last("file_credit")!.until, granted);
  rig.transfer.hold(false);
  t.ok(rig.last("file_credit")!.until > granted);
  rig.transfer.fail("cancelled");
  await settled(rig);
  t.same(rig.ends, ["cancelled"]);
  t.same([...Deno.readDirSync(`${folder.path}/.wavry-parts`)], [], "cancelled is thrown away");
  rig.transfer.grant();
  t.equal(rig.said.at(-1)?.type, "file_failed");
});

t.test("a disk that fills up ends it and keeps what came", async (t) => {
  const folder = await openFolder(t);
  const full = {
    receive: (manifest: Parameters<DropFolder["receive"]>[0]) => folder.receive(manifest),
    hasRoom: () => Promise.resolve(false),
  };
  const bytes = 20_000_000;
  const rig = new Rig(full, bytes);
  await rig.begin();
  const piece = new Uint8Array(1_000_000);
  for (let at = 0; at < bytes && !rig.transfer.isEnded;) {
    if ((rig.last("file_credit")?.until ?? 0) < at + piece.byteLength) await settledSoon();
    else {
      await rig.writer.write(piece).catch(() => {});
      at += piece.byteLength;
    }
  }
  await settled(rig);
  t.same(rig.ends, ["disk_full"]);
  const refused = new Rig({ ...full, receive: () => Promise.resolve("quota" as const) });
  await refused.transfer.open();
  t.same(refused.ends, ["quota"]);
  const broken = new Rig({ ...full, receive: () => Promise.reject(new Error("no disk")) });
  await broken.transfer.open();
  t.same(broken.ends, ["write_failed"]);
});

function settledSoon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
