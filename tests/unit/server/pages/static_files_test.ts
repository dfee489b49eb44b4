import t from "tap";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import { MAX_FILES, StaticFiles } from "../../../../src/server/pages/static_files.ts";

const pages = new MemoryLedger().account("pages");

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return folder;
}

t.test("StaticFiles serves what was there at the start", async (t) => {
  const folder = await folderWith({ "index.html": "a", "x.wasm": "b", "y.unknown": "c" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  await Deno.symlink("/etc/hostname", `${folder}/link.txt`);
  const files = await StaticFiles.load(folder, pages);
  await Deno.writeTextFile(`${folder}/late.js`, "d");
  t.equal(files.find("/")?.contentType, "text/html; charset=utf-8");
  t.equal(files.find("/x.wasm")?.contentType, "application/wasm");
  t.equal(files.find("/y.unknown")?.contentType, "application/octet-stream");
  t.equal(files.find("/late.js"), undefined);
  t.equal(files.find("/link.txt"), undefined, "a link may lead anywhere");
  t.not(files.find("/")?.etag, files.find("/x.wasm")?.etag);
  t.match(files.find("/")?.etag, /^"[\w-]{22}"$/);
  t.match(pages.reading, { currentBytes: 3, live: 3 }, "each page is in the book");
  files[Symbol.dispose]();
  t.match(pages.reading, { currentBytes: 0, live: 0, allocations: 3 });
});

t.test("StaticFiles says what is missing or too much", async (t) => {
  const empty = await folderWith({});
  const many = await folderWith({
    ...Object.fromEntries(Array.from({ length: MAX_FILES }, (_, i) => [`${i}.txt`, ""])),
    "index.html": "",
  });
  t.teardown(() => Promise.all([empty, many].map((f) => Deno.remove(f, { recursive: true }))));
  await t.rejects(StaticFiles.load(empty, pages), {
    name: "ConfigError",
    message: /deno task build/,
  });
  await t.rejects(StaticFiles.load("/nowhere", pages), { name: "ConfigError" });
  await t.rejects(StaticFiles.load(many, pages), { message: /more than 256 files/ });
  t.match(pages.reading, { currentBytes: 0, live: 0 }, "what was read before is given back");
});
