/**
 * tcp_connection: dials the TCP rung from a page or its worker, for networks that block UDP: sessions
 * of WebTransport mapped on a WebSocket to the page's own address, by the library's ponyfill. It is a
 * bundle of its own, loaded when the rung is dialled. What waits in the browser to be sent is bounded.
 */

import { WebTransportPonyfill } from "@fails-components/webtransport/browser";
import { TransportError } from "../../src/core/errors.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { boundReading, LibraryConnection } from "../../src/transport/library_connection.ts";
import type { LibraryReceiver, LibrarySession } from "../../src/transport/library_connection.ts";

/** Longest wait for a session: TCP, TLS, the upgrade, and a gateway that has to start. */
export const TCP_DIAL_TIMEOUT_MS = 8000;
/** Bytes handed to the browser and not yet sent; beyond it motion is stale anyway. */
const OUTGOING_BYTES_MAX = 64 * 1024;
/** Bytes that the host may send ahead of what is read, by stream and in all. */
const STREAM_WINDOW_BYTES = 512 * 1024;
const SESSION_WINDOW_BYTES = 2 * 1024 * 1024;
/** State of a WebSocket that is gone. */
const CLOSED = 3;

/** Where to dial. */
export interface TcpTarget {
  /** Address of the session on the page's own origin, such as `https://desk.example:8443/session/tcp`. */
  readonly url: string;
}

/** What the ponyfill has inside; its version is pinned. */
interface PonyfillSession extends LibrarySession {
  readonly sessionint: LibraryReceiver & {
    readonly objint?: {
      readonly ws: WebSocket;
      writeDatagram(bytes: Uint8Array): { readonly code: string };
    };
  };
}

/** Dials; rejects with TransportError: `timeout`, `refused`. */
export async function dialTcp({ url }: TcpTarget): Promise<Connection> {
  const session = openSession(url);
  for (const promise of [session.ready, session.closed, session.draining]) promise.catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `Cannot reach ${url} over TCP within ${TCP_DIAL_TIMEOUT_MS} ms`;
      reject(new TransportError(message, { reason: "timeout" }));
    }, TCP_DIAL_TIMEOUT_MS);
  });
  try {
    await Promise.race([session.ready, expired]);
    return connectionOf(session, url);
  } catch (cause) {
    session.ready.then(() => session.close({}), () => {});
    if (cause instanceof TransportError) throw cause;
    throw new TransportError(`Cannot reach ${url} over TCP: ${String(cause)}`, {
      reason: "refused",
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

function connectionOf(session: PonyfillSession, url: string): Connection {
  const inner = session.sessionint.objint;
  if (inner === undefined) {
    throw new TransportError(`Cannot reach ${url} over TCP: the session ended`, {
      reason: "closed",
    });
  }
  const { ws } = inner;
  return new LibraryConnection(session, {
    remoteAddress: url,
    get isBlocked() {
      return ws.bufferedAmount > OUTGOING_BYTES_MAX;
    },
    get isBroken() {
      return ws.readyState === CLOSED;
    },
    sendDatagram: (bytes) => ws.readyState === 1 && inner.writeDatagram(bytes).code === "success",
    close: () => ws.close(),
  });
}

function openSession(url: string): PonyfillSession {
  // The library insists on https; what it opens is a WebSocket of the page's own scheme.
  const secured = url.replace(/^http:/, "https:");
  const { port, protocol } = new URL(url);
  const options = {
    // It takes 443 where a URL names none.
    ...(port === "" ? { port: protocol === "http:" ? "80" : "443" } : {}),
    initialStreamFlowControlWindow: STREAM_WINDOW_BYTES,
    initialSessionFlowControlWindow: SESSION_WINDOW_BYTES,
    streamFlowControlWindowSizeLimit: STREAM_WINDOW_BYTES,
    sessionFlowControlWindowSizeLimit: SESSION_WINDOW_BYTES,
  };
  try {
    const made = new WebTransportPonyfill(secured, options as never) as unknown as PonyfillSession;
    boundReading(made.sessionint);
    return made;
  } catch (cause) {
    throw new TransportError(`Cannot dial ${url}: ${String(cause)}`, { reason: "refused", cause });
  }
}
