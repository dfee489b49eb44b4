/**
 * Leak gate for what happens to a host: screens that die under it, and memory that runs short, so
 * that it makes pictures smaller and turns viewers away.
 */

// timeout: 120 s
import t from "tap";
import { findProgram } from "../../src/server/displays/virtual_display.ts";
import { until } from "../end_to_end/host_process.ts";
import { repeat, TIMES } from "./endings.ts";
import { WatchedHost } from "./watched_host.ts";

t.setTimeout(110_000);

const PLACES = ["--max-viewers", "32"];
const SCREENS = 2;
const WAIT_MS = 15_000;
/** Both processes need more than this as soon as they run. */
const TOO_LITTLE = "110MB";
/** The stream is the viewers' and outlives them: its pool holds as many frames as it needs. */
const STREAM_LIVES_ON = /^(?:native frame|ledger staging) /;

const skip = await findProgram("Xvfb") === undefined ? "Xvfb is not installed" : false;

t.test("screens that die while somebody watches", { skip }, async (t) => {
  const options = ["--size", "320x240", "--fps", "10", "--keep-warm", "3600", ...PLACES];
  await using watched = await WatchedHost.start(options, STREAM_LIVES_ON);
  const { host } = watched;
  const xServer = async () => {
    for (const pid of await host.tree()) {
      const comm = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
      if (comm.trim() === "Xvfb") return pid;
    }
    return undefined;
  };
  /** How many processes there are, once that has not changed for a while. */
  const wholeTree = async () => {
    const before = await host.tree();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return (await host.tree()).length === before.length && before.length;
  };
  const loseScreen = async () => {
    const viewer = await watched.watch();
    await viewer.heard("stream_state", ({ state }) => state === "running", WAIT_MS);
    const pid = await until(xServer, "a screen", WAIT_MS);
    viewer.said.length = 0;
    Deno.kill(pid, "SIGKILL");
    await viewer.heard("stream_state", ({ state }) => state !== "running", WAIT_MS);
    await viewer.heard("stream_state", ({ state }) => state === "running", WAIT_MS);
    await viewer.send({ type: "quit" });
    await viewer.client.closed;
  };
  // Programs that lost their screen are started again ever later.
  const isWhole = async () => (await host.tree()).length === whole;
  const whole = await until(wholeTree, "all programs of the screen", WAIT_MS);
  await loseScreen();
  // As many as make the host collect garbage for the first time.
  await repeat(async () => {
    const viewer = await watched.watch();
    viewer.client.close(0, "");
    await viewer.client.closed;
  }, 2 * TIMES);
  await until(isWhole, "all programs again", WAIT_MS);
  const baseline = await watched.settled();
  for (let screen = 0; screen < SCREENS; screen++) await loseScreen();
  t.strictSame(await watched.leaks(baseline, TIMES), [], `${SCREENS} screens leave nothing behind`);
});

t.test("viewers that are turned away because memory is short", async (t) => {
  const source = ["--source", "pattern", "--size", "320x240", "--fps", "10"];
  const limits = ["--keep-warm", "3600", "--memory-limit", TOO_LITTLE, ...PLACES];
  await using watched = await WatchedHost.start([...source, ...limits], STREAM_LIVES_ON);
  const turnedAway = async () => {
    const viewer = await watched.host.view(await watched.ticket());
    const { reason } = await viewer.heard("ended");
    await viewer.client.closed;
    return reason;
  };
  const isShort = async () => (await watched.stats()).pressure.level === "critical";
  await until(isShort, "pressure", WAIT_MS);
  await repeat(async () => void await turnedAway());
  const baseline = await watched.settled();
  const reasons = new Set<string>();
  await repeat(async () => void reasons.add(await turnedAway()));
  t.strictSame([...reasons], ["capacity"]);
  t.strictSame(await watched.leaks(baseline, TIMES), [], `${TIMES} of them leave nothing behind`);
});
