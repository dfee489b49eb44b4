/**
 * WhipAccessUnits: makes access units of a publisher's RTP payloads in order. One comes out whole or
 * not at all; after one that is missing nothing does before the next keyframe, and each keyframe has
 * its parameter sets in band. Units that no decoder needs are left out: nothing of a publisher's making
 * is taken for what this host says of a frame. It holds two access units at most.
 */

import { forEachUnit } from "../../wire/access_unit.ts";
import { MAX_FRAME_BYTES } from "../../wire/frame.ts";
import { isBidirectional, parsePictureParameters, UNIT } from "../../wire/h264_parameters.ts";
import { H264Depacketizer } from "./h264_depacketizer.ts";

/** Parameter sets are kept for keyframes without; larger ones are not of this world. */
const MAX_PARAMETER_BYTES = 512;
const FIRST_BYTES = 64 * 1024;
const START_CODE = [0, 0, 0, 1] as const;
const TYPE_BITS = 0x1f;
/** Of the first byte of a slice: its first macroblock is that of the picture. */
const IS_FIRST_SLICE = 0x80;
const NOTHING = new Uint8Array(0);

/** One RTP payload of the stream, in order. */
export interface UnitPayload {
  readonly payload: Uint8Array;
  /** 32 bits at 90 kHz. */
  readonly timestamp: number;
  /** The last packet of its access unit. */
  readonly isLast: boolean;
  /** Packets before it are lost. */
  readonly isAfterHole: boolean;
}

/** One access unit with start codes; its bytes are valid until the next push. */
export interface AccessUnit {
  readonly bytes: Uint8Array;
  readonly timestamp: number;
  readonly isKeyframe: boolean;
}

/** Why a stream cannot be taken. */
export type UnitFault = "b_pictures" | "bad_parameters";

/** What comes through. */
export interface AccessUnitStats {
  units: number;
  keyframes: number;
  /** Access units with parts that are lost or broken. */
  damaged: number;
  /** Whole ones that refer to what is lost. */
  skipped: number;
}

/** What one look at an access unit finds. */
interface Found {
  slices: number;
  isKeyframe: boolean;
  isFromFront: boolean;
  hasSequence: boolean;
  hasPicture: boolean;
}

/** Puts access units together. */
export class WhipAccessUnits {
  readonly stats: AccessUnitStats = { units: 0, keyframes: 0, damaged: 0, skipped: 0 };
  readonly #depacketizer = new H264Depacketizer();
  #bytes = new Uint8Array(FIRST_BYTES);
  #size = 0;
  #timestamp: number | undefined;
  /** Packets of the access unit at hand were taken, and it has not ended. */
  #isOpen = false;
  /** Packets right before the access unit at hand are lost. */
  #isAfterHole = false;
  #needsKeyframe = true;
  #sequenceUnit: Uint8Array | undefined;
  #pictureUnit: Uint8Array | undefined;
  #fault: UnitFault | undefined;

  /** Nothing comes out before a keyframe. */
  get needsKeyframe(): boolean {
    return this.#needsKeyframe;
  }

  /** Why nothing of this stream can be taken any more. */
  get fault(): UnitFault | undefined {
    return this.#fault;
  }

  /** Bytes that it holds of its own. */
  get heldBytes(): number {
    return this.#bytes.byteLength;
  }

  /** Takes a parameter set that did not come with pictures, until one does. */
  offer(unit: Uint8Array): void {
    if (unit.byteLength === 0 || unit.byteLength > MAX_PARAMETER_BYTES) return;
    const type = unit[0]! & TYPE_BITS;
    if (type === UNIT.sequence) this.#sequenceUnit = unit;
    if (type === UNIT.picture) this.#pictureUnit = unit;
  }

  /** What came out was lost on its way: nothing that follows is of use before a keyframe. */
  needKeyframe(): void {
    this.#needsKeyframe = true;
  }

  /** Takes the next payload; gives the access unit that it ends. */
  push(packet: UnitPayload): AccessUnit | undefined {
    if (this.#fault !== undefined) return undefined;
    const { payload, timestamp, isLast, isAfterHole } = packet;
    // Padding: it has no part in an access unit, and its time may be any.
    if (payload.byteLength === 0 && !isAfterHole) return undefined;
    if (this.#isOpen && (isAfterHole || timestamp !== this.#timestamp)) this.#drop(timestamp);
    if (!this.#isOpen) this.#isAfterHole ||= isAfterHole;
    if (isAfterHole) this.#needsKeyframe = true;
    this.#timestamp = timestamp;
    this.#isOpen = !isLast;
    const bytes = this.#depacketizer.push(payload, isLast);
    if (!isLast) return undefined;
    const wasAfterHole = this.#isAfterHole;
    this.#isAfterHole = false;
    if (bytes !== undefined) return this.#finish(bytes, wasAfterHole);
    // A packet of nothing but parameters or padding is no picture, and none that is missing.
    if (payload.byteLength === 0) return undefined;
    this.stats.damaged++;
    this.#needsKeyframe = true;
    return undefined;
  }

  /** Ends what is put together without its end. */
  #drop(timestamp: number): void {
    this.#depacketizer.lose();
    // With the rest of the same one to come, that is broken as well: it ends at its marker.
    if (timestamp === this.#timestamp) return;
    this.#depacketizer.push(NOTHING, true);
    this.stats.damaged++;
    this.#needsKeyframe = true;
    this.#isOpen = false;
    this.#isAfterHole = false;
  }

  #finish(bytes: Uint8Array, wasAfterHole: boolean): AccessUnit | undefined {
    this.#size = 0;
    const found = this.#sift(bytes);
    if (this.#fault !== undefined || found.slices === 0) return undefined;
    if (wasAfterHole && !found.isFromFront) {
      this.stats.damaged++;
      this.#needsKeyframe = true;
      return undefined;
    }
    const isUsable = found.isKeyframe ? this.#begin(found) : !this.#needsKeyframe;
    if (!isUsable || this.#size > MAX_FRAME_BYTES) {
      this.#needsKeyframe = true;
      this.stats.skipped++;
      return undefined;
    }
    this.stats.units++;
    if (found.isKeyframe) this.stats.keyframes++;
    const out = this.#bytes.subarray(0, this.#size);
    return { bytes: out, timestamp: this.#timestamp ?? 0, isKeyframe: found.isKeyframe };
  }

  /** Copies what a decoder needs, and keeps parameter sets. */
  #sift(bytes: Uint8Array): Found {
    const found: Found = {
      ...{ slices: 0, isKeyframe: false, isFromFront: false },
      ...{ hasSequence: false, hasPicture: false },
    };
    forEachUnit(bytes, (start, end) => {
      const unit = bytes.subarray(start, end);
      const type = unit[0]! & TYPE_BITS;
      if (type === UNIT.slice || type === UNIT.keySlice) {
        if (found.slices === 0) found.isFromFront = ((unit[1] ?? 0) & IS_FIRST_SLICE) !== 0;
        found.slices++;
        found.isKeyframe ||= type === UNIT.keySlice;
        if (isBidirectional(unit)) this.#fault = "b_pictures";
      } else if (type === UNIT.sequence && unit.byteLength <= MAX_PARAMETER_BYTES) {
        found.hasSequence = true;
        this.#sequenceUnit = unit.slice();
      } else if (type === UNIT.picture && unit.byteLength <= MAX_PARAMETER_BYTES) {
        found.hasPicture = true;
        this.#pictureUnit = unit.slice();
      } else return;
      this.#append(unit);
    });
    return found;
  }

  /** A keyframe begins pictures anew; false when nobody could decode it. */
  #begin({ hasSequence, hasPicture }: Found): boolean {
    const { sequence, picture } = { sequence: this.#sequenceUnit, picture: this.#pictureUnit };
    if (sequence === undefined || picture === undefined) return false;
    if (!hasSequence || !hasPicture) this.#prepend(sequence, picture);
    const parameters = parsePictureParameters(sequence);
    if (parameters === undefined || !parameters.isUsual) {
      this.#fault = "bad_parameters";
      return false;
    }
    this.#needsKeyframe = false;
    return true;
  }

  #prepend(sequence: Uint8Array, picture: Uint8Array): void {
    const rest = this.#bytes.slice(0, this.#size);
    this.#size = 0;
    this.#append(sequence);
    this.#append(picture);
    this.#room(rest.byteLength);
    this.#bytes.set(rest, this.#size);
    this.#size += rest.byteLength;
  }

  #append(unit: Uint8Array): void {
    this.#room(START_CODE.length + unit.byteLength);
    this.#bytes.set(START_CODE, this.#size);
    this.#bytes.set(unit, this.#size + START_CODE.length);
    this.#size += START_CODE.length + unit.byteLength;
  }

  /** Units come from an access unit of at most `MAX_FRAME_BYTES`; sets are the only ones added. */
  #room(bytes: number): void {
    const needed = this.#size + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const most = MAX_FRAME_BYTES + 2 * (MAX_PARAMETER_BYTES + START_CODE.length);
    const larger = new Uint8Array(Math.max(needed, Math.min(most, 2 * needed)));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
