/**
 * DebuggerGuard: the runtime answers SIGUSR1, our sign for a checkpoint, by opening its debugger on a
 * port of the loopback, to every user of the machine, and no option turns that off. The guard closes
 * the port again, unless the host was started with one.
 */

import inspector from "node:inspector";

/** The port opens some milliseconds after the signal, on a thread of its own. */
const LOOK_MS = 20;
const LOOKS_MAX = 100;

/** Closes a debugger that a signal opened. */
export class DebuggerGuard {
  readonly #isWanted: boolean;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Make it at the start: a debugger that is open by then is there on purpose. */
  constructor() {
    this.#isWanted = inspector.url() !== undefined;
  }

  /** A signal came that opens the debugger: watches for it for 2 s and closes it. */
  onSignal(): void {
    if (this.#isWanted) return;
    clearInterval(this.#timer);
    let looks = 0;
    this.#timer = setInterval(() => {
      const isOpen = inspector.url() !== undefined;
      if (isOpen) inspector.close();
      if (isOpen || ++looks >= LOOKS_MAX) clearInterval(this.#timer);
    }, LOOK_MS);
  }
}
