/**
 * StreamSound: the sound of one stream that is not the host's: its listeners and followers, and what
 * viewers are told of it.
 */

import { SOUND_SAMPLE_RATE } from "../../wire/audio.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import { SoundHub } from "./sound_hub.ts";

/** Frames of a stream's sound, as far as they are known before the first. */
const USUAL_FRAME_US = 20_000;

/** What is heard of a stream. */
export interface StreamSoundState {
  readonly isHeard: boolean;
  /** For people. */
  readonly source: string;
  /** 0 before the first frame. */
  readonly channels: number;
}

/** The sound of one stream. */
export class StreamSound {
  readonly hub: SoundHub;
  readonly #watchers = new Set<() => void>();
  #state: StreamSoundState = { isHeard: false, source: "", channels: 0 };

  constructor(streamId: number) {
    this.hub = new SoundHub({ streamId, onListening: () => {} });
  }

  /** Something is heard while there is something to hear. */
  get isHeard(): boolean {
    return this.#state.isHeard;
  }

  /** Says what there is now; who watches hears of a change. */
  tell(state: StreamSoundState): void {
    const { isHeard, source, channels } = this.#state;
    const isSame = isHeard === state.isHeard && source === state.source &&
      channels === state.channels;
    if (isSame) return;
    this.#state = state;
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Calls `watcher` at each change until the end that it returns is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** A framed message that says what there is. */
  state(): Uint8Array {
    const { isHeard, source, channels } = this.#state;
    return encodeServerMessage({
      type: "sound_state",
      available: isHeard,
      ...{ source: isHeard ? source : "", channels: isHeard ? channels : 0 },
      sampleRate: isHeard ? SOUND_SAMPLE_RATE : 0,
      frameUs: isHeard ? USUAL_FRAME_US : 0,
      reason: isHeard ? "" : "This stream has no sound",
    });
  }
}
