/** Tests of src/files/drop_folder.ts: what is shown, what there is room for, and what is forgotten. */

import t, { type Test } from "tap";
import { DropFolder, PART_LIFETIME_MS, PARTS_MAX } from "../../../src/files/drop_folder.ts";
import type { DropFolderOptions, OpenUpload } from "../../../src/files/drop_folder.ts";
import type { UploadManifest } from "../../../src/files/upload_journal.ts";
import { digestOf } from "../../end_to_end/file_sender.ts";

const DISK = { freeBytes: 1e9, bytes: 1e9 };

/** A folder whose clock and disk a test sets. */
async function openFolder(t: Test, options: Partial<DropFolderOptions> = {}) {
  const state = { nowMs: Date.now(), disk: DISK };
  const folder = await DropFolder.open({
    path: `${t.testdir({})}/drop`,
    fileBytesMax: 1000,
    quotaBytes: 5000,
    nowMs: () => state.nowMs,
    disk: () => Promise.resolve(state.disk),
    ...options,
  });
  return { folder, state };
}

function manifestOf(name: string, bytes: number): UploadManifest {
  return { owner: "s1", name, bytes, modifiedMs: 1 };
}

async function receive(folder: DropFolder, name: string, bytes: number): Promise<OpenUpload> {
  const upload = await folder.receive(manifestOf(name, bytes));
  if (typeof upload === "string" || "name" in upload) throw new Error(JSON.stringify(upload));
  return upload;
}

async function send(folder: DropFolder, name: string, bytes: number): Promise<void> {
  const { file, release } = await receive(folder, name, bytes);
  await file.write(new Uint8Array(bytes));
  await file.finish(digestOf(new Uint8Array(bytes)));
  release();
}

t.test("DropFolder lists plain files, those that came last first", async (t) => {
  const { folder } = await openFolder(t);
  await Deno.writeTextFile(`${folder.path}/old.txt`, "old");
  await Deno.writeTextFile(`${folder.path}/.hidden`, "no");
  await Deno.mkdir(`${folder.path}/folder`);
  await Deno.symlink("/etc/passwd", `${folder.path}/link`);
  const half = await receive(folder, "half.txt", 100);
  await half.file.write(new Uint8Array(10));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await send(folder, "new.txt", 7);
  const { files, total, bytes } = await folder.list();
  t.same(files.map(({ name, bytes }) => [name, bytes]), [["new.txt", 7], ["old.txt", 3]]);
  t.same([total, bytes], [2, 10]);
  await half.file.close();
  half.release();
});

t.test("DropFolder knows no path but a file's in it", async (t) => {
  const { folder } = await openFolder(t);
  t.equal(folder.pathOf("a b.txt"), `${folder.path}/a b.txt`);
  for (const name of ["../a", ".wavry-parts", "..", "", "a/b", "/etc/passwd"]) {
    t.equal(folder.pathOf(name), undefined, name);
  }
  await Promise.resolve();
});

t.test("DropFolder takes no file that is too large, or too much, or too many bytes", async (t) => {
  const { folder, state } = await openFolder(t, { quotaBytes: 1500 });
  t.equal(await folder.receive(manifestOf("big", 1001)), "too_large");
  await send(folder, "first", 700);
  const second = await receive(folder, "second", 700);
  t.equal(await folder.receive(manifestOf("third", 200)), "quota", "promised bytes count");
  await second.file.discard();
  second.release();
  t.equal(typeof await folder.receive(manifestOf("third", 200)), "object");
  state.disk = { freeBytes: 50_000_100, bytes: 1e9 };
  t.equal(await folder.receive(manifestOf("fourth", 500)), "disk_full", "5 % stay free");
  t.ok(await folder.hasRoom());
  state.disk = { freeBytes: 49_999_999, bytes: 1e9 };
  t.notOk(await folder.hasRoom());
});

t.test("DropFolder counts a part once, whether it goes on or not", async (t) => {
  const { folder, state } = await openFolder(t, { quotaBytes: 1000 });
  const upload = await receive(folder, "a", 900);
  await upload.file.write(new Uint8Array(800));
  await upload.file.close();
  upload.release();
  state.nowMs += 6000;
  t.equal(await folder.receive(manifestOf("b", 300)), "quota", "the part is there");
  const again = await receive(folder, "a", 900);
  t.equal(again.file.bytes, 800, "and may go on: only 100 are new");
  await again.file.write(new Uint8Array(100));
  t.equal(await again.file.finish(digestOf(new Uint8Array(900))), "a");
  again.release();
  t.equal(await folder.receive(manifestOf("b", 101)), "quota");
  t.equal(typeof await folder.receive(manifestOf("b", 100)), "object");
});

t.test("DropFolder holds few parts, however small", async (t) => {
  const { folder, state } = await openFolder(t);
  for (let part = 0; part < PARTS_MAX; part++) {
    const path = `${folder.path}/.wavry-parts/${part.toString(16).padStart(32, "0")}.part`;
    Deno.writeFileSync(path, new Uint8Array(0));
  }
  t.equal(await folder.receive(manifestOf("one more", 1)), "quota");
  state.nowMs += PART_LIFETIME_MS + 60_000;
  await folder.expire();
  t.equal(typeof await folder.receive(manifestOf("one more", 1)), "object");
});

t.test("DropFolder gives a part to who offers it last", async (t) => {
  const { folder } = await openFolder(t);
  const old = await receive(folder, "a", 900);
  const writing = old.file.write(new Uint8Array(500));
  const now = await receive(folder, "a", 900);
  await writing;
  t.equal(now.file.bytes, 500, "what was under way is there");
  await t.rejects(old.file.write(new Uint8Array(1)), "the old one has ended");
  old.release();
  t.equal(folder.openUploads, 1);
  await now.file.write(new Uint8Array(400));
  t.equal(await now.file.finish(digestOf(new Uint8Array(900))), "a");
  now.release();
  t.equal(folder.openUploads, 0);
});

t.test("DropFolder forgets parts after a day, and no other file", async (t) => {
  const { folder, state } = await openFolder(t);
  const open = await receive(folder, "open", 10);
  const left = await receive(folder, "left", 10);
  await left.file.close();
  left.release();
  await Deno.writeTextFile(`${folder.path}/.wavry-parts/note.txt`, "somebody's");
  const count = () => [...Deno.readDirSync(`${folder.path}/.wavry-parts`)].length;
  await folder.expire();
  t.equal(count(), 5);
  state.nowMs += PART_LIFETIME_MS + 60_000;
  await folder.expire();
  t.equal(count(), 3, "what is received stays, and what is not ours");
  await open.file.close();
  open.release();
});

t.test("DropFolder is for its owner alone and says so of what it cannot use", async (t) => {
  const { folder } = await openFolder(t);
  for (const path of [folder.path, `${folder.path}/.wavry-parts`]) {
    t.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o700, path);
  }
  const file = `${t.testdir({ "a.txt": "x" })}/a.txt`;
  await t.rejects(DropFolder.open({
    ...{ path: file, fileBytesMax: 1, quotaBytes: 0, nowMs: Date.now },
  }));
});
