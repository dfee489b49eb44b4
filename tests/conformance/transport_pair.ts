/**
 * What the conformance cases of Connection share: the pair that each gets, how an implementation is
 * treated, and waiting with a limit.
 */

import type { Test } from "tap";
import type { Connection } from "../../src/transport/connection.ts";

/** Two ends of one connection and the way to clean up behind them. */
export interface ConnectionPair {
  readonly client: Connection;
  readonly server: Connection;
  /** Kills the path without a word from either side, as a lost network does. */
  sever(): void;
  dispose(): Promise<void>;
}

/** How the suite treats one implementation. */
export interface TransportSuiteOptions {
  readonly name: string;
  createPair(): Promise<ConnectionPair>;
  /** Bytes that a stream may take from a writer whose reader never reads. */
  readonly streamBufferBytesMax: number;
  /** Datagrams that may wait unread. */
  readonly unreadDatagramsMax: number;
  /** How long the ends may take to notice that the path is gone. */
  readonly severTimeoutMs: number;
  /** Writes of two bytes in a row; default 2,000. */
  readonly smallWrites?: number;
  /** Sessions one after the other; default 100. */
  readonly cycles?: number;
  /** Descriptors of the process that must not lose any; default: this one. */
  readonly descriptors?: () => number;
  /** Counts of what sessions must not leave behind, beside descriptors. */
  readonly left?: () => Readonly<Record<string, number>>;
  /** Cases that this implementation cannot meet, by their names, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** Runs one case with a pair of its own. */
export type RunCase = (
  behaviour: string,
  body: (t: Test, pair: ConnectionPair) => Promise<void>,
) => void;

/** Waits for `promise` at most `timeoutMs` and names what was missing. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = 5_000): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Missing after ${timeoutMs} ms: ${what}`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Everything that a stream carries until its end. */
export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readable) pieces.push(piece);
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** Writes `bytes` and ends the stream. */
export async function writeAll(
  writable: WritableStream<Uint8Array>,
  bytes: Uint8Array,
): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(bytes);
  await writer.close();
}
