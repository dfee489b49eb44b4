/** Tests of src/files/upload_file.ts and upload_journal.ts: parts, sums, names, in a real folder. */

import t, { type Test } from "tap";
import { UploadFile } from "../../../src/files/upload_file.ts";
import type { UploadPlace } from "../../../src/files/upload_file.ts";
import { encodeJournal, isJournalOf } from "../../../src/files/upload_journal.ts";
import type { UploadManifest } from "../../../src/files/upload_journal.ts";
import { seededRandom } from "../../seeded.ts";
import { digestOf } from "../../end_to_end/file_sender.ts";

const random = seededRandom("upload file");
const content = random.bytes(60_000);
const manifest: UploadManifest = {
  ...{ owner: "s1", name: "a.txt", bytes: content.byteLength, modifiedMs: 1_700_000_000_000 },
};

function placeOf(t: Test): UploadPlace {
  const folder = t.testdir({ parts: {}, files: {} });

  return { folder: `${folder}/files`, partFolder: `${folder}/parts` };
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

t.test("UploadFile is seen when it is whole, with its date and no right for others", async (t) => {
  const place = placeOf(t);
  const file = await UploadFile.open(place, manifest);
  await file.write(content.subarray(0, 1));
  await file.write(content.subarray(1));
  t.same(namesIn(place.folder), [], "not before");
  t.equal(await file.finish(digestOf(content)), "a.txt");
  t.same(namesIn(place.folder), ["a.txt"]);
  t.same(namesIn(place.partFolder), [], "nothing is left");
  t.same(await Deno.readFile(`${place.folder}/a.txt`), content);
  const { mtime, mode } = await Deno.stat(`${place.folder}/a.txt`);
  t.equal(mtime?.getTime(), manifest.modifiedMs);
  t.equal((mode ?? 0) & 0o777, 0o600);
});

t.test("UploadFile goes on at any byte, over and over", async (t) => {
  const place = placeOf(t);
  for (let bytes = 0; bytes < content.byteLength;) {
    const file = await UploadFile.open(place, manifest);
    t.equal(file.bytes, bytes, "goes on where it was");
    const next = Math.min(content.byteLength, bytes + random.int(20_000));
    await file.write(content.subarray(bytes, next));
    await file.close();
    bytes = next;
  }
  const file = await UploadFile.open(place, manifest);
  t.equal(await file.finish(digestOf(content)), "a.txt");
  t.same(await Deno.readFile(`${place.folder}/a.txt`), content);
});

t.test("UploadFile keeps nothing whose sum is another one", async (t) => {
  const place = placeOf(t);
  const file = await UploadFile.open(place, manifest);
  await file.write(content);
  const wrong = digestOf(content);
  wrong[31] = wrong[31]! ^ 1;
  t.equal(await file.finish(wrong), undefined);
  t.same([namesIn(place.folder), namesIn(place.partFolder)], [[], []]);
  const short = await UploadFile.open(place, manifest);
  t.equal(short.bytes, 0);
  await short.write(content.subarray(1));
  t.equal(await short.finish(digestOf(content.subarray(1))), undefined, "one byte is missing");
});

t.test("UploadFile finds what is on the disk, not what it thought of it", async (t) => {
  const place = placeOf(t);
  const file = await UploadFile.open(place, manifest);
  await file.write(content.subarray(0, 5000));
  await file.close();
  const part = `${place.partFolder}/${namesIn(place.partFolder).find((n) => n.endsWith(".part"))}`;
  await Deno.writeFile(part, content.subarray(0, 1234));
  const again = await UploadFile.open(place, manifest);
  t.equal(again.bytes, 1234);
  await again.close();
  await Deno.writeFile(part, new Uint8Array(content.byteLength + 1));
  const longer = await UploadFile.open(place, manifest);
  t.equal(longer.bytes, 0, "one that is too long begins anew");
  await longer.write(content);
  t.equal(await longer.finish(digestOf(content)), "a.txt");
});

t.test("UploadFile takes the first free name and replaces nothing", async (t) => {
  const place = placeOf(t);
  await Deno.writeTextFile(`${place.folder}/a.txt`, "mine");
  await Deno.mkdir(`${place.folder}/a (2).txt`);
  await Deno.symlink("/etc/passwd", `${place.folder}/a (3).txt`);
  const file = await UploadFile.open(place, manifest);
  await file.write(content);
  t.equal(await file.finish(digestOf(content)), "a (4).txt");
  t.equal(await Deno.readTextFile(`${place.folder}/a.txt`), "mine");
  t.equal(await Deno.readLink(`${place.folder}/a (3).txt`), "/etc/passwd");
});

t.test("UploadFile stays in its folder, whatever it is called", async (t) => {
  const place = placeOf(t);
  for (const name of ["../../up.txt", "/etc/cron.d/x", "..\\..\\x", "\0", "."]) {
    const file = await UploadFile.open(place, { ...manifest, name, bytes: 1 });
    await file.write(content.subarray(0, 1));
    const given = await file.finish(digestOf(content.subarray(0, 1)));
    t.ok(given !== undefined && namesIn(place.folder).includes(given), JSON.stringify(name));
  }
  t.equal(namesIn(place.folder).length, 5);
  t.same(namesIn(`${place.folder}/..`), ["files", "parts"]);
});

t.test("UploadFile takes any date, but none of the future", async (t) => {
  const place = placeOf(t);
  for (const modifiedMs of [0, 8.64e15, Number.MAX_SAFE_INTEGER, Date.now() + 1e9]) {
    const file = await UploadFile.open(place, { ...manifest, bytes: 0, modifiedMs });
    const name = await file.finish(digestOf(new Uint8Array(0)));
    const { mtime } = await Deno.stat(`${place.folder}/${name}`);
    t.ok(mtime !== null && mtime.getTime() <= Date.now(), String(modifiedMs));
  }
});

t.test("UploadFile follows no link in the place of its part", async (t) => {
  const place = placeOf(t);
  const file = await UploadFile.open(place, manifest);
  await file.close();
  const part = `${place.partFolder}/${namesIn(place.partFolder).find((n) => n.endsWith(".part"))}`;
  const victim = `${place.folder}/../victim`;
  await Deno.writeTextFile(victim, "safe");
  await Deno.remove(part);
  await Deno.symlink(victim, part);
  const again = await UploadFile.open(place, manifest);
  await again.write(content);
  t.equal(await again.finish(digestOf(content)), "a.txt");
  t.equal(await Deno.readTextFile(victim), "safe");
});

t.test("UploadFile that was closed writes nothing more and throws nothing away", async (t) => {
  const place = placeOf(t);
  const old = await UploadFile.open(place, manifest);
  await old.write(content.subarray(0, 100));
  await old.close();
  const file = await UploadFile.open(place, manifest);
  await t.rejects(old.write(content.subarray(100)));
  await old.discard();
  await file.write(content.subarray(100));
  t.equal(await file.finish(digestOf(content)), "a.txt");
});

t.test("a journal is of one offer of one browser alone", (t) => {
  const text = encodeJournal(manifest);
  t.ok(isJournalOf(text, manifest));
  for (
    const other of [
      { owner: "s2" },
      { name: "b.txt" },
      { bytes: manifest.bytes + 1 },
      { modifiedMs: 0 },
    ]
  ) t.notOk(isJournalOf(text, { ...manifest, ...other }), JSON.stringify(other));
  for (const bad of ["", "{}", "null", "[1]", text.slice(0, 40), `${text}x`, " ".repeat(10_000)]) {
    t.notOk(isJournalOf(bad, manifest), bad.slice(0, 20));
  }
  t.end();
});
