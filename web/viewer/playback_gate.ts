/**
 * PlaybackGate: the worker's door to the player of the past, which is a bundle of its own: loaded with
 * the first command, so that who only watches live loads and runs none of it. Commands wait for it in
 * order, at most `WAITING_MAX`.
 */

import { pageClock } from "../shared/page_clock.ts";
import type { PicturePath } from "./picture_path.ts";
import type { PastEvent } from "./features/past_event.ts";
import type { PlaybackCommand } from "./playback/playback_messages.ts";
import type { WorkerMessage } from "./worker_messages.ts";

/** Commands that wait for the bundle. */
const WAITING_MAX = 64;
/** Where the bundle lies, beside that of the worker. */
const BUNDLE = "playback.js";

type PlaybackModule = typeof import("./playback/playback.ts");
type Playback = InstanceType<PlaybackModule["Playback"]>;

/** What a gate needs of the worker. */
export interface PlaybackGateParts {
  readonly post: (message: WorkerMessage, transfer?: Transferable[]) => void;
  /** Has the host send a picture. */
  readonly wantLive: () => void;
  /** Live pictures are no longer shown, or are shown again. */
  readonly covered: () => void;
  /** For whoever plays sound. */
  readonly past: (event: PastEvent) => void;
}

/** Loads the player when it is wanted. */
export class PlaybackGate {
  readonly #pictures: PicturePath;
  readonly #parts: PlaybackGateParts;
  #waiting: PlaybackCommand[] = [];
  #playback: Playback | undefined;
  #isLoading = false;

  constructor(pictures: PicturePath, parts: PlaybackGateParts) {
    this.#pictures = pictures;
    this.#parts = parts;
  }

  /** Hands a command on. */
  handle(command: PlaybackCommand): void {
    if (this.#playback !== undefined) return this.#playback.handle(command);
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(command);
    if (!this.#isLoading) this.#load();
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      const url = new URL(BUNDLE, self.location.href).href;
      const { Playback } = await import(url) as PlaybackModule;
      this.#playback = this.#make(Playback);
      for (const command of this.#waiting) this.#playback.handle(command);
    } catch {
      this.#parts.post({
        type: "playback",
        event: { event: "notice", notice: "unreachable" },
      });
    } finally {
      this.#isLoading = false;
      this.#waiting = [];
    }
  }

  #make(Made: PlaybackModule["Playback"]): Playback {
    const { post, wantLive, covered, past } = this.#parts;
    const pictures = this.#pictures;
    return new Made({
      clock: pageClock,
      preferSoftware: pictures.prefersSoftware,
      pictures: {
        get lastLiveFrameId() {
          return pictures.lastLiveFrameId;
        },
        cover: (take) => {
          covered();
          pictures.cover(take);
        },
        show: (frame, record) => pictures.show(frame, record),
        wantLive,
      },
      post: (event, transfer) => post({ type: "playback", event }, transfer),
      past,
    });
  }
}
