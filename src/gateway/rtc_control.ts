/**
 * rtc_control: the control messages of the WebRTC gateway, as rows of gateway_control.ts. A peer of the
 * link is a session of WebRTC, opened by `open_rtc`; a stream that sessions watch is a peer as well,
 * opened by `open_rtc_stream`, so that its frames cross the pipe once for all who watch.
 */

import { CONTROLLER_NAMES } from "../congestion/congestion_controller.ts";
import { boolean, integer, list, number, oneOf, optional, text } from "../core/schema.ts";
import { FRAME_LAYERS } from "../wire/control.ts";
import { MAX_STREAM_ID } from "../wire/packet.ts";

/** Longest session description. */
export const RTC_SDP_LENGTH_MAX = 65_536;

const RATE_MAX = 10_000_000_000;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const ADDRESSES_MAX = 8;
const streamId = integer(0, MAX_STREAM_ID);
const address = text(64);
const port = integer(0, 65_535);
const count = integer(0, COUNT_MAX);

/** Its rows. */
export const RTC_CONTROL = {
  /** Server to gateway, to peer 0, before any session: where sockets are opened. */
  rtc_setup: {
    /** One address of each family, and what they are bound to when that is not every address. */
    sockets: list(address, 2),
    bind4: optional(address),
    bind6: optional(address),
    /** Addresses that are told to peers beside those. */
    told: list(address, ADDRESSES_MAX),
    /** Ports of sockets; both 0 for any. */
    portMin: port,
    portMax: port,
  },
  /** Server to gateway: a session that gets pictures, and opens data channels when it is a viewer. */
  open_rtc: {
    use: oneOf(["player", "viewer"]),
    offer: text(RTC_SDP_LENGTH_MAX),
    /** Of the streams' H.264; 0 when it is not known. */
    profileIdc: integer(0, 255),
    controller: oneOf(CONTROLLER_NAMES),
    startBps: integer(0, RATE_MAX),
    minBps: integer(0, RATE_MAX),
    maxBps: integer(0, RATE_MAX),
  },
  /** Gateway to server. A session that cannot be answered ends with `close_peer` instead. */
  rtc_answer: { sdp: text(RTC_SDP_LENGTH_MAX), hasVideo: boolean, hasAudio: boolean },
  /** Gateway to server: its transport is up. */
  rtc_connected: { remoteAddress: text(128) },
  /** Server to gateway: the session gets the frames of a stream, or no longer. */
  rtc_watch: { streamId, isWatching: boolean },
  /** Server to gateway: which frames of the streams that it watches it gets. */
  rtc_layers: { layers: oneOf(FRAME_LAYERS) },
  /** Gateway to server: the session needs a keyframe of a stream. */
  rtc_keyframe: { streamId },
  /** Gateway to server, some times a second: how the path of a session is. */
  rtc_path: {
    targetBps: number(0, RATE_MAX),
    videoBps: number(0, RATE_MAX),
    rttUs: number(0, COUNT_MAX),
    queueDelayUs: number(0, COUNT_MAX),
    loss: number(0, 1),
    bytesInFlight: count,
    queuedBytes: count,
    rateCuts: count,
    framesSent: count,
    framesDropped: count,
    flightStops: count,
    bytesSent: count,
    packetsSent: count,
    packetsArrived: count,
    packetsLost: count,
    packetsMissing: count,
    repairsSent: count,
    pictureLosses: count,
    soundSent: count,
  },
  /** Server to gateway: a stream; its peer takes `frame_out` and `sound_out`. */
  open_rtc_stream: { streamId },
} as const;
