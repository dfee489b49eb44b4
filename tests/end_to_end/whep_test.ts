// timeout: 180 s
/**
 * WHEP through the whole product: a plain page with nothing but RTCPeerConnection plays a stream, asks
 * for keyframes and is gone when its tab is; a second client without a browser is kicked, deleted and
 * refused as it should be.
 */

import t from "tap";
import type { Page } from "playwright-core";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";
import { WhepClient } from "../whep_client.ts";

const WAIT_MS = 30_000;
const HOST = ["--source", "pattern", "--size", "640x360", "--fps", "30"];
/** A page of the host's own origin, with nothing of ours in it. */
const PLAIN_PAGE = "/api/health";

interface Figures {
  readonly decoded: number;
  readonly keyframes: number;
  readonly width: number;
  readonly sound: number;
  readonly jitterBufferMs: number;
}

/** What the page runs: text, because it is no part of our program. */
const PLAY = `async (path, token) => {
  const connection = new RTCPeerConnection();
  globalThis.connection = connection;
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  connection.ontrack = ({ track }) => {
    const player = document.createElement(track.kind);
    Object.assign(player, { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
    document.body.append(player);
  };
  await connection.setLocalDescription(await connection.createOffer());
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/sdp", "authorization": "Bearer " + token },
    body: connection.localDescription.sdp,
  });
  if (answer.status !== 201) return String(answer.status);
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  return answer.headers.get("location");
}`;
const FIGURES = `async () => {
  const found = { decoded: 0, keyframes: 0, width: 0, sound: 0, jitterBufferMs: 0 };
  for (const report of (await connection.getStats()).values()) {
    if (report.type !== "inbound-rtp") continue;
    if (report.kind === "audio") found.sound = report.packetsReceived;
    else {
      found.decoded = report.framesDecoded;
      found.keyframes = report.keyFramesDecoded;
      found.width = report.frameWidth ?? 0;
      found.jitterBufferMs = 1000 * report.jitterBufferDelay / report.jitterBufferEmittedCount;
    }
  }
  return found;
}`;

/** Plays a stream in a page, as any player does; where it can be ended. */
async function play(page: Page, path: string, token: string): Promise<string> {
  const given = [path, token].map((text) => JSON.stringify(text)).join(", ");
  return await page.evaluate(`(${PLAY})(${given})`);
}

async function figures(page: Page): Promise<Figures> {
  return await page.evaluate(`(${FIGURES})()`);
}

const host = await HostProcess.start([...HOST, "--audio", "tone"]);
const browser = await TestBrowser.start(["--autoplay-policy=no-user-gesture-required"]);
t.teardown(async () => {
  await browser.close();
  await host.stop();
});
const token = (await Deno.readTextFile(`${host.stateDir}/watch-token`)).trim();
const player = await host.join("player");
const stats = async () => {
  const answer = await fetch(`${host.origin}/api/stats`, { headers: { cookie: player.cookie } });
  return await answer.json();
};
const players = async () => (await stats()).features.webrtc.players.now as number;
const whep = (name: string, init: RequestInit = {}) =>
  fetch(`${host.origin}/${name}/whep`, { method: "POST", ...init });
const sdp = { "content-type": "application/sdp", "authorization": `Bearer ${token}` };

t.test("a plain page plays, with sound, and its keyframe requests are answered", async (t) => {
  const { page } = await browser.open(`${host.origin}${PLAIN_PAGE}`);
  const path = await play(page, "/0/whep", token);
  t.match(path, /^\/[^/]+\/whep\/[\w-]{43}$/);
  await until(async () => (await figures(page)).decoded > 30, "pictures", WAIT_MS);
  await until(async () => (await figures(page)).sound > 10, "sound", WAIT_MS);
  const first = await figures(page);
  t.equal(first.width, 640);
  t.ok(first.keyframes >= 1, "it begins with the keyframe that it is due");
  t.ok(first.jitterBufferMs >= 0, `jitter buffer ${first.jitterBufferMs.toFixed(1)} ms`);
  const [row] = (await stats()).viewers;
  t.match(row, { role: "viewer", streamId: 0 }, "it is a viewer to the host");
  await until(
    async () => (await stats()).viewers[0].sent.framesSent > 30,
    "its figures",
    WAIT_MS,
  );
  await t.test("a page that is gone is gone here", async (t) => {
    await page.close();
    await until(async () => await players() === 0, "its end", WAIT_MS);
    t.same((await stats()).viewers, []);
  });
});

t.test("what must not be answered is refused in words", async (t) => {
  const statusOf = async (answer: Promise<Response>) => {
    const { status, headers, body } = await answer;
    await body?.cancel();
    return [status, headers.get("access-control-allow-origin")];
  };
  t.same(await statusOf(whep("nobody", { headers: sdp, body: "v=0" })), [404, null]);
  t.same(await statusOf(whep("0", { headers: sdp, body: "v=0\r\n" })), [400, null]);
  t.same(await statusOf(whep("0", { headers: sdp, body: "a".repeat(65_537) })), [413, null]);
  const wrongType = { ...sdp, "content-type": "text/plain" };
  t.same(await statusOf(whep("0", { headers: wrongType, body: "v=0" })), [415, null]);
  const wrongToken = { ...sdp, authorization: `Bearer ${"A".repeat(43)}` };
  t.same(await statusOf(whep("0", { headers: wrongToken, body: "v=0" })), [401, null]);
  const noToken = { "content-type": "application/sdp" };
  t.same(await statusOf(whep("0", { headers: noToken, body: "v=0" })), [401, null]);
  const foreign = { ...sdp, origin: "http://elsewhere.example" };
  t.same(await statusOf(whep("0", { headers: foreign, body: "v=0" })), [403, null]);
  const preflight = whep("0", { method: "OPTIONS", headers: { origin: host.origin } });
  t.same(await statusOf(preflight), [204, host.origin]);
  t.same(await statusOf(whep("0", { method: "PATCH" })), [405, null]);
  t.equal(await players(), 0);
});

t.test("a player without a browser: DELETE, and the dashboard's kick", async (t) => {
  const client = await WhepClient.open(`${host.origin}/0/whep`, token);
  t.teardown(() => client.close());
  await until(() => client.accessUnits > 10, "access units", WAIT_MS);
  t.ok(client.marks > 0, "each access unit says which frame it is");
  const before = client.keyframes;
  client.losePicture();
  await until(() => client.keyframes > before, "a keyframe", WAIT_MS);
  t.ok(client.keyframes > before, "its picture loss is answered by a keyframe");
  const other = { headers: { authorization: `Bearer ${"B".repeat(43)}` } };
  const refused = await fetch(`${host.origin}${client.location}`, { method: "DELETE", ...other });
  await refused.body?.cancel();
  t.equal(refused.status, 401);
  t.equal(await client.delete(), 200);
  await until(async () => await players() === 0, "its end", WAIT_MS);
  t.equal(await client.delete(), 404, "it is gone at once");

  const second = await WhepClient.open(`${host.origin}/0/whep`, token);
  t.teardown(() => second.close());
  await until(() => second.accessUnits > 0, "access units", WAIT_MS);
  const [row] = (await stats()).viewers;
  const secret = (await Deno.readTextFile(`${host.stateDir}/admin-token`)).trim();
  const signedIn = await host.call("POST", "/api/admin/session", { body: { secret } });
  await signedIn.body?.cancel();
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
  const kicked = await host.call("POST", `/api/sessions/${row.id}/kick`, { cookie });
  t.equal(kicked.status, 204);
  await until(async () => await players() === 0, "its end", WAIT_MS);
  t.equal((await stats()).features.webrtc.sessions, 0, "nothing of it is left");
});

t.test("sessions leave no descriptor, and a crash of their process costs a connection", async (t) => {
  const process = async () => (await stats()).features.webrtc.process;
  const { pid } = await process();
  const descriptors = () => [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  const before = descriptors();
  for (let cycle = 0; cycle < 4; cycle++) {
    const client = await WhepClient.open(`${host.origin}/0/whep`, token);
    await until(() => client.accessUnits > 0, "access units", WAIT_MS);
    await client.delete();
    await client.close();
  }
  await until(async () => await players() === 0, "its end", WAIT_MS);
  await until(() => descriptors() <= before, "sockets that are closed", WAIT_MS);
  t.ok(descriptors() <= before, "no socket is left");

  const lost = await WhepClient.open(`${host.origin}/0/whep`, token);
  t.teardown(() => lost.close());
  await until(() => lost.accessUnits > 0, "access units", WAIT_MS);
  Deno.kill(pid, "SIGKILL");
  await until(async () => await players() === 0, "its end", WAIT_MS);
  const next = await WhepClient.open(`${host.origin}/0/whep`, token);
  t.teardown(() => next.close());
  await until(() => next.accessUnits > 0, "access units", WAIT_MS);
  t.equal((await process()).crashes, 1);
  t.not((await process()).pid, pid);
});
