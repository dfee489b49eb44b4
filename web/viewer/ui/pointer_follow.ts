/**
 * PointerFollow: whether the host's pointer is where this hand put it. It is not for who only watches,
 * while somebody else moves it, and when a program holds it in its window; then it is to be drawn where
 * it is. Places are 0-65,535 of the picture; it owns no clock.
 */

/** A place of the picture. */
export interface PointerPlace {
  readonly x: number;
  readonly y: number;
}

/** How far two places may be apart and still be the same, in pixels of the host. */
const SAME_PX = 2.5;
const FULL = 65_535;
/** What the host says now may be where this hand was so long ago. */
const REMEMBER_MS = 700;
const OWN_MAX = 512;

/** Compares what this hand did with what the host says. */
export class PointerFollow {
  /** Newest last; the first one may be older than is remembered: where the hand rested. */
  #own: (PointerPlace & { readonly atMs: number })[] = [];
  #isApart = false;

  /** True while the host's pointer is to be drawn where the host says. */
  get isApart(): boolean {
    return this.#isApart;
  }

  /** This hand pointed at a place; gives `isApart`. */
  own(place: PointerPlace, atMs: number): boolean {
    // A hand that begins to move takes the pointer along, until the host says otherwise.
    if (atMs - (this.#own.at(-1)?.atMs ?? -Infinity) > REMEMBER_MS) this.#isApart = false;
    this.#own.push({ ...place, atMs });
    this.#forget(atMs);
    return this.#isApart;
  }

  /** The host's pointer is at a place, in a picture of so many pixels; gives `isApart`. */
  host(place: PointerPlace, size: { width: number; height: number }, nowMs: number): boolean {
    this.#forget(nowMs);
    const slackX = SAME_PX * FULL / Math.max(1, size.width);
    const slackY = SAME_PX * FULL / Math.max(1, size.height);
    this.#isApart = !this.#own.some(({ x, y }) =>
      Math.abs(x - place.x) <= slackX && Math.abs(y - place.y) <= slackY
    );
    return this.#isApart;
  }

  /** Another stream, or hands that no longer count: nothing here was its own. */
  clear(): void {
    this.#own = [];
    this.#isApart = false;
  }

  #forget(nowMs: number): void {
    while (
      this.#own.length > OWN_MAX ||
      (this.#own.length > 1 && nowMs - (this.#own[1]?.atMs ?? nowMs) > REMEMBER_MS)
    ) this.#own.shift();
  }
}
