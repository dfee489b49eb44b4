/** Tests of src/ipc/media_message.ts. */

import t from "tap";
import {
  encodeMediaMessage,
  type MediaMessage,
  parseMediaMessage,
  parseStartedText,
} from "../../../src/ipc/media_message.ts";
import { utf8 } from "../../../src/core/bytes.ts";

const POOL = {
  framesMax: 3,
  frameBytes: 1_382_400,
  allocated: 2,
  inUse: 1,
  workingSet: 2,
  available: 2,
  totalBytes: 2_764_800,
  leases: 9,
  reuseRatio: 0.75,
  exhaustions: 0,
};

const MESSAGES: readonly MediaMessage[] = [
  {
    type: "media_ready",
    pid: 42,
    candidates: [{ kind: "encode", name: "x264", usable: true, detail: "164" }],
  },
  { type: "clock_reply", id: 7, monotonicUs: 2 ** 50 },
  { type: "stream_failed", streamId: 1, reason: "display_lost", message: "Cannot open" },
  {
    type: "media_stats",
    rssBytes: 1,
    heapUsedBytes: 2,
    externalBytes: 3,
    heapLimitBytes: 4,
    heapAllocatedBytes: 5,
    collections: [{ kind: "minor", collections: 3, pauseUs: 900 }],
    kernel: {
      media: { pssBytes: 1, virtualBytes: 2, descriptors: 3 },
      server: { pssBytes: 4, virtualBytes: 5, descriptors: 6 },
    },
    native: [{ type: "pool", live: 1, liveBytes: 2, peakBytes: 3, allocations: 4 }],
    output: {
      ringBytes: 1,
      usedBytes: 0,
      usedBytesMax: 0,
      records: 5,
      bytes: 6,
      refused: 0,
      headersLost: 0,
      directWrites: 5,
    },
    encoders: {
      ...{ active: 1, activeMax: 1, idle: 1, idleBytes: 5_000_000 },
      ...{ created: 2, reused: 3, reconfigured: 0, evicted: 0, refused: 0 },
    },
    streams: [{
      streamId: 0,
      framesEncoded: 1,
      keyframes: 1,
      bytesOut: 1,
      damageEvents: 1,
      skippedOutputFull: 0,
      droppedAfterEncode: 0,
      refreshFrames: 0,
      disposableFrames: 0,
      repeatedFrames: 0,
      shapeChanges: 1,
      shapeRefusals: 0,
      repairs: 0,
      repairKeyframes: 0,
      keyframeRequestsJoined: 0,
      grabUsTotal: 1,
      convertUsTotal: 1,
      encodeUsTotal: 1,
      threadCpuUs: 1,
      qp: 24,
      inputEvents: 0,
      inputEventsRefused: 0,
      inputWaitingMax: 0,
      pool: POOL,
    }],
  },
  { type: "log", level: "warn", message: "No input" },
];

t.test("Media messages survive encoding", async (t) => {
  for (const message of MESSAGES) {
    t.strictSame(parseMediaMessage(encodeMediaMessage(message)), message, message.type);
  }
});

t.test("parseMediaMessage refuses unknown types, fields and values", async (t) => {
  const [ready, reply] = MESSAGES;
  for (
    const bad of [
      { ...ready, type: "ready" },
      { ...reply, monotonicUs: -1 },
      { ...reply, extra: true },
      { type: "log", level: "fatal", message: "" },
      { type: "log", level: "warn", message: "x".repeat(513) },
    ]
  ) {
    const bytes = encodeMediaMessage(bad as MediaMessage);
    t.throws(() => parseMediaMessage(bytes), { name: "ProtocolError", reason: "bad_value" });
  }
});

t.test("parseStartedText takes the text of the native library and nothing else", async (t) => {
  const started = {
    source: "x11-shm",
    display: ":0",
    width: 1280,
    height: 720,
    screenWidth: 1280,
    screenHeight: 720,
    temporalLayersMax: 2,
    fpsMax: 60,
    encoder: "x264",
    codec: "avc1.42c028",
    convert: "libyuv",
  };
  t.strictSame(parseStartedText(utf8(JSON.stringify(started))), started);
  for (const bad of ["", "{", "[]", JSON.stringify({ ...started, width: 0 })]) {
    t.throws(() => parseStartedText(utf8(bad)), { name: "ProtocolError" }, bad);
  }
});
