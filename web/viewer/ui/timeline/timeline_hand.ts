/**
 * TimelineHand: a hand on the seek bar: the card that follows it, the keyframe that is shown while it
 * moves, the exact frame once it rests, and the present at the right end. While it is down the axis
 * stands still.
 */

import type { HoverCard } from "./hover_card.ts";
import type { PastControl } from "./past_control.ts";
import { behindText, clockText } from "./time_text.ts";
import type { TimelineGap, TimelineModel } from "./timeline_model.ts";

/** Where the nearest picture is further away than this, none is shown. */
const NEAR_US = 15_000_000;

const GAP_WORDS: Readonly<Record<TimelineGap["cause"], string>> = {
  blanked: "Blanked",
  paused: "Paused: not held",
  shortened: "Not held: memory is short",
};

/** What a hand works with. */
export interface TimelineHandParts {
  readonly model: TimelineModel;
  readonly control: PastControl;
  readonly card: HoverCard;
  /** Left end and width of the seek bar, in pixels from the card's parent. */
  readonly box: () => { readonly left: number; readonly width: number };
  readonly changed: () => void;
}

/** Follows a hand. */
export class TimelineHand {
  readonly #parts: TimelineHandParts;
  #frozenUs: number | undefined;
  #dragUs: number | undefined;
  #playedAt = 0;
  #share: number | undefined;

  constructor(parts: TimelineHandParts) {
    this.#parts = parts;
  }

  /** The right end of the axis as it is drawn. */
  get nowUs(): number {
    return this.#frozenUs ?? this.#parts.control.presentUs;
  }

  /** Where the hand is, or else where the timeline stands. */
  get positionUs(): number {
    return this.#dragUs ?? this.#parts.control.positionUs;
  }

  /** True while it is down. */
  get isDown(): boolean {
    return this.#dragUs !== undefined;
  }

  /** It is over the bar. */
  hover(share: number): void {
    this.#share = share;
    this.refresh();
  }

  /** Shows what is under it now: the axis moves on below a hand that rests. */
  refresh(): void {
    const { model, control, card, box } = this.#parts;
    if (this.#share === undefined) return;
    const { nowUs } = this;
    const axisUs = this.#axisUs(this.#share);
    const gap = model.gaps(nowUs).find((one) => axisUs >= one.fromUs && axisUs < one.toUs);
    const keyframe = gap === undefined ? model.keyframeAt(axisUs, nowUs) : undefined;
    const isNear = keyframe !== undefined && Math.abs(keyframe.axisUs - axisUs) < NEAR_US;
    card.show(
      isNear ? keyframe : undefined,
      gap === undefined ? behindText(control.presentUs - axisUs) : GAP_WORDS[gap.cause],
      clockText(model.wallMs(axisUs), model.wallMs(control.presentUs)),
    );
    const { left, width } = box();
    card.place(left + this.#share * width);
  }

  /** It has left the bar. */
  leave(): void {
    this.#share = undefined;
    this.#parts.card.hide();
  }

  /** It is down and moves: the keyframe under it at once. */
  drag(share: number): void {
    const { model, control, changed } = this.#parts;
    if (this.#dragUs === undefined) {
      this.#playedAt = control.rate;
      this.#frozenUs = control.presentUs;
    }
    this.#dragUs = this.#axisUs(share);
    const keyframe = model.keyframeAt(this.#dragUs, this.nowUs);
    if (keyframe !== undefined) control.showKeyframe(keyframe);
    changed();
  }

  /** It rests, or was taken away: the exact frame, or the present. */
  settle(share: number, isReleased: boolean): void {
    const { control, changed } = this.#parts;
    const dragUs = this.#dragUs;
    if (dragUs === undefined) return;
    if (isReleased) this.reset();
    if (isReleased && share >= 1) control.live();
    else control.seekTo(dragUs, isReleased ? this.#playedAt : 0);
    changed();
  }

  /** Nothing is held any more. */
  reset(): void {
    this.#dragUs = undefined;
    this.#frozenUs = undefined;
  }

  #axisUs(share: number): number {
    const { fromUs, toUs } = this.#parts.model.view(this.nowUs);
    return fromUs + share * (toUs - fromUs);
  }
}
