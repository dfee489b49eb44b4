/**
 * MediaCommand: what the server process tells the media process, as length-prefixed msgpack on its
 * standard input. The media process trusts the server, and checks all the same: a mistake there
 * must be a clear error here and not a crash in native code.
 */

import * as schema from "../core/schema.ts";
import { MAX_PICTURE_SIDE, MAX_STREAMS } from "../wire/codec.ts";
import { clipboardCommands } from "./clipboard_command.ts";
import { INPUT_CHOICES } from "./input_message.ts";
import { decodeMessage, encodeMessage } from "../wire/framing.ts";
import { soundCommands } from "./sound_command.ts";
import { INPUT_RECORD_BYTES } from "../wire/input.ts";

/** Most input records of one command; more are sent as several. */
export const MAX_COMMAND_INPUT_RECORDS = 256;
/** Most bytes of one command: the input records and their envelope. */
export const MAX_COMMAND_BYTES = 8 * 1024;
/** Most frames a second that may be asked for, as the native library has it. */
export const MAX_FPS = 240;

/** The native library keeps the name in 64 bytes, the zero included. */
const MAX_DISPLAY_LENGTH = 63;
/** As `MAX_DISPLAY_LENGTH`, of a monitor. */
export const MAX_MONITOR_LENGTH = 31;
/** Longest path of a heap snapshot. */
const MAX_PATH_LENGTH = 4096;
const U32_MAX = 0xffff_ffff;
const I32_MAX = 0x7fff_ffff;

/** Size of the encoded picture, in quarters of the captured one. */
export type ScaleQuarters = 2 | 3 | 4;
/** Layers of frames: with 2, nothing refers to every other frame. */
export type TemporalLayers = 1 | 2;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const fps = schema.integer(1, MAX_FPS);
const bitrateBps = schema.integer(1, 1_000_000_000);
const encoderRate = {
  bitrateBps,
  fps,
  scaleQuarters: schema.integer(2, 4) as schema.Schema<ScaleQuarters>,
  temporalLayers: schema.integer(1, 2) as schema.Schema<TemporalLayers>,
};

const startStream = {
  streamId,
  source: schema.oneOf(["pattern", "x11"]),
  /** X display name; empty for the pattern. */
  display: schema.text(MAX_DISPLAY_LENGTH),
  /** RandR's name of the monitor whose rectangle is captured; absent for the whole screen. */
  monitor: schema.optional(schema.text(MAX_MONITOR_LENGTH)),
  /** Pixels; 0 takes the whole screen and follows its size. */
  width: schema.integer(0, MAX_PICTURE_SIDE),
  height: schema.integer(0, MAX_PICTURE_SIDE),
  fps,
  encoder: schema.oneOf(["auto", "x264", "openh264"]),
  /** What the host was configured to send at most; a rate below it is the limit of a path. */
  bitrateBps,
  /** System V id of Xvfb's framebuffer, -1 when there is none. */
  framebufferShmId: schema.integer(-1, I32_MAX),
  /** Default: auto. */
  input: schema.optional(schema.oneOf(INPUT_CHOICES)),
};

/** Schema of every command. */
export const mediaCommandSchema = schema.variants({
  /** Starts capture; a stream of the same id that runs is ended first. */
  start_stream: startStream,
  stop_stream: { streamId },
  set_rate: { streamId, ...encoderRate },
  /** A viewer cannot go on, or begin, without a keyframe. */
  keyframe: { streamId, cause: schema.oneOf(["damage", "join", "segment"]) },
  /** Frames from `firstLostFrameId` on did not arrive. */
  invalidate: { streamId, firstLostFrameId: schema.integer(1, U32_MAX) },
  /** Whole 20-byte records of wire/input.ts, in order. */
  input: {
    streamId,
    records: schema.binary(MAX_COMMAND_INPUT_RECORDS * INPUT_RECORD_BYTES),
  },
  /** Releases every key and button that the stream's input device holds. */
  release_input: { streamId },
  /** Asks for the host's clock: answered by `clock_reply` with the same id. */
  clock_probe: { id: schema.integer(0, U32_MAX) },
  /** Frees the staging frames that nobody uses now; they come back on demand. */
  trim_memory: {},
  /** Writes the JavaScript heap of the process to a file that must not exist. */
  heap_snapshot: { path: schema.text(MAX_PATH_LENGTH) },
  ...clipboardCommands,
  ...soundCommands,
  /** Ends the process. */
  shutdown: {},
});

/** One command. */
export type MediaCommand = schema.Infer<typeof mediaCommandSchema>;

/** What an encoder is to make: everything that may change while it runs. */
export type EncoderRate = schema.ObjectOf<typeof encoderRate>;

/**
 * Why a keyframe is wanted: a viewer joins, or lost what nothing else can repair; or a segment of what
 * is held is to begin with the next frame that is made anyway.
 */
export type KeyframeCause = Extract<MediaCommand, { type: "keyframe" }>["cause"];

/** What a stream is to capture, and how. */
export type MediaStreamConfig = schema.ObjectOf<typeof startStream>;

/** One framed command. */
export function encodeMediaCommand(command: MediaCommand): Uint8Array<ArrayBuffer> {
  return encodeMessage(command, MAX_COMMAND_BYTES);
}

/** Checks the bytes of one command without its length prefix. Throws ProtocolError. */
export function parseMediaCommand(payload: Uint8Array): MediaCommand {
  return mediaCommandSchema(decodeMessage(payload), "command");
}
