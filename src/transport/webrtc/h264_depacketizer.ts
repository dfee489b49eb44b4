/**
 * H264 depacketizer: the inverse of the packetizer: payloads of RTP packets in order become the units
 * of access units again, with start codes (RFC 6184, packetization mode 1). For streams that come in,
 * and for tests of those that go out. An access unit is at most `MAX_FRAME_BYTES`; a larger or broken
 * one is dropped whole and counted.
 */

import { MAX_FRAME_BYTES } from "../../wire/frame.ts";

const TYPE_BITS = 0x1f;
const STAP_A = 24;
const FU_A = 28;
const LAST_SINGLE_TYPE = 23;
const FU_START = 0x80;
const FU_END = 0x40;
const START_CODE_BYTES = 4;
const FIRST_BYTES = 64 * 1024;

/** Counters since the start. */
export interface DepacketizerStats {
  accessUnits: number;
  /** Access units that were broken or too large. */
  dropped: number;
}

/** Puts access units together. */
export class H264Depacketizer {
  readonly stats: DepacketizerStats = { accessUnits: 0, dropped: 0 };
  #bytes = new Uint8Array(FIRST_BYTES);
  #size = 0;
  #isInFragment = false;
  #isBroken = false;

  /** A packet was lost: what is being put together is worth nothing. */
  lose(): void {
    this.#isBroken = true;
  }

  /**
   * Takes the next payload; with `marker` it ends an access unit, which is given back, valid until the
   * next call, unless it was broken.
   */
  push(payload: Uint8Array, marker: boolean): Uint8Array | undefined {
    if (!this.#isBroken && !this.#take(payload)) this.#isBroken = true;
    if (!marker) return undefined;
    const isWhole = !this.#isBroken && !this.#isInFragment && this.#size > 0;
    const frame = isWhole ? this.#bytes.subarray(0, this.#size) : undefined;
    if (isWhole) this.stats.accessUnits++;
    else this.stats.dropped++;
    this.#size = 0;
    this.#isInFragment = false;
    this.#isBroken = false;
    return frame;
  }

  #take(payload: Uint8Array): boolean {
    if (payload.byteLength === 0) return true;
    const type = payload[0]! & TYPE_BITS;
    if (type === FU_A) return this.#takeFragment(payload);
    if (this.#isInFragment) return false;
    if (type === STAP_A) return this.#takeTogether(payload);
    return type >= 1 && type <= LAST_SINGLE_TYPE && this.#append(payload, true);
  }

  #takeTogether(payload: Uint8Array): boolean {
    for (let at = 1; at < payload.byteLength;) {
      if (at + 2 > payload.byteLength) return false;
      const size = (payload[at]! << 8) | payload[at + 1]!;
      at += 2;
      if (size === 0 || at + size > payload.byteLength) return false;
      if (!this.#append(payload.subarray(at, at + size), true)) return false;
      at += size;
    }
    return true;
  }

  #takeFragment(payload: Uint8Array): boolean {
    if (payload.byteLength < 3) return false;
    const flags = payload[1]!;
    const isStart = (flags & FU_START) !== 0;
    if (isStart === this.#isInFragment) return false;
    if (isStart) {
      const header = Uint8Array.of((payload[0]! & ~TYPE_BITS) | (flags & TYPE_BITS));
      if (!this.#append(header, true)) return false;
    }
    this.#isInFragment = (flags & FU_END) === 0;
    return this.#append(payload.subarray(2), false);
  }

  #append(bytes: Uint8Array, isUnit: boolean): boolean {
    const from = this.#size + (isUnit ? START_CODE_BYTES : 0);
    const size = from + bytes.byteLength;
    if (size > MAX_FRAME_BYTES) return false;
    if (size > this.#bytes.byteLength) this.#grow(size);
    if (isUnit) {
      this.#bytes.fill(0, this.#size, from);
      this.#bytes[from - 1] = 1;
    }
    this.#bytes.set(bytes, from);
    this.#size = size;
    return true;
  }

  #grow(size: number): void {
    const larger = new Uint8Array(Math.min(MAX_FRAME_BYTES, 2 ** Math.ceil(Math.log2(size))));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
