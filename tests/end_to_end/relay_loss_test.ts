/**
 * The whole product behind the fault relay: the real host and a real browser on a path that loses
 * packets, goes dark and changes its address. The picture keeps moving in one and the same session.
 */

import t from "tap";
import { FaultRelay } from "../../bench/relay/fault_relay.ts";
import { LinkModel, type LinkOptions } from "../../bench/simulator/link_model.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const SEED = 20_261;
const DELAY_US = 10_000;
const SECOND_US = 1_000_000;

function linksOf(options: Omit<LinkOptions, "delayUs"> = {}) {
  const link = (name: string) => {
    return new LinkModel({ ...options, delayUs: DELAY_US }, { seed: SEED, name });
  };
  return { down: link("down"), up: link("up") };
}

const relay = FaultRelay.listen(linksOf());
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--bitrate", "4000"],
  ...["--public-port", String(relay.port)],
]);
relay.forwardTo(host.port);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await relay.close();
});
const { cookie } = await host.join("viewer");
const viewer = await browser.open(relay.urlOf(host.origin), { cookie });
await viewer.waitForState("playing");

interface SentStats {
  readonly framesSent: number;
  readonly repairsSent: number;
}

/** The one session at the host. */
async function session(): Promise<{ id: string; sent: SentStats }> {
  const stats = await (await host.call("GET", "/api/stats", { cookie: playerCookie })).json();
  t.equal(stats.viewers.length, 1, "one viewer");
  return stats.viewers[0];
}

/** Seconds of about `seconds` in which at least one picture was drawn. */
async function secondsInMotion(page: ViewerPage, seconds: number): Promise<number> {
  const report = await page.measure(seconds * 1000);
  const drawnUs = report.frames.map(({ presentedUs }) => presentedUs).filter((us) => us !== 0);
  const firstUs = Math.min(...drawnUs);
  return new Set(drawnUs.map((us) => Math.floor((us - firstUs) / SECOND_US))).size;
}

const { cookie: playerCookie } = await host.join("player");
const before = await session();

t.test("a page that came through the forwarded port dials its video there", async (t) => {
  const response = await fetch(relay.urlOf(`${host.origin}/api/ticket`), {
    method: "POST",
    headers: {
      cookie,
      "content-type": "application/json",
      "origin": `http://127.0.0.1:${relay.port}`,
    },
    body: "{}",
  });
  t.equal((await response.json()).webTransport.url, `https://127.0.0.1:${relay.port}/session`);
  const direct = await host.ticket(cookie);
  t.equal(direct.webTransport.url, `https://127.0.0.1:${host.port}/session`, "others do not");
  t.ok(relay.stats.up.delivered > 10, "the viewer's packets come through the relay");
});

t.test("two lost packets of a hundred are repaired, and the picture moves on", async (t) => {
  relay.setLinks(linksOf({ losses: [{ kind: "independent", rate: 0.02 }] }));
  const lostBefore = relay.stats.down.lost;
  const seconds = await secondsInMotion(viewer, 5);
  t.ok(seconds >= 4, `a picture in ${seconds} seconds of 5`);
  t.ok(relay.stats.down.lost > lostBefore, `${relay.stats.down.lost - lostBefore} packets lost`);
  const { id, sent } = await session();
  t.equal(id, before.id, "the same session");
  t.ok(sent.repairsSent > before.sent.repairsSent, "repairs were sent");
  relay.setLinks(linksOf());
});

t.test("after a second of darkness the picture moves again in the same session", async (t) => {
  const dark = { kind: "blackhole", fromUs: 0, toUs: SECOND_US } as const;
  relay.setLinks(linksOf({ losses: [dark] }));
  await new Promise((resolve) => setTimeout(resolve, SECOND_US / 1000));
  const seconds = await secondsInMotion(viewer, 3);
  t.ok(seconds >= 2, `a picture in ${seconds} seconds of 3`);
  t.equal((await session()).id, before.id);
});

t.test("the session goes on from another address", async (t) => {
  const { framesSent } = (await session()).sent;
  relay.rebind();
  const seconds = await secondsInMotion(viewer, 3);
  t.ok(seconds >= 2, `a picture in ${seconds} seconds of 3`);
  await until(async () => (await session()).sent.framesSent > framesSent + 60, "further frames");
  t.equal((await session()).id, before.id);
  t.same(viewer.complaints, []);
});
