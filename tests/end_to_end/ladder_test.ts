/**
 * The ladder of ways to a host, in a real Chromium behind a relay that lets UDP through or not: TCP
 * where UDP is blocked, back up when it is not, and from one to the other in mid-session with a key
 * held down that neither sticks nor is lost, without another login.
 */
// timeout: 150 s

import t, { type Test } from "tap";
import { ProcessGroup } from "../../bench/measure/process_group.ts";
import { startXScreen } from "../../bench/measure/x_screen.ts";
import { FaultRelay } from "../../bench/relay/fault_relay.ts";
import { LinkModel } from "../../bench/simulator/link_model.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

/** Nobody looks for a better way more often than once in 5 s. */
const MOVE_MS_MAX = 40_000;
const BLOCKED = { kind: "blackhole", fromUs: 0, toUs: Number.MAX_SAFE_INTEGER } as const;

function links(isBlocked: boolean) {
  const link = (name: string) => {
    const losses = isBlocked ? [BLOCKED] : [];
    return new LinkModel({ delayUs: 5_000, losses }, { seed: 1, name });
  };
  return { down: link("down"), up: link("up") };
}

interface SeenKey {
  readonly type: string;
  readonly name?: string;
  readonly down?: boolean;
  readonly repeat?: boolean;
}

const seen: SeenKey[] = [];
const group = new ProcessGroup();
const screen = await startXScreen(group, {
  ...{ width: 640, height: 360, content: "scroll", fps: 30, seed: 1 },
  onInput: (line) => seen.push(JSON.parse(line)),
}, new AbortController().signal);
const relay = FaultRelay.listen(links(true));
const host = await HostProcess.start([
  ...["--display", screen.display, "--public-port", String(relay.port), "--webrtc", "off"],
]);
relay.forwardTo(host.port);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await relay.close();
  await group[Symbol.asyncDispose]();
});
const { cookie } = await host.join("player");
const size = { width: 640, height: 360 };
const viewer = await browser.open(relay.urlOf(`${host.origin}/`), { cookie, size });
const logins: string[] = [];
viewer.page.on("request", (request) => {
  if (request.url().endsWith("/api/session")) logins.push(request.url());
});

async function transportOf(page: ViewerPage): Promise<string | null> {
  return await page.page.getAttribute("wavry-viewer", "data-transport");
}

function moves(to: string): Promise<unknown> {
  return until(async () => await transportOf(viewer) === to, `a picture over ${to}`, MOVE_MS_MAX);
}

/** Whether the content saw a key go down or up, in its order. */
function changesOf(name: string): boolean[] {
  return seen.flatMap((event) => {
    return event.type === "key" && event.name === name && event.repeat !== true
      ? event.down ?? []
      : [];
  });
}

async function sessions(): Promise<{ readonly id: string; readonly transport: string }[]> {
  return (await (await host.call("GET", "/api/stats", { cookie })).json()).viewers;
}

/** Holds a key down while `change` moves the session to another way. */
async function holdThrough(
  t: Test,
  { code, name, to }: Record<string, string>,
  change: () => void,
) {
  const { keyboard } = viewer.page;
  await keyboard.down(code!);
  await until(() => changesOf(name!).length === 1, `${name} down`);
  change();
  await moves(to!);
  await until(() => changesOf(name!).length >= 3, `${name} down again`);
  await keyboard.up(code!);
  await until(() => changesOf(name!).at(-1) === false, `${name} up`);
  t.same(changesOf(name!), [true, false, true, false], "raised and pressed again, in this order");
  await until(async () => (await sessions()).length === 1, "the end of the old session");
}

t.test("viewer comes in over TCP where UDP is blocked", async (t) => {
  await viewer.waitForState("playing");
  await moves("tcp");
  const { dialUs = 0, presentedUs = 0 } = await viewer.firstPicture() ?? {};
  t.comment(`first picture ${Math.round((presentedUs - dialUs) / 1000)} ms after the dial`);
  await until(
    async () => await viewer.page.textContent(".notice") === NOTICE,
    "the word about the network",
  );
  const stats = await until(async () => (await viewer.measure(100)).stats, "figures", 10_000);
  t.equal(stats.transport, "WebTransport (TCP)");
  t.match(await sessions(), [{ transport: "tcp" }]);
});

const NOTICE = "Connected over TCP: this network blocks UDP";

t.test("viewer goes up when UDP works again, and down when it does not, with a key held", async (t) => {
  await viewer.page.mouse.move(300, 200);
  await viewer.page.mouse.click(300, 200);
  const up = { code: "KeyH", name: "h", to: "quic" };
  await holdThrough(t, up, () => relay.setLinks(links(false)));
  t.equal(await viewer.page.textContent(".notice"), "Connected over QUIC again");
  await viewer.page.evaluate(`document.querySelector("wavry-viewer").startMeasurement({})`);
  await viewer.page.waitForTimeout(300);
  const blockedMs = performance.now();
  const down = { code: "KeyJ", name: "j", to: "tcp" };
  await holdThrough(t, down, () => relay.setLinks(links(true)));
  t.comment(`with all of it ${Math.round(performance.now() - blockedMs)} ms after UDP was blocked`);
  const times = (await viewer.take()).frames.map(({ presentedUs }) => presentedUs)
    .filter((us) => us > 0);
  const gaps = times.slice(1).map((us, index) => us - times[index]!);
  t.comment(`longest gap between two pictures: ${Math.round(Math.max(...gaps) / 1000)} ms`);
  t.equal(await viewer.state(), "playing", "the picture stayed on the screen");
  t.same(logins, [], "no other login");
  // A browser says so when a dial came to nothing.
  t.same(viewer.complaints.filter((complaint) => !complaint.includes("QUIC_NETWORK_IDLE")), []);
});

t.test("viewer begins with the way that worked last", async (t) => {
  await viewer.page.reload({ waitUntil: "commit" });
  const before = relay.stats.up.packets;
  await viewer.waitForState("playing");
  await moves("tcp");
  const { dialUs = 0, connectedUs = 0 } = await viewer.firstPicture() ?? {};
  t.comment(`${Math.round((connectedUs - dialUs) / 1000)} ms, ${relay.stats.up.packets - before}`);
  t.match(await viewer.page.evaluate(`localStorage.getItem("wavry:way")`), /"tcp"/);
});

t.test("viewer uses one way alone when it is told to", async (t) => {
  relay.setLinks(links(false));
  const tcp = await browser.open(relay.urlOf(`${host.origin}/?transport=tcp`), { cookie, size });
  await tcp.waitForState("playing");
  await until(async () => await transportOf(tcp) === "tcp", "TCP");
  await tcp.close();
  for (
    const [asked, said] of [["ftp", /"ftp": use quic, webrtc, tcp/], ["webrtc", /webrtc: this/]]
  ) {
    const url = relay.urlOf(`${host.origin}/?transport=${asked}`);
    const none = await browser.open(url, { cookie, size });
    await none.waitForState("unsupported");
    t.match(await none.page.textContent("wavry-viewer"), said);
    await none.close();
  }
});
