/**
 * Waiting in measurements: for a time and for a condition, both ended at once by the run's signal.
 */

/** Resolves after `ms`. Rejects with the signal's reason when it aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort);
  const timer = setTimeout(resolve, ms);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  });
}

/** Asks `probe` every `intervalMs` until it gives a value. Rejects naming `what` when it is late. */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  options: { timeoutMs: number; signal: AbortSignal; intervalMs?: number },
): Promise<T> {
  const endMs = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() >= endMs) {
      throw new Error(`Cannot go on: no ${what} within ${options.timeoutMs} ms`);
    }
    await wait(options.intervalMs ?? 50, options.signal);
  }
}
