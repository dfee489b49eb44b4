/**
 * PastControl: what the person wants to see, as wishes to the player, and what the player says it
 * shows. It knows at each moment whether that is the past and where on the axis it is; it holds no
 * picture and no element.
 */

import type {
  PlaybackCommand,
  PlaybackSource,
  PlaybackState,
  TimeRange,
} from "../../playback/playback_messages.ts";
import type { SourceTime, TimelineModel } from "./timeline_model.ts";

const LIVE: PlaybackState = {
  ...{ mode: "live", sourceKey: "", timeUs: 0, frameId: undefined, rate: 0, isWaiting: false },
};

/** What a control works with. */
export interface PastControlParts {
  readonly model: TimelineModel;
  /** The page's clock. */
  readonly nowMs: () => number;
  readonly send: (command: PlaybackCommand) => void;
  /** The past is shown from now on, or no longer. */
  readonly pastChanged: (isPast: boolean) => void;
  readonly nothingHeld: () => void;
}

/** Moves through time. */
export class PastControl {
  readonly #parts: PastControlParts;
  #state: PlaybackState = LIVE;
  #isPast = false;
  #loop: TimeRange | undefined;

  constructor(parts: PastControlParts) {
    this.#parts = parts;
  }

  /** True while something else than the present is shown. */
  get isPast(): boolean {
    return this.#isPast;
  }

  /** What the player does. */
  get state(): PlaybackState {
    return this.#state;
  }

  /** The rate that it plays with; 0 while it rests. */
  get rate(): number {
    return this.#state.mode === "playing" ? this.#state.rate : 0;
  }

  /** The present, on the axis. */
  get presentUs(): number {
    return this.#parts.model.nowUs(this.#parts.nowMs());
  }

  /** Where it stands, on the axis. */
  get positionUs(): number {
    const nowUs = this.presentUs;
    if (!this.#isPast) return nowUs;
    return this.#state.timeUs + (this.#parts.model.offsetUs(this.#state.sourceKey, nowUs) ?? 0);
  }

  /** The player says what it does. */
  take(state: PlaybackState): void {
    this.#state = state;
    this.#setPast(state.mode !== "live");
  }

  /** Shows what was on the screen then, and plays on with `rate`; 0 rests. */
  seekTo(axisUs: number, rate: number): void {
    const found = this.#parts.model.at(axisUs, this.presentUs);
    if (found === undefined) return this.#parts.nothingHeld();
    this.#seek(found, rate, false);
  }

  /** Shows a keyframe while a hand moves. */
  showKeyframe(keyframe: SourceTime): void {
    this.#seek(keyframe, 0, true);
  }

  /** One frame on or back; from live, back to the newest that is held. */
  step(frames: 1 | -1): void {
    if (this.#isPast) this.#parts.send({ do: "step", frames });
    else if (frames < 0) this.seekTo(this.presentUs, 0);
  }

  /** Some seconds on or back. */
  skip(seconds: number): void {
    const axisUs = this.positionUs + seconds * 1e6;
    if (axisUs >= this.presentUs) this.live();
    else this.seekTo(axisUs, this.rate);
  }

  /** Plays with a rate, 0 rests. */
  shuttle(rate: number): void {
    if (!this.#isPast) {
      if (rate <= 0) this.seekTo(this.presentUs, rate);
    } else this.#parts.send(rate === 0 ? { do: "pause" } : { do: "play", rate });
  }

  /** Back to the present. */
  live(): void {
    if (!this.#isPast) return;
    this.#parts.send({ do: "live" });
    this.take(LIVE);
  }

  /** Stays in a range of the axis while it plays. */
  set loop(range: TimeRange | undefined) {
    this.#loop = range;
    this.#sendLoop();
  }

  #seek({ source, timeUs }: SourceTime, rate: number, isRough: boolean): void {
    const mode = rate === 0 ? "paused" : "playing";
    const isOther = source.key !== this.#state.sourceKey;
    this.#state = { ...this.#state, mode, timeUs, rate, sourceKey: source.key };
    this.#setPast(true);
    this.#sendSeek(source, timeUs, { rate, isRough });
    if (isOther) this.#sendLoop();
  }

  #sendSeek(
    source: PlaybackSource,
    timeUs: number,
    how: { readonly rate: number; readonly isRough: boolean },
  ): void {
    this.#parts.send({ do: "seek", source, timeUs: Math.round(timeUs), ...how });
  }

  #sendLoop(): void {
    const offsetUs = this.#parts.model.offsetUs(this.#state.sourceKey, this.presentUs) ?? 0;
    const range = this.#loop &&
      { fromUs: this.#loop.fromUs - offsetUs, toUs: this.#loop.toUs - offsetUs };
    this.#parts.send({ do: "loop", range });
  }

  #setPast(isPast: boolean): void {
    if (isPast === this.#isPast) return;
    this.#isPast = isPast;
    this.#parts.pastChanged(isPast);
  }
}
