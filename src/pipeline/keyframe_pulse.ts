/**
 * KeyframePulse: when a viewer that gets keyframes only is due the next one: once a second, or more
 * rarely where its path takes longer for one. It keeps two numbers.
 */

/** The shortest time between two keyframes of such a viewer: each costs all viewers of the stream. */
export const KEYFRAME_PULSE_US = 1_000_000;

/** Times the keyframes of one viewer. */
export class KeyframePulse {
  #intervalUs = KEYFRAME_PULSE_US;
  #sinceUs = -Infinity;

  /** True when a keyframe is to be asked for now, which the caller then does. */
  take(nowUs: number): boolean {
    if (nowUs - this.#sinceUs < this.#intervalUs) return false;
    this.#sinceUs = nowUs;
    return true;
  }

  /** A keyframe of `bytes` was sent over a path that carries `videoBps`. */
  note(bytes: number, videoBps: number, nowUs: number): void {
    this.#sinceUs = nowUs;
    this.#intervalUs = Math.max(KEYFRAME_PULSE_US, bytes * 8e6 / videoBps);
  }
}
