/**
 * PlaybackScreen: pictures of the past on the canvas of the live ones. While it covers them it keeps
 * the newest live picture, so that the way back shows something at once, and it knows when both are so
 * close that none is left out or shown twice. It holds one picture.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { FrameRecord } from "../receive/frame_record.ts";
import { frameAt } from "./encoded_cache.ts";
import type { FramePlace } from "./encoded_cache.ts";
import type { PlayerScreen } from "./player_parts.ts";

/** The live half, see PicturePath. */
export interface CoveredPictures<Picture> {
  /** Frame of the last live picture that was shown; undefined before the first. */
  readonly lastLiveFrameId: number | undefined;
  /** Gives live pictures to `take` instead of showing them; undefined shows them again. */
  cover(take: ((picture: Picture, record: FrameRecord) => void) | undefined): void;
  /** Shows a picture and owns it. */
  show(picture: Picture, record: FrameRecord): void;
  /** Nothing live is there to be shown: the host is asked for a picture. */
  wantLive(): void;
}

/** Covers the live pictures. */
export class PlaybackScreen<Picture extends { close(): void }> implements PlayerScreen<Picture> {
  readonly #pictures: CoveredPictures<Picture>;
  readonly #clock: Clock;
  #held: { readonly picture: Picture; readonly record: FrameRecord } | undefined;
  #isCovering = false;
  /** Live pictures up to this frame were shown by playback already. */
  #joinAfter: number | undefined;

  constructor(pictures: CoveredPictures<Picture>, clock: Clock) {
    this.#pictures = pictures;
    this.#clock = clock;
  }

  show(picture: Picture, place: FramePlace): void {
    this.#joinAfter = undefined;
    if (!this.#isCovering) {
      this.#isCovering = true;
      this.#pictures.cover((live, record) => this.#live(live, record));
    }
    this.#pictures.show(picture, this.#record(place));
  }

  join(frameId: number): boolean {
    if (!this.#isCovering) return true;
    const newest = this.#held?.record.frameId ?? this.#pictures.lastLiveFrameId;
    if (newest === undefined) return false;
    // Frame ids wrap.
    const behind = (newest - frameId) | 0;
    if (behind > 1) return false;
    if (behind === 1 && this.#held !== undefined) this.leave();
    else if (behind === 0) this.#uncover();
    else this.#joinAfter = frameId;
    return true;
  }

  leave(): void {
    if (!this.#isCovering) return;
    const held = this.#held;
    this.#held = undefined;
    this.#uncover();
    if (held === undefined) this.#pictures.wantLive();
    else {
      held.record.outcome = "pending";
      this.#pictures.show(held.picture, held.record);
    }
  }

  #uncover(): void {
    this.#isCovering = false;
    this.#joinAfter = undefined;
    this.#pictures.cover(undefined);
    this.#held?.picture.close();
    this.#held = undefined;
  }

  #live(picture: Picture, record: FrameRecord): void {
    this.#held?.picture.close();
    this.#held = { picture, record };
    if (this.#joinAfter !== undefined && ((record.frameId - this.#joinAfter) | 0) > 0) this.leave();
  }

  #record(place: FramePlace): FrameRecord {
    const frame = frameAt(place);
    const nowUs = this.#clock.nowUs();
    return {
      frameId: frame.frameId,
      captureTimeUs: frame.captureTimeUs,
      bytes: frame.payload.byteLength,
      keyframe: frame.referenceDistance === 0,
      firstDatagramUs: nowUs,
      lastDatagramUs: nowUs,
      readyUs: nowUs,
      decodeSubmitUs: nowUs,
      decodedUs: nowUs,
      drawUs: 0,
      presentedUs: 0,
      outcome: "pending",
      isReplayed: true,
    };
  }
}
