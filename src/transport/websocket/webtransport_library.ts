/**
 * WebTransportLibrary: the one file that touches @fails-components/webtransport. Its server listens
 * nowhere: sockets are handed to it, and what it makes of them are sessions in the shape that
 * LibraryConnection uses. What it would print about an optional package of its own is not printed.
 */

import { boundReading } from "../library_connection.ts";
import type { LibraryReceiver, LibrarySession } from "../library_connection.ts";
import { LibrarySocket } from "./library_socket.ts";
import type { SocketPeer } from "./library_socket.ts";

/** What the server process let in, and checked. */
export interface LibraryRequest {
  /** Of the socket, unique while it lasts. */
  readonly socketId: number;
  readonly path: string;
  /** The WebSocket protocol that both sides speak, such as `webtransport_kDraft2`. */
  readonly protocol: string;
  readonly remoteAddress: string;
}

/** A session with what `#decide` said of its socket. */
export interface ServerSession extends LibrarySession, LibraryReceiver {
  readonly userData: { readonly socketId: number };
}

/** The server inside of the library, as far as it is used: its types tell nothing of that. */
interface LibraryServer {
  readonly transportInt?: {
    readonly serverInt: { emit(name: "upgrade", ...values: unknown[]): boolean };
  };
  createTransportInt(): Promise<void>;
  setRequestCallback(
    decide: (request: { header: Record<string, string> }) => Promise<Record<string, unknown>>,
  ): void;
  sessionStream(path: string, options: { noAutoPaths: true }): ReadableStream<ServerSession>;
}

/** Path of a session at the page server. */
export const TCP_SESSION_PATH = "/session/tcp";
/** Versions of the mapping on WebSockets that the library speaks, the better one first. */
export const TCP_PROTOCOLS = ["webtransport_kDraft2", "webtransport_kDraft1"] as const;
/** Header of ours by which a request is found again. */
const ID_HEADER = "x-socket-id";
/** Bytes that a peer may send ahead of what is read, by stream and in all. */
const STREAM_WINDOW_BYTES = 128 * 1024;
const SESSION_WINDOW_BYTES = 512 * 1024;
/** Streams that a peer may have open of each kind. */
const STREAMS_MAX = 64;
/** What the library says when its other transport is not installed; that is how it should be. */
const EXPECTED_COMPLAINTS = ["Problem loading http3-quiche", "Did you install", "http3 loader:"];

/** The library with a server that waits for sockets. */
export class WebTransportLibrary {
  readonly #server: LibraryServer;
  readonly #waiting = new Map<number, (session: ServerSession | undefined) => void>();

  private constructor(server: LibraryServer) {
    this.#server = server;
  }

  /** Loads the library. Rejects when it cannot be loaded. */
  static async load(): Promise<WebTransportLibrary> {
    muteExpected();
    const { Http2Server } = await import("@fails-components/webtransport");
    // No socket of the system ever meets this server, so that it needs no certificate.
    const options = {
      ...{ port: 0, host: "127.0.0.1", secret: "unused", cert: "unused", privKey: "unused" },
      initialStreamFlowControlWindow: STREAM_WINDOW_BYTES,
      initialSessionFlowControlWindow: SESSION_WINDOW_BYTES,
      streamFlowControlWindowSizeLimit: STREAM_WINDOW_BYTES,
      sessionFlowControlWindowSizeLimit: SESSION_WINDOW_BYTES,
      initialBidirectionalStreams: STREAMS_MAX,
      initialUnidirectionalStreams: STREAMS_MAX,
    };
    // Its types ask for a mode of reading that its code takes as absent.
    const init = options as unknown as ConstructorParameters<typeof Http2Server>[0];
    const server = new Http2Server(init) as unknown as LibraryServer;
    await server.createTransportInt();
    const library = new WebTransportLibrary(server);
    server.setRequestCallback(({ header }) => Promise.resolve(library.#decide(header)));
    void library.#readSessions();
    return library;
  }

  /** Gives the library a socket; resolves with its session, or undefined when it made none. */
  accept(
    peer: SocketPeer,
    request: LibraryRequest,
  ): { socket: LibrarySocket; session: Promise<ServerSession | undefined> } {
    const { promise, resolve } = Promise.withResolvers<ServerSession | undefined>();
    const { socketId, path, protocol, remoteAddress } = request;
    const settle = (session: ServerSession | undefined) => {
      this.#waiting.delete(socketId);
      resolve(session);
    };
    const socket = new LibrarySocket({
      send: (message) => peer.send(message),
      ended: (fault) => {
        settle(undefined);
        peer.ended(fault);
      },
    }, remoteAddress);
    this.#waiting.set(socketId, settle);
    const headers = {
      "sec-websocket-protocol": protocol,
      "sec-websocket-key": "unused",
      [ID_HEADER]: String(socketId),
    };
    try {
      const { serverInt } = this.#server.transportInt!;
      serverInt.emit("upgrade", { url: path, headers }, socket, new Uint8Array(0));
    } catch (fault) {
      socket.abandon();
      peer.ended(fault);
    }
    return { socket, session: promise };
  }

  /** The server process has decided already; who it did not announce is refused all the same. */
  #decide(header: Record<string, string>): Record<string, unknown> {
    const socketId = Number(header[ID_HEADER]);
    const isKnown = this.#waiting.has(socketId) && header[":path"] === TCP_SESSION_PATH;
    const path = TCP_SESSION_PATH;
    return { status: isKnown ? 200 : 403, path, userData: { socketId } };
  }

  async #readSessions(): Promise<void> {
    const sessions = this.#server.sessionStream(TCP_SESSION_PATH, { noAutoPaths: true });
    const reader = sessions.getReader();
    for (;;) {
      const { value } = await reader.read();
      if (value === undefined) return;
      // It rejects what nobody may have asked for.
      for (const promise of [value.ready, value.closed, value.draining]) promise.catch(() => {});
      boundReading(value);
      this.#waiting.get(value.userData.socketId)?.(value);
    }
  }
}

/** Keeps what is expected from being printed, and the rest away from the pipe to the server. */
function muteExpected(): void {
  const print = console.error.bind(console);
  const filter = (...values: unknown[]): void => {
    const text = String(values[0]);
    if (!EXPECTED_COMPLAINTS.some((start) => text.startsWith(start))) print(...values);
  };
  console.error = filter;
  console.warn = filter;
  console.log = filter;
  console.info = filter;
}
