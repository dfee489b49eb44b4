/**
 * FrameArrivals: when the packets of each frame arrived and how many of them repairs brought back,
 * until the frame goes to the decoder. It remembers 256 frames; a newer one replaces an older one.
 */

const FRAMES = 256;
const NONE = -1;

/** Arrival times by frame id. */
export class FrameArrivals {
  readonly #frameIds = new Float64Array(FRAMES).fill(NONE);
  readonly #firstUs = new Float64Array(FRAMES);
  readonly #lastUs = new Float64Array(FRAMES);
  readonly #recovered = new Uint16Array(FRAMES);

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return 3 * this.#frameIds.byteLength + this.#recovered.byteLength;
  }

  /** A packet of `frameId` arrived, or was brought back by a repair that did. */
  note(frameId: number, nowUs: number, isRecovered: boolean): void {
    const slot = frameId % FRAMES;
    if (this.#frameIds[slot] !== frameId) {
      this.#frameIds[slot] = frameId;
      this.#firstUs[slot] = nowUs;
      this.#recovered[slot] = 0;
    }
    this.#lastUs[slot] = nowUs;
    if (isRecovered) this.#recovered[slot]!++;
  }

  /** When the first packet of a frame came; `orUs` for one that is not remembered. */
  firstUs(frameId: number, orUs: number): number {
    const slot = frameId % FRAMES;
    return this.#frameIds[slot] === frameId ? this.#firstUs[slot]! : orUs;
  }

  /** When the last packet of a frame came; `orUs` for one that is not remembered. */
  lastUs(frameId: number, orUs: number): number {
    const slot = frameId % FRAMES;
    return this.#frameIds[slot] === frameId ? this.#lastUs[slot]! : orUs;
  }

  /** Packets of a frame that repairs brought back. */
  recovered(frameId: number): number {
    const slot = frameId % FRAMES;
    return this.#frameIds[slot] === frameId ? this.#recovered[slot]! : 0;
  }
}
