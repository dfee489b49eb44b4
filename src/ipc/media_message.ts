/**
 * MediaMessage: what the JavaScript of the media process tells the server process, as msgpack in a
 * message record between the frames. `media_stats` comes once a second and is the sign of life.
 */

import * as schema from "../core/schema.ts";
import { MAX_PICTURE_SIDE, MAX_STREAMS } from "../wire/codec.ts";
import { decodeMessage, encodeMessage, LENGTH_PREFIX_BYTES } from "../wire/framing.ts";
import { clipboardMessages } from "./clipboard_message.ts";
import { inputMessages } from "./input_message.ts";
import { soundMessages } from "./sound_message.ts";
import type { TemporalLayers } from "./media_command.ts";

/** Milliseconds between two `media_stats`. */
export const STATS_INTERVAL_MS = 1000;
/** Most bytes of one message. */
export const MAX_MEDIA_MESSAGE_BYTES = 64 * 1024;
/** Longest reason or log line. */
export const MAX_MEDIA_TEXT = 512;

const MAX_CANDIDATES = 32;
const MAX_NATIVE_TYPES = 32;
const U32_MAX = 0xffff_ffff;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const count = schema.integer(0, Number.MAX_SAFE_INTEGER);
const line = schema.text(MAX_MEDIA_TEXT);

const candidate = schema.object({
  kind: schema.oneOf(["capture", "convert", "encode", "input", "sound"]),
  name: schema.text(64),
  usable: schema.boolean,
  detail: line,
});

const nativeMemory = schema.object({
  type: schema.text(32),
  live: count,
  liveBytes: count,
  peakBytes: count,
  /** Allocations since the start. */
  allocations: count,
});

const poolStats = schema.object({
  /** Frames that may exist. */
  framesMax: count,
  frameBytes: count,
  allocated: count,
  inUse: count,
  /** Most frames in use at once of late. */
  workingSet: count,
  available: count,
  totalBytes: count,
  leases: count,
  /** Leases served without an allocation, 0 to 1. */
  reuseRatio: schema.number(0, 1),
  exhaustions: count,
});

const streamStats = schema.object({
  streamId,
  framesEncoded: count,
  keyframes: count,
  bytesOut: count,
  damageEvents: count,
  /** Frames not grabbed because the server process did not read. */
  skippedOutputFull: count,
  droppedAfterEncode: count,
  refreshFrames: count,
  /** Frames that no later one refers to. */
  disposableFrames: count,
  /** Frames that were too large for a narrow path and encoded once more. */
  repeatedFrames: count,
  /** Changes of size or layers, and those that the encoder refused. */
  shapeChanges: count,
  shapeRefusals: count,
  /** Losses repaired from an older reference. */
  repairs: count,
  /** Losses that needed a keyframe. */
  repairKeyframes: count,
  /** Keyframe requests that became one with another. */
  keyframeRequestsJoined: count,
  grabUsTotal: count,
  convertUsTotal: count,
  encodeUsTotal: count,
  threadCpuUs: count,
  /** Quantiser in use. */
  qp: schema.integer(0, 63),
  inputEvents: count,
  /** Input events that no key, button or device could take. */
  inputEventsRefused: count,
  /** Most input records that ever waited at once, behind a character; nothing else waits. */
  inputWaitingMax: count,
  pool: poolStats,
});

const kernelMemory = schema.object({
  /** Resident bytes, each shared page divided among those who share it; 0 when it is not known. */
  pssBytes: count,
  virtualBytes: count,
  /** Open file descriptors. */
  descriptors: count,
});

/** Pauses of the JavaScript of the process to collect garbage, since its start. */
const collectionTotal = schema.object({
  kind: schema.oneOf(["minor", "major", "incremental", "weak"]),
  collections: count,
  pauseUs: count,
});

const outputStats = schema.object({
  ringBytes: count,
  usedBytes: count,
  usedBytesMax: count,
  records: count,
  bytes: count,
  refused: count,
  headersLost: count,
  directWrites: count,
});

const encoderPoolStats = schema.object({
  /** Encoders that streams have now, and the most they ever had. */
  active: count,
  activeMax: count,
  idle: count,
  /** What the encoder libraries hold for the idle ones, computed. */
  idleBytes: count,
  created: count,
  /** Requests that an idle encoder of the same configuration served. */
  reused: count,
  /** Requests that an idle encoder served after it took another configuration. */
  reconfigured: count,
  /** Encoders that were closed instead of kept. */
  evicted: count,
  /** Requests refused because every encoder was in use. */
  refused: count,
});

/** Schema of every message. */
export const mediaMessageSchema = schema.variants({
  /** First message: the native library is loaded, these are its back-ends. */
  media_ready: {
    pid: schema.integer(1, U32_MAX),
    candidates: schema.list(candidate, MAX_CANDIDATES),
  },
  /** Answers `clock_probe`. */
  clock_reply: { id: schema.integer(0, U32_MAX), monotonicUs: count },
  /** The stream could not start. One that ends later says so in a status record. */
  stream_failed: { streamId, reason: schema.text(32), message: line },
  /** Counters since the start of the process; once a second. */
  media_stats: {
    rssBytes: count,
    heapUsedBytes: count,
    externalBytes: count,
    heapLimitBytes: count,
    /** Since the start, collected or not. */
    heapAllocatedBytes: count,
    collections: schema.list(collectionTotal, 4),
    /** What the kernel says of this process and of the server process, some seconds old. */
    kernel: schema.object({ media: kernelMemory, server: kernelMemory }),
    native: schema.list(nativeMemory, MAX_NATIVE_TYPES),
    output: outputStats,
    encoders: encoderPoolStats,
    streams: schema.list(streamStats, MAX_STREAMS),
  },
  ...clipboardMessages,
  ...inputMessages,
  ...soundMessages,
  log: { level: schema.oneOf(["error", "warn", "info", "debug"]), message: line },
});

/** One message. */
export type MediaMessage = schema.Infer<typeof mediaMessageSchema>;

/** A back-end of the native library, and why it cannot be used where it cannot. */
export type MediaCandidate = schema.Infer<typeof candidate>;

/** Counters of the media process. */
export type MediaStats = Omit<Extract<MediaMessage, { type: "media_stats" }>, "type">;

/** Counters of one stream in the media process. */
export type MediaStreamCounters = schema.Infer<typeof streamStats>;

/** What the kernel says of one process. */
export type KernelMemoryCounters = schema.Infer<typeof kernelMemory>;

/** The payload of a message record. */
export function encodeMediaMessage(message: MediaMessage): Uint8Array<ArrayBuffer> {
  return encodeMessage(message, MAX_MEDIA_MESSAGE_BYTES).subarray(LENGTH_PREFIX_BYTES);
}

/** Checks the payload of a message record. Throws ProtocolError. */
export function parseMediaMessage(payload: Uint8Array): MediaMessage {
  return mediaMessageSchema(decodeMessage(payload), "message");
}

const startedText = schema.object({
  source: schema.text(64),
  display: schema.text(64),
  width: schema.integer(1, MAX_PICTURE_SIDE),
  height: schema.integer(1, MAX_PICTURE_SIDE),
  screenWidth: schema.integer(1, MAX_PICTURE_SIDE),
  screenHeight: schema.integer(1, MAX_PICTURE_SIDE),
  temporalLayersMax: schema.integer(1, 2) as schema.Schema<TemporalLayers>,
  fpsMax: schema.integer(1, 480),
  encoder: schema.text(32),
  codec: schema.text(64),
  convert: schema.text(32),
});

/** What a stream that has started says of itself. */
export type StartedText = schema.Infer<typeof startedText>;

/** Checks the JSON text of a status record of a started stream. Throws ProtocolError. */
export function parseStartedText(payload: Uint8Array): StartedText {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(payload));
  } catch {
    value = undefined;
  }
  return startedText(value, "started");
}
