/**
 * Shutdown: ends the parts of a server one after the other. Each step has a deadline, and what one
 * step does wrong keeps no later one from running.
 */

import type { Logger } from "../../core/log.ts";

/** Longest that one step may take. */
export const STEP_TIMEOUT_MS = 3000;

/** A step: its name for the log, and what it does. */
export type ShutdownStep = readonly [name: string, run: () => Promise<void>];

/** Runs the steps in order; never rejects. */
export async function runSteps(
  steps: readonly ShutdownStep[],
  log: Logger,
  timeoutMs = STEP_TIMEOUT_MS,
): Promise<void> {
  for (const [name, run] of steps) {
    const { promise: expired, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => resolve("late"), timeoutMs);
    try {
      const outcome = await Promise.race([run(), expired]);
      if (outcome === "late") log.warn("Shutdown goes on without a part", { part: name });
    } catch (error) {
      log.warn("Cannot end a part", { part: name, message: String(error) });
    } finally {
      clearTimeout(timer);
    }
  }
}
