/**
 * Every state of the dashboard, dark and light: it is reached the way a person reaches it, it breaks no
 * accessibility rule, it fits its window, and a picture of it lies in build/screenshots afterwards.
 */
// timeout: 120 s

import t from "tap";
import type { Test } from "tap";
import { TestBrowser } from "./harness.ts";
import type { PageOptions, ViewerPage } from "./harness.ts";
import { HostProcess } from "./host_process.ts";

const SIZE = { width: 1440, height: 900 };
const PHONE = { isPhone: true, size: { width: 390, height: 844 } };

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "640x360", "--fps", "10", "--memory-limit", "600MB"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
});
const token = (await Deno.readTextFile(`${host.stateDir}/admin-token`)).trim();
const url = `${host.origin}/dashboard/`;

/** Opens the dashboard signed in and waits for its figures. */
async function openBoard(options: PageOptions = { size: SIZE }): Promise<ViewerPage> {
  const view = await browser.open(`${url}#s=${token}`, options);
  await view.page.waitForSelector(".tiles .value");
  return view;
}

/** Looks at a page, in both colour schemes unless another state has the same colours. */
async function inspect(
  t: Test,
  view: ViewerPage,
  name: string,
  schemes: readonly ("dark" | "light")[] = ["dark", "light"],
): Promise<void> {
  for (const colorScheme of schemes) {
    await view.page.emulateMedia({ colorScheme });
    // Only colours differ between the two.
    const tags = colorScheme === schemes[0] ? undefined : ["cat.color"];
    t.same(await view.accessibilityViolations(tags), [], `${name}, ${colorScheme}`);
    t.ok(await view.screenshot(`dashboard-${name}-${colorScheme}`) > 5000, "it shows something");
  }
  const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
  t.equal(await view.page.evaluate(overflow), 0, `${name} needs no scrolling sideways`);
}

t.test("the dashboard asks for its token", async (t) => {
  const view = await browser.open(url, { size: SIZE });
  await view.page.waitForSelector("#token:focus");
  await inspect(t, view, "sign-in");
  await view.close();
});

t.test("the dashboard before its first sample", async (t) => {
  // The host's answer never comes.
  const view = await browser.open(url, {
    ...{ size: SIZE, before: `globalThis.fetch = () => new Promise(() => {})` },
  });
  await view.page.waitForSelector(".skeleton");
  t.match(await view.page.evaluate(`document.querySelector("main").innerText`), /Connecting/);
  await inspect(t, view, "loading", ["dark"]);
  await view.page.emulateMedia({ reducedMotion: "reduce" });
  const animation = `getComputedStyle(document.querySelector(".skeleton .panel")).animationName`;
  t.equal(await view.page.evaluate(animation), "none", "it stands still for who wants that");
  await view.close();
});

t.test("the dashboard without viewers fits one screen", async (t) => {
  const view = await openBoard();
  await view.page.waitForSelector(".sessions .empty");
  await inspect(t, view, "empty", ["dark"]);
  const heights = "[document.documentElement.scrollHeight, innerHeight]";
  const [page, screen] = await view.page.evaluate(heights) as [number, number];
  t.equal(page, screen, "nothing to scroll at 1440 by 900");
  await view.close();
});

t.test("the dashboard with two viewers, their end, and on a phone", async (t) => {
  const view = await openBoard();
  for (const role of ["player", "viewer"] as const) {
    const guest = await host.view((await host.join(role)).info.ticket);
    await guest.send({ type: "play", streamId: 0 });
  }
  await view.page.waitForSelector(".session-table tbody tr:nth-child(2)");
  await inspect(t, view, "sessions");
  const size = await view.page.evaluate("[document.documentElement.scrollHeight, innerHeight]");
  const [page, screen] = size as [number, number];
  t.equal(page, screen, "one screen still");
  await view.page.click(".session-table button >> nth=0");
  await view.page.waitForSelector("dialog[open]");
  await inspect(t, view, "end-session", ["light"]);
  await view.close();
  const phone = await openBoard(PHONE);
  await inspect(t, phone, "phone", ["dark"]);
  await phone.close();
  const small = await openBoard({ size: { width: 1024, height: 768 } });
  await inspect(t, small, "tablet", ["dark"]);
  await small.close();
});

t.test("the dashboard of a host that is short of memory says so in words", async (t) => {
  const short = await HostProcess.start([
    ...["--source", "pattern", "--size", "640x360", "--fps", "10", "--memory-limit", "100MB"],
  ]);
  t.teardown(() => short.stop());
  const secret = (await Deno.readTextFile(`${short.stateDir}/admin-token`)).trim();
  const view = await browser.open(`${short.origin}/dashboard/#s=${secret}`, { size: SIZE });
  await view.page.waitForSelector(".verdict.tone-bad", { timeout: 15_000 });
  const text = await view.page.evaluate(`document.querySelector(".verdict").innerText`) as string;
  t.match(text, /^Memory critical\s+\d+ MB of 100 MB in use\. New viewers are turned away/);
  const said = await view.page.evaluate(`document.querySelector("[role=status]").textContent`);
  t.match(said, /Memory pressure critical/, "it is said aloud");
  t.match(await view.page.evaluate(`document.querySelector(".badge").innerText`), "Critical");
  await inspect(t, view, "critical", ["dark"]);
  await view.close();
});

t.test("the dashboard of a host that has gone", async (t) => {
  const view = await openBoard();
  await host.stop("SIGKILL");
  await view.page.waitForSelector(".page.stale");
  await inspect(t, view, "gone");
  await view.close();
});
