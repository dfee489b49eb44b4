import t from "tap";
import { MAX_FILES, StaticFiles } from "../../../src/server/static_files.ts";

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
  const files = await StaticFiles.load(folder);
  await Deno.writeTextFile(`${folder}/late.js`, "d");
  t.equal(files.find("/")?.contentType, "text/html; charset=utf-8");
  t.equal(files.find("/x.wasm")?.contentType, "application/wasm");
  t.equal(files.find("/y.unknown")?.contentType, "application/octet-stream");
  t.equal(files.find("/late.js"), undefined);
  t.equal(files.find("/link.txt"), undefined, "a link may lead anywhere");
  t.not(files.find("/")?.etag, files.find("/x.wasm")?.etag);
  t.match(files.find("/")?.etag, /^"[\w-]{22}"$/);
});

t.test("StaticFiles says what is missing or too much", async (t) => {
  const empty = await folderWith({});
  const many = await folderWith({
    ...Object.fromEntries(Array.from({ length: MAX_FILES }, (_, i) => [`${i}.txt`, ""])),
    "index.html": "",
  });
  t.teardown(() => Promise.all([empty, many].map((f) => Deno.remove(f, { recursive: true }))));
  await t.rejects(StaticFiles.load(empty), { name: "ConfigError", message: /deno task build/ });
  await t.rejects(StaticFiles.load("/nowhere"), { name: "ConfigError" });
  await t.rejects(StaticFiles.load(many), { name: "ConfigError", message: /more than 256 files/ });
});
