/**
 * SoundFollower: sound to the pictures of the past: while the player goes forwards as fast as it was,
 * hands on what the cache holds, a little before it is due; everything else is silence. It follows the
 * player's states, owns no clock, and holds nothing but its place in the cache.
 */

import type { PastEvent } from "../features/past_event.ts";
import type { FrameRecord } from "../receive/frame_record.ts";
import type { CachedSound, EncodedCache, FrameGroup } from "./encoded_cache.ts";
import type { PlaybackState } from "./playback_messages.ts";
import type { CoveredPictures } from "./playback_screen.ts";

/** Sound is handed on so long before it is due: what decoding and a slow tick may take. */
export const SOUND_AHEAD_US = 200_000;
/** A decoder needs what came before to be right; that is not heard. */
export const SOUND_BEFORE_US = 80_000;
/** A clock that was set anew by less goes on as it was. */
const SAME_DELAY_US = 5_000;

interface SoundPlace {
  readonly group: FrameGroup;
  readonly sounds: readonly CachedSound[];
  index: number;
}

/** Follows one player. */
export class SoundFollower {
  readonly #cache: EncodedCache;
  readonly #send: (event: PastEvent) => void;
  #isPast = false;
  #sourceKey = "";
  #delayUs: number | undefined;
  #place: SoundPlace | undefined;
  /** Everything before this was given, or is not wanted. */
  #fromUs = 0;
  /** Pictures captured before this were not due since it plays. */
  #firstDueUs = 0;
  #drawn: FrameRecord | undefined;

  constructor(cache: EncodedCache, send: (event: PastEvent) => void) {
    this.#cache = cache;
    this.#send = send;
  }

  /** `pictures`, with an eye on when those of the past are seen. */
  watch(pictures: CoveredPictures<VideoFrame>): CoveredPictures<VideoFrame> {
    return {
      get lastLiveFrameId() {
        return pictures.lastLiveFrameId;
      },
      cover: (take) => pictures.cover(take),
      show: (picture, record) => {
        this.#tellSeen();
        this.#drawn = record.isReplayed ? record : undefined;
        pictures.show(picture, record);
      },
      wantLive: () => pictures.wantLive(),
    };
  }

  /** The player is in a state; `delayUs` as its `soundDelayUs`. */
  follow(
    { mode, sourceKey }: Pick<PlaybackState, "mode" | "sourceKey">,
    delayUs: number | undefined,
    nowUs: number,
  ): void {
    if (mode === "live") return this.#live();
    if (delayUs === undefined || !this.#isPast) this.#rest();
    if (delayUs === undefined) return;
    const isSame = this.#delayUs !== undefined && sourceKey === this.#sourceKey &&
      Math.abs(delayUs - this.#delayUs) < SAME_DELAY_US;
    if (!isSame) this.#begin(sourceKey, delayUs, nowUs);
    this.#tellSeen();
    this.#give(nowUs - (this.#delayUs ?? delayUs));
  }

  #live(): void {
    if (this.#isPast) this.#send({ name: "live" });
    this.#isPast = false;
    this.#forgetPlace();
  }

  #rest(): void {
    if (this.#isPast && this.#delayUs === undefined) return;
    this.#isPast = true;
    this.#forgetPlace();
    this.#send({ name: "rest" });
  }

  #begin(sourceKey: string, delayUs: number, nowUs: number): void {
    this.#sourceKey = sourceKey;
    this.#delayUs = delayUs;
    this.#place = undefined;
    this.#drawn = undefined;
    this.#firstDueUs = nowUs - delayUs;
    this.#fromUs = this.#firstDueUs - SOUND_BEFORE_US;
    this.#send({ name: "play", delayUs });
  }

  /** Nothing plays any more: holds no sound either. */
  #forgetPlace(): void {
    this.#delayUs = undefined;
    this.#place = undefined;
    this.#drawn = undefined;
  }

  #give(positionUs: number): void {
    const untilUs = positionUs + SOUND_AHEAD_US;
    // Ticks that did not come for a while leave a hole, not a heap.
    this.#fromUs = Math.max(this.#fromUs, positionUs - SOUND_BEFORE_US);
    for (;;) {
      const place = this.#placeNow(untilUs);
      const next = place?.sounds[place.index];
      if (place === undefined || next === undefined || next.captureTimeUs >= untilUs) return;
      place.index++;
      if (next.captureTimeUs < this.#fromUs) continue;
      const { payload, ...sound } = next;
      this.#fromUs = sound.captureTimeUs + 1;
      this.#send({ name: "sound", sound, payload });
    }
  }

  /** Where it goes on, in the group of before while there is something left in it. */
  #placeNow(untilUs: number): SoundPlace | undefined {
    const place = this.#place;
    if (place !== undefined && place.sounds === place.group.sounds) {
      if (place.index < place.sounds.length && this.#cache.holds(place.group)) return place;
      const after = place.group.next ?? this.#cache.groupAt(this.#sourceKey, untilUs);
      const isLater = after !== undefined && after.startUs > place.group.startUs;
      if (isLater) this.#place = this.#placeIn(after);
      return isLater ? this.#place : undefined;
    }
    const group = this.#cache.groupAt(this.#sourceKey, this.#fromUs) ??
      this.#cache.groupAt(this.#sourceKey, untilUs);
    this.#place = group === undefined ? undefined : this.#placeIn(group);
    return this.#place;
  }

  #placeIn(group: FrameGroup): SoundPlace {
    const { sounds } = group;
    const found = sounds.findIndex(({ captureTimeUs }) => captureTimeUs >= this.#fromUs);
    return { group, sounds, index: found < 0 ? sounds.length : found };
  }

  #tellSeen(): void {
    const drawn = this.#drawn;
    if (drawn === undefined || drawn.presentedUs === 0) return;
    this.#drawn = undefined;
    const { captureTimeUs, presentedUs } = drawn;
    if (this.#delayUs === undefined || captureTimeUs < this.#firstDueUs) return;
    this.#send({ name: "seen", captureTimeUs, presentedUs });
  }
}
