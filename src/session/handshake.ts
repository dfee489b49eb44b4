/**
 * Handshake: from an accepted connection to an authenticated viewer. The first stream is the control
 * stream, its first message the hello with a ticket; all of it within `HANDSHAKE_TIMEOUT_MS`, or the
 * connection is closed. Nothing else of the peer is read before.
 */

import { AccessError, ProtocolError, TransportError } from "../core/errors.ts";
import type { Connection } from "../transport/connection.ts";
import { encodeServerMessage, WIRE_VERSION } from "../wire/control.ts";
import type { EndReason } from "../wire/control.ts";
import type { PublishWish } from "../wire/publish_messages.ts";
import { ControlChannel } from "./control_channel.ts";
import type { BrowserSession } from "./session_registry.ts";

/** From the accept of a connection to its ticket. */
export const HANDSHAKE_TIMEOUT_MS = 3000;
/** How long the words of a refusal may take to leave. */
const REFUSAL_FLUSH_MS = 200;

/** Application close codes, by why a session ended; the viewer goes by the `ended` message. */
export const CLOSE_CODES: Readonly<Record<EndReason, number>> = {
  quit: 0,
  shutdown: 1,
  kicked: 2,
  bad_ticket: 3,
  version: 4,
  capacity: 5,
  forbidden: 6,
  protocol: 7,
  timeout: 8,
  unknown_stream: 9,
};

/** What the handshake asks of its surroundings. */
export interface HandshakeOptions {
  /** Uses up a ticket; undefined when it is not valid. */
  readonly redeem: (ticket: string) => BrowserSession | undefined;
  /** The control stream broke after the handshake. */
  readonly onBroken: (why: string) => void;
  readonly timeoutMs?: number;
}

/** A viewer that is known. */
export interface Authenticated {
  readonly control: ControlChannel;
  readonly browserSession: BrowserSession;
  /** Name or id of the stream that the viewer asks for; undefined for the usual one. */
  readonly stream: string | undefined;
  /** What it wants to publish; undefined for a viewer. */
  readonly publish?: PublishWish | undefined;
  /** The session that this one is to take the place of; see docs/WIRE.md, section 4.3. */
  readonly follows?: string | undefined;
}

/**
 * Runs the handshake. On refusal it tells the viewer, closes the connection and rejects with
 * AccessError, ProtocolError or TransportError.
 */
export async function handshake(
  connection: Connection,
  options: HandshakeOptions,
): Promise<Authenticated> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new TransportError("Cannot wait longer for a hello", { reason: "timeout" }));
  }, options.timeoutMs ?? HANDSHAKE_TIMEOUT_MS);
  let control: ControlChannel | undefined;
  try {
    const steps = (async (): Promise<Authenticated> => {
      const stream = await connection.acceptBidirectional();
      if (stream === undefined) {
        throw new TransportError("Cannot shake hands: the viewer left", { reason: "closed" });
      }
      control = new ControlChannel(stream, options.onBroken);
      return { control, ...await readHello(control, options) };
    })();
    return await Promise.race([steps, expired]);
  } catch (error) {
    const { reason, message } = refusal(error);
    await sayEnded(control, { reason, message }, gone(connection));
    connection.close(CLOSE_CODES[reason], message);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function readHello(
  control: ControlChannel,
  options: HandshakeOptions,
): Promise<Omit<Authenticated, "control">> {
  const message = await control.next();
  if (message?.type !== "hello") {
    throw new ProtocolError(`Cannot accept ${message?.type ?? "nothing"} before hello`, {
      reason: "unexpected",
    });
  }
  if (message.version !== WIRE_VERSION) {
    throw new ProtocolError(
      `Cannot speak version ${message.version}: this server speaks ${WIRE_VERSION}`,
      { reason: "unsupported" },
    );
  }
  const browserSession = options.redeem(message.ticket);
  if (browserSession === undefined) {
    throw new AccessError("Cannot accept the ticket: unknown, used or expired", {
      reason: "bad_secret",
    });
  }
  return {
    browserSession,
    stream: message.stream,
    follows: message.follows,
    publish: message.publish,
  };
}

function refusal(error: unknown): { reason: EndReason; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof AccessError) return { reason: "bad_ticket", message };
  if (error instanceof TransportError) return { reason: "timeout", message };
  if (error instanceof ProtocolError && error.reason === "unsupported") {
    return { reason: "version", message };
  }
  return { reason: "protocol", message };
}

async function sayEnded(
  control: ControlChannel | undefined,
  { reason, message }: { reason: EndReason; message: string },
  left: Promise<void>,
): Promise<void> {
  if (control === undefined) return;
  // A ticket that expired on the way is worth a new one; another version stays another version.
  const retry = reason === "bad_ticket" || reason === "timeout";
  control.send(encodeServerMessage({ type: "ended", reason, message, retry }));
  await settleWithin(control.flushed(), REFUSAL_FLUSH_MS);
  // See ViewerSession: what is not read when the close comes is lost.
  await settleWithin(left, REFUSAL_FLUSH_MS);
  control.close();
}

/** Settles when a connection is over; never rejects. */
export async function gone(connection: Pick<Connection, "closed">): Promise<void> {
  await connection.closed.catch(() => {});
}

/** Waits for `work`, but at most `limitMs`; `work` must not reject. */
export async function settleWithin(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
