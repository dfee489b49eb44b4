/**
 * joinConnections: makes one path of two connections, in a gateway process: streams and datagrams of
 * each go to the other until one ends, which ends the other alike. What is under way is bounded by the
 * windows of both; a datagram that finds no room is dropped.
 */

import type { BidirectionalStream, CloseInfo, Connection } from "../connection.ts";

/** A connection that can also end as a path that died. */
interface FailingConnection extends Connection {
  fail?(reason: string): void;
}

/** Pumps between `a` and `b` until one ends; the other is then closed with the same code. */
export async function joinConnections(a: Connection, b: Connection): Promise<void> {
  const pumps = [[a, b], [b, a]].flatMap(([from, to]) => [
    pumpDatagrams(from!, to!),
    pumpUnidirectional(from!, to!),
    pumpBidirectional(from!, to!),
  ]);
  a.closed.then((info) => endAlike(b, info));
  b.closed.then((info) => endAlike(a, info));
  await Promise.all([a.closed, b.closed]);
  await Promise.all(pumps);
}

function endAlike(connection: FailingConnection, { code, reason, clean }: CloseInfo): void {
  if (!clean && connection.fail !== undefined) connection.fail(reason);
  else connection.close(code, reason);
}

async function pumpDatagrams(from: Connection, to: Connection): Promise<void> {
  for (;;) {
    const datagram = await from.readDatagram();
    if (datagram === undefined) return;
    to.sendDatagram(datagram);
  }
}

async function pumpUnidirectional(from: Connection, to: Connection): Promise<void> {
  for (;;) {
    const readable = await from.acceptUnidirectional();
    if (readable === undefined) return;
    try {
      pass(readable, await to.openUnidirectional());
    } catch (error) {
      readable.cancel(error).catch(() => {});
    }
  }
}

async function pumpBidirectional(from: Connection, to: Connection): Promise<void> {
  for (;;) {
    const stream = await from.acceptBidirectional();
    if (stream === undefined) return;
    try {
      passBoth(stream, await to.openBidirectional());
    } catch (error) {
      stream.readable.cancel(error).catch(() => {});
      stream.writable.abort(error).catch(() => {});
    }
  }
}

function passBoth(one: BidirectionalStream, other: BidirectionalStream): void {
  pass(one.readable, other.writable);
  pass(other.readable, one.writable);
}

/** An end or a fault of either side is one of the other; nobody waits for it. */
function pass(readable: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>): void {
  readable.pipeTo(writable).catch(() => {});
}
