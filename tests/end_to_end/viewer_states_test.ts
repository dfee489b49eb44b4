/**
 * Every state of the viewer, dark and light: it is reached the way a person reaches it, it breaks no
 * accessibility rule, and a picture of it lies in build/screenshots afterwards.
 */
// timeout: 180 s

import t from "tap";
import type { Test } from "tap";
import { mediaProcessId, TestBrowser } from "./harness.ts";
import type { PageOptions, ViewerPage } from "./harness.ts";
import { HostProcess, isAlive } from "./host_process.ts";

// Slow on purpose: here pages are looked at, and the machine has two cores.
const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "1280x720"],
  ...["--fps", "10"],
]);
const browser = await TestBrowser.start();
t.teardown(async () => {
  await browser.close();
  await host.stop();
});
const { cookie } = await host.join("player");

/** Looks at a page in both colour schemes. */
async function inspect(t: Test, viewer: ViewerPage, name: string): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await viewer.page.emulateMedia({ colorScheme });
    // Only colours differ between the two.
    const tags = colorScheme === "light" ? ["cat.color"] : undefined;
    t.same(await viewer.accessibilityViolations(tags), [], `${name}, ${colorScheme}`);
    t.ok(await viewer.screenshot(`${name}-${colorScheme}`) > 2000, "it shows something");
  }
}

/** Opens a page, waits for a state, looks at it and closes it. */
async function look(
  t: Test,
  name: string,
  state: string,
  options: PageOptions & {
    url?: string;
    prepare?: (viewer: ViewerPage) => Promise<unknown>;
  },
): Promise<void> {
  const viewer = await browser.open(options.url ?? `${host.origin}/`, options);
  await viewer.waitForState(state);
  await options.prepare?.(viewer);
  t.equal(await viewer.state(), state);
  await inspect(t, viewer, name);
  await viewer.close();
}

t.test("viewer while it connects", async (t) => {
  // The question to the host stays without an answer.
  const before = `globalThis.fetch = () => new Promise(() => {})`;
  await look(t, "connecting", "connecting", { cookie, before });
  await look(t, "connecting-phone", "connecting", {
    cookie,
    before,
    isPhone: true,
    size: { width: 390, height: 844 },
  });
});

t.test("viewer while it waits for the first picture", async (t) => {
  // The host replaces a media process that is silent for long: that one has to wait as well.
  const stopped = new Set<number>();
  let isWaiting = true;
  const stopping = (async () => {
    while (isWaiting) {
      const media = await mediaProcessId(host);
      if (!stopped.has(media)) Deno.kill(media, "SIGSTOP");
      stopped.add(media);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    await look(t, "waiting", "waiting", { cookie });
  } finally {
    isWaiting = false;
    await stopping;
    for (const media of stopped) {
      if (await isAlive(media)) Deno.kill(media, "SIGCONT");
    }
  }
});

t.test("viewer while it plays, with everything that opens over the picture", async (t) => {
  const viewer = await browser.open(`${host.origin}/`, { cookie });
  await viewer.waitForState("playing");
  await inspect(t, viewer, "playing");
  await viewer.press("Control+Alt+Shift+KeyS");
  await viewer.page.waitForSelector(".stats .group");
  await inspect(t, viewer, "statistics");
  await viewer.press("Control+Alt+Shift+KeyS");
  await viewer.page.mouse.move(640, 4);
  await viewer.page.waitForSelector(".toolbar.open .tool");
  await viewer.page.mouse.move(640, 30);
  await viewer.page.waitForTimeout(300);
  await inspect(t, viewer, "toolbar");
  await viewer.page.click("[data-action=shortcuts]");
  await viewer.page.waitForSelector("dialog[open]");
  await inspect(t, viewer, "shortcuts");
  await viewer.page.keyboard.press("Escape");
  await viewer.page.waitForSelector("dialog:not([open])", { state: "attached" });
  // The browser first gives it to the button that opened the dialog.
  await viewer.page.waitForSelector(".stage:focus, .stage :focus");
  const focus = await viewer.page.evaluate("document.activeElement.className");
  t.match(focus, /stage/, "the keyboard is the picture's again");
  t.same(viewer.complaints, []);
  await viewer.close();
});

t.test("viewer opens the statistics by address, and fits a phone", async (t) => {
  await look(t, "statistics-phone", "playing", {
    url: `${host.origin}/?stats=1`,
    cookie,
    isPhone: true,
    size: { width: 390, height: 844 },
    prepare: (viewer) => viewer.page.waitForSelector(".stats .group"),
  });
});

t.test("viewer that may only watch says so", async (t) => {
  const watcher = await host.join("viewer");
  await look(t, "view-only", "playing", {
    cookie: watcher.cookie,
    prepare: (viewer) => viewer.page.waitForSelector(".badge:not([hidden])"),
  });
});

t.test("viewer without a valid link is refused", async (t) => {
  await look(t, "refused", "refused", { url: `${host.origin}/#s=${"A".repeat(43)}` });
});

t.test("viewer that leaves can join again", async (t) => {
  const viewer = await browser.open(`${host.origin}/`, { cookie });
  await viewer.waitForState("playing");
  await viewer.press("Control+Alt+Shift+KeyQ");
  await viewer.waitForState("ended");
  await inspect(t, viewer, "ended");
  await viewer.page.keyboard.press("Enter");
  await viewer.waitForState("playing");
  t.pass("the button has the focus, and one key joins again");
  await viewer.close();
});

t.test("viewer in a browser that cannot play says what is missing", async (t) => {
  const missing = ["VideoDecoder", "OffscreenCanvas"];
  for (const name of missing) {
    const viewer = await browser.open(`${host.origin}/`, { before: `delete globalThis.${name}` });
    await viewer.waitForState("unsupported");
    if (name === "VideoDecoder") await inspect(t, viewer, "unsupported");
    const text = await viewer.page.textContent(".panel");
    t.match(text, name === "VideoDecoder" ? /WebCodecs/ : new RegExp(name));
    await viewer.close();
  }
});

t.test("viewer that loses the host keeps the last picture", async (t) => {
  const viewer = await browser.open(`${host.origin}/`, { cookie });
  await viewer.waitForState("playing");
  await host.stop("SIGKILL", true);
  await viewer.waitForState("reconnecting");
  await viewer.page.waitForTimeout(300);
  await inspect(t, viewer, "reconnecting");
  const [[red = 0, green = 0, blue = 0] = []] = await viewer.pixels([[80, 400]]);
  t.ok(red + green + blue > 200, "the picture is still there");
  await viewer.close();
});
