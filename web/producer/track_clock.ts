/**
 * TrackClock: from the times that a track gives its frames to the page's clock. A track counts from
 * where it likes; the frame that came through fastest says where that is. One number of memory, which
 * follows a clock that drifts.
 */

/** How fast the base may rise: more than any clock of sound or picture drifts. */
const RISE_US_PER_S = 500;
/** A jump above this is a track that counts anew. */
const JUMP_US = 1_000_000;

/** Maps the times of one track. */
export class TrackClock {
  #baseUs: number | undefined;
  #atUs = 0;

  /** Takes the time of a frame that arrived at `nowUs` and was complete at `endUs` of the track. */
  note(endUs: number, nowUs: number): void {
    const baseUs = nowUs - endUs;
    const known = this.#baseUs;
    if (known === undefined || Math.abs(baseUs - known) > JUMP_US) this.#baseUs = baseUs;
    else {
      const risenUs = known + (nowUs - this.#atUs) / 1e6 * RISE_US_PER_S;
      this.#baseUs = Math.min(baseUs, risenUs);
    }
    this.#atUs = nowUs;
  }

  /** The time of the page's clock for a time of the track; undefined before the first frame. */
  toPageUs(trackUs: number): number | undefined {
    return this.#baseUs === undefined ? undefined : Math.round(this.#baseUs + trackUs);
  }
}
