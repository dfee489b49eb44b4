// timeout: 90 s
/**
 * Publishing by WHIP through the whole product: programs with the token and sessions with the
 * permission, a plain page of Chromium, who is refused and how, what viewers see of it by QUIC and by
 * WHEP, and how a publisher ends.
 */

import t from "tap";
import { encodeVideo } from "../whip/encoded_video.ts";
import { probe } from "../recorded_samples.ts";
import { WhipSender } from "../whip/whip_sender.ts";
import { TestBrowser } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "320x180", "--fps", "30", "--first-link", "admin"],
  ...["--max-published", "5", "--publish-keep", "0s", "--max-size", "1280x720"],
]);
const video = await encodeVideo({ size: "640x360", frames: 60 });
const { cookie: admin } = await host.join("player");
const { cookie: viewer } = await host.join("viewer");
const token = (await Deno.readTextFile(`${host.stateDir}/publish-token`)).trim();
const senders: WhipSender[] = [];
let browser: TestBrowser | undefined;
t.teardown(async () => {
  await browser?.close();
  await Promise.all(senders.map((sender) => sender.close()));
  await host.stop();
});

const bearer = { authorization: `Bearer ${token}` };
const SDP = { "content-type": "application/sdp" };

/** What a program asks; it names no origin. */
function ask(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: BodyInit } = {},
): Promise<Response> {
  return fetch(`${host.origin}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** Publishes under a name; gives where it can be ended. */
async function publish(
  name: string,
  headers: Record<string, string> = bearer,
): Promise<{ sender: WhipSender; location: string }> {
  const sender = new WhipSender({ video, fps: 30, hasSound: true });
  senders.push(sender);
  let location = "";
  await sender.open(async (body) => {
    const path = `/${encodeURIComponent(name)}/whip`;
    const response = await ask("POST", path, { headers: { ...SDP, ...headers }, body });
    const text = await response.text();
    if (response.status !== 201) throw new Error(`${response.status} ${text}`);
    location = response.headers.get("location") ?? "";
    return text;
  });
  return { sender, location };
}

const api = async () => (await (await host.call("GET", "/api/stats", { cookie: admin })).json());
const streams = async () =>
  (await api()).features.publish.streams as {
    readonly name: string;
    readonly frames: number;
    readonly phase: string;
    readonly refused: number;
    readonly streamId: number;
  }[];
const named = async (name: string) => (await streams()).find((stream) => stream.name === name);
const refusal = async (response: Response) => {
  const { error } = await response.json();
  return `${response.status} ${error.reason}`;
};

/** What a clip of the stream "OBS" has, as ffprobe sees it. */
async function clipOf(): Promise<{ tracks: string[]; frames: number; complaints: string }> {
  const { streamId } = (await named("OBS"))!;
  const replay = await host.call("GET", `/api/replay?stream=${streamId}`, { cookie: admin });
  const { startUs, endUs } = (await replay.json()).streams[0].span;
  const query = `stream=${streamId}&from=${startUs}&to=${endUs}`;
  const clip = await host.call("GET", `/api/clips?${query}`, { cookie: admin });
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  await Deno.writeFile(path, new Uint8Array(await clip.arrayBuffer()));
  const { complaints, frames } = await probe(path);
  const entries = ["-show_entries", "stream=codec_type", "-of", "csv=p=0"];
  const { stdout } = await new Deno.Command("ffprobe", { args: ["-v", "error", ...entries, path] })
    .output();
  await Deno.remove(path);
  const tracks = new TextDecoder().decode(stdout).trim().split("\n").sort();
  return { tracks, frames, complaints };
}

t.test("strangers, wrong tokens and wrong bodies are refused", async (t) => {
  const post = async (headers: Record<string, string>, body: BodyInit = "v=0\r\n") =>
    await refusal(await ask("POST", "/OBS/whip", { headers: { ...SDP, ...headers }, body }));
  t.equal(await post({}), "401 no_session");
  t.equal(await post({ authorization: `Bearer ${"A".repeat(43)}` }), "401 bad_token");
  t.equal(await post({ authorization: "Basic Og==" }), "401 bad_token");
  t.equal(await post({ cookie: viewer, origin: host.origin }), "403 forbidden_role");
  t.equal(await post({ cookie: admin }), "403 foreign_origin");
  t.equal(await post({ ...bearer, origin: "https://elsewhere.example" }), "403 foreign_origin");
  t.equal(await post({ ...bearer, "content-type": "application/json" }), "415 bad_content_type");
  t.equal(await post(bearer, "v=0\r\nno line of a description\r\n"), "400 bad_offer");
  t.equal(await post(bearer, "a=".padEnd(70_000, "x")), "413 too_large");
  const badName = await ask("POST", "/%E2%80%8B/whip", {
    headers: { ...SDP, ...bearer },
    body: "",
  });
  t.equal(await refusal(badName), "400 bad_name");
  for (const method of ["GET", "PUT", "PATCH"]) {
    t.equal(await refusal(await ask(method, "/OBS/whip", { headers: bearer })), "405 bad_method");
  }
  const options = await ask("OPTIONS", "/OBS/whip");
  t.equal(options.status, 204);
  t.equal(options.headers.get("accept-post"), "application/sdp");
  t.equal(options.headers.get("access-control-allow-origin"), null);
  const own = await ask("OPTIONS", "/OBS/whip", { headers: { origin: host.origin } });
  t.equal(own.headers.get("access-control-allow-origin"), host.origin);
  const refused = await ask("POST", "/OBS/whip", { headers: { ...SDP, origin: host.origin } });
  t.equal(refused.headers.get("www-authenticate"), "Bearer", "a page can read why");
  t.equal(refused.headers.get("access-control-allow-origin"), host.origin);
  t.same(await streams(), [], "nothing is published");
});

/** Goes silent while others are looked at. */
const silent = (async () => {
  const { sender } = await publish("Ada's desk");
  await until(async () => ((await named("Ada's desk"))?.frames ?? 0) > 5, "frames", 15_000);
  await sender.close();
})();

t.test("a published stream is seen by our viewer and by a plain player", async (t) => {
  const { sender, location } = await publish("OBS");
  t.match(location, /^\/OBS\/whip\/[\w-]{43}$/);
  await until(async () => ((await named("OBS"))?.frames ?? 0) > 10, "frames", 15_000);
  t.match(await publish("obs").catch((error) => error.message), /^409/, "one for each name");
  t.match(await publish("Test pattern").catch((error) => error.message), /^409/);
  browser = await TestBrowser.start();
  const page = await browser.open(`${host.origin}/?stream=OBS`, { cookie: viewer });
  await page.waitForState("playing");
  const { frames } = await page.measure(700, 4);
  const shown = frames.filter(({ outcome }) => outcome === "presented");
  t.ok(shown.length > 3, `${shown.length} pictures in our viewer`);
  const played = await page.page.evaluate(`(${PLAY_BY_WHEP})("/OBS/whep")`) as number;
  t.ok(played > 5, `${played} pictures in a plain player`);
  t.match(await named("OBS"), { phase: "live", refused: 0, soundDropped: 0 });
  const clip = await clipOf();
  t.match(clip, { tracks: ["audio", "video"], complaints: "" }, "its past has its sound");
  t.ok(clip.frames > 10, `${clip.frames} frames in a clip`);
  t.ok(sender.keyframeRequests > 0, "who comes asks for a keyframe");
  t.equal((await ask("DELETE", location)).status, 401, "not without the token");
  t.equal((await ask("DELETE", `${location}x`, { headers: bearer })).status, 404);
  t.equal((await ask("DELETE", location, { headers: bearer })).status, 200);
  t.equal(await named("OBS"), undefined, "it is gone at once");
});

t.test("a browser publishes with nothing of ours in its page", async (t) => {
  const page = await browser!.open(`${host.origin}/dashboard/`, { cookie: admin });
  const location = await page.page.evaluate(`(${PUBLISH_BY_WHIP})("/Chromium/whip")`) as string;
  await until(async () => ((await named("Chromium"))?.frames ?? 0) > 30, "frames", 20_000);
  t.match(await named("Chromium"), { phase: "live", refused: 0 });
  const watching = await browser!.open(`${host.origin}/?stream=Chromium`, { cookie: viewer });
  await watching.waitForState("playing");
  t.equal(
    (await ask("DELETE", location, { headers: { cookie: admin, origin: host.origin } })).status,
    200,
  );
  t.equal(await named("Chromium"), undefined);
});

t.test("who is silent is ended with words, and its name is free", async (t) => {
  await silent;
  await until(() => /"reason":"Nothing is heard"/.test(host.log), "its end", 30_000);
  t.equal(await named("Ada's desk"), undefined);
  const { location } = await publish("Ada's desk");
  const own = { cookie: admin, origin: host.origin };
  t.equal((await ask("DELETE", location, { headers: own })).status, 404, "not another's");
  t.equal((await ask("DELETE", location, { headers: bearer })).status, 200);
});

/** A page that draws and publishes what it draws; gives where that can be ended. */
const PUBLISH_BY_WHIP = `async (path) => {
  const canvas = document.createElement("canvas");
  canvas.width = 640;
  canvas.height = 360;
  const context = canvas.getContext("2d");
  let step = 0;
  setInterval(() => {
    context.fillStyle = "hsl(" + step++ % 360 + " 90% 50%)";
    context.fillRect(0, 0, 640, 360);
  }, 33);
  const [track] = canvas.captureStream(30).getTracks();
  const connection = globalThis.publishing = new RTCPeerConnection();
  connection.addTransceiver(track, { direction: "sendonly" });
  const sound = new AudioContext().createMediaStreamDestination().stream.getTracks()[0];
  connection.addTransceiver(sound, { direction: "sendonly" });
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: connection.localDescription.sdp,
  });
  if (response.status !== 201) throw new Error(response.status + " " + await response.text());
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  return response.headers.get("location");
}`;

/** A player that knows nothing of us; gives how many pictures it decoded. */
const PLAY_BY_WHEP = `async (path) => {
  const connection = new RTCPeerConnection();
  connection.addTransceiver("video", { direction: "recvonly" });
  connection.addTransceiver("audio", { direction: "recvonly" });
  await connection.setLocalDescription(await connection.createOffer());
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/sdp" },
    body: connection.localDescription.sdp,
  });
  if (response.status !== 201) throw new Error(response.status + " " + await response.text());
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  const endMs = performance.now() + 15000;
  let decoded = 0;
  while (decoded < 10 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const row of (await connection.getStats()).values()) {
      if (row.type === "inbound-rtp" && row.kind === "video") decoded = row.framesDecoded ?? 0;
    }
  }
  await fetch(response.headers.get("location"), { method: "DELETE" });
  connection.close();
  return decoded;
}`;
