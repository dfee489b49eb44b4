/**
 * Feedback: the datagram in which a viewer says what arrived, when, and what is missing: the way back
 * from reorder and recover to send. One for each frame or each 10 ms; losing one loses nothing, because
 * counters are sums and the bitmap reaches back over 512 packets.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_STREAM_ID } from "./packet.ts";

/** Bytes before the bitmap. */
export const FEEDBACK_HEADER_BYTES = 52;
/** Most bytes of the bitmap: 512 packets. */
export const MAX_FEEDBACK_BITMAP_BYTES = 64;
/** Most arrival times in one datagram. */
export const MAX_FEEDBACK_ARRIVALS = 16;
/** Unit of the age of an arrival, microseconds: an age of 16 bits reaches back for one second. */
export const ARRIVAL_AGE_UNIT_US = 16;
/** Bytes of the longest feedback datagram. */
export const MAX_FEEDBACK_BYTES = FEEDBACK_HEADER_BYTES + MAX_FEEDBACK_BITMAP_BYTES +
  4 * MAX_FEEDBACK_ARRIVALS;

const FEEDBACK_KIND = 0xc0;
const U16 = 0x1_0000;
const U32 = 0x1_0000_0000;

/** When one packet arrived; a viewer gives the last of each frame. */
export interface ArrivalMark {
  /** Transport sequence of the packet. */
  readonly transportSequence: number;
  /** Microseconds of the viewer's clock modulo 2^32. */
  readonly arrivalUs: number;
}

/** What a viewer reports. Times are microseconds of its own clock modulo 2^32. */
export interface Feedback {
  readonly streamId: number;
  /** Coding epoch that the source ids below belong to. */
  readonly epoch: number;
  /** Counts feedback datagrams modulo 2^16; an older one than the last is of no use. */
  readonly sequence: number;
  /** Newest transport sequence that arrived. */
  readonly newestSequence: number;
  readonly newestArrivalUs: number;
  readonly sentUs: number;
  /** Packets of all kinds that arrived since `play`, modulo 2^32. */
  readonly packetsReceived: number;
  /** First source id that is missing, and ids from there to the last missing one; length 0: none. */
  readonly firstMissingId: number;
  readonly missingLength: number;
  /** Independent repairs that are wanting to recover all that is missing. */
  readonly deficit: number;
  /** Average share of packets lost before recovery, 0 to 1. */
  readonly loss: number;
  /** Average packets of a burst of losses, 1 to 255. */
  readonly burstLength: number;
  /** Newest frame that went to the decoder; 0 when none did. */
  readonly lastCompleteFrameId: number;
  /** Frames from this one on cannot be decoded without a repair of references; 0 when all is well. */
  readonly damagedFrameId: number;
  /** Newest frame that was drawn, 0 none, and when. */
  readonly presentedFrameId: number;
  readonly presentedUs: number;
  /** Packets that repairs brought back since `play`, modulo 2^16. */
  readonly recovered: number;
  /** Frames in the decoder and before it, 0 to 255. */
  readonly decodeQueue: number;
  /** Bit i, lowest first in each byte: packet `newestSequence - 1 - i` arrived. */
  readonly bitmap: Uint8Array;
  /** Oldest first. */
  readonly arrivals: readonly ArrivalMark[];
}

/** One feedback datagram. Values beyond their field are cut to its limits. */
export function encodeFeedback(feedback: Feedback): Uint8Array<ArrayBuffer> {
  const bitmap = feedback.bitmap.subarray(0, MAX_FEEDBACK_BITMAP_BYTES);
  const arrivals = feedback.arrivals.slice(-MAX_FEEDBACK_ARRIVALS);
  const marksStart = FEEDBACK_HEADER_BYTES + bitmap.byteLength;
  const bytes = new Uint8Array(marksStart + 4 * arrivals.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FEEDBACK_KIND);
  view.setUint8(1, (feedback.epoch << 4) | feedback.streamId);
  view.setUint16(2, feedback.sequence, true);
  view.setUint16(4, feedback.newestSequence, true);
  view.setUint8(6, bitmap.byteLength);
  view.setUint8(7, arrivals.length);
  view.setUint32(8, feedback.newestArrivalUs % U32, true);
  view.setUint32(12, feedback.sentUs % U32, true);
  view.setUint32(16, feedback.packetsReceived % U32, true);
  view.setUint32(20, feedback.firstMissingId, true);
  view.setUint16(24, atMost(feedback.missingLength, U16 - 1), true);
  view.setUint16(26, atMost(feedback.deficit, U16 - 1), true);
  view.setUint16(28, atMost(Math.round(feedback.loss * (U16 - 1)), U16 - 1), true);
  view.setUint16(30, atMost(Math.round(feedback.burstLength * 256), U16 - 1), true);
  view.setUint32(32, feedback.lastCompleteFrameId, true);
  view.setUint32(36, feedback.damagedFrameId, true);
  view.setUint32(40, feedback.presentedFrameId, true);
  view.setUint32(44, feedback.presentedUs % U32, true);
  view.setUint16(48, feedback.recovered % U16, true);
  view.setUint8(50, atMost(feedback.decodeQueue, 255));
  bytes.set(bitmap, FEEDBACK_HEADER_BYTES);
  arrivals.forEach(({ transportSequence, arrivalUs }, index) => {
    const ageUs = (feedback.newestArrivalUs - arrivalUs + 2 * U32) % U32;
    view.setUint16(marksStart + 4 * index, transportSequence, true);
    view.setUint16(
      marksStart + 4 * index + 2,
      atMost(Math.round(ageUs / ARRIVAL_AGE_UNIT_US), U16 - 1),
      true,
    );
  });
  return bytes;
}

/**
 * Parses a feedback datagram. `bitmap` shares its memory. Throws ProtocolError when lengths or values
 * are not what the format allows: nothing in it ever sizes anything.
 */
export function parseFeedback(datagram: Uint8Array): Feedback {
  const bytes = datagram.byteLength;
  if (bytes < FEEDBACK_HEADER_BYTES) refuse("truncated", `feedback of ${bytes} bytes`);
  const view = new DataView(datagram.buffer, datagram.byteOffset, bytes);
  if (view.getUint8(0) !== FEEDBACK_KIND) {
    refuse("unexpected", `kind ${view.getUint8(0)} as feedback`);
  }
  const bitmapBytes = view.getUint8(6);
  const arrivalCount = view.getUint8(7);
  if (bitmapBytes > MAX_FEEDBACK_BITMAP_BYTES || arrivalCount > MAX_FEEDBACK_ARRIVALS) {
    refuse("bad_value", `${bitmapBytes} bytes of bitmap and ${arrivalCount} arrivals`);
  }
  const marksStart = FEEDBACK_HEADER_BYTES + bitmapBytes;
  if (bytes !== marksStart + 4 * arrivalCount) refuse("bad_value", `feedback of ${bytes} bytes`);
  if (view.getUint8(51) !== 0) refuse("bad_value", `reserved byte ${view.getUint8(51)}`);
  const newestArrivalUs = view.getUint32(8, true);
  const arrivals = Array.from({ length: arrivalCount }, (_, index) => {
    const ageUs = view.getUint16(marksStart + 4 * index + 2, true) * ARRIVAL_AGE_UNIT_US;
    return {
      transportSequence: view.getUint16(marksStart + 4 * index, true),
      arrivalUs: (newestArrivalUs - ageUs + U32) % U32,
    };
  });
  const missingLength = view.getUint16(24, true);
  return {
    streamId: view.getUint8(1) & MAX_STREAM_ID,
    epoch: view.getUint8(1) >> 4,
    sequence: view.getUint16(2, true),
    newestSequence: view.getUint16(4, true),
    newestArrivalUs,
    sentUs: view.getUint32(12, true),
    packetsReceived: view.getUint32(16, true),
    firstMissingId: view.getUint32(20, true),
    missingLength,
    deficit: view.getUint16(26, true),
    loss: view.getUint16(28, true) / (U16 - 1),
    burstLength: Math.max(1, view.getUint16(30, true) / 256),
    lastCompleteFrameId: view.getUint32(32, true),
    damagedFrameId: view.getUint32(36, true),
    presentedFrameId: view.getUint32(40, true),
    presentedUs: view.getUint32(44, true),
    recovered: view.getUint16(48, true),
    decodeQueue: view.getUint8(50),
    bitmap: datagram.subarray(FEEDBACK_HEADER_BYTES, marksStart),
    arrivals,
  };
}

function atMost(value: number, max: number): number {
  return Math.min(value, max);
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
