/**
 * The dashboard as a person uses it: opened by its link, with two sessions on it, one of them sent away
 * by keyboard, and through a restart of the host.
 */
// timeout: 120 s

import t, { type Test } from "tap";
import { TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const ARGS = ["--source", "pattern", "--size", "640x360", "--fps", "10"];
const browser = await TestBrowser.start();
t.teardown(() => browser.close());

async function tokenOf(host: HostProcess): Promise<string> {
  return (await Deno.readTextFile(`${host.stateDir}/admin-token`)).trim();
}

/** Text of the first element of `selector`, or undefined. */
async function textOf(view: ViewerPage, selector: string): Promise<string | undefined> {
  const script = `document.querySelector(${JSON.stringify(selector)})?.innerText`;
  return await view.page.evaluate(script) as string | undefined;
}

function count(view: ViewerPage, selector: string): Promise<number> {
  return view.page.locator(selector).count();
}

/** Lets the one viewer use a gamepad. */
async function givePad(t: Test, board: ViewerPage): Promise<void> {
  await board.page.getByRole("button", { name: /^Rights… of the viewer/ }).click();
  await board.page.getByLabel("Gamepads").check();
  t.same(await board.accessibilityViolations(), []);
  await board.page.getByRole("button", { name: "Change rights" }).click();
}

t.test("the dashboard shows who watches, and sends somebody away", async (t) => {
  const host = await HostProcess.start([...ARGS, "--admin"]);
  t.teardown(() => host.stop());
  const printed = /^ {2}(\S+\/dashboard\/#s=[\w-]{43})$/m.exec(host.out)?.[1];
  t.equal(printed, `${host.origin}/dashboard/#s=${await tokenOf(host)}`, "--admin prints its link");
  const board = await browser.open(printed!, { size: { width: 1440, height: 900 } });
  await board.page.waitForSelector(".sessions .empty");
  t.match(await board.page.evaluate("location.href"), /\/dashboard\/$/, "the secret is gone");
  t.equal(await count(board, ".verdict.tone-good"), 1, "Healthy");
  const cookies = await board.page.context().cookies();
  t.match(cookies, [{ name: /^wavry_admin_/, httpOnly: true, sameSite: "Strict" }]);

  const { cookie } = await host.join("player");
  const player = await browser.open(`${host.origin}/`, { cookie });
  const guest = await host.view((await host.join("viewer")).info.ticket);
  await guest.send({ type: "play", streamId: 0 });
  await player.waitForState("playing");
  await until(async () => await count(board, ".session-table tbody tr") === 2, "two rows");
  const row = ".session-table tbody tr:first-child";
  await until(
    async () => {
      const texts = await textOf(board, row) ?? "";
      return /Player\s.*127\.0\.0\.0\/24.*Test pattern.*Playing/s.test(texts) &&
        /of 1024/.test(texts) && !/\b0 kbit\/s/.test(texts);
    },
    "figures of the player",
    20_000,
  );
  t.match(await textOf(board, ".tiles"), /Viewers\s+2\s+of 8 places/);
  t.equal(await count(board, ".chart canvas"), 3, "all charts are drawn");
  t.equal(await count(board, ".stage-table tbody tr"), 5);
  t.match(await textOf(board, ".owner-table"), /Coding rings\s+\d/);
  t.match(await board.page.getAttribute(".memory .plot", "aria-label"), /Resident \d+ MB/);
  t.match(await board.page.locator(".memory .unseen td").first().textContent(), /\d MB/);

  await givePad(t, board);
  await guest.heard("rights", ({ permissions }) => permissions.join() === "pad");
  await board.page.locator(".said", {
    hasText: /^The rights of the viewer Guest \d from .* were changed$/,
  }).waitFor();

  await board.page.focus(`${row} button:last-child`);
  await board.page.keyboard.press("Enter");
  await board.page.waitForSelector("dialog[open]");
  t.equal(await textOf(board, "dialog :focus"), "Keep it", "the way back comes first");
  await board.page.keyboard.press("Escape");
  await board.page.waitForSelector("dialog", { state: "detached" });
  // The keyboard is where it was, a moment later.
  await board.page.waitForSelector(`${row} button:focus`);
  t.equal(await player.state(), "playing", "nothing has happened");
  await board.page.keyboard.press("Enter");
  await board.page.waitForSelector("dialog[open]");
  await board.page.keyboard.press("Tab");
  await board.page.keyboard.press("Enter");
  await player.waitForState("ended");
  t.match(await textOf(player, ".panel"), /The host ended your session/);
  t.match(await textOf(player, ".panel"), /Ask for a new link/);
  await board.page.locator(".said", {
    hasText: /The session of the player Guest \d from 127\.0\.0\.0\/24 was ended/,
  }).waitFor();
  await until(async () => await count(board, ".session-table tbody tr") === 1, "one row");
  t.equal(guest.said.find(({ type }) => type === "ended"), undefined, "the other one watches on");
  await player.page.reload();
  await player.waitForState("refused");
  t.equal((await host.call("POST", "/api/ticket", { cookie })).status, 401, "for good");

  t.same(board.complaints, [], "nothing breaks the content security policy");
  await player.close();
  await board.close();
});

t.test("the dashboard lets nobody in but who has its token", async (t) => {
  const host = await HostProcess.start(ARGS);
  t.teardown(() => host.stop());
  const board = await browser.open(`${host.origin}/dashboard/#s=${await tokenOf(host)}`);
  await board.page.waitForSelector(".tiles .value");
  await board.page.click("text=Sign out");
  await board.page.waitForSelector("#token");
  await board.page.reload();
  await board.page.waitForSelector("#token");
  t.match(await textOf(board, "h1"), "Sign in to the dashboard");
  await board.page.fill("#token", "x".repeat(43));
  await board.page.keyboard.press("Enter");
  await board.page.waitForSelector("[role=alert]");
  t.match(await textOf(board, "h1"), "That token is not the right one");
  await board.page.fill("#token", await tokenOf(host));
  await board.page.keyboard.press("Enter");
  await board.page.waitForSelector(".link-live");
  await board.close();
});

t.test("the dashboard comes back with its host, and does not hide that it was gone", async (t) => {
  const first = await HostProcess.start(ARGS);
  const { port, stateDir } = first;
  const board = await browser.open(`${first.origin}/dashboard/#s=${await tokenOf(first)}`);
  await board.page.waitForSelector(".tiles .value");
  await first.stop("SIGINT", true);
  await board.page.waitForSelector(".page.stale");
  t.equal(await textOf(board, ".verdict .title"), "No contact");
  t.match(await textOf(board, ".verdict .text"), /The host was closed.*Figures are of \d\d:\d\d/s);
  t.match(await textOf(board, ".link"), /^Not live since \d\d:\d\d:\d\d$/);
  t.match(await textOf(board, ".tiles"), /\d+ MB/, "what was known is still there");
  const second = await HostProcess.start(ARGS, { stateDir, port });
  t.teardown(() => second.stop());
  await board.page.waitForSelector(".page:not(.stale) .link-live", { timeout: 15_000 });
  t.equal(await count(board, ".verdict.tone-good"), 1, "without another sign-in");
  // As a laptop that was taken away: nothing says goodbye.
  second.process.kill("SIGSTOP");
  await board.page.waitForSelector(".page.stale", { timeout: 10_000 });
  t.match(await textOf(board, ".verdict .text"), /does not answer/);
  second.process.kill("SIGCONT");
  await board.page.waitForSelector(".page:not(.stale) .link-live", { timeout: 15_000 });
  await board.close();
});
