/**
 * Publishing from a page, in real Chromium with its fake camera, microphone and screen: seen and heard
 * by a viewer, held for replay and clips, while the path stalls, the source changes, memory is short or
 * the page is loaded anew; and what the page says where it may not or cannot.
 */
// timeout: 240 s

import t from "tap";
import { FaultRelay } from "../../bench/relay/fault_relay.ts";
import { LinkModel } from "../../bench/simulator/link_model.ts";
import type { LiveFigures } from "../../web/producer/producer_figures.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import { MediaReader } from "../media_reader.ts";
import { probe } from "../recorded_samples.ts";
import { TestBrowser } from "./harness.ts";
import type { PageOptions, ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

/** The machine may run other tests. */
const SOON_MS = 40_000;
const BLOCKED = { kind: "blackhole", fromUs: 0, toUs: Number.MAX_SAFE_INTEGER } as const;

function links(isBlocked: boolean) {
  const link = (name: string) => {
    const losses = isBlocked ? [BLOCKED] : [];
    return new LinkModel({ delayUs: 2_000, losses }, { seed: 1, name });
  };
  return { down: link("down"), up: link("up") };
}

const relay = FaultRelay.listen(links(false));
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "320x240", "--fps", "30"],
  ...["--player-permissions", "keyboard,publish", "--publish-keep", "20s"],
  ...["--public-port", String(relay.port), "--webrtc", "off"],
]);
relay.forwardTo(host.port);
const browser = await TestBrowser.start([
  ...["--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream"],
]);
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await relay.close();
});
const { cookie } = await host.join("player");
const guest = await host.join("viewer");

/** What a page shows, as far as it can be told outside of it. */
interface Shown {
  readonly link: { readonly name: string; readonly message?: string };
  readonly host?: { readonly name: string; readonly streamId: number; readonly state: string };
  readonly figures?: LiveFigures;
  readonly notice: string;
  readonly kept: readonly string[];
}

async function open(query = "", options: PageOptions = {}): Promise<ViewerPage> {
  const page = await browser.open(relay.urlOf(`${host.origin}/publish/${query}`), {
    ...{ cookie, size: { width: 1280, height: 800 } },
    ...options,
  });
  await page.page.waitForSelector("#app[data-state]");
  return page;
}

async function shown({ page }: ViewerPage): Promise<Shown> {
  return await page.evaluate(`(({ view }) => {
    const { link, host, figures, notice, kept } = view;
    return { link, host, figures, notice, kept };
  })(wavryProducer)`) as Shown;
}

async function phase({ page }: ViewerPage, name: string): Promise<void> {
  await page.waitForSelector(`#app[data-state="${name}"]`, { timeout: SOON_MS });
}

const figures = (page: ViewerPage, good: (figures: LiveFigures) => boolean, what: string) =>
  until(
    async () => {
      const { figures } = await shown(page);
      return figures !== undefined && good(figures) ? figures : undefined;
    },
    what,
    SOON_MS,
  );

/** Waits until what the page's policy lets nobody compile inside of it is true. */
const holds = ({ page }: ViewerPage, expression: string) =>
  until(async () => await page.evaluate(expression) === true, expression, SOON_MS);

const api = async (path: string) => await (await host.call("GET", path, { cookie })).json();
const published = async () => (await api("/api/stats")).features.publish;

/** Keeps the loudest sample that the viewer's device was handed. */
const KEEPS_LOUDEST = `(() => {
  globalThis.loudest = 0;
  const Plain = AudioWorkletNode;
  globalThis.AudioWorkletNode = class extends Plain {
    constructor(...parts) {
      super(...parts);
      this.port.addEventListener("message", ({ data }) => {
        if (data.name !== "tap") return;
        for (const sample of data.left) loudest = Math.max(loudest, Math.abs(sample));
      });
      this.port.start();
    }
  };
})()`;

const producer = await open();

t.test("everything on the page is there before anything is shared, and for everybody", async (t) => {
  t.same(await producer.accessibilityViolations(), []);
  const { page } = producer;
  await page.keyboard.press("Tab");
  const passed: string[] = [];
  for (let key = 0; key < 14; key++) {
    passed.push(
      await page.evaluate(
        `[document.activeElement.id, document.activeElement.innerText.slice(0, 40)].join(" ")`,
      ),
    );
    await page.keyboard.press("Tab");
  }
  for (const part of [/viewer/, /Choose a screen/, /name/, /Window/, /Microphone/, /Start/]) {
    t.ok(passed.some((text) => part.test(text)), `${part} is reached by keys`);
  }
  await page.emulateMedia({ colorScheme: "dark" });
  t.same(await producer.accessibilityViolations(), [], "dark");
  await page.emulateMedia({ colorScheme: "light" });
});

t.test("a camera and its microphone are seen and heard", async (t) => {
  const { page } = producer;
  await page.fill("#name", "Ada's camera");
  await page.click(".sources button:has-text('Camera')");
  await page.selectOption("#picture", "480p30");
  await page.click("#microphone-switch");
  const before = await page.locator(".frame").boundingBox();
  await page.click("button.go");
  await phase(producer, "live");
  const live = await figures(producer, ({ framesSent }) => framesSent > 20, "pictures");
  t.match(live, { encoder: /H\.264/, transport: "quic", hasSound: true });
  t.same(await page.locator(".frame").boundingBox(), before, "nothing moved");
  t.same(await producer.accessibilityViolations(), [], "while it is live");

  const viewer = await browser.open(relay.urlOf(`${host.origin}/?stream=Ada's camera`), {
    ...{ cookie, size: { width: 854, height: 480 }, before: KEEPS_LOUDEST },
  });
  await viewer.waitForState("playing", SOON_MS);
  const { frames } = await viewer.measure(700, 6);
  const seen = frames.filter(({ outcome }) => outcome === "presented");
  t.ok(seen.length > 5, `${seen.length} pictures`);
  const points = [[420, 60], [420, 120]] as const;
  const [[red = 0, green = 0, blue = 0] = []] = await viewer.pixels(points);
  t.ok(green > 80 && green > 2 * red && green > 2 * blue, `${red} ${green} ${blue} is its green`);
  const VIEWER = `document.querySelector("wavry-viewer")`;
  await holds(viewer, `${VIEWER}.startSoundMeasurement !== undefined`);
  await viewer.page.evaluate(`${VIEWER}.startSoundMeasurement()`);
  await holds(viewer, `loudest > 0.02`);
  t.pass("the microphone's beep is heard");
  await holds(producer, `document.querySelector(".viewers").textContent === "1 viewer"`);
  await viewer.page.evaluate(`document.querySelector("[data-action=people]").click()`);
  const door = viewer.page.locator(".people-panel .publish-door");
  await door.waitFor({ timeout: SOON_MS });
  t.equal(await door.evaluate((link) => (link as unknown as URL).href), producer.page.url());
  t.same(await viewer.accessibilityViolations(), [], "with the way to this page");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("what was published is held, and a clip of it has pictures and sound", async (t) => {
  const { streamId } = (await shown(producer)).host!;
  const spanOf = async () => (await api(`/api/replay?stream=${streamId}`)).streams[0].span;
  const span = await until(
    async () => {
      const span = await spanOf();
      return span.endUs - span.startUs > 2e6 ? span : undefined;
    },
    "two seconds",
    SOON_MS,
  );
  const query = `stream=${streamId}&from=${span.startUs}&to=${span.endUs}`;
  const clip = await host.call("GET", `/api/clips?${query}`, { cookie });
  t.equal(clip.status, 200);
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  await Deno.writeFile(path, new Uint8Array(await clip.arrayBuffer()));
  const { frames, seconds, complaints } = await probe(path);
  t.equal(complaints, "");
  t.ok(frames > 20, `${frames} frames`);
  t.ok(seconds > 1.5 && seconds < 60, `${seconds} s`);
  const { stdout } = await new Deno.Command("ffprobe", {
    args: ["-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", path],
  }).output();
  const kinds = new TextDecoder().decode(stdout).trim().split("\n").sort();
  t.same(kinds.map((kind) => kind.trim().replace(",", "")), ["audio", "video"]);
  await Deno.remove(path);
});

t.test("a path that stalls fills the ring, which counts what it gives up", async (t) => {
  const before = (await figures(producer, () => true, "figures")).ring.evicted;
  relay.setLinks(links(true));
  const { ring } = await figures(
    producer,
    ({ ring }) => ring.evicted > before,
    "chunks that are given up",
  );
  t.ok(ring.held <= ring.limit && ring.limit === 10, `${ring.held} of ${ring.limit} held`);
  relay.setLinks(links(false));
  const { framesSent } = (await shown(producer)).figures!;
  await phase(producer, "live");
  await figures(producer, (now) => now.framesSent > framesSent + 10, "pictures after it");
  t.match(await published(), { streams: [{ name: "Ada's camera", phase: "live" }] });
});

t.test("another source takes over while it is live, and going back asks nobody", async (t) => {
  const { page } = producer;
  const asked = await page.evaluate(`(() => {
    globalThis.asked = { screen: 0, camera: 0 };
    const devices = navigator.mediaDevices;
    const { getDisplayMedia, getUserMedia } = devices;
    devices.getDisplayMedia = (wish) => (asked.screen++, getDisplayMedia.call(devices, wish));
    devices.getUserMedia = (wish) => (asked.camera++, getUserMedia.call(devices, wish));
    return asked;
  })()`);
  t.same(asked, { screen: 0, camera: 0 });
  await page.click(".sources button:has-text('Screen')");
  await holds(
    producer,
    `wavryProducer.view.choices.kind === "screen" &&
    wavryProducer.view.stream?.getVideoTracks()[0].getSettings().displaySurface !== undefined`,
  );
  await phase(producer, "live");
  t.ok((await shown(producer)).kept.includes("camera"));
  await page.click(".sources button:has-text('Camera')");
  await holds(
    producer,
    `wavryProducer.view.choices.kind === "camera" && !wavryProducer.view.isOpening`,
  );
  t.same(await page.evaluate("asked"), { screen: 1, camera: 0 });
  const { reuseRate, framesSent } = await figures(producer, () => true, "figures");
  t.equal(reuseRate, 1);
  await figures(producer, (now) => now.framesSent > framesSent + 5, "pictures of the camera again");
});

t.test("a reload goes on with the same stream", async (t) => {
  const { streamId } = (await shown(producer)).host!;
  const { resumed } = await published();
  await producer.page.reload();
  await phase(producer, "live");
  await figures(producer, ({ framesSent }) => framesSent > 5, "pictures after the reload");
  t.match((await shown(producer)).host, { streamId, name: "Ada's camera" });
  t.equal((await published()).resumed, resumed + 1);
});

t.test("a source that ends takes the stream with it, and every device is given back", async (t) => {
  const { page } = producer;
  await page.evaluate(`(() => {
    const [track] = wavryProducer.view.stream.getVideoTracks();
    globalThis.track = track;
    track.stop();
    track.dispatchEvent(new Event("ended"));
  })()`);
  await page.waitForSelector(`#app[data-state="idle"]`, { timeout: SOON_MS });
  t.match((await shown(producer)).notice, /has ended/);
  await until(
    async () => (await published()).streams.length === 0,
    "the end of the stream",
    SOON_MS,
  );
  await page.click("button.choose");
  await phase(producer, "ready");
  const track = await page.evaluateHandle(`wavryProducer.view.stream.getVideoTracks()[0]`);
  await page.evaluate(`wavryProducer.close()`);
  t.equal(await track.evaluate((one) => (one as { readyState: string }).readyState), "ended");
  t.same(producer.complaints, []);
  await producer.close();
});

t.test("short memory is told and relieved, over TCP as well", async (t) => {
  const page = await open("?memory=0.5&transport=tcp");
  await page.page.click(".sources button:has-text('Camera')");
  await page.page.selectOption("#picture", "480p30");
  await page.page.click("button.go");
  await phase(page, "live");
  const now = await figures(
    page,
    ({ framesSent, ring }) => framesSent > 5 && ring.limit < 10,
    "relief",
  );
  t.equal(now.transport, "tcp");
  const memory = await page.page.evaluate(`({
    warnings: wavryProducer.memory.warnings, used: wavryProducer.memory.usedBytes })`);
  t.match(memory, { warnings: 1 });
  t.match(await page.page.textContent(".notice"), /Memory is short/);
  await page.page.click("button.go");
  await phase(page, "ready");
  await until(
    async () => (await published()).streams.length === 0,
    "the end of the stream",
    SOON_MS,
  );
  await page.close();
});

t.test("a browser that cannot hand tracks over publishes pictures and sound all the same", async (t) => {
  const page = await open("", { before: "delete globalThis.MediaStreamTrackProcessor" });
  await page.page.click(".sources button:has-text('Camera')");
  await page.page.selectOption("#picture", "480p30");
  await page.page.click("#microphone-switch");
  await page.page.click("button.go");
  await phase(page, "live");
  await figures(page, ({ framesSent, hasSound }) => framesSent > 5 && hasSound, "pictures");
  const { streamId } = (await shown(page)).host!;
  const viewer = await host.view((await host.ticket(cookie)).ticket);
  await viewer.heard("welcome");
  let sounds = 0;
  new MediaReader(viewer.client, {
    frame: () => {},
    other: (datagram) => {
      if (datagramClass(datagram) === "audio") sounds++;
    },
  }, streamId);
  await viewer.send({ type: "play", streamId });
  await viewer.send({ type: "sound_play" });
  await until(() => sounds > 20, "sound", SOON_MS);
  t.match(await published(), { streams: [{ refused: 0 }] });
  viewer.client.close(0, "");
  t.same(page.complaints, []);
  await page.close();
});

t.test("the page says what it may not and what the browser cannot", async (t) => {
  const before = `navigator.mediaDevices.getDisplayMedia = () =>
    Promise.reject(new DOMException("no", "NotAllowedError"))`;
  const phone = { size: { width: 390, height: 844 }, isPhone: true };
  const denied = await open("", { before, ...phone });
  await denied.page.click("button.choose");
  await phase(denied, "denied");
  const overflow = await denied.page.evaluate(
    `document.documentElement.scrollWidth - document.documentElement.clientWidth`,
  );
  t.equal(overflow, 0, "nothing sticks out of a phone");
  t.same(await denied.accessibilityViolations(), []);
  await denied.close();
  const handheld = await open("", {
    before: "delete MediaDevices.prototype.getDisplayMedia",
    ...phone,
  });
  t.equal(await handheld.page.locator(".sources button:disabled").count(), 3, "its camera is left");
  await handheld.page.click("button.choose");
  await phase(handheld, "ready");
  await handheld.close();
  const unable = await open("", { before: "delete globalThis.VideoEncoder" });
  await phase(unable, "unsupported");
  t.match(await unable.page.textContent(".empty"), /WebCodecs/);
  await unable.close();
  const stranger = await open("", { cookie: guest.cookie });
  await stranger.page.click(".sources button:has-text('Camera')");
  await stranger.page.click("button.go");
  await phase(stranger, "refused");
  t.match(await stranger.page.textContent(".status"), /may not publish/);
  await stranger.close();
});
