/**
 * Recorded frame stream: the frames of a recording as the viewer's player reads those of a replay: from
 * the keyframe before the time asked for, each marked as shown or not, up to a time. It takes its pace
 * from who reads it and holds one part.
 */

import { writeStartCodes } from "../../wire/access_unit.ts";
import type { RecordingRow } from "../../recording/catalog.ts";
import type { FrameBatch, RecordedReader } from "../../recording/recorded_frames.ts";
import { BT601_LIMITED } from "../../wire/codec.ts";
import {
  encodeFrameStreamMark,
  encodeStreamedSound,
  FRAME_STREAM_HEADER_BYTES,
  STREAMED_SOUND_US_MAX,
  writeFrameHeader,
} from "../../wire/frame_stream.ts";

/** Sound that waits for the frame after it: more than half a minute, a part has half a second. */
const WAITING_MAX = 4096;

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
  const sound = new WaitingSound(reader.soundChannels ?? 1, toUs);
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
  const takeRest = () => [...flush(Infinity), ...sound.before(Infinity)];
  const takeBatch = (batch: FrameBatch | undefined): Uint8Array[] => {
    const records = sound.add(batch);
    for (const { frame, sample } of batch?.frames ?? []) {
      records.push(...flush(frame.captureTimeUs), ...sound.before(frame.captureTimeUs));
      if (frame.captureTimeUs > Math.max(toUs, row.startUs)) return records;
      held = new Uint8Array(FRAME_STREAM_HEADER_BYTES + frame.bytes);
      held.set(sample, FRAME_STREAM_HEADER_BYTES);
      if (!writeStartCodes(held.subarray(FRAME_STREAM_HEADER_BYTES))) held = undefined;
      heldFrame = frame;
    }
    return batch === undefined ? [...records, ...takeRest()] : records;
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
          for (const record of takeRest()) controller.enqueue(record);
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

/** Sound lies in a part as one piece; it is written before the first frame after it. */
class WaitingSound {
  readonly #channels: number;
  readonly #toUs: number;
  #waiting: { readonly captureTimeUs: number; readonly record: Uint8Array }[] = [];
  #isFirst = true;

  constructor(channels: number, toUs: number) {
    this.#channels = channels;
    this.#toUs = toUs;
  }

  /** Takes what of a part is wanted; gives it all where a screen stands for so long that it is much. */
  add(batch: FrameBatch | undefined): Uint8Array[] {
    for (const { payload, captureTimeUs, ...packet } of batch?.packets ?? []) {
      // In a file a packet lasts until the next one, over whatever was not heard between.
      const durationUs = Math.min(packet.durationUs, STREAMED_SOUND_US_MAX);
      if (captureTimeUs >= this.#toUs || durationUs <= 0 || payload.byteLength === 0) continue;
      const sound = { captureTimeUs, durationUs, channels: this.#channels };
      this.#waiting.push({ captureTimeUs, record: encodeStreamedSound(sound, payload) });
    }
    return this.#waiting.length > WAITING_MAX ? this.before(Infinity) : [];
  }

  /** What was heard before a frame; before the first one nothing is wanted. */
  before(timeUs: number): Uint8Array[] {
    const later = this.#waiting.findIndex(({ captureTimeUs }) => captureTimeUs >= timeUs);
    const due = this.#waiting.splice(0, later < 0 ? this.#waiting.length : later);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    return isFirst ? [] : due.map(({ record }) => record);
  }
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
