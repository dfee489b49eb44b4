/** Tests of tools/build_host.ts and tools/freshness.ts: what the two programs of the host hold. */

import { fileURLToPath } from "node:url";
import t from "tap";
import { buildHost } from "../../../tools/build_host.ts";
import { isFresh } from "../../../tools/freshness.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

await buildHost();
const server = await Deno.readTextFile(`${ROOT}build/server.js`);
const media = await Deno.readTextFile(`${ROOT}build/media.js`);

t.test("a built program loads nothing but modules of the runtime", (t) => {
  for (const [name, text] of Object.entries({ server, media })) {
    const imports = [...text.matchAll(/^import\b[^"';]*["']([^"']+)["']/gm)].map(([, from]) =>
      from
    );
    t.ok(imports.length > 0, `${name} has imports`);
    t.strictSame(imports.filter((from) => !/^(node:|[a-z_]+$)/.test(from ?? "")), [], name);
  }
  t.end();
});

t.test("a built program holds what its process needs and no more", (t) => {
  t.match(server, "QuicEndpoint", "the server speaks QUIC");
  t.notMatch(server, "dlopen", "and can load no native code");
  t.match(media, "dlopen", "the media process can");
  t.notMatch(media, "QuicEndpoint", "and has no network");
  t.notMatch(server, "Entrée invalide", "messages of zod are there in one language");
  t.end();
});

t.test("isFresh compares with the newest input and the oldest output", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const at = async (name: string, seconds: number) => {
    await Deno.mkdir(`${folder}/sources`, { recursive: true });
    await Deno.writeTextFile(`${folder}/${name}`, "");
    await Deno.utime(`${folder}/${name}`, seconds, seconds);
  };
  await at("sources/a", 100);
  await at("sources/b", 200);
  await at("out", 150);
  await at("other", 300);
  const inputs = [`${folder}/sources`];
  t.equal(await isFresh({ outputs: [`${folder}/other`], inputs }), true);
  t.equal(await isFresh({ outputs: [`${folder}/out`], inputs }), false, "b is newer");
  const both = [`${folder}/other`, `${folder}/out`];
  t.equal(await isFresh({ outputs: both, inputs }), false, "one of two is older");
  t.equal(await isFresh({ outputs: [`${folder}/none`], inputs: [] }), false, "never built");
  const gone = [`${folder}/gone`];
  t.equal(await isFresh({ outputs: [`${folder}/other`], inputs: gone }), false, "a source is gone");
});
