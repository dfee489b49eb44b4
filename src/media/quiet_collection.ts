/**
 * QuietCollection: collects this process's garbage every two minutes, at a moment without input. V8
 * collects its old generation only after it has grown by 8 MB, which takes a quarter of an hour here,
 * so that a host would seem to grow. It stops JavaScript for some 10 ms: no frame passes through it,
 * and rates and keyframes that come later by that harm nobody.
 */

const INTERVAL_US = 120_000_000;
/** Input that came within this time is likely to go on. */
const QUIET_US = 2_000_000;

/** Decides when. */
export class QuietCollection {
  readonly #collect: () => void;
  #lastUs: number | undefined;
  #inputUs = -Infinity;
  #collections = 0;

  /** `collect` collects everything at once; default: what the flag --expose-gc gives. */
  constructor(collect: () => void = collectAll) {
    this.#collect = collect;
  }

  /** Collections so far. */
  get collections(): number {
    return this.#collections;
  }

  /** Says that input came. */
  noteInput(nowUs: number): void {
    this.#inputUs = nowUs;
  }

  /** Called now and then; collects when it is time. */
  push(nowUs: number): void {
    this.#lastUs ??= nowUs;
    if (nowUs - this.#lastUs < INTERVAL_US || nowUs - this.#inputUs < QUIET_US) return;
    this.#lastUs = nowUs;
    this.#collections++;
    this.#collect();
  }
}

function collectAll(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
