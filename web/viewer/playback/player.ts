/**
 * Player: goes through what was captured: shows exactly the frame of a time, steps, plays at a rate
 * both ways, loops, and joins the live picture again without a gap when it has caught up. It decides;
 * feeds, decoder and screen are handed in. What it holds is bounded by the cache and the window.
 */

import { frameAt } from "./encoded_cache.ts";
import type { CacheGap, FramePlace } from "./encoded_cache.ts";
import type { Feed, FeedEnd } from "./frame_feed.ts";
import type { WindowPicture } from "./picture_window.ts";
import { PlayClock } from "./play_clock.ts";
import { nextForward, nextReverse } from "./play_path.ts";
import type { PlaybackNotice, PlaybackSource, PlaybackState } from "./playback_messages.ts";
import { NO_GOAL } from "./player_parts.ts";
import type { Goal, PlayerParts, Seek } from "./player_parts.ts";

/** How far ahead of what is shown frames are read, in time of the person who looks. */
const READ_AHEAD_US = 3_000_000;
/** Past a frame that was sought, its group is read for so long: the next step needs no request. */
const REST_AHEAD_US = 2_000_000;
/** Pictures kept before one that was reached by going back. */
const KEEP_BEFORE = 5;
/** Frames in the decoder beyond which no more are put there. */
const QUEUED_MAX = 8;
/** At the live edge for so long without a seamless join, the newest picture is taken. */
const EDGE_PATIENCE_US = 2_000_000;

/** Plays. */
export class Player<Picture extends WindowPicture> {
  readonly #parts: PlayerParts<Picture>;
  readonly #clock = new PlayClock();
  #mode: PlaybackState["mode"] = "live";
  #source: PlaybackSource | undefined;
  /** The frame that was asked for last, on the screen or on its way there. */
  #at: FramePlace | undefined;
  #shown: FramePlace | undefined;
  #positionUs = 0;
  #feed: Feed | undefined;
  #goal: Goal = NO_GOAL;
  #laterRough: Seek | undefined;
  #isWaiting = false;
  #isTicking = false;
  #edgeSinceUs: number | undefined;

  constructor(parts: PlayerParts<Picture>) {
    this.#parts = parts;
  }

  /** What it does. */
  get state(): PlaybackState {
    return {
      mode: this.#mode,
      sourceKey: this.#source?.key ?? "",
      timeUs: this.#positionUs,
      frameId: this.#shown === undefined ? undefined : frameAt(this.#shown).frameId,
      rate: this.#mode === "playing" ? this.#clock.rate : 0,
      isWaiting: this.#isWaiting || this.#parts.decoder.pending !== undefined ||
        this.#goal.kind === "seek",
    };
  }

  /**
   * The clock less the capture time that is due, while it passes as it did then: sound belongs to it.
   */
  get soundDelayUs(): number | undefined {
    const isDue = this.#mode === "playing" && this.#clock.rate === 1 && !this.#isWaiting &&
      this.#at !== undefined && this.#goal.kind !== "seek";
    return isDue ? -this.#clock.positionUs(0) : undefined;
  }

  /** See PlaybackCommand. */
  seek(seek: Seek): void {
    const isFree = this.#goal.kind !== "seek" || !this.#goal.seek.isRough;
    // During a drag each keyframe that is on its way is shown; of those behind it the newest.
    if (seek.isRough && !isFree) {
      this.#laterRough = seek;
      return;
    }
    this.#laterRough = undefined;
    this.#closeFeed();
    if (this.#source?.key !== seek.source.key) this.#at = undefined;
    this.#source = seek.source;
    this.#mode = seek.rate === 0 ? "paused" : "playing";
    this.#edgeSinceUs = undefined;
    this.#positionUs = seek.timeUs;
    this.#clock.anchor(seek.timeUs, this.#parts.nowUs(), seek.rate === 0 ? undefined : seek.rate);
    const place = this.#parts.cache.find(seek.source.key, seek.timeUs);
    if (place === undefined) {
      this.#goal = { kind: "seek", seek };
      this.#openFeed(seek.timeUs, seek.isRough ? seek.timeUs : undefined);
      this.#postState();
    } else this.#reached(place);
    this.#tickLater();
  }

  /** Plays on from where it stands. */
  play(rate: number): void {
    if (this.#at === undefined || rate === 0) return;
    this.#mode = "playing";
    this.#edgeSinceUs = undefined;
    this.#clock.anchor(this.#positionUs, this.#parts.nowUs(), rate);
    this.#parts.window.clear();
    this.#postState();
    this.#tickLater();
  }

  /** Rests on the frame that is shown. */
  pause(): void {
    if (this.#mode !== "playing") return;
    this.#mode = "paused";
    this.#isWaiting = false;
    if (this.#at !== undefined) this.#feed?.wantUntil(this.#groupEndUs(this.#at));
    this.#postState();
  }

  /** Rests on the frame after or before. */
  step(frames: 1 | -1): void {
    const at = this.#at;
    if (this.#mode === "live" || at === undefined || this.#goal.kind === "seek") return;
    this.pause();
    const { cache } = this.#parts;
    const place = frames > 0 ? cache.after(at) : cache.before(at);
    if (place !== undefined) return this.#goTo(place, frames < 0 ? KEEP_BEFORE : 0);
    if (frames < 0) {
      if (this.#goal.kind !== "back") this.#readBack(at);
      return;
    }
    if (at.group.gap !== undefined) return this.#skip(at.group.gap);
    if (at.group.isLast) return this.#notice("end");
    if (this.#feed?.isLive === true) return;
    this.#goal = { kind: "step" };
    const timeUs = frameAt(at).captureTimeUs;
    if (this.#feed?.isOpen === true) this.#feed.wantUntil(timeUs);
    else this.#openFeed(timeUs, undefined);
  }

  /** Stays in `range` while it plays. */
  set loop(range: { readonly fromUs: number; readonly toUs: number } | undefined) {
    this.#clock.loop = range;
  }

  /** Back to the live picture, whatever is left out. */
  live(): void {
    if (this.#mode === "live") return;
    this.#end();
    this.#parts.screen.leave();
    this.#postState();
  }

  /** The decoder gave a picture. */
  picture(picture: Picture, place: FramePlace, isTarget: boolean): void {
    if (this.#mode === "live") return picture.close();
    if (!isTarget) return this.#parts.window.push(picture, place);
    this.#show(picture, place);
  }

  /** The decoder gave up. */
  undecodable(): void {
    this.#notice("undecodable");
    this.live();
  }

  #show(picture: Picture, place: FramePlace): void {
    this.#shown = place;
    this.#parts.screen.show(picture, place);
    // Not before it is there: reading on takes time from decoding it.
    if (this.#mode === "paused") this.#feed?.wantUntil(this.#groupEndUs(place));
    this.#postState();
  }

  /** The frame of a seek is there. */
  #reached(place: FramePlace): void {
    this.#goal = NO_GOAL;
    const timeUs = frameAt(place).captureTimeUs;
    // What was asked for is no longer held when the frame is later.
    this.#positionUs = Math.max(this.#positionUs, timeUs);
    if (this.#mode === "playing") this.#clock.anchor(this.#positionUs, this.#parts.nowUs());
    this.#go(place, 0);
    if (this.#laterRough !== undefined) this.seek(this.#laterRough);
  }

  #goTo(place: FramePlace, keep: number): void {
    this.#positionUs = frameAt(place).captureTimeUs;
    this.#go(place, keep);
  }

  #go(place: FramePlace, keep: number): void {
    const { cache, decoder, window } = this.#parts;
    this.#at = cache.use(place);
    const held = window.take(place);
    if (held === undefined) decoder.show(place, keep);
    else {
      decoder.cancel();
      this.#show(held, place);
    }
  }

  #tickLater(): void {
    if (this.#isTicking || this.#mode !== "playing") return;
    this.#isTicking = true;
    this.#parts.nextTick(() => {
      this.#isTicking = false;
      this.#tick();
      this.#tickLater();
    });
  }

  #tick(): void {
    const at = this.#at;
    if (this.#mode !== "playing" || at === undefined || this.#goal.kind === "seek") return;
    const nowUs = this.#parts.nowUs();
    const positionUs = this.#clock.positionUs(nowUs);
    const restartUs = this.#clock.loopStartUs(positionUs);
    if (restartUs !== undefined) return this.#seekPlaying(restartUs);
    if (this.#clock.rate > 0) this.#forward(at, positionUs, nowUs);
    else this.#reverse(at, positionUs, nowUs);
    this.#postState();
  }

  #forward(at: FramePlace, dueUs: number, nowUs: number): void {
    const { cache, decoder } = this.#parts;
    const { place, heldUntilUs, end } = nextForward(cache, at, dueUs);
    const aheadUs = READ_AHEAD_US * Math.max(1, this.#clock.rate);
    const isReading = this.#feed?.isOpen === true;
    if (isReading) this.#feed?.wantUntil(dueUs + aheadUs);
    else if (end === "unknown" && heldUntilUs - dueUs < aheadUs / 2) {
      this.#openFeed(heldUntilUs, undefined);
    }
    const isAtEnd = cache.after(place) === undefined;
    const isStarved = isAtEnd && end === "unknown" && this.#feed?.isLive !== true;
    this.#isWaiting = isStarved && dueUs > heldUntilUs;
    if (this.#isWaiting) this.#clock.anchor(heldUntilUs, nowUs);
    this.#positionUs = this.#isWaiting ? heldUntilUs : dueUs;
    const isNew = place.group !== at.group || place.index !== at.index;
    if (isNew && decoder.queued <= QUEUED_MAX) return this.#go(place, 0);
    if (!isAtEnd || isNew || decoder.pending !== undefined) return;
    if (end === "gap") return this.#skip(place.group.gap!);
    if (end === "last" && dueUs > heldUntilUs) {
      this.pause();
      return this.#notice("end");
    }
    if (this.#feed?.isLive === true && this.#feed.isOpen) this.#join(place, nowUs);
  }

  #reverse(at: FramePlace, dueUs: number, nowUs: number): void {
    const { cache, decoder } = this.#parts;
    if (decoder.pending !== undefined) return;
    const { place, isAtStart } = nextReverse(cache, at, dueUs);
    const placeUs = frameAt(place).captureTimeUs;
    const needsMore = isAtStart && dueUs < placeUs;
    this.#positionUs = needsMore ? placeUs : dueUs;
    if (place.group !== at.group || place.index !== at.index) this.#go(place, KEEP_BEFORE);
    if (!needsMore) return;
    this.#clock.anchor(placeUs, nowUs);
    if (this.#goal.kind !== "back") this.#readBack(place);
  }

  #seekPlaying(timeUs: number): void {
    if (this.#source === undefined) return;
    const { rate } = this.#clock;
    this.seek({ do: "seek", source: this.#source, timeUs, isRough: false, rate });
  }

  /** Everything there is was shown: the live picture goes on where this ends. */
  #join(place: FramePlace, nowUs: number): void {
    this.#edgeSinceUs ??= nowUs;
    const isPatient = nowUs - this.#edgeSinceUs < EDGE_PATIENCE_US;
    const isJoined = this.#parts.screen.join(frameAt(place).frameId);
    if (!isJoined && isPatient) return;
    if (!isJoined) this.#parts.screen.leave();
    this.#end();
    this.#notice("caught_up");
    this.#postState();
  }

  #end(): void {
    this.#closeFeed();
    this.#mode = "live";
    this.#goal = NO_GOAL;
    this.#laterRough = undefined;
    this.#isWaiting = false;
    this.#edgeSinceUs = undefined;
    this.#at = undefined;
    this.#shown = undefined;
    this.#parts.decoder.cancel();
    this.#parts.window.clear();
  }

  #skip({ cause, toUs }: CacheGap): void {
    this.#notice(cause);
    if (this.#source === undefined) return;
    const rate = this.#mode === "playing" ? this.#clock.rate : 0;
    this.seek({ do: "seek", source: this.#source, timeUs: toUs, isRough: false, rate });
  }

  #readBack({ group }: FramePlace): void {
    this.#closeFeed();
    this.#goal = { kind: "back" };
    this.#openFeed(group.startUs - 1, undefined);
    this.#feed?.wantUntil(group.startUs);
  }

  #openFeed(atUs: number, toUs: number | undefined): void {
    if (this.#source === undefined) return;
    const feed = this.#parts.openFeed({
      ...{ source: this.#source, atUs, toUs },
      handlers: {
        frame: (place, isShown) => this.#isFeed(feed) && this.#frame(place, isShown),
        gap: (gap) => this.#isFeed(feed) && this.#gap(gap),
        live: () => this.#isFeed(feed) && this.#live(),
        ended: (end) => this.#isFeed(feed) && this.#feedEnded(end),
      },
    });
    this.#feed = feed;
  }

  #isFeed(feed: Feed): boolean {
    return feed === this.#feed;
  }

  #closeFeed(): void {
    this.#feed?.close();
    this.#feed = undefined;
    this.#goal = NO_GOAL;
  }

  #frame(place: FramePlace, isShown: boolean): void {
    const at = this.#at;
    const goal = this.#goal;
    if (goal.kind === "seek") {
      if (isShown) this.#reached(place);
    }
    if (at === undefined || goal.kind === "seek") return;
    if (goal.kind === "step" && frameAt(place).captureTimeUs > frameAt(at).captureTimeUs) {
      this.#goal = NO_GOAL;
      return this.#goTo(place, 0);
    }
    if (goal.kind === "back") return this.#backFrame(place, at);
    // The group of what is shown is whole.
    if (this.#mode === "paused" && place.group !== at.group && goal.kind === "none") {
      this.#closeFeed();
    }
  }

  /** Reads up to the group that is shown, which links the two. */
  #backFrame(place: FramePlace, at: FramePlace): void {
    if (place.group !== at.group) return;
    const before = this.#parts.cache.before({ group: at.group, index: 0 });
    this.#closeFeed();
    if (before !== undefined) {
      if (this.#mode === "paused") this.#goTo(before, KEEP_BEFORE);
      return;
    }
    this.pause();
    this.#notice("start");
  }

  #gap({ cause, toUs }: CacheGap): void {
    if (this.#goal.kind !== "seek") return;
    this.#positionUs = toUs;
    this.#notice(cause);
  }

  #live(): void {
    if (this.#goal.kind === "step") this.#goal = NO_GOAL;
  }

  #feedEnded(end: FeedEnd): void {
    const { kind } = this.#goal;
    this.#closeFeed();
    if (this.#laterRough !== undefined) return this.seek(this.#laterRough);
    if (end === "complete" && kind !== "seek") return;
    if (kind === "none" && this.#mode !== "playing") return;
    this.#notice(end === "complete" ? "nothing_held" : end);
    if (this.#at === undefined) this.live();
    else this.pause();
  }

  #groupEndUs(place: FramePlace): number {
    return Math.min(place.group.endUs ?? Infinity, frameAt(place).captureTimeUs + REST_AHEAD_US);
  }

  #notice(notice: PlaybackNotice): void {
    this.#parts.post({ event: "notice", notice });
  }

  #postState(): void {
    this.#parts.post({ event: "state", state: this.state });
  }
}
