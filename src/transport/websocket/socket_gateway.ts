/**
 * SocketGateway: what the gateway process of the TCP rung does with its peers: one is a browser's
 * WebSocket, whose messages the server process passes on, another the session that the library makes
 * of it, joined with a MuxConnection to the server process. What would not fit into what may be under
 * way to the browser ends its session; nothing here grows because a browser is slow.
 */

import { GatewayChannel } from "../../gateway/gateway_channel.ts";
import { gatewayReason } from "../../gateway/gateway_control.ts";
import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { LibraryConnection } from "../library_connection.ts";
import { joinConnections } from "../mux/join_connections.ts";
import { MuxConnection } from "../mux/mux_connection.ts";
import type { LibrarySocket } from "./library_socket.ts";
import type { LibraryRequest, ServerSession, WebTransportLibrary } from "./webtransport_library.ts";

/** Bytes on their way to a browser above which streams wait. */
const STREAM_BYTES_MAX = 128 * 1024;
/**
 * Above this a datagram ends the session: the sender of media holds back at less, so that nothing is
 * lost without its knowledge.
 */
const DATAGRAM_BYTES_MAX = 1_536 * 1024;
/** Type of the capsule of a datagram in the library's mapping, which is all of its header. */
const DATAGRAM_CAPSULE = Uint8Array.of(0);

/** Serves the peers of one gateway process. */
export class SocketGateway {
  readonly #library: WebTransportLibrary;
  /** Sockets whose sessions were not opened yet, by the ids of their peers. */
  readonly #waiting = new Map<number, { peer: GatewayPeer; request: LibraryRequest }>();

  constructor(library: WebTransportLibrary) {
    this.#library = library;
  }

  /** The server opened a peer. */
  peerOpened(peer: GatewayPeer, message: GatewayControl): void {
    if (message.type === "open_socket") {
      const request = { ...message, socketId: peer.id };
      this.#waiting.set(peer.id, { peer, request });
      peer.listen({ ended: () => this.#waiting.delete(peer.id) });
      return;
    }
    if (message.type !== "open_socket_session") return peer.close(`Cannot use "${message.type}"`);
    const socket = this.#waiting.get(message.socketPeerId);
    if (socket === undefined) return peer.close(`No socket ${message.socketPeerId}`);
    this.#waiting.delete(message.socketPeerId);
    this.#open(socket, peer);
  }

  #open(from: { peer: GatewayPeer; request: LibraryRequest }, sessionPeer: GatewayPeer): void {
    const { peer, request } = from;
    const { remoteAddress } = request;
    const channel = new GatewayChannel(sessionPeer, { remoteAddress });
    const mux = new MuxConnection(channel, { side: "client", transport: "tcp" });
    const { socket, session } = this.#library.accept({
      send: (bytes) => {
        if (!peer.send("raw", bytes)) {
          throw new RangeError(`Cannot pass ${bytes.byteLength} bytes on: the browser is too slow`);
        }
        return peer.unacknowledgedBytes <= STREAM_BYTES_MAX;
      },
      ended: (fault) => {
        if (fault !== undefined) console.error(`A session ended by a fault: ${String(fault)}`);
        peer.close(gatewayReason(fault === undefined ? "Session ended" : String(fault)));
      },
    }, request);
    peer.listen({
      message: (_kind, payload) => {
        socket.push(payload);
        return true;
      },
      control: (message) => {
        if (message.type === "socket_closed") socket.abandon();
      },
      drained: () => {
        if (peer.unacknowledgedBytes <= STREAM_BYTES_MAX) socket.drain();
      },
      ended: () => socket.abandon(),
    });
    void join({ socket, peer, mux, session });
  }
}

async function join(parts: {
  readonly socket: LibrarySocket;
  readonly peer: GatewayPeer;
  readonly mux: MuxConnection;
  readonly session: Promise<ServerSession | undefined>;
}): Promise<void> {
  const { socket, peer, mux } = parts;
  const session = await parts.session;
  try {
    await session?.ready;
  } catch {
    // It ended before it began, which ends its socket.
  }
  if (session === undefined) {
    socket.abandon();
    return mux.fail("No session was made of the socket");
  }
  const connection = new LibraryConnection(session, {
    remoteAddress: socket.remoteAddress,
    get isBlocked() {
      return socket.isEnded;
    },
    get isBroken() {
      return socket.isBroken;
    },
    // Past the library, whose own queue of datagrams has no bound.
    sendDatagram: (bytes) => {
      if (peer.unacknowledgedBytes > DATAGRAM_BYTES_MAX) socket.abandon();
      return !socket.isEnded && peer.send("raw", bytes, DATAGRAM_CAPSULE);
    },
    close: () => socket.abandon(),
  });
  await joinConnections(connection, mux);
}
