/**
 * The TCP rung on a real host: who may open it, a person who watches, types, hears and goes back over
 * it in Chromium, bytes that break its library, and the death of its gateway, all beside a viewer over
 * QUIC that must notice none of it.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import type { PlaybackState } from "../../web/viewer/playback/playback_messages.ts";
import { RawWebSocket } from "../raw_web_socket.ts";
import { TestBrowser } from "./harness.ts";
import { descendants, HostProcess, until } from "./host_process.ts";
import { PLAYBACK_SPY } from "./playback_spy.ts";

/** A message that ends before its type does and one that follows; a stream that only a host opens. */
const CRASHES_OF_LIBRARY = [
  [[0x99], [0, 0, 0]],
  [[0x99, 0x0b, 0x4d], [0, 0, 0, 0]],
  [[0x99, 0x0b, 0x4d, 0x3b, 0x40, 0x64, 1, 2, 3]],
];
const CRASHES = Number(Deno.env.get("WAVRY_TEST_CRASHES") ?? 10);
const PATH = "/session/tcp";

const seen: string[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  ...{ width: 1280, height: 720, content: "scroll", fps: 30, seed: 3, respond: true },
  onInput: (line) => {
    const { type, name, down } = JSON.parse(line);
    if (type === "key") seen.push(`${name} ${down}`);
  },
}, new AbortController().signal);
const host = await HostProcess.start([
  ...["--display", screen.display, "--replay", "20s", "--audio", "tone"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");
const { port, origin } = host;

/** The watcher over QUIC: media datagrams that came, and whether it is there still. */
const watcher = await host.view((await host.ticket(cookie)).ticket);
const quic = { media: 0, isOpen: true };
void watcher.client.closed.then(() => quic.isOpen = false);
void (async () => {
  while (await watcher.client.readDatagram() !== undefined) quic.media++;
})();
await watcher.heard("welcome");
await watcher.send({ type: "play", streamId: 0 });

const viewer = await browser.open(`${origin}/?transport=tcp`, {
  cookie,
  size: { width: 1000, height: 640 },
  before: PLAYBACK_SPY,
});
const addresses = new Set<string>();
viewer.page.on("request", (request) => void addresses.add(new URL(request.url()).host));
viewer.page.on("websocket", (socket) => void addresses.add(new URL(socket.url()).host));

async function gatewayPid(): Promise<number> {
  return await until(
    async () => {
      for (const pid of await descendants(host.process.pid)) {
        const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
        if (command.includes("websocket/main.ts")) return pid;
      }
      return undefined;
    },
    "the gateway",
    10_000,
  );
}

async function sockets(): Promise<number> {
  const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
  return stats.features.tcp.sockets;
}

t.test("tcp is refused before a session to who is no page of ours with a session", async (t) => {
  const asked: [string, Record<string, string>, number][] = [
    ["no cookie", { origin }, 403],
    ["a cookie of nobody", { origin, cookie: `${cookie.split("=")[0]}=${"A".repeat(43)}` }, 403],
    ["no origin", { cookie }, 403],
    ["a foreign origin", { cookie, origin: "https://evil.example" }, 403],
    ["another host", { cookie, origin, host: "evil.example" }, 403],
    ["another protocol", { cookie, origin, "sec-websocket-protocol": "chat" }, 426],
    ["no upgrade", { cookie, origin, upgrade: "h2c" }, 426],
    ["a page with its session", { cookie, origin }, 101],
  ];
  for (const [what, headers, status] of asked) {
    const socket = await RawWebSocket.open({ port, path: PATH, headers });
    t.equal(socket.status, status, what);
    socket.close();
  }
  t.equal((await RawWebSocket.open({ port, path: "/session/udp", headers: {} })).status, 404);
});

t.test("tcp carries picture, keys, sound and the past", async (t) => {
  const { page } = viewer;
  await viewer.waitForState("playing");
  t.equal(await sockets(), 1);
  const { frames } = await viewer.measure(1000, 10);
  t.ok(frames.length >= 10, `${frames.length} frames`);
  await page.locator(".stage").focus();
  await page.keyboard.type("ab");
  await until(() => seen.includes("b false"), "keys on the host");
  t.same(seen.filter((key) => /^[ab] /.test(key)), ["a true", "a false", "b true", "b false"]);
  await until(
    async () =>
      await page.evaluate(
        `document.querySelector("wavry-viewer").startSoundMeasurement !== undefined`,
      ) === true,
    "sound in the page",
    15_000,
  );
  await page.evaluate(`document.querySelector("wavry-viewer").startSoundMeasurement()`);
  await until(
    async () => {
      const measured = await page.evaluate(
        `document.querySelector("wavry-viewer").takeSoundMeasurements()`,
      ) as { tone: unknown[] };
      return measured.tone.length > 0;
    },
    "the tone to be heard",
    15_000,
  );
  await viewer.press("Control+Alt+Shift+KeyT");
  await page.locator(".timeline.open .timeline-bar").waitFor();
  await page.locator(".piece.replay").waitFor({ state: "attached" });
  await page.keyboard.press("Home");
  await until(
    async () => {
      const state = await page.evaluate("playback.state") as PlaybackState | undefined;
      return state?.mode === "paused" && !state.isWaiting && state.frameId !== undefined;
    },
    "a frame of the past",
    15_000,
  );
  await page.keyboard.press("Escape");
  await until(async () => {
    return (await page.evaluate("playback.state") as PlaybackState | undefined)?.mode === "live";
  }, "to be live again");
  t.same(
    [...addresses].filter((address) => address !== ""),
    [`127.0.0.1:${port}`],
    "and the page asked nobody else",
  );
  t.same(viewer.complaints, []);
});

t.test("tcp ends who breaks its library, and nobody else", async (t) => {
  const pid = await gatewayPid();
  const mediaBefore = quic.media;
  await viewer.page.evaluate(
    `globalThis.states = []; new MutationObserver(() => states.push(document
      .querySelector("wavry-viewer").dataset.state)).observe(
      document.querySelector("wavry-viewer"), { attributeFilter: ["data-state"] })`,
  );
  for (let round = 0; round < CRASHES; round++) {
    const socket = await RawWebSocket.open({ port, path: PATH, headers: { origin, cookie } });
    for (const message of CRASHES_OF_LIBRARY[round % CRASHES_OF_LIBRARY.length]!) {
      await socket.send(Uint8Array.from(message));
    }
    await socket.readToClose();
    socket.close();
  }
  t.equal(await gatewayPid(), pid, "the gateway goes on");
  await until(() => quic.media > mediaBefore, "pictures over QUIC");
  t.ok(quic.isOpen, "QUIC goes on");
  t.same(await viewer.page.evaluate("states"), [], "and so does the page over TCP");
});

t.test("tcp comes back when its gateway died, and QUIC sees nothing of it", async (t) => {
  const pid = await gatewayPid();
  const mediaBefore = quic.media;
  const killedMs = performance.now();
  Deno.kill(pid, "SIGKILL");
  await until(
    async () => {
      return (await viewer.page.evaluate("states") as string[]).includes("reconnecting") ||
        await gatewayPid() !== pid;
    },
    "the end to be seen",
    15_000,
  );
  await viewer.waitForState("playing");
  const { frames } = await viewer.measure(500, 1);
  t.ok(frames.length > 0, `${frames.length} frames`);
  t.comment(`back and measured after ${Math.round(performance.now() - killedMs)} ms`);
  t.not(await gatewayPid(), pid, "another gateway");
  t.ok(quic.isOpen && quic.media > mediaBefore, "QUIC goes on");
});
