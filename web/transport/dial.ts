/**
 * dial: opens a connection to the host over WebTransport on QUIC, the first rung, with the host's own
 * certificate pinned by hash where no public authority vouches for it. dial_host.ts has the others.
 */

import { TransportError } from "../../src/core/errors.ts";
import { BrowserConnection } from "./browser_connection.ts";

/** Longest wait for a session: a handshake takes two round trips and some repetitions. */
export const DIAL_TIMEOUT_MS = 5000;

/** Where to dial. */
export interface DialTarget {
  /** https URL of the session. */
  readonly url: string;
  /** SHA-256 of the host's certificates in base64; empty trusts the public authorities. */
  readonly certificateHashes: readonly string[];
}

/** Dials; rejects with TransportError: `unavailable` without WebTransport, `timeout`, `refused`. */
export async function dialQuic(target: DialTarget): Promise<BrowserConnection> {
  if (typeof WebTransport === "undefined") {
    throw new TransportError("Cannot dial: this browser has no WebTransport", {
      reason: "unavailable",
    });
  }
  const session = openSession(target);
  session.closed.catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `Cannot reach ${target.url} within ${DIAL_TIMEOUT_MS} ms`;
      reject(new TransportError(message, { reason: "timeout" }));
    }, DIAL_TIMEOUT_MS);
  });
  try {
    await Promise.race([session.ready, expired]);
    return new BrowserConnection(session, target.url);
  } catch (cause) {
    closeQuietly(session);
    if (cause instanceof TransportError) throw cause;
    throw new TransportError(`Cannot reach ${target.url}: ${String(cause)}`, {
      reason: "refused",
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

function openSession({ url, certificateHashes }: DialTarget): WebTransport {
  const options: WebTransportOptions = { congestionControl: "low-latency" };
  try {
    if (certificateHashes.length > 0) {
      options.serverCertificateHashes = certificateHashes.map((hash) => ({
        algorithm: "sha-256",
        value: decodeBase64(hash),
      }));
    }
    return new WebTransport(url, options);
  } catch (cause) {
    throw new TransportError(`Cannot dial ${url}: ${String(cause)}`, { reason: "refused", cause });
  }
}

function closeQuietly(session: WebTransport): void {
  try {
    session.close();
  } catch {
    // It never became a session.
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
