/**
 * The conformance suite of Connection: what every transport owes its users, run against each
 * implementation. A pair is made for each case and closed after it.
 */

import t from "tap";
import type { BidirectionalStream } from "../../src/transport/connection.ts";
import { faultCases } from "./transport_faults.ts";
import {
  readAll,
  type RunCase,
  type TransportSuiteOptions,
  within,
  writeAll,
} from "./transport_pair.ts";

export { readAll, within, writeAll } from "./transport_pair.ts";

const CASE_TIMEOUT_MS = 20_000;

/** Runs every case against the implementation. */
export function transportSuite(options: TransportSuiteOptions): void {
  const run: RunCase = (behaviour, body) => {
    const skip = options.skip?.[behaviour] ?? false;
    t.test(`${options.name} ${behaviour}`, { timeout: CASE_TIMEOUT_MS, skip }, async (t) => {
      const pair = await options.createPair();
      try {
        await body(t, pair);
      } finally {
        await pair.dispose();
      }
    });
  };
  datagramCases(run, options);
  streamCases(run, options);
  backPressureCases(run, options);
  closeCases(run, options);
  faultCases(run, options);
}

function datagramCases(run: RunCase, options: TransportSuiteOptions): void {
  run("carries datagrams both ways and lets the buffer be used again", async (t, pair) => {
    for (const [from, to] of [[pair.client, pair.server], [pair.server, pair.client]] as const) {
      const buffer = new Uint8Array(1_000);
      for (let index = 0; index < 20; index++) {
        buffer.fill(index);
        t.ok(from.sendDatagram(buffer), "sent");
      }
      buffer.fill(255);
      for (let index = 0; index < 20; index++) {
        const datagram = await within(to.readDatagram(), `datagram ${index}`);
        t.equal(datagram?.length, 1_000);
        t.ok(datagram?.every((byte) => byte === index), `content of ${index}`);
      }
      t.equal(from.stats.datagramsSent, 20);
      t.equal(from.stats.bytesSent, 20_000);
      t.equal(to.stats.datagramsReceived, 20);
      t.equal(to.stats.bytesReceived, 20_000);
    }
  });

  run("carries a datagram of the largest size", async (t, pair) => {
    const size = pair.client.maxDatagramSize;
    t.ok(size >= 1_000, `room for ${size} bytes`);
    t.ok(pair.client.sendDatagram(new Uint8Array(size).fill(7)));
    t.equal((await within(pair.server.readDatagram(), "largest datagram"))?.length, size);
  });

  run("carries an empty datagram", async (t, pair) => {
    t.ok(pair.client.sendDatagram(new Uint8Array(0)));
    t.equal((await within(pair.server.readDatagram(), "empty datagram"))?.length, 0);
  });

  run("refuses a datagram that is too large", (t, pair) => {
    for (const connection of [pair.client, pair.server]) {
      const tooLarge = new Uint8Array(connection.maxDatagramSize + 100);
      t.equal(connection.sendDatagram(tooLarge), false);
      t.equal(connection.stats.datagramsDropped, 1);
      t.equal(connection.stats.datagramsSent, 0);
    }
    return Promise.resolve();
  });

  run("drops the oldest datagrams when nobody reads", async (t, pair) => {
    const extra = 50;
    const total = options.unreadDatagramsMax + extra;
    for (let index = 0; index < total; index++) {
      pair.client.sendDatagram(Uint8Array.of(index >> 8, index & 255));
      if (index % 64 === 63) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const received = () => pair.server.stats.datagramsReceived;
    for (let tries = 0; tries < 500 && received() < total; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.equal(received(), total, "all arrived");
    t.equal(pair.server.stats.datagramsDroppedUnread, extra);
    const first = await within(pair.server.readDatagram(), "oldest kept datagram");
    t.same([...first!], [extra >> 8, extra & 255], "the oldest are gone");
  });
}

function streamCases(run: RunCase, options: TransportSuiteOptions): void {
  run("carries bidirectional streams from both sides", async (t, pair) => {
    for (const [from, to] of [[pair.client, pair.server], [pair.server, pair.client]] as const) {
      const opened = await from.openBidirectional();
      const writing = writeAll(opened.writable, Uint8Array.of(1, 2, 3));
      const accepted = await within(to.acceptBidirectional(), "bidirectional stream");
      t.same([...await within(readAll(accepted!.readable), "request")], [1, 2, 3]);
      await writing;
      const answering = writeAll(accepted!.writable, Uint8Array.of(4, 5));
      t.same([...await within(readAll(opened.readable), "answer")], [4, 5]);
      await answering;
    }
  });

  run("carries unidirectional streams from both sides", async (t, pair) => {
    for (const [from, to] of [[pair.client, pair.server], [pair.server, pair.client]] as const) {
      const writing = writeAll(await from.openUnidirectional(), Uint8Array.of(9, 8));
      const accepted = await within(to.acceptUnidirectional(), "unidirectional stream");
      t.same([...await within(readAll(accepted!), "content")], [9, 8]);
      await writing;
    }
  });

  run("keeps the order of bytes within a stream", async (t, pair) => {
    const writable = await pair.server.openUnidirectional();
    const readable = within(pair.client.acceptUnidirectional(), "stream");
    const count = options.smallWrites ?? 2_000;
    const write = async () => {
      const writer = writable.getWriter();
      for (let index = 0; index < count; index++) {
        await writer.ready;
        await writer.write(Uint8Array.of(index >> 8, index & 255));
      }
      await writer.close();
    };
    const [bytes] = await Promise.all([readAll((await startWith(write, readable))!), undefined]);
    t.equal(bytes.length, count * 2);
    t.ok(bytes.every((byte, at) => byte === (at % 2 ? (at >> 1) & 255 : at >> 9)), "in order");
  });

  run("opens more than 150 streams one after the other", async (t, pair) => {
    for (let index = 0; index < 160; index++) {
      const writing = writeAll(await pair.server.openUnidirectional(), Uint8Array.of(index));
      const accepted = await within(pair.client.acceptUnidirectional(), `stream ${index}`);
      const bytes = await within(readAll(accepted!), `content of ${index}`);
      await writing;
      if (bytes[0] !== index) t.fail(`stream ${index} carried ${bytes}`);
    }
    t.pass("160 streams");
  });
}

function backPressureCases(run: RunCase, options: TransportSuiteOptions): void {
  run("makes the writer wait for a slow reader", async (t, pair) => {
    const writable = await pair.server.openUnidirectional();
    const writer = writable.getWriter();
    writer.closed.catch(() => {});
    const piece = new Uint8Array(65_536);
    let taken = 0;
    const fill = async () => {
      for (;;) {
        await writer.write(piece);
        taken += piece.length;
      }
    };
    fill().catch(() => {});
    const accepted = await within(pair.client.acceptUnidirectional(), "stream");
    let before = -1;
    while (before !== taken) {
      before = taken;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    t.ok(taken <= options.streamBufferBytesMax, `writer waits after ${taken} bytes`);
    const reader = accepted!.getReader();
    for (let size = 0; size < taken / 2 + 4 * piece.length;) {
      size += (await within(reader.read(), "bytes"))!.value!.length;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.ok(taken > before, "and goes on when the reader reads");
  });
}

/** Starts `write` without waiting for it, so that what it writes can be read. */
async function startWith<T>(write: () => Promise<void>, next: Promise<T>): Promise<T> {
  write().catch(() => {});
  return await next;
}

function closeCases(run: RunCase, options: TransportSuiteOptions): void {
  for (const side of ["client", "server"] as const) {
    const other = side === "client" ? "server" : "client";
    run(`tells the ${other} why the ${side} closed`, async (t, pair) => {
      const info = { code: 4_321, reason: "done für heute", clean: true };
      pair[side].close(info.code, info.reason);
      pair[side].close(1, "a second close changes nothing");
      t.same(await within(pair[side].closed, `closed of the ${side}`), info);
      t.same(await within(pair[other].closed, `closed of the ${other}`), info);
    });
  }

  run("lets every waiting call go when it closes", async (t, pair) => {
    const waiting = [pair.client, pair.server].flatMap((connection) => [
      connection.readDatagram(),
      connection.acceptBidirectional(),
      connection.acceptUnidirectional(),
    ]);
    pair.client.close(0, "");
    const results = await within(Promise.all<unknown>(waiting), "end of waiting calls");
    t.same(results, new Array(6).fill(undefined));
    for (const connection of [pair.client, pair.server]) {
      t.equal(connection.sendDatagram(Uint8Array.of(1)), false, "no datagram after close");
      await t.rejects(connection.openBidirectional(), { name: "TransportError", reason: "closed" });
      await t.rejects(connection.openUnidirectional(), { name: "TransportError" });
      t.equal(await connection.readDatagram(), undefined);
      t.equal(await connection.acceptUnidirectional(), undefined);
    }
  });

  run("breaks open streams when it closes", async (t, pair) => {
    const stream: BidirectionalStream = await pair.client.openBidirectional();
    const writer = stream.writable.getWriter();
    await writer.write(Uint8Array.of(1));
    const accepted = await within(pair.server.acceptBidirectional(), "stream");
    const reader = accepted!.readable.getReader();
    t.same([...(await within(reader.read(), "first byte")).value!], [1]);
    const end = reader.read().then((result) => result.done, () => true);
    pair.client.close(0, "");
    t.equal(await within(end, "end of the read"), true);
    await t.rejects(writeUntilError(accepted!.writable));
  });

  run("refuses a code that is no 32-bit integer and cuts a long reason", async (t, pair) => {
    for (const code of [-1, 2 ** 32, 1.5, NaN]) {
      t.throws(() => pair.server.close(code, ""), RangeError);
    }
    pair.server.close(2 ** 32 - 1, "ä".repeat(600));
    const info = await within(pair.client.closed, "closed");
    t.equal(info.code, 2 ** 32 - 1);
    t.equal(info.reason, "ä".repeat(512));
  });

  run("notices that the path is gone", async (t, pair) => {
    pair.sever();
    const info = await within(pair.server.closed, "closed", options.severTimeoutMs);
    t.equal(info.clean, false);
    t.equal(info.code, 0);
    t.not(info.reason, "");
    t.equal(await pair.server.readDatagram(), undefined);
  });
}

/** Writes until the stream says that nobody is there any more. */
async function writeUntilError(writable: WritableStream<Uint8Array>): Promise<void> {
  const writer = writable.getWriter();
  for (let index = 0; index < 1_000; index++) {
    await writer.write(new Uint8Array(1_024));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
