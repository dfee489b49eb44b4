/**
 * record_kill: what a recording loses when its host is killed, at random points, one host after the
 * other over the same folder: every file must play in ffprobe and in Chromium, hold bit by bit what the
 * encoder gave, and lack less than a second. With it, how long a clip of 30 s takes to write.
 */

import { ManualClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { MemoryLedger } from "../../src/memory/memory_ledger.ts";
import { writeClip } from "../../src/recording/clip.ts";
import { RecordedFrames } from "../../src/recording/recorded_frames.ts";
import { Recorder } from "../../src/recording/recorder.ts";
import { RecordingFolder } from "../../src/recording/recording_folder.ts";
import { ReplayBuffer } from "../../src/replay/replay_buffer.ts";
import { recordingClipSource, replayClipSource } from "../../src/server/timeline/clip_sources.ts";
import { BT601_LIMITED, type StreamDescription } from "../../src/wire/codec.ts";
import type { EncodedFrame } from "../../src/wire/frame.ts";
import { killRecordingHosts } from "../../tests/end_to_end/recording_kills.ts";
import { randomFromSeed } from "../../tests/seeded.ts";
import { distributionOf } from "../measure/distribution.ts";
import { atMost } from "../report/report.ts";
import { type Scenario, wholeNumberOption } from "../scenario.ts";

const LOST_US_MAX = 1_000_000;
const CLIP_SECONDS = 30;
const CLIP_MS_MAX = 500;
const FPS = 60;
/** Bytes of an ordinary frame at 10 Mbit/s and 60 frames a second. */
const FRAME_BYTES = 20_833;
const START_US = 1_000_000_000;
const SECONDS_A_KILL = 12;

interface Options {
  kills: number;
  clips: number;
}

/** Hosts that are killed while they record, and clips. */
export const recordKill: Scenario<Options> = {
  name: "record_kill",
  summary: "hosts that are killed while they record, and the time that a clip of 30 s takes",
  options: {
    kills: wholeNumberOption("--kills <n>", "hosts to kill", { min: 1, max: 1000, fallback: 100 }),
    clips: wholeNumberOption("--clips <n>", "clips from each source", {
      min: 1,
      max: 100,
      fallback: 10,
    }),
  },
  deadlineSeconds: ({ kills, clips }) => 180 + kills * SECONDS_A_KILL + clips * 5,
  async run({ options, seed, log, signal }) {
    const clips = await measureClips(options.clips, seed);
    const random = randomFromSeed(seed);
    const { outcomes, unplayable } = await killRecordingHosts(options.kills, random, (outcome) => {
      signal.throwIfAborted();
      log(`${outcome.id}: lost ${outcome.lostUs} us of ${outcome.livedUs}`);
    });
    const count = (is: (outcome: (typeof outcomes)[number]) => boolean) => {
      return outcomes.filter(is).length;
    };
    const lost = distributionOf(outcomes.map(({ lostUs }) => lostUs), "us");
    const compared = outcomes.reduce((sum, outcome) => sum + outcome.compared, 0);
    return {
      results: {
        distributions: {
          "captured and not in the file": lost,
          "from the end of the file to the kill": distributionOf(
            outcomes.map(({ beforeKillUs }) => beforeKillUs),
            "us",
          ),
          "clip of 30 s from a replay": distributionOf(clips.replay, "ms"),
          "clip of 30 s from a recording": distributionOf(clips.recording, "ms"),
        },
        values: {
          "hosts killed": { value: outcomes.length, unit: "" },
          "files with a part": { value: count(({ frames }) => frames > 0), unit: "" },
          "samples compared": { value: compared, unit: "" },
        },
        tables: [],
        notes: [
          "A kill comes up to 2.5 s after the file was made; one in the first half second may leave none",
          "Frames of clips have the size of those of 10 Mbit/s at 60 frames a second",
        ],
      },
      checks: [
        atMost("most that was lost, us", lost.max, LOST_US_MAX),
        atMost("files that ffprobe complains of", count(({ complaints }) => complaints !== ""), 0),
        atMost(
          "files that played worse before they were mended",
          count(({ frames, framesAsLeft }) => framesAsLeft < frames),
          0,
        ),
        atMost("files that Chromium does not play to the end", unplayable.length, 0),
        atMost(
          "samples that the encoder did not give",
          outcomes.reduce((sum, { different }) => sum + different, 0),
          0,
        ),
        atMost(
          "files without a frame after more than a second",
          count(({ frames, livedUs }) => frames === 0 && livedUs > LOST_US_MAX),
          0,
        ),
        atMost("clip from a replay, ms at the median", median(clips.replay), CLIP_MS_MAX),
        atMost("clip from a recording, ms at the median", median(clips.recording), CLIP_MS_MAX),
      ],
    };
  },
};

const median = (values: readonly number[]) => distributionOf(values, "ms").p50;

const DESCRIPTION: StreamDescription = {
  ...{ id: 0, name: "clip", kind: "video", codec: "avc1.42c02a", codedWidth: 1920 },
  ...{ codedHeight: 1080, colorSpace: BT601_LIMITED, optimizeForLatency: true, framerate: FPS },
  ...{ bitrateBps: 10_000_000, encoder: "none" },
};

/** Milliseconds that clips of half a minute take, out of memory and out of a file. */
async function measureClips(
  clips: number,
  seed: number,
): Promise<{ replay: number[]; recording: number[] }> {
  const path = await Deno.makeTempDir({ prefix: "wavry-clips-" });
  const log = silentLogger;
  const folder = await RecordingFolder.open({ path, quotaBytes: 0, deletesOldest: false, log });
  const seconds = CLIP_SECONDS + 4;
  const limits = { seconds, bytes: 2 * seconds * FPS * FRAME_BYTES, fps: FPS };
  using buffer = new ReplayBuffer(limits, new MemoryLedger().account("replay"));
  const recorder = new Recorder({
    ...{ streamId: 0, log, limits: { splitBytes: 0, splitUs: 0, queueBytes: 1e9 } },
    open: (file) => folder.create(file),
    refusal: (bytes) => folder.refusal(bytes),
    ...{ onKeyframeWanted: () => {}, wallClockOffsetUs: () => 0, onStopped: () => {} },
  });
  try {
    buffer.describe(DESCRIPTION);
    recorder.describe(DESCRIPTION);
    for (const frame of frames(seconds * FPS, seed)) {
      buffer.push(frame, frame.captureTimeUs);
      recorder.push(frame, frame.captureTimeUs);
    }
    await recorder.stop("asked", 0);
    const entry = folder.list()[0]!;
    const recorded = new RecordedFrames();
    const fromUs = START_US + 1_500_000;
    const clock = new ManualClock();
    const sources = {
      replay: () =>
        Promise.resolve(replayClipSource(buffer, {
          ...{ fromUs, sound: undefined },
          nowUs: () => clock.nowUs(),
        })),
      recording: async () => {
        const reader = await recorded.open(entry, fromUs);
        return reader === undefined ? undefined : recordingClipSource(entry, reader);
      },
    };
    const times: { replay: number[]; recording: number[] } = { replay: [], recording: [] };
    for (let i = 0; i < clips; i++) {
      for (const name of ["replay", "recording"] as const) {
        const startedMs = performance.now();
        const source = await sources[name]();
        if (source === undefined) throw new Error(`Cannot make a clip of the ${name}`);
        const range = { fromUs, toUs: fromUs + CLIP_SECONDS * 1_000_000 };
        const pipe = new TransformStream<Uint8Array, Uint8Array>();
        const [bytes] = await Promise.all([
          countBytes(pipe.readable),
          writeClip(source, range, pipe.writable),
        ]);
        source.close();
        times[name].push(performance.now() - startedMs);
        if (bytes < CLIP_SECONDS * FPS * FRAME_BYTES) throw new Error(`Cannot use ${bytes} bytes`);
      }
    }
    return times;
  } finally {
    folder.close();
    await Deno.remove(path, { recursive: true });
  }
}

/** Frames with parameter sets and noise: nothing here decodes them. */
function* frames(count: number, seed: number): Generator<EncodedFrame> {
  const random = randomFromSeed(seed);
  const sets = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x2a, 0x95, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80];
  const noise = random.bytes(FRAME_BYTES).map((byte) => byte | 1);
  for (let i = 0; i < count; i++) {
    const isKeyframe = i % FPS === 0;
    const front = [...(isKeyframe ? sets : []), 0, 0, 0, 1, isKeyframe ? 0x65 : 0x41];
    const payload = new Uint8Array(front.length + noise.byteLength);
    payload.set(front);
    payload.set(noise, front.length);
    const captureTimeUs = START_US + Math.round(i * 1_000_000 / FPS);
    const referenceDistance = isKeyframe ? 0 : 1;
    yield { streamId: 0, frameId: i + 1, referenceDistance, captureTimeUs, payload };
  }
}

async function countBytes(readable: ReadableStream<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const piece of readable) bytes += piece.byteLength;
  return bytes;
}
