/**
 * WhipAccessUnits: makes access units of the RTP payloads of a publisher (RFC 6184, packetization mode
 * 1: single units, STAP-A, FU-A). An access unit comes out whole or not at all, and after one that is
 * missing nothing does before the next keyframe. One buffer of `MAX_UNIT_BYTES` grows to what is sent.
 */

import { forEachUnit } from "../../wire/access_unit.ts";
import { isBidirectional, parsePictureParameters, UNIT } from "../../wire/h264_parameters.ts";
import type { PictureParameters } from "../../wire/h264_parameters.ts";

/** Most bytes of one access unit: half of what a frame of ours may have. */
export const MAX_UNIT_BYTES = 2 * 1024 * 1024;
/** Parameter sets are kept for keyframes without; larger ones are not of this world. */
const MAX_PARAMETER_BYTES = 512;
const FIRST_BYTES = 64 * 1024;
const START_CODE = [0, 0, 0, 1] as const;
const STAP_A = 24;
const FU_A = 28;
const FU_BEGIN = 0x80;
const FU_END = 0x40;

/** One payload of the stream, in order. */
export interface RtpPayload {
  readonly payload: Uint8Array;
  /** 32 bits at 90 kHz. */
  readonly timestamp: number;
  /** The last packet of its access unit. */
  readonly isLast: boolean;
  /** Packets before it are lost. */
  readonly isAfterHole: boolean;
}

/** One access unit with start codes; valid until the next push. */
export interface AccessUnit {
  readonly bytes: Uint8Array;
  readonly timestamp: number;
  readonly isKeyframe: boolean;
  /** Of a keyframe: what its pictures are. */
  readonly parameters: PictureParameters | undefined;
}

/** Why a stream cannot be taken. */
export type WhipFault = "b_pictures" | "parameters" | "too_large";

/** What comes through. */
export interface AccessUnitStats {
  units: number;
  /** Parts were lost, or nothing that it refers to is there. */
  damaged: number;
  /** Payloads that the format does not allow. */
  malformed: number;
}

/** Puts access units together. */
export class WhipAccessUnits {
  readonly stats: AccessUnitStats = { units: 0, damaged: 0, malformed: 0 };
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #timestamp: number | undefined;
  /** A fragmented unit is open. */
  #isOpen = false;
  #isWhole = true;
  #needsKeyframe = true;
  #sequenceUnit: Uint8Array | undefined;
  #pictureUnit: Uint8Array | undefined;
  #fault: WhipFault | undefined;

  /** Nothing comes out before a keyframe. */
  get needsKeyframe(): boolean {
    return this.#needsKeyframe;
  }

  /** Why nothing of this stream can be taken any more. */
  get fault(): WhipFault | undefined {
    return this.#fault;
  }

  /** Bytes that it holds. */
  get heldBytes(): number {
    return this.#buffer.byteLength;
  }

  /** Takes the next payload; gives the access unit that it ends. */
  push(packet: RtpPayload): AccessUnit | undefined {
    if (this.#fault !== undefined) return undefined;
    if (packet.isAfterHole) this.#damage();
    let ended: AccessUnit | undefined;
    if (packet.timestamp !== this.#timestamp) {
      // Its last packet is missing, or the publisher sets no marker: what is there ends here.
      ended = this.#length > 0 ? this.#end() : undefined;
      // A hole before this packet may have taken the front of this unit as well.
      if (ended !== undefined) this.#keep(ended);
      this.#begin(packet.timestamp, !packet.isAfterHole);
    }
    this.#take(packet.payload);
    if (!packet.isLast) return ended === undefined ? undefined : this.#kept(ended);
    const whole = this.#end();
    return whole ?? (ended === undefined ? undefined : this.#kept(ended));
  }
}
