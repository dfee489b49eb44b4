/**
 * build_web: bundles the browser programs of web/ into build/web with esbuild: the viewer with its
 * receive worker, what both load when the timeline is opened, and the dashboard in a folder of its
 * own. Nothing is inline, so the strictest content security policy holds. It builds only when a source
 * is newer than the result.
 */

import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";
import { isFresh } from "./freshness.ts";
import { webTransportPlugin } from "./webtransport_plugin.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VIEWER = `${ROOT}web/viewer`;
const DASHBOARD = `${ROOT}web/dashboard`;
const PRODUCER = `${ROOT}web/producer`;

/** Where the built pages lie. */
export const WEB_OUTPUT = `${ROOT}build/web`;

/** What ends up in a bundle lies below these. */
const SOURCES = [
  ...["web", "src/core", "src/wire", "src/packet", "src/fec", "src/reorder"],
  ...["src/congestion", "src/pipeline", "src/transport"],
].map((folder) => `${ROOT}${folder}`);
/** A change of one of these changes every bundle. */
const CONFIGURATION = [
  ...["deno.json", "deno.lock", "tools/build_web.ts", "tools/webtransport_plugin.ts"],
]
  .map((file) => `${ROOT}${file}`);
/** Files that are taken as they are: from where, and below `WEB_OUTPUT`. */
const COPIED = [
  ...["index.html", "icon.svg"].map((name) => ({ from: `${VIEWER}/${name}`, name })),
  { from: `${DASHBOARD}/index.html`, name: "dashboard/index.html" },
  { from: `${PRODUCER}/index.html`, name: "publish/index.html" },
];
const BUNDLED = [
  ...["viewer.js", "viewer.css", "receive_worker.js"],
  ...["playback.js", "timeline.js", "timeline.css", "hands.js", "hands.css"],
  ...["people.js", "people.css"],
  ...["clipboard.js", "clipboard.css"],
  ...["sound.js", "sound.css", "sound_receiver.js", "sound_worklet.js"],
  ...["files.js", "files.css", "file_sender.js", "displays.js", "displays.css"],
  ...[
    "side_view.js",
    "published.js",
    "published.css",
    "rungs.js",
    "moving.js",
    "shortcuts.js",
    "markers.js",
    "tcp.js",
    "rtc_receiver.js",
    "rtc_peers.js",
  ],
  ...["dashboard/dashboard.js", "dashboard/dashboard.css"],
  ...["producer.js", "producer.css", "producer_worker.js"],
];
/** What pages and workers begin with, and styles. */
const PROGRAMS = [
  { in: `${VIEWER}/main.ts`, out: "viewer" },
  { in: `${VIEWER}/viewer.css`, out: "viewer" },
  { in: `${VIEWER}/timeline.css`, out: "timeline" },
  { in: `${VIEWER}/files/files.css`, out: "files" },
  { in: `${VIEWER}/hands.css`, out: "hands" },
  { in: `${VIEWER}/clipboard.css`, out: "clipboard" },
  { in: `${VIEWER}/monitors/displays.css`, out: "displays" },
  { in: `${VIEWER}/people.css`, out: "people" },
  { in: `${VIEWER}/sound.css`, out: "sound" },
  { in: `${VIEWER}/published.css`, out: "published" },
  { in: `${VIEWER}/receive_worker.ts`, out: "receive_worker" },
  { in: `${VIEWER}/sound/sound_worklet.ts`, out: "sound_worklet" },
  { in: `${DASHBOARD}/main.ts`, out: "dashboard/dashboard" },
  { in: `${DASHBOARD}/dashboard.css`, out: "dashboard/dashboard" },
  // Beside the viewer's: what they load with import() lies there.
  { in: `${PRODUCER}/main.ts`, out: "producer" },
  { in: `${PRODUCER}/producer.css`, out: "producer" },
  { in: `${PRODUCER}/producer_worker.ts`, out: "producer_worker" },
];
/** What is loaded with import() when it is wanted. */
const LATER = [
  { in: `${VIEWER}/playback/playback.ts`, out: "playback" },
  { in: `${VIEWER}/ui/timeline/timeline.ts`, out: "timeline" },
  { in: `${VIEWER}/files/files_panel.ts`, out: "files" },
  { in: `${VIEWER}/files/file_sender.ts`, out: "file_sender" },
  { in: `${VIEWER}/input/hands.ts`, out: "hands" },
  { in: `${VIEWER}/clipboard/clipboard.ts`, out: "clipboard" },
  { in: `${VIEWER}/monitors/displays.ts`, out: "displays" },
  { in: `${VIEWER}/monitors/side_view.ts`, out: "side_view" },
  { in: `${VIEWER}/published/published.ts`, out: "published" },
  { in: `${VIEWER}/people/people.ts`, out: "people" },
  { in: `${VIEWER}/sound/sound.ts`, out: "sound" },
  { in: `${VIEWER}/sound/sound_receiver.ts`, out: "sound_receiver" },
  { in: `${VIEWER}/receive/rtc_receiver.ts`, out: "rtc_receiver" },
  { in: `${ROOT}web/transport/rtc_peers.ts`, out: "rtc_peers" },
  { in: `${ROOT}web/transport/rungs.ts`, out: "rungs" },
  { in: `${VIEWER}/ui/shortcuts_dialog.ts`, out: "shortcuts" },
  { in: `${VIEWER}/receive/moving.ts`, out: "moving" },
  { in: `${VIEWER}/decode/marker_probe.ts`, out: "markers" },
  { in: `${ROOT}web/transport/tcp_connection.ts`, out: "tcp" },
];
/** Browsers with WebTransport, WebCodecs in workers and OffscreenCanvas. */
const TARGETS = ["chrome114", "firefox130", "safari18"];

/** What a build did. */
export interface WebBuild {
  /** Absolute path of the folder with index.html. */
  readonly outputDirectory: string;
  /** False when everything was up to date. */
  readonly isRebuilt: boolean;
}

/** Builds the pages unless they are up to date. Rejects with esbuild's list of errors. */
export async function buildWeb(): Promise<WebBuild> {
  const outputs = [...COPIED.map(({ name }) => name), ...BUNDLED];
  const freshness = {
    outputs: outputs.map((name) => `${WEB_OUTPUT}/${name}`),
    inputs: [...CONFIGURATION, ...SOURCES],
  };
  if (await isFresh(freshness)) return { outputDirectory: WEB_OUTPUT, isRebuilt: false };
  for (const folder of ["dashboard", "publish"]) {
    await Deno.mkdir(`${WEB_OUTPUT}/${folder}`, { recursive: true });
  }
  try {
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [...PROGRAMS],
      outdir: WEB_OUTPUT,
      bundle: true,
      minify: true,
      legalComments: "none",
      format: "iife",
      target: TARGETS,
      alias: await importAliases(),
      logLevel: "silent",
    });
    await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [...LATER],
      outdir: WEB_OUTPUT,
      bundle: true,
      minify: true,
      legalComments: "none",
      format: "esm",
      target: TARGETS,
      alias: await importAliases(),
      plugins: [webTransportPlugin],
      logLevel: "silent",
    });
  } finally {
    await esbuild.stop();
  }
  for (const { from, name } of COPIED) await Deno.copyFile(from, `${WEB_OUTPUT}/${name}`);
  return { outputDirectory: WEB_OUTPUT, isRebuilt: true };
}

/** Names that deno.json's import map gives to files. */
async function importAliases(): Promise<Record<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`)) as {
    imports: Record<string, string>;
  };
  return Object.fromEntries(
    Object.entries(imports)
      .filter(([, target]) => target.startsWith("./"))
      .map(([name, target]) => [name, `${ROOT}${target.slice(2)}`]),
  );
}

if (import.meta.main) {
  const { outputDirectory, isRebuilt } = await buildWeb();
  console.log(`${isRebuilt ? "Built" : "Up to date"}: ${outputDirectory}`);
}
