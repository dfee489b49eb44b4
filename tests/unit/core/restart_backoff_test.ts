/** Tests of src/core/restart_backoff.ts. */

import t from "tap";
import { DEFAULT_RESTART_LIMITS, RestartBackoff } from "../../../src/core/restart_backoff.ts";

t.test("RestartBackoff restarts at once after a crash out of good health", async (t) => {
  const backoff = new RestartBackoff();
  for (let crash = 0; crash < 20; crash++) {
    const decision = backoff.next(DEFAULT_RESTART_LIMITS.stableMs);
    t.strictSame(decision, { delayMs: 0, isFailed: false });
  }
});

t.test("RestartBackoff waits ever longer and then counts as failed, for ever bounded", async (t) => {
  const backoff = new RestartBackoff();
  const decisions = Array.from({ length: 100 }, () => backoff.next(50));
  t.strictSame(decisions.slice(0, 6).map(({ delayMs }) => delayMs), [
    0,
    250,
    500,
    1000,
    2000,
    10_000,
  ]);
  t.strictSame(decisions.map(({ isFailed }) => isFailed).indexOf(true), 5);
  t.ok(decisions.slice(5).every(({ isFailed, delayMs }) => isFailed && delayMs === 10_000));
  t.equal(backoff.failures, DEFAULT_RESTART_LIMITS.failuresMax);
  t.strictSame(backoff.next(60_000), { delayMs: 0, isFailed: false }, "forgets after a good run");
});

t.test("RestartBackoff keeps to the longest delay", async (t) => {
  const backoff = new RestartBackoff({ ...DEFAULT_RESTART_LIMITS, failuresMax: 50 });
  const delays = Array.from({ length: 40 }, () => backoff.next(0).delayMs);
  t.equal(Math.max(...delays), DEFAULT_RESTART_LIMITS.delayMsMax);
});
