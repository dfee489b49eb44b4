/**
 * What breaks comes back by itself: the picture after the media process was killed and after the
 * whole host was, in the same page, with the last picture on the screen in between. And what has no
 * right to be there stays out.
 */
// timeout: 150 s

import t from "tap";
import { mediaProcessId, TestBrowser } from "./harness.ts";
import type { ViewerPage } from "./harness.ts";
import { HostProcess, until } from "./host_process.ts";

const PATTERN = ["--source", "pattern", "--size", "1280x720"];
/** The promise is 2 s; the rest is for a machine that runs other tests. */
const BACK_MS_MAX = 20_000;

const browser = await TestBrowser.start();
const host = await HostProcess.start(PATTERN);
let restarted: HostProcess | undefined;
t.teardown(async () => {
  await browser.close();
  await host.stop("SIGKILL", restarted !== undefined);
  await restarted?.stop();
});

t.test("viewer is refused without a link, with a used one and with an invented one", async (t) => {
  const link = host.links[0]!;
  const first = await browser.open(`${link.origin}/#s=${link.secret}`);
  await first.waitForState("playing");
  const urls = [
    `${link.origin}/`,
    `${link.origin}/#s=${link.secret}`,
    `${link.origin}/#s=${"B".repeat(43)}`,
  ];
  for (const url of urls) {
    const other = await browser.open(url);
    await other.waitForState("refused");
    t.equal(await other.firstPicture(), undefined, "no picture");
    await other.close();
  }
  await first.page.reload();
  await first.waitForState("playing");
  t.pass("the one who was first may reload the page");
  await first.close();
});

t.test("viewer has video again after the media process died", async (t) => {
  const { secret } = host.links.at(-1)!;
  const viewer = await browser.open(`${host.origin}/#s=${secret}`);
  await viewer.waitForState("playing");
  const states = watchStates(viewer);
  for (const signal of ["SIGKILL", "SIGSEGV"] as const) {
    const before = await viewer.measure(1000, 3);
    const lastMarker = Math.max(...before.frames.map(({ marker }) => marker?.frame ?? 0));
    const media = await mediaProcessId(host);
    const killedMs = performance.now();
    Deno.kill(media, signal);
    // V8 takes the first SIGSEGV for a trap of WebAssembly, steps back and lets the next one kill.
    if (signal === "SIGSEGV") {
      await viewer.page.waitForTimeout(50);
      Deno.kill(media, signal);
    }
    // The pattern of a new process counts from 1 again.
    await until(
      async () => {
        const { frames } = await viewer.take();
        return frames.some(({ marker, outcome }) => {
          return outcome === "presented" && marker != null && marker.frame < lastMarker;
        });
      },
      "the new process's picture",
      10_000,
    );
    const tookMs = performance.now() - killedMs;
    t.ok(tookMs < BACK_MS_MAX, `back ${Math.round(tookMs)} ms after ${signal}`);
    await viewer.waitForState("playing");
    t.not(await mediaProcessId(host), media);
  }
  t.same(
    (await states()).filter((state) => !["playing", "reconnecting"].includes(state)),
    [],
    "no error page in between",
  );
  await viewer.close();
});

t.test("viewer comes back to a host that was killed and started again", async (t) => {
  const { port, stateDir } = host;
  const { secret } = host.links.at(-1)!;
  const viewer = await browser.open(`${host.origin}/#s=${secret}`);
  await viewer.waitForState("playing");
  await host.stop("SIGKILL", true);
  await viewer.waitForState("reconnecting", 10_000);
  restarted = await HostProcess.start(PATTERN, { port, stateDir });
  const startedMs = performance.now();
  try {
    await viewer.waitForState("playing");
  } catch (error) {
    t.comment(restarted.log.slice(-4000));
    throw error;
  }
  const tookMs = performance.now() - startedMs;
  // The pause between two tries has grown meanwhile, to 5 s at most.
  t.ok(tookMs < 25_000, `back ${Math.round(tookMs)} ms after the host`);
  const report = await viewer.measure(500, 1);
  t.ok(report.markersRead > 0, "the session outlived the host");
  await restarted.stop("SIGINT", true);
  await until(async () => await viewer.state() !== "playing", "the viewer to notice the end");
  t.notOk(["refused", "unsupported"].includes(await viewer.state()));
  await viewer.close();
});

/** Notes every state from now on; the result gives those seen so far. */
function watchStates(viewer: ViewerPage): () => Promise<string[]> {
  const started = viewer.page.evaluate(`(() => {
    const viewer = document.querySelector("wavry-viewer");
    globalThis.seenStates = [];
    new MutationObserver(() => globalThis.seenStates.push(viewer.dataset.state))
      .observe(viewer, { attributeFilter: ["data-state"] });
  })()`);
  return async () => {
    await started;
    return await viewer.page.evaluate("globalThis.seenStates") as string[];
  };
}
