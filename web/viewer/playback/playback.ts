/**
 * Playback: everything that the worker needs to show the past, as one bundle that is loaded when
 * somebody asks for it first. After some time of live pictures it gives back all that it held.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { PastEvent } from "../features/past_event.ts";
import { EncodedCache } from "./encoded_cache.ts";
import { FrameFeed } from "./frame_feed.ts";
import type { FeedRequester } from "./frame_feed.ts";
import { GroupDecoder } from "./group_decoder.ts";
import { PictureWindow } from "./picture_window.ts";
import type { PlaybackCommand, PlaybackEvent } from "./playback_messages.ts";
import { PlaybackScreen } from "./playback_screen.ts";
import type { CoveredPictures } from "./playback_screen.ts";
import { Player } from "./player.ts";
import { SoundFollower } from "./sound_follower.ts";
import { ThumbnailMaker } from "./thumbnail_maker.ts";

/** Live for so long, the encoded frames and the decoder go. */
const KEEP_AFTER_MS = 10_000;

/** What a playback is joined with. */
export interface PlaybackParts {
  readonly clock: Clock;
  readonly pictures: CoveredPictures<VideoFrame>;
  readonly preferSoftware: boolean;
  readonly post: (event: PlaybackEvent, transfer: Transferable[]) => void;
  /** For whoever plays sound. */
  readonly past: (event: PastEvent) => void;
}

/** Shows the past. */
export class Playback {
  readonly #cache = new EncodedCache();
  readonly #decoder: GroupDecoder;
  readonly #player: Player<VideoFrame>;
  readonly #thumbnails: ThumbnailMaker;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ clock, pictures, preferSoftware, post, past }: PlaybackParts) {
    const follower = new SoundFollower(this.#cache, past);
    const request: FeedRequester = (path, { signal }) =>
      fetch(path, { signal, credentials: "same-origin", cache: "no-store" });
    this.#decoder = new GroupDecoder(preferSoftware, {
      picture: (frame, place, isTarget) => this.#player.picture(frame, place, isTarget),
      undecodable: () => this.#player.undecodable(),
    });
    this.#player = new Player<VideoFrame>({
      cache: this.#cache,
      openFeed: (options) => new FrameFeed({ ...options, cache: this.#cache, request }),
      decoder: this.#decoder,
      window: new PictureWindow(),
      screen: new PlaybackScreen(follower.watch(pictures), clock),
      nowUs: () => clock.nowUs(),
      nextTick: (run) => requestAnimationFrame(run),
      post: (event) => {
        if (event.event === "state") {
          this.#noteMode(event.state.mode);
          follower.follow(event.state, this.#player.soundDelayUs, clock.nowUs());
        }
        post(event, []);
      },
    });
    this.#thumbnails = new ThumbnailMaker({ cache: this.#cache, preferSoftware, request, post });
  }

  /** Does what the page wants. */
  handle(command: PlaybackCommand): void {
    switch (command.do) {
      case "seek":
        return this.#player.seek(command);
      case "play":
        return this.#player.play(command.rate);
      case "pause":
        return this.#player.pause();
      case "step":
        return this.#player.step(command.frames);
      case "loop":
        this.#player.loop = command.range;
        return;
      case "forget":
        return this.#cache.forget(command.sourceKey, command.range.fromUs, command.range.toUs);
      case "live":
        return this.#player.live();
      case "thumbnail":
        return this.#thumbnails.make(command);
      case "cancel_thumbnails":
        return this.#thumbnails.cancel();
    }
  }

  #noteMode(mode: string): void {
    clearTimeout(this.#timer);
    if (mode !== "live") return;
    this.#timer = setTimeout(() => {
      this.#decoder.close();
      this.#cache.clear();
    }, KEEP_AFTER_MS);
  }
}
