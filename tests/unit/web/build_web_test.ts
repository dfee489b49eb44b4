/** Tests of tools/build_web.ts: what is built holds to the strictest content security policy. */

import t from "tap";
import { buildWeb, WEB_OUTPUT } from "../../../tools/build_web.ts";

const KIB = 1024;
const DASHBOARD_FILES = [
  ...["dashboard/index.html", "dashboard/dashboard.css", "dashboard/dashboard.js"],
];

t.test("buildWeb builds once and then only what is stale", async (t) => {
  t.equal((await buildWeb()).outputDirectory, WEB_OUTPUT);
  t.same(await buildWeb(), { outputDirectory: WEB_OUTPUT, isRebuilt: false });
});

t.test("buildWeb makes a page without inline code, style or foreign addresses", async (t) => {
  const pages = [
    ...[["index.html", "viewer"], ["dashboard/index.html", "dashboard"]],
    ["publish/index.html", "../producer"],
  ];
  for (const [page, script] of pages) {
    const html = await Deno.readTextFile(`${WEB_OUTPUT}/${page}`);
    t.notMatch(html, /<style|style="|\son\w+=|javascript:/, "nothing inline");
    for (const [tag] of html.matchAll(/<script[^>]*>[^<]*/g)) {
      t.match(tag, new RegExp(`^<script src="${script}\\.js" async(="")?>\\s*$`));
    }
  }
  const names = [
    ...["index.html", "viewer.css", "viewer.js", "receive_worker.js"],
    ...["timeline.css", "timeline.js", "playback.js", "hands.css", "hands.js"],
    ...["people.css", "people.js"],
    ...["sound.css", "sound.js", "sound_receiver.js", "sound_worklet.js"],
    // A library opens a connection to an outside host when it is loaded, if nobody takes that out.
    "tcp.js",
  ];
  for (const name of [...names, ...DASHBOARD_FILES]) {
    const text = await Deno.readTextFile(`${WEB_OUTPUT}/${name}`);
    const addresses = [...text.matchAll(/https?:\/\/[^\s"'`)\\]+/g)].map(([url]) => url);
    t.same(addresses.filter((url) => !url.startsWith("http://www.w3.org/")), [], name);
    t.notMatch(text, /[^.\w]eval\(|new Function\(/, `${name} compiles no text`);
  }
});

t.test("buildWeb keeps the page small", async (t) => {
  // A third of the worker is msgpack, a quarter recovers lost packets.
  const limits = {
    ...{ "viewer.js": 80 * KIB, "receive_worker.js": 128 * KIB, "viewer.css": 16 * KIB },
    // Loaded when somebody opens the timeline, and not before.
    ...{ "timeline.js": 32 * KIB, "playback.js": 28 * KIB, "timeline.css": 10 * KIB },
    // Loaded when there is a finger or a gamepad, and not before.
    ...{ "hands.js": 36 * KIB, "hands.css": 8 * KIB },
    // Loaded when a host says what sound it has, after the first picture.
    ...{ "sound.js": 20 * KIB, "sound_receiver.js": 28 * KIB, "sound.css": 4 * KIB },
    ...{ "sound_worklet.js": 10 * KIB },
    // Loaded when somebody else is there, or to look who is.
    ...{ "people.js": 24 * KIB, "people.css": 8 * KIB },
    // Loaded when there is no way but TCP: a library that speaks WebTransport over it.
    ...{ "tcp.js": 68 * KIB },
    // The page that publishes; its worker has the sending half as well.
    ...{ "producer.js": 48 * KIB, "producer_worker.js": 136 * KIB, "producer.css": 10 * KIB },
    // Half of it draws charts.
    ...{ "dashboard/dashboard.js": 112 * KIB, "dashboard/dashboard.css": 20 * KIB },
  };
  for (const [name, limit] of Object.entries(limits)) {
    const { size } = await Deno.stat(`${WEB_OUTPUT}/${name}`);
    t.ok(size > KIB && size < limit, `${name}: ${size} bytes`);
  }
});
