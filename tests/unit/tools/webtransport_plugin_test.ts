import * as esbuild from "esbuild";
import t from "tap";
import { webTransportPlugin } from "../../../tools/webtransport_plugin.ts";

const LIBRARY = new URL("../../../node_modules/@fails-components/webtransport/", import.meta.url);
t.teardown(() => esbuild.stop());

async function bundle(plugins: esbuild.Plugin[], path: string): Promise<string> {
  const { outputFiles } = await esbuild.build({
    entryPoints: [path],
    ...{ bundle: true, write: false, format: "esm", platform: "browser", plugins },
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

t.test("webTransportPlugin takes the connection to an outside host out of the library", async (t) => {
  const path = new URL("lib/index.browser.js", LIBRARY).pathname;
  t.match(await bundle([], path), "example.com", "it is there in the first place");
  const text = await bundle([webTransportPlugin], path);
  t.notMatch(text, "example.com");
  t.match(text, /ws:\/\//, "pages of this machine come without TLS");
  t.notMatch(text, /url \+ "\/" \+/, "no path begins with two slashes");
  t.match(text, "WebTransportPonyfill");
});

t.test("webTransportPlugin ends the build of a library that it does not know", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  await Deno.mkdir(`${folder}/webtransport/lib`, { recursive: true });
  const path = `${folder}/webtransport/lib/webtransport.browser.js`;
  await Deno.writeTextFile(path, "export const other = 1;");
  await t.rejects(bundle([webTransportPlugin], path), /is not there once/);
});
