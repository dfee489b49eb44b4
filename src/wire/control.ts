/**
 * Control: the messages of the control stream, the first bidirectional stream that a viewer opens.
 * Each is one framed msgpack map, checked against a strict schema on arrival; an unknown type, an
 * unknown field or a value out of range closes the session.
 */

import * as schema from "../core/schema.ts";
import { clipboardClientMessages, clipboardServerMessages } from "./clipboard.ts";
import { MAX_STREAM_NAME, MAX_STREAMS, streamDescriptionSchema } from "./codec.ts";
import { fileClientMessages, fileServerMessages } from "./file_transfer_messages.ts";
import {
  decodeMessage,
  encodeMessage,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_SERVER_MESSAGE_BYTES,
} from "./framing.ts";
import { inputServerMessages } from "./input_messages.ts";
import { monitorClientMessages, monitorServerMessages } from "./monitor_messages.ts";
import { moveClientMessages, moveServerMessages } from "./move_messages.ts";
import { peopleClientMessages, peopleServerMessages, ROLES } from "./people_messages.ts";
import type { Role } from "./people_messages.ts";
import { PERMISSIONS } from "./permission.ts";
import {
  publishClientMessages,
  publishServerMessages,
  publishWishSchema,
} from "./publish_messages.ts";
import { soundClientMessages, soundServerMessages } from "./sound_messages.ts";

export { ROLES };
export type { Role };

/** Version of the wire format; a hello with another one is refused. */
export const WIRE_VERSION = 1;
/** How often a viewer that may send input shows that it is alive, in milliseconds. */
export const HEARTBEAT_MS = 250;
/** Silence after which the server releases a viewer's keys and buttons, in milliseconds. */
export const HEARTBEAT_TIMEOUT_MS = 1000;
/** Most frame timings in one message. */
export const MAX_FRAME_TIMINGS = 256;
/** Largest cursor image, in pixels a side. */
export const MAX_CURSOR_SIDE = 128;

/** Rungs of the ladder, lowest first; the rung in use is the highest that a report saw. */
export const REPAIR_RUNGS = [
  "none",
  /** Repairs that go with the frames. */
  "repairs",
  /** Repairs of what this viewer reported missing. */
  "reactive",
  /** The encoder goes on from an older frame. */
  "reference",
  "keyframe",
  /** Rate and frame rate are lowered. */
  "rate",
] as const;
/** One of `REPAIR_RUNGS`. */
export type RepairRung = (typeof REPAIR_RUNGS)[number];

/** Which frames a viewer gets: all, every other one that the others do not need, or keyframes. */
export const FRAME_LAYERS = ["all", "base", "keyframes"] as const;
/** One of `FRAME_LAYERS`. */
export type FrameLayers = (typeof FRAME_LAYERS)[number];

const U32_MAX = 0xffff_ffff;
const streamId = schema.integer(0, MAX_STREAMS - 1);
const frameId = schema.integer(0, U32_MAX);
const durationUs = schema.integer(0, U32_MAX);
const timeUs = schema.integer(0, Number.MAX_SAFE_INTEGER);
const count = schema.integer(0, Number.MAX_SAFE_INTEGER);

const streamNameSchema = schema.object({ id: streamId, name: schema.text(MAX_STREAM_NAME) });

/**
 * Schema of the messages that a viewer sends. Made when it is asked for: a viewer only writes them, and
 * its bundle has no room for what it does not use.
 */
export const clientMessageSchema = () =>
  schema.variants({
    /**
     * First message: the single-use ticket that the page fetched, and where the viewer wants a certain
     * stream its name or id.
     */
    hello: {
      version: schema.integer(0, 65_535),
      ticket: schema.text(128),
      stream: schema.optional(schema.text(MAX_STREAM_NAME)),
      /** The session of the same browser that this one is about to take the place of. */
      follows: schema.optional(schema.text(64)),
      /** Who sends this is no viewer: it publishes a stream of its own. */
      publish: schema.optional(publishWishSchema),
    },
    /** Starts the packets of a stream; the first frame that follows is a keyframe. */
    play: { streamId },
    /** Ends them. */
    pause: { streamId },
    /** Ends the packets of the stream that is played and starts those of this one instead. */
    select_stream: { streamId },
    /** The viewer's decoder cannot go on without a keyframe. */
    keyframe_request: { streamId },
    /** Turns `frame_timings` on or off. */
    timings_request: { enabled: schema.boolean },
    /** What the viewer saw in the last second. */
    viewer_report: {
      streamId,
      framesReceived: count,
      framesDecoded: count,
      framesRendered: count,
      framesDroppedNetwork: count,
      framesDroppedLate: count,
      decodeQueue: schema.integer(0, 64),
      /** Most packets that waited at once for those before them, and the room for such. */
      reorderPackets: schema.optional(schema.integer(0, 65_535)),
      reorderPacketsMax: schema.optional(schema.integer(0, 65_535)),
    },
    ...soundClientMessages,
    ...peopleClientMessages,
    ...monitorClientMessages,
    ...moveClientMessages,
    ...clipboardClientMessages,
    ...fileClientMessages,
    ...publishClientMessages,
    /** The viewer leaves on purpose. */
    quit: {},
  });

/** Messages that the server sends. */
export const serverMessageSchema = schema.variants({
  /** Answer to hello. */
  welcome: {
    version: schema.integer(0, 65_535),
    sessionId: schema.text(64),
    role: schema.oneOf(ROLES),
    /** What the viewer may do; a host of before there were permissions says nothing. */
    permissions: schema.optional(schema.list(schema.oneOf(PERMISSIONS), PERMISSIONS.length)),
    heartbeatMs: schema.integer(1, 60_000),
    /** Which stream it is that hello names; absent where it names none. */
    streamId: schema.optional(streamId),
  },
  /** What streams there are, running or not; sent after welcome where there are several. */
  stream_list: { streams: schema.list(streamNameSchema, MAX_STREAMS) },
  /** All streams; sent after welcome and whenever one changes. */
  catalog: { streams: schema.list(streamDescriptionSchema, MAX_STREAMS) },
  /** What a stream is doing; `reason` is for people. */
  stream_state: {
    streamId,
    state: schema.oneOf(["starting", "running", "restarting", "failed"]),
    reason: schema.text(256),
  },
  /** Whether a stream is recorded, since when, and why a recording ended by itself. */
  recording_state: {
    streamId,
    isRecording: schema.boolean,
    /** Wall clock in milliseconds since 1970. */
    startedMs: schema.optional(timeUs),
    recordingId: schema.optional(schema.text(64)),
    reason: schema.optional(
      schema.oneOf(["asked", "quota", "disk_full", "write_failed", "shutdown"]),
    ),
  },
  /** The pointer's image; `rgba` is empty when only `visible` changed. */
  cursor: {
    streamId,
    serial: schema.integer(0, U32_MAX),
    visible: schema.boolean,
    width: schema.integer(0, MAX_CURSOR_SIDE),
    height: schema.integer(0, MAX_CURSOR_SIDE),
    hotspotX: schema.integer(-MAX_CURSOR_SIDE, MAX_CURSOR_SIDE),
    hotspotY: schema.integer(-MAX_CURSOR_SIDE, MAX_CURSOR_SIDE),
    /** Pixels of the screen that one of a large image stands for, each way. */
    shrunk: schema.optional(schema.integer(1, MAX_CURSOR_SIDE)),
    rgba: schema.binary(MAX_CURSOR_SIDE * MAX_CURSOR_SIDE * 4),
  },
  /** Where the time of recent frames went on the host. */
  frame_timings: {
    streamId,
    frames: schema.list(
      schema.object({
        frameId,
        captureTimeUs: timeUs,
        grabUs: durationUs,
        convertUs: durationUs,
        firstSliceUs: durationUs,
        encodeUs: durationUs,
        emitUs: durationUs,
        sendUs: durationUs,
        bytes: schema.integer(0, U32_MAX),
        qp: schema.integer(0, 63),
      }),
      MAX_FRAME_TIMINGS,
    ),
  },
  /** How the path to this viewer is, and what the host does about it; twice a second while it plays. */
  path_report: {
    streamId,
    /** What the controller allows, what of it is for video, and what was sent, bits a second. */
    targetBps: count,
    videoBps: count,
    sentBps: count,
    /** Repair packets per source packet. */
    redundancy: schema.number(0, 1),
    /** Highest rung of the ladder in use since the last report. */
    rung: schema.oneOf(REPAIR_RUNGS),
    rttUs: durationUs,
    queueDelayUs: durationUs,
    loss: schema.number(0, 1),
    burstLength: schema.number(0, 65_535),
    /** Frames a second and size that the encoder is asked for, and whether this viewer gets all. */
    fps: schema.integer(1, 1000),
    scale: schema.number(0, 1),
    layers: schema.oneOf(FRAME_LAYERS),
    /** Counters since the session began. */
    reactiveRepairs: count,
    referenceRepairs: count,
    keyframes: count,
    rateCuts: count,
  },
  ...soundServerMessages,
  ...peopleServerMessages,
  ...monitorServerMessages,
  ...moveServerMessages,
  ...clipboardServerMessages,
  ...fileServerMessages,
  ...inputServerMessages,
  ...publishServerMessages,
  /** The session is over; `retry` tells whether the viewer should come back by itself. */
  ended: {
    reason: schema.oneOf([
      "quit",
      "shutdown",
      "kicked",
      "bad_ticket",
      "version",
      "capacity",
      "forbidden",
      "protocol",
      "timeout",
      "unknown_stream",
    ]),
    message: schema.text(256),
    retry: schema.boolean,
    /** With unknown_stream: those that there are. */
    streams: schema.optional(schema.list(streamNameSchema, MAX_STREAMS)),
  },
});

let clientMessages: ReturnType<typeof clientMessageSchema> | undefined;

/** What a stream is called. */
export type StreamName = schema.Infer<typeof streamNameSchema>;
/** A message from a viewer. */
export type ClientMessage = schema.Infer<ReturnType<typeof clientMessageSchema>>;
/** A message from the server. */
export type ServerMessage = schema.Infer<typeof serverMessageSchema>;
/** Why a session ended. */
export type EndReason = Extract<ServerMessage, { type: "ended" }>["reason"];

/** Frames a viewer's message. */
export function encodeClientMessage(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return encodeMessage(message, MAX_CLIENT_MESSAGE_BYTES);
}

/** Frames a server's message. */
export function encodeServerMessage(message: ServerMessage): Uint8Array<ArrayBuffer> {
  return encodeMessage(message, MAX_SERVER_MESSAGE_BYTES);
}

/** Parses a viewer's message, without its length prefix. Throws ProtocolError. */
export function parseClientMessage(payload: Uint8Array): ClientMessage {
  clientMessages ??= clientMessageSchema();
  return clientMessages(decodeMessage(payload), "message");
}

/** Parses a server's message, without its length prefix. Throws ProtocolError. */
export function parseServerMessage(payload: Uint8Array): ServerMessage {
  return serverMessageSchema(decodeMessage(payload), "message");
}
