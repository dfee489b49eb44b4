/**
 * The conformance cases of Connection about what goes wrong: streams that nobody reads, ends that give
 * up, paths that die in mid-stream, and sessions by the hundred that leave nothing behind.
 */

import t, { type Test } from "tap";
import type { BidirectionalStream, Connection } from "../../src/transport/connection.ts";
import {
  type ConnectionPair,
  readAll,
  type RunCase,
  type TransportSuiteOptions,
  within,
  writeAll,
} from "./transport_pair.ts";

/** Sessions of a test run where an implementation names no other; the variable looks closer. */
const CYCLES = 100;
const CYCLES_WANTED = Deno.env.get("WAVRY_SESSION_CYCLES");
const SIDES = ["client", "server"] as const;

/** Adds the cases of one implementation. */
export function faultCases(run: RunCase, options: TransportSuiteOptions): void {
  run("lets other streams and datagrams pass one that nobody reads", stalledStream);
  run("hands out streams in the order in which they were opened", streamOrder);
  run("ends a writer whose reader wants no more", stoppedStream);
  run("ends a reader whose writer gives up, and nobody else", abandonedStream);
  run("ends what is under way at both ends when the path dies", async (t, pair) => {
    await deathInMidStream(t, { pair, timeoutMs: options.severTimeoutMs });
  });
  cycles(options);
}

async function stalledStream(t: Test, { client, server }: ConnectionPair): Promise<void> {
  for (const [from, to] of [[server, client], [client, server]] as const) {
    const stalled = (await from.openUnidirectional()).getWriter();
    stalled.closed.catch(() => {});
    const taken = await fill(stalled);
    const unread = await within(to.acceptUnidirectional(), "stream that nobody reads");
    t.ok(taken > 0, `${taken} bytes until the writer waits`);

    const content = Uint8Array.from({ length: 150_000 }, (_, at) => at & 255);
    const writing = writeAll(await from.openUnidirectional(), content);
    const other = await within(to.acceptUnidirectional(), "another stream");
    const bytes = await within(readAll(other!), "its content");
    t.equal(bytes.length, content.length);
    t.ok(bytes.every((byte, at) => byte === (at & 255)), "the other stream is whole");
    await writing;
    const { readable, writable } = await from.openBidirectional();
    const asking = writeAll(writable, Uint8Array.of(1));
    const asked = await within(to.acceptBidirectional(), "question");
    await within(readAll(asked!.readable), "its byte");
    await Promise.all([asking, writeAll(asked!.writable, Uint8Array.of(2))]);
    t.same([...await within(readAll(readable), "answer")], [2]);

    t.ok(from.sendDatagram(Uint8Array.of(7)), "a datagram goes");
    t.same([...(await within(to.readDatagram(), "datagram"))!], [7]);
    await unread!.cancel();
  }
}

/** Writes until the writer has to wait; gives the bytes that were taken. */
async function fill(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<number> {
  const piece = new Uint8Array(65_536);
  let taken = 0;
  const write = async () => {
    for (;;) {
      await writer.write(piece);
      taken += piece.length;
    }
  };
  write().catch(() => {});
  for (let before = -1; before !== taken;) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return taken;
}

async function streamOrder(t: Test, { client, server }: ConnectionPair): Promise<void> {
  const count = 12;
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const writing: Promise<void>[] = [];
    for (let index = 0; index < count; index++) {
      writing.push(writeAll(await from.openUnidirectional(), Uint8Array.of(index)));
    }
    const seen: number[] = [];
    for (let index = 0; index < count; index++) {
      const readable = await within(to.acceptUnidirectional(), `stream ${index}`);
      seen.push(...await within(readAll(readable!), `content of ${index}`));
    }
    t.same(seen, Array.from({ length: count }, (_, index) => index));
    await Promise.all(writing);
  }
}

async function stoppedStream(t: Test, { client, server }: ConnectionPair): Promise<void> {
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const writer = (await from.openUnidirectional()).getWriter();
    writer.closed.catch(() => {});
    await writer.write(Uint8Array.of(1));
    const readable = await within(to.acceptUnidirectional(), "stream");
    await readable!.cancel();
    await within(t.rejects(writeUntilError(writer)), "end of the writer");
  }
}

async function writeUntilError(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  for (let index = 0; index < 2_000; index++) {
    await writer.write(new Uint8Array(1_024));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function abandonedStream(t: Test, { client, server }: ConnectionPair): Promise<void> {
  for (const [from, to] of [[client, server], [server, client]] as const) {
    const writer = (await from.openUnidirectional()).getWriter();
    writer.closed.catch(() => {});
    await writer.write(Uint8Array.of(5));
    const reader = (await within(to.acceptUnidirectional(), "stream"))!.getReader();
    t.same([...(await within(reader.read(), "first byte")).value!], [5]);
    const end = reader.read().then(({ done }) => done, () => true);
    writer.abort().catch(() => {});
    t.equal(await within(end, "end of the read"), true);
    t.ok(from.sendDatagram(Uint8Array.of(6)), "the connection goes on");
    t.same([...(await within(to.readDatagram(), "datagram"))!], [6]);
  }
}

async function deathInMidStream(
  t: Test,
  { pair, timeoutMs }: { pair: ConnectionPair; timeoutMs: number },
): Promise<void> {
  const opened = await pair.client.openBidirectional();
  const writers = [opened.writable.getWriter()];
  await writers[0]!.write(Uint8Array.of(1));
  const accepted = await within(pair.server.acceptBidirectional(), "stream");
  const readers = [opened, accepted!].map(({ readable }) => readable.getReader());
  t.same([...(await within(readers[1]!.read(), "first byte")).value!], [1]);
  writers.push(accepted!.writable.getWriter());
  for (const writer of writers) writer.closed.catch(() => {});
  const ends = SIDES.flatMap((side, index) => {
    const connection: Connection = pair[side];
    return [
      [`read of the ${side}`, readToEnd(readers[index]!)],
      [`writes of the ${side}`, writeUntilError(writers[index]!).then(() => false, () => true)],
      [`datagrams of the ${side}`, connection.readDatagram().then((one) => one === undefined)],
      [`streams for the ${side}`, connection.acceptBidirectional().then(isNothing)],
      [`connection of the ${side}`, connection.closed.then(() => true)],
    ] as const;
  });
  pair.sever();
  for (const [what, end] of ends) t.equal(await within(end, what, timeoutMs + 5_000), true, what);
  for (const side of SIDES) {
    await t.rejects(pair[side].openUnidirectional(), { name: "TransportError" });
  }
}

async function readToEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // Broken is an end as well.
  }
  return true;
}

function isNothing(stream: BidirectionalStream | undefined): boolean {
  return stream === undefined;
}

/** Sessions that come and go with streams open leave no descriptor and nothing that `left` counts. */
function cycles(options: TransportSuiteOptions): void {
  const { name, createPair, descriptors = ownDescriptors, left = () => ({}) } = options;
  const count = Number(CYCLES_WANTED ?? options.cycles ?? CYCLES);
  t.test(`${name} leaves nothing behind after ${count} sessions`, {
    timeout: 30_000 + 1_000 * count,
  }, async (t) => {
    await sessions({ createPair, count: 3 });
    const before = { descriptors: descriptors(), ...left() };
    const rssBefore = Deno.memoryUsage().rss;
    await sessions({ createPair, count });
    const now = () => ({ descriptors: descriptors(), ...left() });
    const isLeft = () => {
      const counts: Record<string, number> = now();
      return Object.entries(before).some(([what, count]) => counts[what]! > count);
    };
    for (let tries = 0; tries < 250 && isLeft(); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    t.notOk(isLeft(), `${JSON.stringify(now())}, before ${JSON.stringify(before)}`);
    const grownBytes = Deno.memoryUsage().rss - rssBefore;
    t.comment(`${Math.round(grownBytes / count)} bytes of resident memory a session`);
  });
}

async function sessions(
  { createPair, count }: Pick<TransportSuiteOptions, "createPair"> & { count: number },
): Promise<void> {
  for (let index = 0; index < count; index++) {
    const pair = await createPair();
    const { client, server } = pair;
    const stream = await client.openBidirectional();
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => {});
    await writer.write(Uint8Array.of(index & 255));
    await within(server.acceptBidirectional(), `stream of session ${index}`);
    server.sendDatagram(Uint8Array.of(1));
    await within(client.readDatagram(), `datagram of session ${index}`);
    pair[index % 2 === 0 ? "client" : "server"].close(index, "");
    await within(Promise.all([client.closed, server.closed]), `end of session ${index}`);
    await pair.dispose();
  }
}

function ownDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
