/**
 * WakeHold: keeps the screen of a publishing machine on while the stream is live. A browser lets go of
 * it when the page is hidden; it is taken again when the page is shown.
 */

/** Holds a page's wake lock. */
export class WakeHold {
  #isHeld = false;
  #lock: WakeLockSentinel | undefined;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#follow());
  }

  /** Keeps the screen on, or lets it sleep. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#follow();
  }

  async #follow(): Promise<void> {
    if (!this.#isHeld) {
      const lock = this.#lock;
      this.#lock = undefined;
      await lock?.release().catch(() => {});
      return;
    }
    if (document.visibilityState !== "visible" || this.#lock?.released === false) return;
    try {
      const lock = await navigator.wakeLock?.request("screen");
      // It may have ended meanwhile.
      if (this.#isHeld) this.#lock = lock;
      else await lock?.release();
    } catch {
      // A low battery or a policy forbids it.
    }
  }
}
