/**
 * whip_control: the control messages of publishers that come by WHIP, a part of the table of
 * gateway_control.ts: an offer opens a peer, which is answered, tells how it is, and ends.
 */

import { boolean, integer, text } from "../core/schema.ts";

const COUNT_MAX = Number.MAX_SAFE_INTEGER;
const REASON_LENGTH_MAX = 512;
/** Longest session description. */
const SDP_LENGTH_MAX = 65_536;

/** Messages of publishers. */
export const WHIP_CONTROL = {
  /** Server to gateway: a publisher comes; `bitrateBps` is the most that it may send. */
  whip_offer: { sdp: text(SDP_LENGTH_MAX), bitrateBps: integer(0, COUNT_MAX) },
  /** Gateway to server: what it is answered, or why not, with a status of HTTP. */
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
} as const;
