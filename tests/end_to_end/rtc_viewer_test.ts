/**
 * Our viewer over WebRTC and nothing else, in a real Chromium: the host's picture, hands, files and the
 * past; through loss; two tabs side by side; and after the gateway process was killed with a key held
 * down. What a browser's own player would do of it is in whep_test.ts.
 */
// timeout: 150 s

import t from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { UdpRelay } from "../../bench/relay/udp_relay.ts";
import { LinkModel } from "../../bench/simulator/link_model.ts";
import { seededRandom } from "../seeded.ts";
import { digestOf } from "./file_sender.ts";
import { TestBrowser, type ViewerPage } from "./harness.ts";
import { descendants, HostProcess, until } from "./host_process.ts";

const SIZE = { width: 640, height: 360 };
const LOSS = 0.02;

interface SeenInput {
  readonly type: string;
  readonly name?: string;
  readonly down?: boolean;
  readonly repeat?: boolean;
  readonly x?: number;
  readonly y?: number;
}

const random = seededRandom("viewer over WebRTC");
const seen: SeenInput[] = [];
const scratch = await Deno.makeTempDir({ prefix: "wavry-rtc-" });
const group = new ProcessGroup();
const { signal } = new AbortController();
const [screen, second] = await Promise.all([
  startXScreen(group, {
    ...{ ...SIZE, content: "scroll", fps: 30, seed: 1 },
    onInput: (line) => seen.push(JSON.parse(line)),
  }, signal),
  startXScreen(group, { width: 800, height: 600, content: "scroll", fps: 30, seed: 2 }, signal),
]);
const host = await HostProcess.start([
  ...[
    "--display",
    screen.display,
    "--display",
    second.display,
    "--replay",
    "30s",
    "--files",
    "both",
  ],
  ...["--files-folder", `${scratch}/drop`, "--audio", "tone"],
]);
const relay = new UdpRelay({ hostname: "127.0.0.1", port: 0, links: links(0) });
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await relay.close();
  await group[Symbol.asyncDispose]();
  await Deno.remove(scratch, { recursive: true });
});
const { cookie } = await host.join("player");

function links(loss: number) {
  const link = (name: string) => {
    const losses = [{ kind: "independent" as const, rate: loss }];
    return new LinkModel({ delayUs: 5_000, losses }, { seed: 1, name });
  };
  return { down: link("down"), up: link("up") };
}

/** Lets the test speak to the viewer's worker. */
const SPY = `(() => {
  const RealWorker = globalThis.Worker;
  globalThis.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args);
      globalThis.receiveWorker = this;
    }
  };
})();`;
/** Holds the host's answer back until the relay knows the port in it, and names the relay's instead. */
const THROUGH_RELAY = `(() => {
  const real = globalThis.fetch;
  globalThis.fetch = async (path, init) => {
    const response = await real(path, init);
    if (!String(path).endsWith("/api/rtc")) return response;
    const { sdp } = await response.json();
    const ready = Promise.withResolvers();
    globalThis.rtc = { port: Number(/ (\\d+) typ host/.exec(sdp)[1]), use: ready.resolve };
    const moved = sdp.replace(/ \\d+ typ host/g, " " + (await ready.promise) + " typ host");
    return new Response(JSON.stringify({ sdp: moved }));
  };
})();`;

/** A browser without script transforms, whose data channels stay on their page. */
const BROWSER_OF_BEFORE = `(() => {
  delete globalThis.RTCRtpScriptTransform;
  const real = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, transfer) {
    const isChannel = (one) => one instanceof RTCDataChannel;
    if (transfer?.some(isChannel)) throw new DOMException("No", "DataCloneError");
    return real.call(this, message, transfer);
  };
})();`;

async function openPage(before: string): Promise<ViewerPage> {
  const url = `${host.origin}/?transport=webrtc`;
  return await browser.open(url, { cookie, size: SIZE, before });
}

async function open(): Promise<ViewerPage> {
  const viewer = await openPage(SPY);
  await viewer.waitForState("playing");
  return viewer;
}

/** Pictures that were shown in a while, each by the number that the screen painted into it. */
async function shownIn(viewer: ViewerPage, ms: number) {
  const report = await viewer.measure(ms);
  const shown = report.frames.filter(({ outcome }) => outcome === "presented");
  // To the host a busy machine looks like a poor path: its coarse pictures blur a marker now and then.
  const isReadable = report.markersMisread <= Math.max(1, shown.length / 10);
  return { report, shown, isReadable, numbers: shown.flatMap(({ marker }) => marker?.frame ?? []) };
}

function isForward(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number >= numbers[index - 1]!);
}

async function sessions(): Promise<{ readonly transport: string }[]> {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).viewers;
}

const key =
  (name: string, down: boolean) => ({ type, name: seenName, down: seenDown }: SeenInput) =>
    type === "key" && seenName === name && seenDown === down;

const viewer = await open();

t.test("the picture is the host's, and goes forward", async (t) => {
  const requests: string[] = [];
  viewer.page.on("request", (request) => requests.push(request.url()));
  const { report, shown, numbers, isReadable } = await shownIn(viewer, 1000);
  t.ok(shown.length >= 10, `${shown.length} pictures`);
  t.ok(isReadable, `${report.markersMisread} markers misread`);
  t.ok(numbers.length > 0 && isForward(numbers), `${numbers.length} markers`);
  t.ok(shown.every(({ recovered }) => recovered === 0), "no packet of ours");
  const stats = await until(async () => (await viewer.measure(100)).stats, "figures", 10_000);
  t.equal(stats.transport, "WebRTC");
  t.ok((stats.path?.targetBps ?? 0) > 0, "the gateway tells of the path");
  t.match(await sessions(), [{ transport: "webrtc" }]);
  t.ok(requests.every((url) => new URL(url).origin === host.origin), "nobody else is asked");
});

t.test("an offer needs a session, and must be one", async (t) => {
  const post = async (body: unknown, cookie?: string) => {
    const response = await host.call("POST", "/api/rtc", {
      body,
      ...(cookie === undefined ? {} : { cookie }),
    });
    return `${response.status} ${(await response.json()).error?.reason}`;
  };
  t.equal(await post({ sdp: "v=0" }), "401 no_session");
  t.equal(await post({ sdp: "nothing of the kind" }, cookie), "400 bad_offer");
  t.equal(await post({ sdp: "v=0", isAdmin: true }, cookie), "400 bad_field");
  t.equal(await post({}, cookie), "400 bad_field");
  t.equal(await post({ sdp: "x".repeat(70_000) }, cookie), "413 too_large");
  t.equal(await viewer.state(), "playing", "who watches sees nothing of it");
});

t.test("keys and pointer arrive", async (t) => {
  const { keyboard, mouse } = viewer.page;
  await mouse.move(200, 100);
  await until(() => seen.find(({ type }) => type === "motion"), "the first motion");
  await mouse.click(200, 100);
  await keyboard.down("KeyA");
  t.ok(await until(() => seen.find(key("a", true)), "a down"));
  await keyboard.up("KeyA");
  t.ok(await until(() => seen.find(key("a", false)), "a up"));
  await mouse.move(320, 180);
  t.ok(await until(() => seen.some(({ x, y }) => x === 320 && y === 180), "the pointer there"));
});

t.test("the host's sound arrives", async (t) => {
  await viewer.press("Control+Alt+Shift+KeyS");
  const said = await until(
    async () => {
      const text = await viewer.page.evaluate(`document.querySelector("wavry-viewer").innerText`);
      return /Opus, stereo, [1-9]\d* kbit\/s/.exec(String(text))?.[0];
    },
    "sound in the statistics",
    20_000,
  );
  t.ok(said, said);
  t.match(await viewer.page.evaluate(`document.querySelector("wavry-viewer").innerText`), /WebRTC/);
  await viewer.press("Control+Alt+Shift+KeyS");
});

t.test("a file goes to the host whole", async (t) => {
  const content = random.bytes(60_000);
  await Deno.writeFile(`${scratch}/photo.bin`, content);
  const session = await viewer.page.context().newCDPSession(viewer.page);
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", {
      ...{ type, x: 300, y: 200 },
      data: { items: [], files: [`${scratch}/photo.bin`], dragOperationsMask: 1 },
    });
  }
  await session.detach();
  await viewer.page.waitForSelector(`.sent-files .file[data-state="done"]`);
  const kept = await Deno.readFile(`${scratch}/drop/photo.bin`);
  t.equal(digestOf(kept).toHex(), digestOf(content).toHex());
});

t.test("the past is shown, and then the present again", async (t) => {
  const { streams } = await (await host.call("GET", "/api/replay?stream=0", { cookie })).json();
  const timeUs = Math.round((streams[0].span.startUs + streams[0].span.endUs) / 2);
  const source = { key: "replay 0", framesPath: "/api/replay/frames?stream=0", isLive: true };
  await play(viewer, { do: "seek", source, timeUs, isRough: false, rate: 0 });
  await shows(viewer, true);
  await play(viewer, { do: "play", rate: 4 });
  await shows(viewer, false);
  const { numbers, report, isReadable } = await shownIn(viewer, 500);
  t.ok(numbers.length > 0 && isForward(numbers), "the present, joined at its edge");
  t.ok(isReadable, `${report.markersMisread} markers misread`);
});

async function play(viewer: ViewerPage, command: object): Promise<void> {
  const message = JSON.stringify({ type: "playback", command });
  await viewer.page.evaluate(`receiveWorker.postMessage(${message})`);
}

/** Waits for a picture of the past, or of the present. */
async function shows(viewer: ViewerPage, isPast: boolean): Promise<void> {
  await until(
    async () => {
      const { frames } = await viewer.measure(150);
      return frames.some(({ isReplayed = false, outcome }) => {
        return isReplayed === isPast && outcome === "presented";
      });
    },
    `a picture of the ${isPast ? "past" : "present"}`,
    20_000,
  );
}

t.test("another display is shown in the same session, and the first again", async (t) => {
  for (const [streamId, width] of [[1, 800], [0, 640]] as const) {
    const message = JSON.stringify({ type: "select_stream", streamId });
    await viewer.page.evaluate(`receiveWorker.postMessage(${message})`);
    await until(
      async () => {
        return await viewer.page.evaluate(`document.querySelector("canvas.picture").width`) ===
          width;
      },
      `a picture of stream ${streamId}`,
      20_000,
    );
    const { shown, isReadable } = await shownIn(viewer, 200);
    t.ok(shown.length > 0 && isReadable, `stream ${streamId}`);
  }
  t.equal((await sessions()).length, 1);
});

t.test("a second tab watches beside the first", async (t) => {
  const other = await open();
  const [first, second] = await Promise.all([shownIn(viewer, 500), shownIn(other, 500)]);
  t.ok(first.shown.length > 0 && second.shown.length > 0);
  t.ok(isForward(second.numbers) && second.isReadable);
  t.same((await sessions()).map(({ transport }) => transport), ["webrtc", "webrtc"]);
  await other.page.goto("about:blank");
  await until(async () => (await sessions()).length === 1, "the end of the second", 10_000);
  await other.close();
});

t.test("a key that is held when the gateway dies is raised, and the viewer is back", async (t) => {
  await viewer.page.keyboard.down("KeyG");
  await until(() => seen.find(key("g", true)), "g down");
  const pid = await gatewayPid();
  const killedMs = performance.now();
  Deno.kill(pid, "SIGKILL");
  await until(() => seen.find(key("g", false)), "g up", 10_000);
  t.comment(`raised after ${Math.round(performance.now() - killedMs)} ms`);
  await viewer.page.keyboard.up("KeyG");
  await until(async () => await gatewayPid() !== pid, "another gateway", 20_000);
  await viewer.waitForState("reconnecting");
  await viewer.waitForState("playing");
  await shows(viewer, false);
  t.comment(`a picture after ${Math.round(performance.now() - killedMs)} ms`);
  t.match(await sessions(), [{ transport: "webrtc" }]);
  // What the page asked for while nobody answered.
  viewer.complaints.length = 0;
});

t.test("quitting ends the session on the host", async (t) => {
  await viewer.press("Control+Alt+Shift+KeyQ");
  await viewer.waitForState("ended");
  t.ok(await until(async () => (await sessions()).length === 0, "the end", 10_000));
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("through loss the picture goes on, whole, in a browser of before too", async (t) => {
  const lossy = await openPage(THROUGH_RELAY + BROWSER_OF_BEFORE);
  const port = await until(
    async () => await lossy.page.evaluate("globalThis.rtc?.port") as number | undefined,
    "the answer",
    20_000,
  );
  relay.forwardTo("127.0.0.1", port);
  await lossy.page.evaluate(`rtc.use(${relay.port})`);
  await lossy.waitForState("playing");
  relay.setLinks(links(LOSS));
  const { report, shown, numbers, isReadable } = await shownIn(lossy, 2000);
  t.ok(relay.stats.down.lost > 0, `${relay.stats.down.lost} packets were lost`);
  t.ok(shown.length >= 10, `${shown.length} pictures`);
  t.ok(isReadable, `${report.markersMisread} markers misread`);
  t.ok(isForward(numbers));
  t.same(lossy.complaints, []);
  await lossy.close();
});

async function gatewayPid(): Promise<number> {
  return await until(
    async () => {
      for (const pid of await descendants(host.process.pid)) {
        const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
        if (command.includes("src/transport/webrtc/main.ts")) return pid;
      }
      return undefined;
    },
    "the gateway process",
    20_000,
  );
}
