/**
 * Recorded frame stream: the frames of a recording as the viewer's player reads those of a replay: from
 * the keyframe before the time asked for, each marked as shown or not, up to a time. It takes its pace
 * from who reads it and holds one part.
 */

import { writeStartCodes } from "../../recording/access_unit.ts";
import type { RecordingRow } from "../../recording/catalog.ts";
import type { FrameBatch, RecordedReader } from "../../recording/recorded_frames.ts";
import { BT601_LIMITED } from "../../wire/codec.ts";
import {
  encodeFrameStreamMark,
  encodeStreamedSound,
  FRAME_STREAM_HEADER_BYTES,
  writeFrameHeader,
} from "../../wire/frame_stream.ts";

/** What is read. */
export interface RecordedFrameStreamOptions {
  readonly row: RecordingRow;
  readonly reader: RecordedReader;
  /** Capture time of what was on the screen: the first frame shown. */
  readonly atUs: number;
  /** The last frame is the one on the screen at this time. */
  readonly toUs: number;
  /** Asked before each piece: a session that was ended reads no more. */
  readonly isAllowed: () => boolean;
  /** Called once, when it has ended in whatever way. */
  readonly onEnd: () => void;
}

/** The body of an answer; it closes the reader at its end, which `end` brings about at once. */
export function recordedFrameStream(
  options: RecordedFrameStreamOptions,
): { readonly stream: ReadableStream<Uint8Array>; readonly end: () => void } {
  const { row, reader, atUs, toUs, isAllowed, onEnd } = options;
  let isEnded = false;
  let held: Uint8Array | undefined;
  let heldFrame: FrameBatch["frames"][number]["frame"] | undefined;
  const end = () => {
    if (isEnded) return;
    isEnded = true;
    reader[Symbol.dispose]();
    onEnd();
  };
  /** Whether a frame is shown is known with the next one: the last at `atUs` or before is. */
  const flush = (nextUs: number): Uint8Array[] => {
    if (held === undefined || heldFrame === undefined) return [];
    const record = held;
    const isShown = nextUs > atUs;
    writeFrameHeader(record, { ...heldFrame, isShown }, heldFrame.bytes);
    held = heldFrame = undefined;
    return [record];
  };
  const takeBatch = (batch: FrameBatch | undefined): Uint8Array[] => {
    const records = soundOf(batch, { channels: reader.soundChannels ?? 1, toUs });
    for (const { frame, sample } of batch?.frames ?? []) {
      records.push(...flush(frame.captureTimeUs));
      if (frame.captureTimeUs > Math.max(toUs, row.startUs)) return records;
      held = new Uint8Array(FRAME_STREAM_HEADER_BYTES + frame.bytes);
      held.set(sample, FRAME_STREAM_HEADER_BYTES);
      if (!writeStartCodes(held.subarray(FRAME_STREAM_HEADER_BYTES))) held = undefined;
      heldFrame = frame;
    }
    return batch === undefined ? [...records, ...flush(Infinity)] : records;
  };
  let body: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      body = controller;
      controller.enqueue(describe(row));
    },
    pull: async (controller) => {
      try {
        for (let records: Uint8Array[] = []; records.length === 0;) {
          const batch = isAllowed() ? await reader.next() : undefined;
          if (isEnded) return;
          records = takeBatch(batch);
          for (const record of records) controller.enqueue(record);
          const last = batch?.frames.at(-1)?.frame.captureTimeUs ?? batch?.part.startUs ?? Infinity;
          if (last <= toUs) continue;
          end();
          return controller.close();
        }
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: end,
  }, { highWaterMark: 1 });
  const stop = () => {
    if (isEnded) return;
    end();
    body?.error(new Error("Cannot wait any longer"));
  };
  return { stream, end: stop };
}

/** The sound of a part, as far as it is wanted. */
function soundOf(
  batch: FrameBatch | undefined,
  { channels, toUs }: { readonly channels: number; readonly toUs: number },
): Uint8Array[] {
  return (batch?.packets ?? []).flatMap(({ payload, ...sound }) => {
    return sound.captureTimeUs < toUs ? encodeStreamedSound({ ...sound, channels }, payload) : [];
  });
}

function describe({ streamId, name, codec, width, height }: RecordingRow): Uint8Array {
  return encodeFrameStreamMark({
    kind: "description",
    description: {
      ...{ id: streamId, name, kind: "video", codec, codedWidth: width, codedHeight: height },
      ...{ colorSpace: BT601_LIMITED, optimizeForLatency: true },
      // What is not known of a recording and a decoder does without.
      ...{ framerate: 60, bitrateBps: 1, encoder: "recording" },
    },
  });
}
