/**
 * session_end: follows a session's CONNECT stream for the ways in which the peer ends the session: a
 * close capsule, the end of the stream, or a reset of it (draft-ietf-webtrans-http3, section 6).
 */
import { CapsuleReader } from "./capsules.ts";
import { H3_MESSAGE_ERROR, H3Error } from "./h3_frames.ts";
import type { QuicConnection } from "./quic_connection.ts";
import type { RequestStream } from "./request_stream.ts";

/**
 * Tells `connection` how the peer ended it. Throws H3Error when the peer breaks the protocol, and
 * what the stream throws when the QUIC connection dies under it.
 */
export async function followSession(
  stream: RequestStream,
  connection: QuicConnection,
): Promise<void> {
  try {
    await readCapsules(stream, connection);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    connection.resetByPeer();
  }
}

async function readCapsules(stream: RequestStream, connection: QuicConnection): Promise<void> {
  const capsules = new CapsuleReader();
  for (let bytes = await stream.readData(); bytes; bytes = await stream.readData()) {
    capsules.push(bytes);
    for (let capsule = capsules.next(); capsule !== undefined; capsule = capsules.next()) {
      if (capsule.type !== "close") continue;
      connection.endByPeer(capsule.code, capsule.reason);
      return;
    }
  }
  if (!capsules.atBoundary) {
    throw new H3Error(H3_MESSAGE_ERROR, "Session stream ended inside a capsule");
  }
  connection.endByPeer(0, "");
}
