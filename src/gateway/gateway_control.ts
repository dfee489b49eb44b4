/**
 * gateway_control: the control messages between the server process and a gateway process, one table
 * of strict schemas for both ways. A message to a peer id that is new opens that peer.
 */

import { ProtocolError } from "../core/errors.ts";
import { type Infer, integer, text, variants } from "../core/schema.ts";
import { RTC_CONTROL } from "./rtc_control.ts";
import { SOCKET_CONTROL } from "./socket_control.ts";
import { WHIP_CONTROL } from "./whip_control.ts";

const COUNT_MAX = Number.MAX_SAFE_INTEGER;

/** Longest reason of an end. */
const REASON_LENGTH_MAX = 512;

/** All control messages; the first ones are those of GatewayProcess and GatewayLink themselves. */
const check = variants({
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
  ...WHIP_CONTROL,
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
