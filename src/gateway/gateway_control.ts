/**
 * gateway_control: the control messages between the server process and a gateway process, one table
 * of strict schemas for both ways. A message to a peer id that is new opens that peer.
 */

import { ProtocolError } from "../core/errors.ts";
import { boolean, type Infer, integer, text, variants } from "../core/schema.ts";
import { RTC_CONTROL } from "./rtc_control.ts";
import { SOCKET_CONTROL } from "./socket_control.ts";

const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** Longest reason of an end. */
const REASON_LENGTH_MAX = 512;
/** Longest session description. */
const SDP_LENGTH_MAX = 65_536;

/** All control messages; the first ones are those of GatewayProcess and GatewayLink themselves. */
const check = variants({
  /** Server to gateway: a publisher comes by WHIP. */
  whip_offer: { sdp: text(SDP_LENGTH_MAX), bitrateBps: integer(0, COUNT_MAX) },
  /** Gateway to server: what it is answered, or why not, as a status of HTTP. */
  whip_answer: { sdp: text(SDP_LENGTH_MAX) },
  whip_refusal: { status: integer(400, 599), reason: text(REASON_LENGTH_MAX) },
  /** Server to gateway: the next frame should be a keyframe. */
  whip_keyframe: {},
  /** Gateway to server, each second, and when it is up. */
  whip_state: {
    isConnected: boolean,
    remoteAddress: text(128),
    hasSound: boolean,
    packets: integer(0, COUNT_MAX),
    packetsLost: integer(0, COUNT_MAX),
    packetsRecovered: integer(0, COUNT_MAX),
    unitsDamaged: integer(0, COUNT_MAX),
    heldBytes: integer(0, COUNT_MAX),
  },
  /** Gateway to server: it is up. */
  ready: {},
  /** Server to gateway, each second. */
  ping: {},
  /** Gateway to server. */
  pong: {
    rssBytes: integer(0, COUNT_MAX),
    heapBytes: integer(0, COUNT_MAX),
  },
  /** Either way: the peer is gone. */
  close_peer: { reason: text(REASON_LENGTH_MAX) },
  /** Server to gateway: a peer whose mux connection is to be sent back what it sends. */
  open_echo: { remoteAddress: text(128) },
  ...RTC_CONTROL,
  ...SOCKET_CONTROL,
});

/** One control message. */
export type GatewayControl = Infer<typeof check>;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/** The payload of a control message. */
export function encodeGatewayControl(message: GatewayControl): Uint8Array {
  return encoder.encode(JSON.stringify(message));
}

/** Reads a control message. Throws ProtocolError when it is none of the table. */
export function parseGatewayControl(payload: Uint8Array): GatewayControl {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch (cause) {
    const message = "Cannot read a control message of a gateway";
    throw new ProtocolError(message, { reason: "bad_value", cause });
  }
  return check(value, "gateway");
}

/** A reason that fits into a message. */
export function gatewayReason(reason: string): string {
  return reason.slice(0, REASON_LENGTH_MAX);
}
