/**
 * MarkerProbe: reads the frame marker back from decoded pictures, for measurements: copies the luma
 * of the marker's corner and closes its own clone of the picture. At most `COPIES_IN_FLIGHT` copies
 * run at once; a picture beyond that is not read and counts as skipped.
 */

import { MARKER_HEIGHT, MARKER_WIDTH, readMarker } from "./marker_reader.ts";
import type { Marker } from "./marker_reader.ts";

const COPIES_IN_FLIGHT = 4;
/** Formats whose first plane is 8-bit luma. */
const LUMA_FIRST = new Set(["I420", "I420A", "I422", "I444", "NV12"]);

/** Reads markers. */
export class MarkerProbe {
  readonly #buffers: Uint8Array<ArrayBuffer>[] = [];
  #inFlight = 0;
  #skipped = 0;

  /** Pictures that were not read because copies were still running. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Calls `done` with the marker of `frame`, or undefined when there is none that can be read. */
  read(frame: VideoFrame, done: (marker: Marker | undefined) => void): void {
    if (frame.codedWidth < MARKER_WIDTH || frame.codedHeight < MARKER_HEIGHT) {
      done(undefined);
      return;
    }
    if (this.#inFlight >= COPIES_IN_FLIGHT) {
      this.#skipped++;
      return;
    }
    this.#inFlight++;
    const clone = frame.clone();
    this.#copy(clone).then(done, () => done(undefined)).finally(() => {
      clone.close();
      this.#inFlight--;
    });
  }

  async #copy(frame: VideoFrame): Promise<Marker | undefined> {
    const options: VideoFrameCopyToOptions = {
      rect: { x: 0, y: 0, width: MARKER_WIDTH, height: MARKER_HEIGHT },
    };
    if (!LUMA_FIRST.has(frame.format ?? "")) return undefined;
    const bytes = frame.allocationSize(options);
    let buffer = this.#buffers.pop();
    if (buffer === undefined || buffer.byteLength < bytes) buffer = new Uint8Array(bytes);
    const [luma] = await frame.copyTo(buffer, options);
    const marker = luma === undefined
      ? undefined
      : readMarker(buffer.subarray(luma.offset), luma.stride);
    this.#buffers.push(buffer);
    return marker;
  }
}
