/**
 * MicrophoneSource: the microphone that goes with a publication: opened when somebody turns it on, and
 * given back when it is turned off, so that its light goes out. Another device takes over in between.
 */

import { microphoneWish } from "./capture_wish.ts";
import type { ProducerView } from "./producer_view.ts";
import { captureProblem } from "./source_kind.ts";
import type { StreamReuse } from "./stream_reuse.ts";

/** Who hears of it. */
export interface MicrophoneHandlers {
  changed(state: ProducerView["microphone"]): void;
  /** The device was pulled out, or the browser took it away. */
  gone(): void;
}

/** One microphone at a time. */
export class MicrophoneSource {
  readonly #reuse: StreamReuse<MediaStream>;
  readonly #handlers: MicrophoneHandlers;
  #stream: MediaStream | undefined;
  #round = 0;

  constructor(reuse: StreamReuse<MediaStream>, handlers: MicrophoneHandlers) {
    this.#reuse = reuse;
    this.#handlers = handlers;
  }

  /** What it gives now. */
  get tracks(): readonly MediaStreamTrack[] {
    return this.#stream?.getAudioTracks() ?? [];
  }

  /** Opens a device, empty for the usual one, and takes it in the place of the one before. */
  async open(deviceId: string): Promise<void> {
    const round = ++this.#round;
    const wish = microphoneWish(deviceId === "" ? undefined : deviceId);
    this.#handlers.changed("asking");
    try {
      const stream = await this.#reuse.take(wish, () => navigator.mediaDevices.getUserMedia(wish));
      if (stream === undefined) return;
      if (round !== this.#round) return this.#reuse.release(stream);
      const before = this.#stream;
      if (before !== undefined && before !== stream) this.#reuse.release(before);
      this.#stream = stream;
      this.#reuse.use(stream);
      for (const track of stream.getAudioTracks()) {
        track.onended = () => {
          if (stream !== this.#stream) return;
          this.close();
          this.#handlers.gone();
        };
      }
      this.#handlers.changed("on");
    } catch (error) {
      if (round !== this.#round) return;
      this.#drop();
      this.#handlers.changed(captureProblem(error));
    }
  }

  /** Turns it off: its light goes out. */
  close(): void {
    this.#round++;
    this.#drop();
    this.#handlers.changed("off");
  }

  #drop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined) this.#reuse.discard(stream);
  }
}
