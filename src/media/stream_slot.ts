/**
 * StreamSlot: the place of one stream id in the media process. Opening and closing take time and
 * commands do not wait for them: the slot remembers only what is wanted last and works towards it,
 * one step at a time, so that nothing queues up.
 */

import type { EncoderRate, MediaStreamConfig } from "../ipc/media_command.ts";
import type { MediaStream } from "./media_stream.ts";

/** What a `StreamSlot` needs. */
export interface StreamSlotOptions {
  /** `takeRate` gives the rate that was set meanwhile, once. */
  readonly open: (
    config: MediaStreamConfig,
    takeRate: () => EncoderRate | undefined,
  ) => Promise<MediaStream>;
  /** The stream that was wanted cannot be opened. */
  readonly onFailed: (streamId: number, error: unknown) => void;
  readonly onOpened: () => void;
}

/** Holds at most one stream. */
export class StreamSlot {
  readonly #options: StreamSlotOptions;
  #wanted: MediaStreamConfig | undefined;
  /** Set while what is wanted was not running yet. */
  #rate: EncoderRate | undefined;
  #applied: MediaStreamConfig | undefined;
  #stream: MediaStream | undefined;
  #work: Promise<void> | undefined;

  constructor(options: StreamSlotOptions) {
    this.#options = options;
  }

  /** The stream that runs, or undefined; never one that is to end. */
  get stream(): MediaStream | undefined {
    return this.#applied === this.#wanted ? this.#stream : undefined;
  }

  /** Says what is to run, or undefined for nothing; a new object starts the stream anew. */
  want(config: MediaStreamConfig | undefined): void {
    this.#wanted = config;
    this.#rate = undefined;
    // With nothing to do `#settle` would end before its promise is kept, which then blocks the slot.
    if (this.#applied !== this.#wanted) this.#work ??= this.#settle();
  }

  /** Sets the rate of what is wanted, at once or when it runs. */
  setRate(rate: EncoderRate): void {
    const { stream } = this;
    if (stream === undefined) this.#rate = rate;
    else stream.setRate(rate);
  }

  /** Resolves when what is wanted runs; never rejects. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async #settle(): Promise<void> {
    while (this.#applied !== this.#wanted) {
      const stream = this.#stream;
      this.#stream = undefined;
      await stream?.close().catch((error) => this.#fail(error));
      const wanted = this.#wanted;
      this.#applied = wanted;
      if (wanted === undefined) continue;
      try {
        this.#stream = await this.#options.open(wanted, () => this.#takeRate(wanted));
        const rate = this.#takeRate(wanted);
        if (rate !== undefined) this.#stream.setRate(rate);
        this.#options.onOpened();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#work = undefined;
  }

  /** A rate is for what was wanted when it was set. */
  #takeRate(config: MediaStreamConfig): EncoderRate | undefined {
    if (config !== this.#wanted) return undefined;
    const rate = this.#rate;
    this.#rate = undefined;
    return rate;
  }

  #fail(error: unknown): void {
    const config = this.#applied;
    // Nobody waits for a stream that is not wanted any more.
    if (config !== undefined && config === this.#wanted) {
      this.#options.onFailed(config.streamId, error);
    }
  }
}
