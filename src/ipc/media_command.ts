/**
 * MediaCommand: what the server process tells the media process, as length-prefixed msgpack on its
 * standard input. The media process trusts the server, and checks all the same: a mistake there
 * must be a clear error here and not a crash in native code.
 */

import * as schema from "../core/schema.ts";
import { MAX_PICTURE_SIDE, MAX_STREAMS } from "../wire/codec.ts";
import { decodeMessage, encodeMessage } from "../wire/framing.ts";
import { INPUT_RECORD_BYTES } from "../wire/input.ts";

/** Most input records of one command; more are sent as several. */
export const MAX_COMMAND_INPUT_RECORDS = 256;
/** Most bytes of one command: the input records and their envelope. */
export const MAX_COMMAND_BYTES = 8 * 1024;
/** Most frames a second that may be asked for, as the native library has it. */
export const MAX_FPS = 240;

/** The native library keeps the name in 64 bytes, the zero included. */
const MAX_DISPLAY_LENGTH = 63;
const U32_MAX = 0xffff_ffff;
const I32_MAX = 0x7fff_ffff;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const fps = schema.integer(1, MAX_FPS);
const bitrateBps = schema.integer(1, 1_000_000_000);

const startStream = {
  streamId,
  source: schema.oneOf(["pattern", "x11"]),
  /** X display name; empty for the pattern. */
  display: schema.text(MAX_DISPLAY_LENGTH),
  /** Pixels; 0 takes the whole screen. */
  width: schema.integer(0, MAX_PICTURE_SIDE),
  height: schema.integer(0, MAX_PICTURE_SIDE),
  fps,
  encoder: schema.oneOf(["auto", "x264", "openh264"]),
  bitrateBps,
  /** System V id of Xvfb's framebuffer, -1 when there is none. */
  framebufferShmId: schema.integer(-1, I32_MAX),
};

/** Schema of every command. */
export const mediaCommandSchema = schema.variants({
  /** Starts capture; a stream of the same id that runs is ended first. */
  start_stream: startStream,
  stop_stream: { streamId },
  set_rate: { streamId, bitrateBps, fps },
  /** A viewer cannot go on without a keyframe. */
  keyframe: { streamId },
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
  /** Ends the process. */
  shutdown: {},
});

/** One command. */
export type MediaCommand = schema.Infer<typeof mediaCommandSchema>;

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
