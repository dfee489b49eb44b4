/**
 * Published streams through the whole product: a producer over QUIC, viewers with and without a
 * browser, the past, a clip and a recording of it, a producer that is killed and comes back, who
 * may not publish, who tries to do harm, and two producers at once.
 */
// timeout: 150 s

import t, { type Test } from "tap";
import { distance32 } from "../../src/core/sequence.ts";
import { parseAudioDatagram } from "../../src/wire/audio.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { TCP_SESSION_PATH } from "../../src/transport/websocket/webtransport_library.ts";
import type { PublishWish } from "../../src/wire/publish_messages.ts";
import { MediaReader } from "../media_reader.ts";
import { probe } from "../recorded_samples.ts";
import { dialTcpAs } from "../tcp_client.ts";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";
import { PatternSource, TestProducer } from "./test_producer.ts";

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--fps", "30", "--first-link", "admin"],
  ...["--max-published", "2", "--publish-keep", "60s", "--audio", "tone", "--max-size", "800x600"],
]);
const { cookie } = await host.join("player");
const source = await PatternSource.open(host, cookie);
let browser: TestBrowser | undefined;
t.teardown(async () => {
  await browser?.close();
  await host.stop();
});

const ADA: PublishWish = { name: "Ada's screen", kind: "screen", key: "ada" };
const hello = (wish: PublishWish & { connection?: Connection }, by = cookie) =>
  TestProducer.hello(host, by, source, wish);
const api = async (path: string) => await (await host.call("GET", path, { cookie })).json();
const published = async () => (await api("/api/stats")).features.publish;

const spanOf = async (stream: number) => {
  return (await api(`/api/replay?stream=${stream}`)).streams[0].span;
};

/** A viewer without a browser, and what it got of a stream. */
async function watch(streamId: number, by = cookie) {
  const viewer = await host.view((await host.ticket(by)).ticket);
  await viewer.heard("welcome");
  const seen = { ids: [] as number[], timesUs: [] as number[], sounds: new Set<number>() };
  new MediaReader(viewer.client, {
    frame: ({ frameId, captureTimeUs }) => {
      seen.ids.push(frameId);
      seen.timesUs.push(captureTimeUs);
    },
    other: (datagram) => {
      if (datagramClass(datagram) === "audio") {
        seen.sounds.add(parseAudioDatagram(datagram).streamId);
      }
    },
  }, streamId);
  await viewer.send({ type: "play", streamId });
  return { viewer, seen };
}

let ada = await (await hello(ADA)).start({ hasSound: true });
const id = ada.streamId;

t.test("a published stream is one like any other to viewers without a browser", async (t) => {
  const { viewer, seen } = await watch(id);
  const names = (await viewer.heard("stream_list")).streams.map(({ name }) => name);
  t.same(names, ["Test pattern", "Ada's screen"]);
  t.match(await viewer.heard("published_list"), {
    streams: [{ streamId: id, kind: "screen", isLive: true }],
  });
  await viewer.send({ type: "sound_play" });
  await until(() => seen.ids.length > 30 && seen.sounds.size > 0, "pictures and sound", 20_000);
  t.ok(seen.ids.every((one, index) => index === 0 || distance32(seen.ids[index - 1]!, one) > 0));
  t.ok(seen.timesUs.every((one, index) => index === 0 || one > seen.timesUs[index - 1]!));
  const entry = (await viewer.heard("catalog")).streams.find((stream) => stream.id === id);
  t.match(entry, { codedWidth: 640, codedHeight: 360, encoder: "test", codec: /^avc1\./ });
  t.same([...seen.sounds], [id], "its own sound, not the host's");
  await viewer.send({ type: "select_stream", streamId: 0 });
  await until(() => seen.sounds.has(0), "the host's sound");
  t.match(await viewer.heard("sound_state"), { available: true });
  viewer.client.close(0, "");
});

t.test("a tab shows it, and its past", async (t) => {
  browser = await TestBrowser.start();
  const page = await browser.open(`${host.origin}/?stream=${encodeURIComponent(ADA.name)}`, {
    cookie,
    size: { width: 800, height: 500 },
  });
  await page.waitForState("playing");
  const { frames } = await page.measure(1000, 12);
  const shown = frames.filter(({ outcome, marker }) => outcome === "presented" && marker);
  t.ok(shown.length > 5, `${shown.length} pictures with marks of the pattern`);
  const { frames: held } = await spanOf(id);
  t.ok(held > 30, `${held} frames are held`);
  const label = page.page.locator(".published-label");
  t.match(await label.textContent(), /^Published by .*, view only$/);
  ada.drop();
  await page.page.waitForSelector("text=to publish again", { timeout: 15_000 });
  ada = await (await hello(ADA)).start({ hasSound: true });
  await page.waitForState("playing");
  t.same(page.complaints, []);
  await page.close();
});

t.test("a clip and a recording of it have its pictures and its sound", async (t) => {
  const span = await spanOf(id);
  const folder = await Deno.makeTempDir();
  const query = `stream=${id}&from=${span.startUs}&to=${span.endUs}`;
  const clip = await host.call("GET", `/api/clips?${query}`, { cookie });
  t.equal(clip.status, 200);
  await Deno.writeFile(`${folder}/clip.mp4`, new Uint8Array(await clip.arrayBuffer()));
  const probed = await probe(`${folder}/clip.mp4`);
  t.equal(probed.complaints, "");
  t.ok(probed.frames > 30, `${probed.frames} frames, ${probed.seconds} s`);
  t.same(await tracks(`${folder}/clip.mp4`), ["audio", "video"]);
  const body = { stream: id };
  t.equal((await host.call("POST", "/api/recordings/start", { cookie, body })).status, 201);
  await until(async () => (await api("/api/stats")).recording?.frames > 20, "a recording", 15_000);
  await host.call("POST", "/api/recordings/stop", { cookie, body });
  const [row] = (await api("/api/recordings")).recordings;
  const file = await fetch(`${host.origin}/recordings/${row.id}.mp4`, { headers: { cookie } });
  await Deno.writeFile(`${folder}/recording.mp4`, new Uint8Array(await file.arrayBuffer()));
  const recorded = await probe(`${folder}/recording.mp4`);
  t.equal(recorded.complaints, "");
  t.ok(recorded.frames > 10, `${recorded.frames} frames`);
  t.same(await tracks(`${folder}/recording.mp4`), ["audio", "video"]);
  await Deno.remove(folder, { recursive: true });
});

t.test("who watches waits for a producer that was cut off, and goes on with it", async (t) => {
  const { viewer, seen } = await watch(id);
  await until(() => seen.ids.length > 5, "pictures", 15_000);
  ada.drop();
  await viewer.heard("stream_state", (said) => said.streamId === id && said.state === "restarting");
  const last = seen.ids.at(-1)!;
  const again = await (await hello(ADA)).start();
  t.equal(again.streamId, id, "the same stream");
  await until(() => distance32(last, seen.ids.at(-1)!) > 5, "more pictures", 15_000);
  t.ok(distance32(last, seen.ids.find((one) => distance32(last, one) > 0)!) < 1000, "ids go on");
  t.match(await published(), { opened: 1, resumed: 2 });
  const url = `${host.origin}${TCP_SESSION_PATH}`;
  const connection = await dialTcpAs(url, { origin: host.origin, cookie });
  const other = await (await hello({ ...ADA, connection })).start();
  const end = await again.link.heard("ended");
  t.match(end, { reason: "quit", retry: false }, "one connection after the other");
  t.equal(other.streamId, id);
  const lastOfAll = seen.ids.at(-1)!;
  await until(() => distance32(lastOfAll, seen.ids.at(-1)!) > 5, "pictures over TCP", 15_000);
  t.match((await published()).streams, [{ via: "tcp", phase: "live" }]);
  await other.link.send({ type: "publish_stop" });
  await viewer.heard("stream_state", (said) => said.streamId === id && said.state === "failed");
  await viewer.heard("published_list", ({ streams }) => streams.length === 0);
  t.same((await viewer.heard("stream_list")).streams.length, 1, "it is not offered any more");
  viewer.client.close(0, "");
});

t.test("who may not publish is told so, and nobody else notices", async (t) => {
  const { cookie: guest } = await host.join("viewer");
  const ended = async (producer: TestProducer) => await producer.link.heard("ended");
  t.match(await ended(await hello(ADA, guest)), { reason: "forbidden", retry: false });
  t.match(await ended(await hello({ ...ADA, name: "\u200b" })), { reason: "forbidden" });
  const two = [
    await (await hello(ADA)).start(),
    await (await hello({ ...ADA, key: "second" })).start(),
  ];
  t.same(two.map(({ streamId }) => streamId).sort(), [1, 2]);
  const state = await two[1]!.link.heard("publish_state");
  t.match(state, { name: "Ada's screen 2", maxWidth: 800, maxHeight: 600, maxFps: 60 });
  t.match(await ended(await hello({ ...ADA, key: "third" })), { reason: "capacity" });
  const watched = await Promise.all(two.map(({ streamId }) => watch(streamId)));
  await until(() => watched.every(({ seen }) => seen.ids.length > 10), "both", 15_000);
  t.match(await published(), { streams: [{ phase: "live" }, { phase: "live" }] });
  await hurt(t, two, watched);
  const end = (by: string, stream: number) =>
    host.call("POST", `/api/published/${stream}/end`, { cookie: by });
  const { streamId } = two[1]!;
  t.equal((await end(guest, streamId)).status, 403, "only who may");
  t.equal((await end(cookie, 0)).status, 404, "a display is not published");
  t.equal((await end(cookie, streamId)).status, 204);
  t.match(await ended(two[1]!), { reason: "kicked", retry: false });
  const third = await (await hello({ ...ADA, key: "third" })).start();
  const path = `/api/published/${third.streamId}/end`;
  await host.call("POST", path, { cookie, body: { forbid: true } });
  t.match(await ended(third), { reason: "kicked" });
  t.match(await ended(await hello(ADA)), { reason: "forbidden" }, "nor anything else");
  for (const { viewer } of watched) viewer.client.close(0, "");
  for (const producer of two) producer.drop();
});

/** What a hostile producer does costs it its own stream. */
async function hurt(
  t: Test,
  [one, other]: TestProducer[],
  [mine, its]: Awaited<ReturnType<typeof watch>>[],
) {
  const { client } = one!.link;
  one!.pause();
  const random = new Uint8Array(1000);
  for (let count = 0; count < 500; count++) {
    crypto.getRandomValues(random);
    random[0] = count % 256;
    random[1] = one!.streamId;
    client.sendDatagram(random);
  }
  const before = mine!.seen.ids.length;
  const key = { streamId: 0, frameId: 1e6, referenceDistance: 0, captureTimeUs: 0 };
  const junk = new Uint8Array(5000).fill(1);
  one!.push({ ...key, payload: junk }, junk);
  const refused = await one!.link.heard(
    "publish_state",
    ({ state }) => state === "refused",
    15_000,
  );
  t.match(refused, { reason: /start codes|count up/ });
  await one!.link.send({ type: "play", streamId: 0 });
  t.match(await one!.link.heard("ended"), { reason: "protocol", retry: false });
  const seen = its!.seen.ids.length;
  await until(() => its!.seen.ids.length > seen + 10, "the other stream", 15_000);
  t.ok(mine!.seen.ids.length <= before + 30, "and nothing more came of that one");
  t.equal(other!.link.said.some(({ type }) => type === "ended"), false);
}

/** Kinds of the tracks of a file. */
async function tracks(path: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ffprobe", {
    args: ["-v", "error", "-of", "json", "-show_entries", "stream=codec_type", path],
  }).output();
  const { streams } = JSON.parse(new TextDecoder().decode(stdout));
  return streams.map((stream: { codec_type: string }) => stream.codec_type).sort();
}
