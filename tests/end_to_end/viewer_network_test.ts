/**
 * What a viewer says of a bad network, in a real Chromium behind the fault relay: the overlay tells
 * what is lost and repaired, a hitch has its cause, a notice explains the picture outside of the
 * overlay, and all of it can be reached by keys and breaks no accessibility rule.
 */
// timeout: 150 s

import t from "tap";
import { FaultRelay } from "../../bench/relay/fault_relay.ts";
import { LinkModel } from "../../bench/simulator/link_model.ts";
import type { LossSpec } from "../../bench/simulator/loss_process.ts";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const DELAY_US = 10_000;
const SEED = 7;
/** Reports come twice a second; the rest is for a machine that runs other tests. */
const SHOWN_MS_MAX = 15_000;
/** In which an outage a second stops some picture. */
const HITCH_MS_MAX = 30_000;
/** It must be bad for 3 s first. */
const NOTICE_MS_MAX = 30_000;

function links(losses: readonly LossSpec[]) {
  return {
    down: new LinkModel({ delayUs: DELAY_US, losses }, { seed: SEED, name: "down" }),
    up: new LinkModel({ delayUs: DELAY_US }, { seed: SEED, name: "up" }),
  };
}

const relay = FaultRelay.listen(links([]));
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "1280x720", "--fps", "30"],
  ...["--public-port", String(relay.port)],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
  await relay.close();
});
const link = host.links[0]!;
relay.forwardTo(link.port);
const viewer = await browser.open(relay.urlOf(`${link.origin}/?stats=1#s=${link.secret}`));
await viewer.waitForState("playing");

/** What the overlay says in a line; empty before it has one. */
async function line(label: string): Promise<string> {
  return await viewer.page.evaluate(`[...document.querySelectorAll(".stats .row")]
    .find((row) => row.firstChild.textContent === ${JSON.stringify(label)})
    ?.lastChild.textContent ?? ""`) as string;
}

async function notice(viewer: ViewerPage): Promise<string> {
  return await viewer.page.textContent(".network-notice") ?? "";
}

t.test("overlay shows what the host says of the path, among its sections", async (t) => {
  await until(async () => /Mbit/.test(await line("Bitrate target/sent/video")), "the overlay");
  await until(
    async () => /^[\d.]+\/[\d.]+\/[\d.]+ Mbit/.test(await line("Bitrate target/sent/video")),
    "a path report",
    SHOWN_MS_MAX,
  );
  const titles = await viewer.page.evaluate(
    `[...document.querySelectorAll(".stats h2")].map((title) => title.textContent)`,
  );
  t.same(titles, ["Picture", "Network", "Repair", "Host", "Input", "Sound"]);
  t.match(await line("Round trip/queue delay"), /^\d+\.\d\/\d+\.\d ms$/);
  t.match(await line("Redundancy"), /^\d+\.\d%$/);
  t.match(await line("Encoder set to"), /^\d+ FPS, /);
  t.equal(await notice(viewer), "", "a good network needs no word");
});

t.test("overlay is reached by keys, scrolls by them, and Escape closes it", async (t) => {
  await viewer.page.setViewportSize({ width: 500, height: 300 });
  await until(
    () => viewer.page.evaluate(`document.querySelector(".stats.scrolls") !== null`) as never,
    "an overlay that does not fit",
  );
  t.same(await viewer.accessibilityViolations(), [], "while it scrolls");
  await viewer.press("Control+Alt+Shift+KeyZ");
  const focused = () => viewer.page.evaluate(`document.activeElement.className`);
  for (let key = 0; key < 8 && !/stats/.test(String(await focused())); key++) {
    await viewer.press("Tab");
  }
  t.match(await focused(), /stats/);
  await viewer.press("End");
  await until(
    () => viewer.page.evaluate(`document.querySelector(".stats").scrollTop > 0`) as never,
    "the end of the overlay",
  );
  await viewer.press("Escape");
  t.notOk(await viewer.page.isVisible(".stats"));
  t.match(await focused(), /stage/, "the picture has the focus");
  await viewer.page.setViewportSize({ width: 1280, height: 720 });
});

t.test("losses are repaired, counted and named", async (t) => {
  // Nobody looks at the overlay: the causes are found without it.
  await viewer.page.evaluate(
    `document.querySelector("wavry-viewer").startMeasurement({ marker: false })`,
  );
  relay.setLinks(links([{ kind: "outages", everyUs: 1_000_000, lengthUs: 150_000 }]));
  await until(
    async () => await notice(viewer) !== "",
    "a word about the network",
    NOTICE_MS_MAX,
  );
  t.match(await notice(viewer), /^(Poor network: picture is being repaired|Slow network: .*)$/);
  t.equal(await viewer.state(), "playing");
  for (const colorScheme of ["dark", "light"] as const) {
    await viewer.page.emulateMedia({ colorScheme });
    t.same(await viewer.accessibilityViolations(), [], `notice, ${colorScheme}`);
    t.ok(await viewer.screenshot(`network-${colorScheme}`) > 2000);
  }
  // On a busy machine the path looks slow as well, and a hitch has but one cause.
  const causes: string[] = [];
  await until(
    async () => {
      causes.push(...(await viewer.take()).hitches.map(({ cause }) => cause));
      return causes.includes("loss");
    },
    "a hitch from loss",
    HITCH_MS_MAX,
  );
  await viewer.press("Control+Alt+Shift+KeyS");
  await until(
    async () => /ago|just now/.test(await line("Last hitch")),
    "the last hitch in words",
    SHOWN_MS_MAX,
  );
  t.match(await line("Last hitch"), /^\d+ ms, (just now|\d+ \w+ ago): \w/);
  await until(
    async () => /of lost\)$/.test(await line("Recovered")),
    "a second with losses",
    SHOWN_MS_MAX,
  );
  t.same(await viewer.accessibilityViolations(), [], "overlay of a poor network");
  t.same(viewer.complaints, []);
});
