/**
 * WindowedMinimum: the smallest value of the last seconds, in fixed memory; part of send. The window is
 * kept in parts, so a value stays for up to one part longer than the window.
 */

const PARTS = 20;

/** The smallest of the values of a time window. */
export class WindowedMinimum {
  readonly #partUs: number;
  readonly #minima = new Float64Array(PARTS).fill(Infinity);
  #part = -Infinity;

  /** `windowUs` >= 20 microseconds. */
  constructor(windowUs: number) {
    if (!(windowUs >= PARTS)) throw new RangeError(`Cannot use a window of ${windowUs} us`);
    this.#partUs = windowUs / PARTS;
  }

  /** Adds a value; times never go back. */
  push(value: number, nowUs: number): void {
    this.#advance(nowUs);
    const slot = this.#part % PARTS;
    if (value < this.#minima[slot]!) this.#minima[slot] = value;
  }

  /** The smallest value, or undefined when none was added within the window. */
  get value(): number | undefined {
    let smallest = Infinity;
    for (const minimum of this.#minima) if (minimum < smallest) smallest = minimum;
    return smallest === Infinity ? undefined : smallest;
  }

  /** Forgets all values. */
  clear(): void {
    this.#minima.fill(Infinity);
  }

  #advance(nowUs: number): void {
    const part = Math.max(0, Math.floor(nowUs / this.#partUs));
    if (part <= this.#part) return;
    const steps = Math.min(PARTS, part - this.#part);
    for (let step = 0; step < steps; step++) this.#minima[(part - step) % PARTS] = Infinity;
    this.#part = part;
  }
}
