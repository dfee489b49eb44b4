/** Tests of src/ipc/media_supervisor.ts with programs that are no media process. */

import t from "tap";
import { monotonicClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import type { MediaState } from "../../../src/ipc/media_handlers.ts";
import { MediaSupervisor } from "../../../src/ipc/media_supervisor.ts";

const LIMITS = {
  stableMs: 10_000,
  firstDelayMs: 10,
  delayMsMax: 40,
  failuresMax: 4,
  failedDelayMs: 150,
};

function supervise(executable: string, args: readonly string[]) {
  const states: { state: MediaState; reason: string; atMs: number }[] = [];
  const pids = { started: [] as number[], ended: [] as number[] };
  const supervisor = new MediaSupervisor({
    command: () => ({ executable, args, env: { PATH: "/usr/bin:/bin" } }),
    log: silentLogger,
    clock: monotonicClock,
    limits: LIMITS,
    processStarted: (pid) => void pids.started.push(pid),
    processEnded: (pid) => void pids.ended.push(pid),
    handlers: {
      frame() {},
      cursor() {},
      started() {},
      failed() {},
      stats() {},
      stateChanged: (state, reason) => void states.push({ state, reason, atMs: performance.now() }),
    },
  });
  return { supervisor, states, pids };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

t.test("MediaSupervisor backs off from a program that always fails", async (t) => {
  const { supervisor, states, pids } = supervise("/bin/false", []);
  supervisor.start();
  supervisor.start();
  await delay(700);
  await supervisor.close();
  t.strictSame(states.slice(0, 5).map(({ state }) => state), [
    "starting",
    "restarting",
    "restarting",
    "restarting",
    "failed",
  ]);
  t.equal(states.at(-1)?.state, "failed");
  t.equal(states.at(-1)?.reason, "Media process ended: exit code 1");
  t.ok(pids.started.length >= 4 && pids.started.length <= 9, `${pids.started.length} starts`);
  t.strictSame(pids.started, pids.ended, "each one reported at both ends");
  const count = states.length;
  await delay(300);
  t.equal(states.length, count, "nothing after close");
});

t.test("MediaSupervisor reports a program that is not there", async (t) => {
  const { supervisor, states } = supervise("/nowhere/deno", []);
  supervisor.start();
  await delay(100);
  await supervisor.close();
  t.ok(states.length >= 2);
  t.match(states[1], { state: "restarting", reason: /nowhere/ });
  t.equal(supervisor.stats.pid, undefined);
});

t.test("MediaSupervisor ends a program that ignores every request", async (t) => {
  const { supervisor, pids } = supervise("/bin/sh", [
    "-c",
    "trap '' TERM; while :; do sleep 0.1; done",
  ]);
  supervisor.start();
  await delay(100);
  const beganMs = performance.now();
  await supervisor.close();
  const tookMs = performance.now() - beganMs;
  t.ok(tookMs >= 1900 && tookMs < 10_000, `${Math.round(tookMs)} ms: asked, SIGTERM, SIGKILL`);
  t.strictSame(pids.started, pids.ended);
  await supervisor.close();
});

t.test("MediaSupervisor drops input while no process runs and refuses cut records", async (t) => {
  const { supervisor } = supervise("/bin/false", []);
  supervisor.sendInput(0, new Uint8Array(60));
  t.equal(supervisor.stats.inputRecordsDropped, 3);
  t.throws(() => supervisor.sendInput(0, new Uint8Array(19)), { name: "RangeError" });
  t.equal(supervisor.hostTimeUs(0), undefined);
  supervisor.requestKeyframe(0);
  supervisor.invalidate(0, 5);
  supervisor.setRate(0, { bitrateBps: 1000, fps: 30, scaleQuarters: 4, temporalLayers: 1 });
  supervisor.stopStream(0);
  await supervisor.close();
  supervisor.start();
  t.equal(supervisor.stats.pid, undefined, "closed for good");
});
