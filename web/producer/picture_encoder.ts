/**
 * PictureEncoder: the browser's H.264 encoder behind what a publication asks of it: pictures in, access
 * units out, another size or rate at any time, software where hardware fails. It holds what the browser
 * holds, which its caller bounds, and the time of each frame in it.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { EncodedChunk } from "./chunk_ring.ts";
import { chooseEncoder, encoderConfig } from "./encoder_choice.ts";
import type { Acceleration } from "./encoder_choice.ts";
import type { PictureTarget } from "./picture_plan.ts";

/** A change of rate below this share is not worth a call; above the second one it cannot wait. */
const STEP_MIN = 0.1;
const STEP_LARGE = 0.4;
const STEP_INTERVAL_US = 1_000_000;

/** Who hears of it. */
export interface PictureEncoderHandlers {
  /** An access unit; the encoder was busy with it for `busyUs`. */
  chunk(chunk: EncodedChunk, busyUs: number): void;
  /** The encoder began anew: what it held is lost. */
  replaced(): void;
  /** This browser has no encoder that works. */
  failed(message: string): void;
}

/** Encodes the pictures of one publication. */
export class PictureEncoder {
  readonly #clock: Clock;
  readonly #handlers: PictureEncoderHandlers;
  #encoder: VideoEncoder | undefined;
  #choice: { codec: string; acceleration: Acceleration } | undefined;
  #failed: Acceleration | undefined;
  #target: PictureTarget | undefined;
  #isChoosing = false;
  #hasFailed = false;
  /** When each frame in the encoder was given to it and captured, by its timestamp. */
  readonly #times = new Map<number, { readonly givenUs: number; readonly captureUs: number }>();
  #freeUs = 0;
  #appliedUs = -Infinity;
  /** Pixels a second that no encoder of this browser takes. */
  #tooLarge = Infinity;

  constructor(clock: Clock, handlers: PictureEncoderHandlers) {
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** Of what is encoded; undefined before the first frame. */
  get target(): PictureTarget | undefined {
    return this.#target;
  }

  /** For people. */
  get name(): string {
    if (this.#choice === undefined) return "";
    const isHardware = this.#choice.acceleration === "prefer-hardware";
    return isHardware ? "H.264, hardware" : "H.264, browser";
  }

  /** True when it takes frames. */
  get isReady(): boolean {
    return this.#encoder?.state === "configured";
  }

  /** Frames that it was given and has not answered. */
  get inFlight(): number {
    return this.#times.size;
  }

  /** Encodes with these from the next frame on; the first call looks for an encoder. */
  configure(wanted: PictureTarget): void {
    const before = this.#target;
    if (this.#hasFailed) return;
    const isTooLarge = before !== undefined && pixelRate(wanted) >= this.#tooLarge;
    const { width, height, fps } = isTooLarge ? before : wanted;
    const target = { width, height, fps, bitrateBps: wanted.bitrateBps };
    if (this.#choice === undefined || before === undefined) {
      this.#target = target;
      this.#choose(target);
      return;
    }
    const isSameSize = before.width === target.width && before.height === target.height;
    if (isSameSize && !this.#isWorthIt(before, target)) return;
    // A larger picture may need a higher level of the codec, which only a new encoder has.
    const isLarger = pixelRate(target) > pixelRate(before);
    this.#target = target;
    if (isLarger) this.#choose(target, before);
    else this.#apply();
  }

  /** Each change empties the encoder: small ones wait for a while, tiny ones for ever. */
  #isWorthIt(before: PictureTarget, target: PictureTarget): boolean {
    const step = Math.max(
      Math.abs(target.bitrateBps / before.bitrateBps - 1),
      Math.abs(target.fps / before.fps - 1),
    );
    if (step < STEP_MIN) return false;
    return step > STEP_LARGE || this.#clock.nowUs() - this.#appliedUs >= STEP_INTERVAL_US;
  }

  /** Encodes a picture and closes it. */
  encode(frame: VideoFrame, isKeyframe: boolean, captureUs: number): void {
    const encoder = this.#encoder;
    if (encoder === undefined || encoder.state !== "configured") return frame.close();
    this.#times.set(frame.timestamp, { givenUs: this.#clock.nowUs(), captureUs });
    try {
      encoder.encode(frame, { keyFrame: isKeyframe });
    } catch (error) {
      this.#fail(encoder, error instanceof Error ? error : new Error(String(error)));
    } finally {
      frame.close();
    }
  }

  /** Ends it; idempotent. */
  close(): void {
    this.#drop();
    this.#target = undefined;
    this.#choice = undefined;
    this.#hasFailed = false;
    this.#tooLarge = Infinity;
  }

  async #choose(target: PictureTarget, before?: PictureTarget): Promise<void> {
    if (this.#isChoosing) return;
    this.#isChoosing = true;
    const isSupported = (config: VideoEncoderConfig) => VideoEncoder.isConfigSupported(config);
    const choice = await chooseEncoder(target, isSupported, this.#failed);
    this.#isChoosing = false;
    if (this.#target === undefined) return;
    if (choice === undefined && before !== undefined && this.isReady) {
      // What is there goes on as it is.
      this.#tooLarge = pixelRate(target);
      this.#target = before;
      return;
    }
    if (choice === undefined) {
      this.#hasFailed = true;
      const { width, height } = target;
      return this.#handlers.failed(`This browser cannot encode H.264 at ${width} x ${height}`);
    }
    const isSame = choice.codec === this.#choice?.codec &&
      choice.acceleration === this.#choice.acceleration;
    this.#choice = choice;
    if (isSame && this.isReady) return this.#apply();
    this.#drop();
    this.#open();
    this.#handlers.replaced();
  }

  #open(): void {
    const encoder: VideoEncoder = new VideoEncoder({
      output: (chunk) => {
        if (encoder === this.#encoder) this.#emit(chunk);
      },
      error: (error) => this.#fail(encoder, error),
    });
    this.#encoder = encoder;
    this.#apply();
  }

  #apply(): void {
    const encoder = this.#encoder;
    if (encoder === undefined || this.#choice === undefined || this.#target === undefined) return;
    this.#appliedUs = this.#clock.nowUs();
    try {
      encoder.configure(encoderConfig(this.#target, this.#choice));
    } catch (error) {
      this.#fail(encoder, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #emit(chunk: EncodedVideoChunk): void {
    const nowUs = this.#clock.nowUs();
    const times = this.#times.get(chunk.timestamp);
    // Frames come out in order: what was given before this one and is still missing never comes.
    for (const timestamp of this.#times.keys()) {
      if (timestamp <= chunk.timestamp) this.#times.delete(timestamp);
    }
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    const givenUs = times?.givenUs ?? nowUs;
    // What waited for the frame before it was not spent on this one.
    const busyUs = nowUs - Math.max(givenUs, this.#freeUs);
    this.#freeUs = nowUs;
    const isKeyframe = chunk.type === "key";
    const captureUs = times?.captureUs ?? nowUs;
    this.#handlers.chunk({ isKeyframe, captureUs, payload }, Math.max(0, busyUs));
  }

  #fail(encoder: VideoEncoder, error: Error): void {
    if (encoder !== this.#encoder) return;
    this.#drop();
    const failed = this.#choice?.acceleration;
    this.#choice = undefined;
    // Hardware that fails once is left alone; software that fails is the end.
    if (failed === "prefer-hardware" && this.#target !== undefined) {
      this.#failed = failed;
      this.#choose(this.#target);
      return;
    }
    this.#hasFailed = true;
    this.#handlers.failed(`The encoder of this browser failed: ${error.message}`);
  }

  #drop(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    this.#times.clear();
    if (encoder !== undefined && encoder.state !== "closed") encoder.close();
  }
}

function pixelRate({ width, height, fps }: PictureTarget): number {
  return width * height * fps;
}
