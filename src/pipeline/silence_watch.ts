/**
 * SilenceWatch: when a sender must speak although it has no frame to send: the newest packets may be
 * lost without a later one to show it (tail), or the viewer may be unreachable (silence), and then
 * small probes find out when it is back. A pure state machine; probes go on for as long as the
 * connection lasts, at most 25 a second.
 */

/** The newest packets count as lost after this many round trips and the margin. */
const TAIL_ROUND_TRIPS = 1.5;
const TAIL_MARGIN_US = 10_000;
/** Repairs of a tail that nobody acknowledges; each waits twice as long as the one before. */
export const TAIL_TRIES = 3;
/** A viewer with packets in flight that reports nothing for this many round trips is silent. */
const SILENT_ROUND_TRIPS = 3;
/** The least time before a viewer counts as silent. */
export const SILENCE_US_MIN = 150_000;
/** The same before its first report, when nothing is known of the path. */
export const FIRST_SILENCE_US = 1_000_000;
/** Time between two probes, and the same once the silence is long. */
export const PROBE_INTERVAL_US = 40_000;
/** See `PROBE_INTERVAL_US`. */
export const SLOW_PROBE_INTERVAL_US = 200_000;
const LONG_SILENCE_US = 5_000_000;
/** A silence that lasts this long is a broken path; a shorter one may be a viewer that stalled. */
export const BROKEN_US = 250_000;
/** A timer that is this late means that this process stalled: reports may wait to be read. */
const STALL_US = 20_000;

/** What is in flight to the viewer. */
export interface Flight {
  /**
   * When the newest packet was sent or, later, one was last heard of; undefined when the newest one
   * was. A queue that drains is heard of all the time.
   */
  readonly unheardSinceUs: number | undefined;
  /** Since when something is under way that nothing was heard of. */
  readonly unheardFromUs: number | undefined;
  /** Round trip of the path when its queues are empty. */
  readonly rttUs: number;
}

/**
 * What to do: "silence" comes once when a silence begins, and wants a probe as well; "broken" comes
 * once when it lasts.
 */
export type SilenceAction = "none" | "tail" | "silence" | "broken" | "probe";

/** Watches one viewer. */
export class SilenceWatch {
  #wasHeard = false;
  #tries = 0;
  #silentUs: number | undefined;
  #probeUs = 0;
  #silences = 0;
  #isBroken = false;
  #notBeforeUs = 0;

  /** True while the viewer is silent: nothing but probes is worth sending. */
  get isSilent(): boolean {
    return this.#silentUs !== undefined;
  }

  /** Silences so far. */
  get silences(): number {
    return this.#silences;
  }

  /** Repairs of the tail that were asked for since the last packet of a frame. */
  get tailTries(): number {
    return this.#tries;
  }

  /** Nothing is in flight any more, and nothing was heard. */
  clear(): void {
    this.#wasHeard = false;
    this.#tries = 0;
    this.#silentUs = undefined;
    this.#isBroken = false;
  }

  /** A packet of a frame was sent. */
  noteMedia(): void {
    this.#tries = 0;
  }

  /** A report came; true when it ends a silence. */
  noteReport(): boolean {
    const ended = this.isSilent;
    this.#wasHeard = true;
    this.#silentUs = undefined;
    this.#isBroken = false;
    return ended;
  }

  /** When `pull` has something to say, or undefined. */
  deadline(flight: Flight): number | undefined {
    if (this.#silentUs !== undefined) return this.#probeUs;
    const tailUs = this.#tailUs(flight);
    const silenceUs = this.#silenceUs(flight);
    const dueUs = Math.min(tailUs ?? Infinity, silenceUs ?? Infinity);
    return dueUs === Infinity ? undefined : Math.max(dueUs, this.#notBeforeUs);
  }

  /** What to send now; call again until it says "none". */
  pull(flight: Flight, nowUs: number): SilenceAction {
    if (this.#silentUs !== undefined) {
      if (nowUs < this.#probeUs) return "none";
      if (!this.#isBroken && nowUs - this.#silentUs >= BROKEN_US) {
        this.#isBroken = true;
        return "broken";
      }
      const isLong = nowUs - this.#silentUs > LONG_SILENCE_US;
      this.#probeUs = nowUs + (isLong ? SLOW_PROBE_INTERVAL_US : PROBE_INTERVAL_US);
      return "probe";
    }
    const dueUs = this.deadline(flight);
    if (dueUs === undefined || nowUs < dueUs) return "none";
    if (nowUs - dueUs > STALL_US && nowUs - this.#notBeforeUs > STALL_US) {
      this.#notBeforeUs = nowUs + STALL_US;
      return "none";
    }
    const silenceUs = this.#silenceUs(flight);
    if (silenceUs !== undefined && nowUs >= silenceUs) {
      this.#silentUs = nowUs;
      this.#probeUs = nowUs + PROBE_INTERVAL_US;
      this.#silences++;
      return "silence";
    }
    const tailUs = this.#tailUs(flight);
    if (tailUs === undefined || nowUs < tailUs) return "none";
    this.#tries++;
    return "tail";
  }

  #tailUs({ unheardSinceUs, rttUs }: Flight): number | undefined {
    if (unheardSinceUs === undefined || this.#tries >= TAIL_TRIES) return undefined;
    return unheardSinceUs + (TAIL_ROUND_TRIPS * rttUs + TAIL_MARGIN_US) * 2 ** this.#tries;
  }

  #silenceUs({ unheardFromUs, rttUs }: Flight): number | undefined {
    if (unheardFromUs === undefined) return undefined;
    if (!this.#wasHeard) return unheardFromUs + FIRST_SILENCE_US;
    return unheardFromUs + Math.max(SILENCE_US_MIN, SILENT_ROUND_TRIPS * rttUs);
  }
}
