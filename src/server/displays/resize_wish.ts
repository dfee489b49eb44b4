/**
 * ResizeWish: the newest size that somebody wants for a screen, until it has stood for a while: a
 * window that is dragged wants sixty of them a second, and each costs a keyframe. Holds one wish.
 */

/** A wish that stands for this long is carried out. */
export const QUIET_US = 250_000;
/** One that never stands still is carried out this often. */
export const PATIENCE_US = 1_000_000;

/** Puts wishes for one screen off. */
export class ResizeWish<T> {
  #wish: T | undefined;
  #firstUs = 0;
  #dueUs = 0;

  /** When `pull` gives the wish, if none comes after it. */
  get deadline(): number | undefined {
    return this.#wish === undefined ? undefined : this.#dueUs;
  }

  /** Takes a wish in the place of the one before. */
  push(wish: T, nowUs: number): void {
    if (this.#wish === undefined) this.#firstUs = nowUs;
    this.#wish = wish;
    this.#dueUs = Math.min(nowUs + QUIET_US, this.#firstUs + PATIENCE_US);
  }

  /** The wish that is due, once. */
  pull(nowUs: number): T | undefined {
    if (this.#wish === undefined || nowUs < this.#dueUs) return undefined;
    const wish = this.#wish;
    this.#wish = undefined;
    return wish;
  }
}
