/** Transport words: what the ways to a host are called, for people. */

import type { Rung } from "../../transport/ladder.ts";

/** Name of each, as the overlay and the dashboard show it. */
export const TRANSPORT_NAMES: Readonly<Record<Rung, string>> = {
  quic: "WebTransport (QUIC)",
  webrtc: "WebRTC",
  tcp: "WebTransport (TCP)",
};
