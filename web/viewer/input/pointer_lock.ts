/**
 * lockPointer: hands the mouse over to an element, without the system's acceleration where the platform
 * allows it: games want raw motion.
 */

/** Locks the pointer; returns what went wrong, for people. */
export async function lockPointer(target: HTMLElement): Promise<string | undefined> {
  try {
    await request(target, true).catch(() => request(target, false));
    return undefined;
  } catch {
    return "The browser did not hand over the mouse: click the picture and try again";
  }
}

async function request(target: HTMLElement, unadjustedMovement: boolean): Promise<void> {
  const options = unadjustedMovement ? { unadjustedMovement } : undefined;
  const lock = target.requestPointerLock as (options?: object) => Promise<void> | undefined;
  await lock.call(target, options);
}
