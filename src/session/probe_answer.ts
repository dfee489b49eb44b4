/**
 * Probe answer: what a peer that measures round trip and clock gets back: the host's time where it is
 * known, the server's before. Plain function.
 */

import { encodeProbeReply, parseProbeRequest } from "../wire/probe.ts";
import type { SessionHost } from "./session_host.ts";

/** The reply to `datagram`, which came at `receivedUs` and is answered at `sentUs`. Throws ProtocolError. */
export function probeAnswer(
  datagram: Uint8Array,
  host: Pick<SessionHost, "hostTimeUs">,
  { receivedUs, sentUs }: { readonly receivedUs: number; readonly sentUs: number },
): Uint8Array<ArrayBuffer> {
  const request = parseProbeRequest(datagram);
  const serverReceiveUs = host.hostTimeUs(receivedUs) ?? receivedUs;
  const serverSendUs = Math.max(serverReceiveUs, host.hostTimeUs(sentUs) ?? sentUs);
  return encodeProbeReply({ ...request, serverReceiveUs, serverSendUs });
}
