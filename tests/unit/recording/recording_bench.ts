/**
 * RecordingBench: frames of a real encoder, cut from what ffmpeg makes, for the unit tests of
 * recordings, and a recorder that writes them to a folder of its own.
 */

import { silentLogger } from "../../../src/core/log.ts";
import { Recorder, type RecorderOptions } from "../../../src/recording/recorder.ts";
import { RecordingFolder } from "../../../src/recording/recording_folder.ts";
import type { RecordingFolderOptions } from "../../../src/recording/recording_folder.ts";
import { BT601_LIMITED, type StreamDescription } from "../../../src/wire/codec.ts";
import type { EncodedFrame } from "../../../src/wire/frame.ts";

export const FPS = 30;
export const KEYFRAME_FRAMES = 30;
export const FRAME_US = 33_333;
/** Capture time of the first frame. */
export const START_US = 5_000_000_000;

export const DESCRIPTION: StreamDescription = {
  ...{ id: 3, name: "Bench: <i>1</i>", kind: "video", codec: "avc1.42c00b" },
  ...{ codedWidth: 160, codedHeight: 96, colorSpace: BT601_LIMITED, optimizeForLatency: true },
  ...{ framerate: FPS, bitrateBps: 1_000_000, encoder: "x264" },
};

const DELIMITER = 9;

/** `count` access units of x264, a keyframe every second. */
export async function encodedFrames(count: number, size = "160x96"): Promise<EncodedFrame[]> {
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${FPS}`],
      ...["-frames:v", String(count), "-c:v", "libx264", "-preset", "ultrafast"],
      ...["-tune", "zerolatency", "-g", String(KEYFRAME_FRAMES), "-bf", "0"],
      ...["-x264-params", "aud=1:repeat-headers=1:sliced-threads=0", "-f", "h264", "-"],
    ],
  }).output();
  const cuts: number[] = [];
  for (let i = 0; i + 4 < stdout.byteLength; i++) {
    if (stdout[i] !== 0 || stdout[i + 1] !== 0 || stdout[i + 2] !== 0) continue;
    if (stdout[i + 3] === 1 && (stdout[i + 4]! & 31) === DELIMITER) cuts.push(i);
  }
  return cuts.map((start, i) => ({
    streamId: 3,
    frameId: i + 1,
    referenceDistance: i % KEYFRAME_FRAMES === 0 ? 0 : 1,
    captureTimeUs: START_US + i * FRAME_US,
    payload: stdout.subarray(start, cuts[i + 1] ?? stdout.byteLength),
  }));
}

/** A folder that goes with the test. */
export async function openFolder(
  t: { teardown: (end: () => Promise<void>) => void },
  options: Partial<RecordingFolderOptions> = {},
): Promise<RecordingFolder> {
  const path = options.path ?? await Deno.makeTempDir({ prefix: "wavry-recordings-" });
  const folder = await RecordingFolder.open({
    ...{ path, quotaBytes: 0, deletesOldest: false, log: silentLogger },
    ...{ freeShare: () => Promise.resolve(1), ...options },
  });
  t.teardown(async () => {
    folder.close();
    await Deno.remove(path, { recursive: true }).catch(() => {});
  });
  return folder;
}

/** A recorder that writes to `folder`, and what it asked for and said. */
export function makeRecorder(folder: RecordingFolder, options: Partial<RecorderOptions> = {}) {
  const asked: boolean[] = [];
  const stopped: string[] = [];
  const recorder = new Recorder({
    streamId: 3,
    limits: { splitBytes: 0, splitUs: 0, queueBytes: 16_000_000 },
    open: (file) => folder.create(file),
    refusal: (bytes) => folder.refusal(bytes),
    onKeyframeWanted: (isUrgent) => asked.push(isUrgent),
    wallClockOffsetUs: () => 1_700_000_000_000_000 - START_US,
    onStopped: (reason) => stopped.push(reason),
    log: silentLogger,
    ...options,
  });
  recorder.describe(DESCRIPTION);
  return { recorder, asked, stopped };
}

/** Records `frames` at once and stops; the id of the last file. */
export async function record(
  folder: RecordingFolder,
  frames: readonly EncodedFrame[],
  options: Partial<RecorderOptions> = {},
): Promise<string> {
  let id = "";
  const open: RecorderOptions["open"] = async (file) => {
    const sink = await folder.create(file);
    id = sink.id;
    return sink;
  };
  const { recorder } = makeRecorder(folder, { open, ...options });
  for (const frame of frames) recorder.push(frame, frame.captureTimeUs);
  await recorder.stop("asked", frames.at(-1)!.captureTimeUs + FRAME_US);
  return id;
}
