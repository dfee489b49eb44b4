/**
 * socket_control: what the server process says to the gateway of the TCP rung of a browser's WebSocket
 * beside its messages, which go as kind `raw`. The gateway ends a socket by closing its peer.
 */

import { integer, text } from "../core/schema.ts";

/** Control messages of the TCP rung. */
export const SOCKET_CONTROL = {
  /** Opens a peer: a browser's WebSocket, whose host, origin and session the server has checked. */
  open_socket: { path: text(128), protocol: text(64), remoteAddress: text(128) },
  /**
   * Opens the peer of the session that is made of such a socket. It is another one, so that what waits
   * for a slow browser holds up nothing that comes from it.
   */
  open_socket_session: { socketPeerId: integer(1, 0xffff_ffff) },
  /** The browser's side is gone; all that it sent came before. */
  socket_closed: {},
} as const;
