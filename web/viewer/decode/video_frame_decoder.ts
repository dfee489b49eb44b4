/**
 * VideoFrameDecoder: the decode step: WebCodecs set up for one frame in, one frame out. It chooses
 * hardware or software, leaves hardware when frames are held back, and replaces a decoder that
 * failed. It never flushes, and every picture it gives out is the receiver's to close.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { FrameRecord } from "../receive/frame_record.ts";
import { DecodeQueue } from "./decode_queue.ts";
import type { DecodeQueueStats, QueuedFrame } from "./decode_queue.ts";
import { HeldFrameDetector } from "./held_frame_detector.ts";

/** Decoder failures after which the stream counts as not playable here. */
const FAILURES_MAX = 5;
/** Failures are forgotten after this time without another one. */
const FAILURE_MEMORY_US = 10_000_000;

/** What the decoder gives and asks for. */
export interface DecoderHandlers {
  /** A picture; the callee closes it. */
  picture(frame: VideoFrame, record: FrameRecord): void;
  /** Frames from `firstFrameId` are lost; 0 as `lastGoodFrameId` means that a keyframe is needed. */
  damage(firstFrameId: number, lastGoodFrameId: number): void;
  /** The browser cannot decode this stream. */
  unplayable(message: string): void;
}

/** Decodes the frames of one stream. */
export class VideoFrameDecoder {
  readonly #clock: Clock;
  readonly #handlers: DecoderHandlers;
  readonly #queue: DecodeQueue<EncodedVideoChunk>;
  readonly #held = new HeldFrameDetector();
  readonly #inside: QueuedFrame<EncodedVideoChunk>[] = [];
  #preferSoftware: boolean;
  #description: StreamDescription | undefined;
  #decoder: VideoDecoder | undefined;
  #config: VideoDecoderConfig | undefined;
  /** The configuration is for the next keyframe. */
  #isConfigNew = false;
  #choosing: Promise<void> | undefined;
  #generation = 0;
  #lastTimestamp = 0;
  #failures = 0;
  #lastFailureUs = 0;

  /** `preferSoftware` where hardware is absent or slower, as in a headless browser. */
  constructor(clock: Clock, preferSoftware: boolean, handlers: DecoderHandlers) {
    this.#clock = clock;
    this.#preferSoftware = preferSoftware;
    this.#handlers = handlers;
    this.#queue = new DecodeQueue(
      (frame) => this.#submit(frame),
      (first, lastGood) => handlers.damage(first, lastGood),
    );
  }

  get stats(): Readonly<DecodeQueueStats> {
    return this.#queue.stats;
  }

  /** Frames in the decoder and before it. */
  get depth(): number {
    return this.#queue.inDecoder + this.#queue.waiting;
  }

  /** The hardwareAcceleration hint in use. */
  get acceleration(): string {
    return this.#config?.hardwareAcceleration ?? "none";
  }

  /** True when frames can be pushed. */
  get isReady(): boolean {
    return this.#decoder !== undefined;
  }

  /**
   * Sets the decoder up for a stream, whose first frame must be a keyframe. A description of the same
   * codec and size changes nothing. Another one takes effect at the next keyframe, which the catalog
   * may outrun: frames of the old size that are still coming are decoded, and stay on the screen.
   */
  async configure(description: StreamDescription): Promise<void> {
    if (this.#description !== undefined && isAlike(this.#description, description)) {
      await this.#choosing;
      return;
    }
    this.#description = description;
    this.#choosing = this.#choose(description);
    await this.#choosing;
  }

  /** Takes the next frame in order and copies the payload; false when it cannot be decoded. */
  push(record: FrameRecord, referenceDistance: number, payload: Uint8Array): boolean {
    if (this.#decoder === undefined) return false;
    // Outputs are matched to inputs by this number, so it must grow with every frame.
    this.#lastTimestamp = Math.max(this.#lastTimestamp + 1, record.readyUs);
    const chunk = new EncodedVideoChunk({
      type: referenceDistance === 0 ? "key" : "delta",
      timestamp: this.#lastTimestamp,
      data: payload as Uint8Array<ArrayBuffer>,
    });
    return this.#queue.push({ record, referenceDistance, chunk });
  }

  /** Ends decoding; idempotent. */
  close(): void {
    this.#close();
    this.#description = undefined;
    this.#config = undefined;
    this.#isConfigNew = false;
  }

  async #choose(description: StreamDescription): Promise<void> {
    const config = await this.#chooseConfig(description);
    if (description !== this.#description) return;
    if (config === undefined) {
      this.close();
      this.#handlers.unplayable(`This browser cannot decode ${description.codec}`);
      return;
    }
    this.#config = config;
    if (this.#decoder === undefined) this.#open();
    else this.#isConfigNew = true;
  }

  async #chooseConfig(description: StreamDescription): Promise<VideoDecoderConfig | undefined> {
    const order: HardwareAcceleration[] = this.#preferSoftware
      ? ["prefer-software", "no-preference"]
      : ["prefer-hardware", "no-preference"];
    for (const hardwareAcceleration of order) {
      const config: VideoDecoderConfig = {
        codec: description.codec,
        codedWidth: description.codedWidth,
        codedHeight: description.codedHeight,
        colorSpace: description.colorSpace as VideoColorSpaceInit,
        optimizeForLatency: description.optimizeForLatency,
        hardwareAcceleration,
      };
      try {
        if ((await VideoDecoder.isConfigSupported(config)).supported === true) return config;
      } catch {
        // A codec string that this browser cannot even parse.
      }
    }
    return undefined;
  }

  #open(): void {
    const config = this.#config;
    if (config === undefined) return;
    const generation = ++this.#generation;
    this.#queue.reset();
    this.#held.reset();
    const decoder = new VideoDecoder({
      output: (frame) => {
        if (generation === this.#generation) this.#output(frame);
        else frame.close();
      },
      error: (error) => {
        if (generation === this.#generation) this.#fail(error);
      },
    });
    decoder.configure(config);
    this.#isConfigNew = false;
    this.#decoder = decoder;
  }

  /** Forgets what is inside without waiting for it; a keyframe must follow. */
  #restart(): void {
    this.#close();
    this.#open();
  }

  #close(): void {
    this.#generation++;
    for (const { record } of this.#inside) record.outcome = "lost";
    this.#inside.length = 0;
    this.#queue.reset();
    const decoder = this.#decoder;
    this.#decoder = undefined;
    if (decoder !== undefined && decoder.state !== "closed") decoder.close();
  }

  #submit(frame: QueuedFrame<EncodedVideoChunk>): void {
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    const nowUs = this.#clock.nowUs();
    frame.record.decodeSubmitUs = nowUs;
    this.#inside.push(frame);
    this.#held.submitted(nowUs);
    try {
      // What went in before still comes out: the browser works through it first.
      if (this.#isConfigNew && frame.referenceDistance === 0) this.#useConfig(decoder);
      decoder.decode(frame.chunk);
    } catch (error) {
      this.#fail(error);
    }
  }

  #useConfig(decoder: VideoDecoder): void {
    if (this.#config === undefined) return;
    this.#isConfigNew = false;
    this.#held.reset();
    decoder.configure(this.#config);
  }

  #output(frame: VideoFrame): void {
    const nowUs = this.#clock.nowUs();
    let record: FrameRecord | undefined;
    for (let head = this.#inside[0]; head !== undefined; head = this.#inside[0]) {
      if (head.chunk.timestamp > frame.timestamp) break;
      this.#inside.shift();
      if (head.chunk.timestamp === frame.timestamp) record = head.record;
      else head.record.outcome = "lost";
    }
    if (record === undefined) {
      frame.close();
      return;
    }
    record.decodedUs = nowUs;
    this.#held.output(record.decodeSubmitUs, nowUs);
    // The next frame goes in first: it is decoded while this one is drawn.
    this.#queue.released();
    this.#handlers.picture(frame, record);
    if (this.#held.isHolding && !this.#preferSoftware) this.#leaveHardware();
  }

  #leaveHardware(): void {
    this.#preferSoftware = true;
    if (this.#config !== undefined) {
      this.#config = { ...this.#config, hardwareAcceleration: "prefer-software" };
    }
    this.#restart();
    this.#handlers.damage(0, 0);
  }

  #fail(error: unknown): void {
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#lastFailureUs > FAILURE_MEMORY_US) this.#failures = 0;
    this.#lastFailureUs = nowUs;
    this.#failures++;
    if (this.#failures >= FAILURES_MAX) {
      this.close();
      const reason = error instanceof Error ? error.message : String(error);
      this.#handlers.unplayable(`The decoder of this browser fails: ${reason}`);
      return;
    }
    if (this.#failures >= 2) this.#leaveHardware();
    else {
      this.#restart();
      this.#handlers.damage(0, 0);
    }
  }
}

/** True when a decoder for `a` decodes `b` as well. */
function isAlike(a: StreamDescription, b: StreamDescription): boolean {
  return a.codec === b.codec && a.codedWidth === b.codedWidth && a.codedHeight === b.codedHeight;
}
