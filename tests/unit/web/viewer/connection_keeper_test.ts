/** Tests of web/viewer/connection_keeper.ts. */

import t from "tap";
import { ConnectionKeeper } from "../../../../web/viewer/connection_keeper.ts";
import { RETRY_MS_MAX, RETRY_MS_MIN } from "../../../../web/shared/connection_attempts.ts";
import type { SessionOutcome } from "../../../../web/shared/session_client.ts";
import type { ViewerState } from "../../../../web/viewer/viewer_state.ts";
import type { ConnectInfo } from "../../../../web/shared/connect_info.ts";

const INFO = { name: "studio", streamId: 0 } as ConnectInfo;
const READY: SessionOutcome = { kind: "ready", info: INFO };
const UNREACHABLE: SessionOutcome = { kind: "unreachable", message: "" };

function setUp() {
  const states: ViewerState[] = [];
  const timers: { run: () => void; waitMs: number }[] = [];
  const host = {
    outcome: READY,
    connects: 0,
    disconnects: [] as boolean[],
    isVisible: true,
    nowMs: 0,
  };
  const keeper = new ConnectionKeeper({
    open: () => Promise.resolve(host.outcome),
    connect: () => host.connects++,
    disconnect: (isQuit) => host.disconnects.push(isQuit),
    isVisible: () => host.isVisible,
    changed: (state) => states.push(state),
    setTimer: (run, waitMs) => timers.push({ run, waitMs }),
    clearTimer: () => timers.splice(0),
    nowMs: () => host.nowMs,
    random: () => 0.5,
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const play = async () => {
    keeper.start();
    await settle();
    keeper.connected();
    keeper.streamChanged("running", "");
    keeper.pictureShown();
  };
  /** Runs the timer that is set and gives its wait. */
  const fire = async () => {
    const timer = timers.pop();
    timer?.run();
    await settle();
    return timer?.waitMs;
  };
  return { keeper, states, timers, host, settle, play, fire };
}

t.test("ConnectionKeeper keeps what there is instead of a missing display", async (t) => {
  const { keeper, play } = setUp();
  await play();
  const streams = [{ id: 0, name: "Left" }];
  keeper.disconnected({ reason: "unknown_stream", message: "m", retry: false, streams });
  t.same(keeper.state, { name: "ended", reason: "unknown_stream", message: "m", streams });
});

t.test("ConnectionKeeper goes from connecting over waiting to playing", async (t) => {
  const { states, host, play } = setUp();
  await play();
  t.same(states.map(({ name }) => name), ["waiting", "playing"]);
  t.equal(host.connects, 1);
});

t.test("ConnectionKeeper comes back after a loss with growing pauses", async (t) => {
  const { keeper, host, play, fire } = setUp();
  await play();
  host.outcome = UNREACHABLE;
  keeper.disconnected(undefined);
  t.match(keeper.state, { name: "reconnecting", cause: "network" });
  const pauses: (number | undefined)[] = [];
  for (let attempt = 0; attempt < 7; attempt++) pauses.push(await fire());
  t.same(pauses, [RETRY_MS_MIN, 500, 1000, 2000, 4000, RETRY_MS_MAX, RETRY_MS_MAX]);
  host.outcome = READY;
  await fire();
  t.equal(host.connects, 2);
  keeper.connected();
  t.equal(keeper.state.name, "reconnecting", "the old picture stays until there is a new one");
  keeper.streamChanged("running", "");
  keeper.pictureShown();
  t.equal(keeper.state.name, "playing");
});

t.test("ConnectionKeeper starts with short pauses again after a good connection", async (t) => {
  const { keeper, host, play, fire } = setUp();
  await play();
  keeper.disconnected(undefined);
  await fire();
  keeper.disconnected(undefined);
  t.equal(await fire(), 2 * RETRY_MS_MIN);
  keeper.connected();
  keeper.streamChanged("running", "");
  keeper.pictureShown();
  host.nowMs += 60_000;
  keeper.disconnected(undefined);
  t.equal(await fire(), RETRY_MS_MIN);
});

t.test("ConnectionKeeper tries only while the page is visible", async (t) => {
  const { keeper, host, play, timers, settle } = setUp();
  await play();
  host.isVisible = false;
  keeper.disconnected(undefined);
  t.equal(timers.length, 0);
  t.equal(host.connects, 1);
  host.isVisible = true;
  keeper.pageShown();
  await settle();
  t.equal(host.connects, 2);
  keeper.pageShown();
  await settle();
  t.equal(host.connects, 2, "being shown again changes nothing");
});

t.test("ConnectionKeeper ends when it is refused, and does not try again", async (t) => {
  const { keeper, host, timers, settle } = setUp();
  host.outcome = { kind: "refused", cause: "link" };
  keeper.start();
  await settle();
  t.same(keeper.state, { name: "refused", cause: "link" });
  keeper.disconnected(undefined);
  keeper.connected();
  t.equal(keeper.state.name, "refused");
  t.equal(timers.length, 0);
});

t.test("ConnectionKeeper follows the host's last word", async (t) => {
  const { keeper, play, timers } = setUp();
  await play();
  keeper.disconnected({ reason: "bad_ticket", message: "", retry: true });
  t.equal(keeper.state.name, "reconnecting");
  t.equal(timers.length, 1);
  const other = setUp();
  await other.play();
  other.keeper.disconnected({ reason: "kicked", message: "bye", retry: false });
  t.same(other.keeper.state, { name: "ended", reason: "kicked", message: "bye" });
  t.equal(other.timers.length, 0);
});

t.test("ConnectionKeeper shows a stream that restarts as reconnecting", async (t) => {
  const { keeper, play, host } = setUp();
  await play();
  keeper.streamChanged("restarting", "Media process ended");
  t.match(keeper.state, { name: "reconnecting", cause: "stream" });
  keeper.streamChanged("running", "");
  t.equal(keeper.state.name, "playing");
  t.equal(host.connects, 1, "the connection is the same");
  keeper.streamChanged("failed", "The display is gone");
  t.match(keeper.state, { name: "reconnecting", failure: "The display is gone" });
});

t.test("ConnectionKeeper quits, joins again, and ignores what was under way", async (t) => {
  const { keeper, host, play, settle } = setUp();
  await play();
  keeper.quit();
  t.match(keeper.state, { name: "ended", reason: "quit" });
  t.same(host.disconnects, [true]);
  keeper.disconnected({ reason: "quit", message: "", retry: false });
  t.match(keeper.state, { name: "ended", reason: "quit" });
  keeper.start();
  keeper.quit();
  await settle();
  t.equal(host.connects, 1, "the ticket that came after quitting is not used");
  keeper.start();
  await settle();
  t.equal(host.connects, 2);
  t.equal(keeper.state.name, "connecting");
});

t.test("ConnectionKeeper stops when the browser cannot play", async (t) => {
  const { keeper, play, timers } = setUp();
  await play();
  keeper.cannotPlay("codec", "No H.264");
  keeper.disconnected(undefined);
  t.same(keeper.state, { name: "unsupported", missing: "codec", detail: "No H.264" });
  t.equal(timers.length, 0);
});
