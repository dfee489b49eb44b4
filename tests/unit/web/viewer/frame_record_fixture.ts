/** A frame record as tests need one: nothing has happened to it yet. */

import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";

/** A new record of `frameId`. */
export function frameRecord(frameId: number): FrameRecord {
  return {
    frameId,
    captureTimeUs: frameId * 16_667,
    bytes: 1000,
    keyframe: false,
    firstDatagramUs: 0,
    lastDatagramUs: 0,
    readyUs: 0,
    decodeSubmitUs: 0,
    decodedUs: 0,
    drawUs: 0,
    presentedUs: 0,
    outcome: "pending",
  };
}
