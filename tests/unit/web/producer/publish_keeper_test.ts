/** Tests of web/producer/publish_keeper.ts, under a simulated clock. */

import t from "tap";
import { PublishKeeper } from "../../../../web/producer/publish_keeper.ts";
import type { SessionOutcome } from "../../../../web/shared/session_client.ts";

const READY = { kind: "ready", info: {} } as SessionOutcome;

function setUp(outcomes: SessionOutcome[] = []) {
  const rig = { nowMs: 0, timers: [] as { run: () => void; waitMs: number; id: number }[] };
  const states: string[] = [];
  const calls: string[] = [];
  const keeper = new PublishKeeper({
    open: () => Promise.resolve(outcomes.shift() ?? READY),
    connect: () => void calls.push("connect"),
    disconnect: () => void calls.push("disconnect"),
    changed: (state) => void states.push(state.name),
    setTimer: (run, waitMs) => {
      rig.timers.push({ run, waitMs, id: rig.timers.length + 1 });
      return rig.timers.length;
    },
    clearTimer: (id) => void (rig.timers = rig.timers.filter((timer) => timer.id !== id)),
    nowMs: () => rig.nowMs,
    random: () => 0.5,
  });
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  const fire = async () => {
    const timer = rig.timers.pop();
    timer?.run();
    await settle();
    return timer?.waitMs;
  };
  return { rig, keeper, states, calls, settle, fire };
}

const LOST = { message: "gone", retry: true };

t.test("PublishKeeper connects and comes back after a loss, sooner after a good run", async (t) => {
  const { rig, keeper, states, calls, settle, fire } = setUp();
  keeper.start();
  await settle();
  keeper.live();
  keeper.ended(LOST);
  t.equal(await fire(), 250);
  keeper.ended(LOST);
  t.equal(await fire(), 500);
  keeper.live();
  rig.nowMs = 10_000;
  keeper.ended(LOST);
  t.equal(await fire(), 250, "it held for long");
  t.equal(calls.filter((call) => call === "connect").length, 4);
  t.same(states.filter((name, index) => name !== states[index - 1]), [
    ...["connecting", "live", "reconnecting", "live", "reconnecting"],
  ]);
});

t.test("PublishKeeper waits for a host that does not answer, and ends where it is refused", async (t) => {
  const { keeper, settle, fire } = setUp([
    { kind: "unreachable", message: "" },
    { kind: "refused", cause: "link" },
  ]);
  keeper.start();
  await settle();
  t.match(keeper.state, { name: "connecting", attempt: 1 });
  await fire();
  t.match(keeper.state, { name: "refused", message: /link/ });
  t.equal(keeper.isActive, false);
});

t.test("PublishKeeper tries no more when the host wants none", async (t) => {
  const { rig, keeper, settle } = setUp();
  keeper.start();
  await settle();
  keeper.ended({ message: "You may not publish", retry: false, isRefusal: true });
  t.match(keeper.state, { name: "refused", message: "You may not publish" });
  keeper.start();
  await settle();
  keeper.live();
  keeper.ended({ message: "The host ended this stream", retry: false });
  t.match(keeper.state, { name: "ended" });
  t.equal(rig.timers.length, 0);
  keeper.live();
  t.match(keeper.state, { name: "ended" }, "what comes late changes nothing");
});

t.test("PublishKeeper stops at once, also while it asks", async (t) => {
  const { keeper, calls, settle } = setUp();
  keeper.start();
  keeper.stop();
  await settle();
  t.same(calls, ["disconnect"], "an answer that comes late connects nothing");
  t.equal(keeper.state.name, "off");
  keeper.start();
  await settle();
  keeper.stop("The source is gone");
  t.match(keeper.state, { name: "ended", message: "The source is gone" });
});
