/**
 * webtransport_plugin: how the browser's side of @fails-components/webtransport is bundled: without
 * the connection that it opens to an outside host when it is loaded, with the scheme of the page where
 * it insists on wss, and with one slash before the path. A version in which one of these is not found
 * ends the build.
 */

import type { Plugin } from "esbuild";

/** One change of one file of the library. */
interface Change {
  /** What is replaced: from the first text up to the second, which stays; or the first alone. */
  readonly from: string;
  readonly to?: string;
  readonly by: string;
}

const CHANGES: Readonly<Record<string, readonly Change[]>> = {
  "webtransport.browser.js": [
    {
      from: "// @ts-ignore\nif (globalThis.WebTransport) {",
      to: "/**\n * @typedef {import('./dom').WebTransport} WebTransportInterface",
      by: "",
    },
  ],
  "browser.js": [
    {
      from: "'wss://' + this.hostname",
      by: "(globalThis.location?.protocol === 'http:' ? 'ws://' : 'wss://') + this.hostname",
    },
    { from: "url + '/' + path", by: "url + path" },
  ],
};

/** Bundles the library's browser side as said above. */
export const webTransportPlugin: Plugin = {
  name: "webtransport",
  setup(build) {
    const filter = /webtransport\/lib\/(webtransport\.browser|http2\/browser\/browser)\.js$/;
    build.onLoad({ filter }, async ({ path }) => {
      const name = path.slice(path.lastIndexOf("/") + 1);
      let contents = await Deno.readTextFile(path);
      for (const change of CHANGES[name] ?? []) contents = apply(contents, change, name);
      return { contents, loader: "js" };
    });
    // Its logging library asks for the page's storage, and writes nothing that anybody reads.
    build.onResolve({ filter: /^debug$/ }, () => ({ path: "debug", namespace: "webtransport" }));
    build.onLoad({ filter: /^debug$/, namespace: "webtransport" }, () => ({
      contents: "export default () => () => {}",
      loader: "js",
    }));
  },
};

function apply(text: string, { from, to, by }: Change, name: string): string {
  const start = text.indexOf(from);
  const end = to === undefined ? start + from.length : text.indexOf(to, start);
  if (start < 0 || end < 0 || text.indexOf(from, start + 1) >= 0) {
    throw new Error(`Cannot change ${name} of the WebTransport library: ${from} is not there once`);
  }
  return text.slice(0, start) + by + text.slice(end);
}
