/** QuicListener against the browser it is for: real headless Chromium, over loopback. */

import { chromium, type Page } from "playwright-core";
import t from "tap";
import { makeCertificate } from "../../src/server/certificates.ts";
import type { IncomingConnection, SessionRequest } from "../../src/transport/connection.ts";
import { QuicListener } from "../../src/transport/quic/quic_listener.ts";
import { readAll, within, writeAll } from "./transport_suite.ts";

const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SERVER_STREAMS = 160;

const certificate = await makeCertificate(["localhost", "127.0.0.1"], {
  nowMs: Date.now(),
  lifetimeMs: 13 * 86_400_000,
});
const requests: SessionRequest[] = [];
const listener = QuicListener.listen({
  hostname: "127.0.0.1",
  port: 0,
  certificate,
  gate: (request) => {
    requests.push(request);
    return request.path.startsWith("/session") ? 200 : 403;
  },
  limits: { idleTimeoutMs: 2_000, keepAliveIntervalMs: 500 },
});
const pages = Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: () => {} },
  () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
);
const origin = `http://127.0.0.1:${pages.addr.port}`;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: CHROMIUM_ARGS });
t.teardown(async () => {
  await browser.close();
  await listener.close();
  await pages.shutdown();
});

/** The page's side: `transport` is a global of the page. */
declare const transport: WebTransportOfPage;
interface WebTransportOfPage {
  readonly ready: Promise<void>;
  readonly closed: Promise<{ closeCode: number; reason: string }>;
  readonly datagrams: {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
  };
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  readonly incomingBidirectionalStreams: ReadableStream<
    { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }
  >;
  createBidirectionalStream(): Promise<
    { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> }
  >;
  createUnidirectionalStream(): Promise<WritableStream<Uint8Array>>;
  close(info?: { closeCode: number; reason: string }): void;
}

/** Starts to connect in a page; the page's `transport` is there afterwards. */
async function connect(page: Page, path: string): Promise<string> {
  await page.goto(origin);
  return await page.evaluate(async ({ url, sha256 }) => {
    const value = Uint8Array.from(atob(sha256), (char) => char.charCodeAt(0));
    const scope = globalThis as unknown as {
      transport: WebTransportOfPage;
      WebTransport: new (url: string, options: unknown) => WebTransportOfPage;
    };
    scope.transport = new scope.WebTransport(url, {
      serverCertificateHashes: [{ algorithm: "sha-256", value }],
    });
    scope.transport.closed.catch(() => {});
    return await scope.transport.ready.then(() => "ready", (error) => `failed: ${error.message}`);
  }, { url: `https://127.0.0.1:${listener.port}${path}`, sha256: certificate.sha256 });
}

function session(
  behaviour: string,
  body: (t: Tap, page: Page, connection: IncomingConnection) => Promise<void>,
): void {
  t.test(`QuicListener and Chromium ${behaviour}`, { timeout: 30_000 }, async (t) => {
    const page = await browser.newPage();
    try {
      const [state, connection] = await Promise.all([
        connect(page, "/session?x=1"),
        within(listener.accept(), "session", 10_000),
      ]);
      t.equal(state, "ready");
      await body(t as unknown as Tap, page, connection!);
      connection!.close(0, "");
    } finally {
      await page.close();
    }
  });
}
type Tap = typeof t;

session("agree on Origin, authority and path", (t, _page, connection) => {
  const { remoteAddress, ...request } = requests.at(-1)!;
  t.same(request, { origin, authority: `127.0.0.1:${listener.port}`, path: "/session?x=1" });
  t.equal(remoteAddress, connection.remoteAddress);
  t.match(remoteAddress, /^127\.0\.0\.1:\d+$/);
  return Promise.resolve();
});

session("exchange datagrams both ways", async (t, page, connection) => {
  await page.evaluate(async () => {
    const writer = transport.datagrams.writable.getWriter();
    for (let index = 0; index < 10; index++) await writer.write(Uint8Array.of(index, 1, 2));
  });
  for (let index = 0; index < 10; index++) {
    const datagram = await within(connection.readDatagram(), `datagram ${index}`);
    t.same([...datagram!], [index, 1, 2]);
  }
  const receiving = page.evaluate(async () => {
    const reader = transport.datagrams.readable.getReader();
    const { value } = await reader.read();
    return { length: value!.length, last: value!.at(-1) };
  });
  const largest = new Uint8Array(connection.maxDatagramSize).fill(9);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.ok(connection.sendDatagram(largest));
  t.same(await within(receiving, "datagram in the page"), { length: largest.length, last: 9 });
});

session("exchange bidirectional streams that either opens", async (t, page, connection) => {
  const echo = async () => {
    const stream = await connection.acceptBidirectional();
    await stream!.readable.pipeTo(stream!.writable);
  };
  const [echoed] = await within(
    Promise.all([
      page.evaluate(async () => {
        const { readable, writable } = await transport.createBidirectionalStream();
        const writer = writable.getWriter();
        await writer.write(Uint8Array.of(1, 2, 3));
        await writer.close();
        return [...new Uint8Array(await new Response(readable as BodyInit).arrayBuffer())];
      }),
      echo(),
    ]),
    "echo by the server",
  );
  t.same(echoed, [1, 2, 3]);

  const inPage = page.evaluate(async () => {
    const { value } = await transport.incomingBidirectionalStreams.getReader().read();
    await value!.readable.pipeTo(value!.writable);
  });
  const stream = await connection.openBidirectional();
  const writing = writeAll(stream.writable, Uint8Array.of(4, 5));
  t.same([...await within(readAll(stream.readable), "echo by the page")], [4, 5]);
  await Promise.all([writing, inPage]);
});

session("exchange unidirectional streams that either opens", async (t, page, connection) => {
  await page.evaluate(async () => {
    for (let index = 0; index < 8; index++) {
      const writer = (await transport.createUnidirectionalStream()).getWriter();
      await writer.write(Uint8Array.of(index));
      await writer.close();
    }
  });
  for (let index = 0; index < 8; index++) {
    const readable = await within(connection.acceptUnidirectional(), `stream ${index}`);
    t.same([...await readAll(readable!)], [index]);
  }
});

session(`open ${SERVER_STREAMS} streams from the server`, async (t, page, connection) => {
  const receiving = page.evaluate(async (count) => {
    const reader = transport.incomingUnidirectionalStreams.getReader();
    const lengths: number[] = [];
    while (lengths.length < count) {
      const { value } = await reader.read();
      lengths.push((await new Response(value as BodyInit).arrayBuffer()).byteLength);
    }
    return lengths;
  }, SERVER_STREAMS);
  for (let index = 0; index < SERVER_STREAMS; index++) {
    await writeAll(await connection.openUnidirectional(), new Uint8Array(index + 1));
  }
  const lengths = await within(receiving, "streams in the page", 15_000);
  const sorted = [...lengths].sort((a, b) => a - b);
  t.same(sorted, Array.from({ length: SERVER_STREAMS }, (_, index) => index + 1));
});

session("hold more than 100 streams from the server open at once", async (t, page, connection) => {
  const receiving = page.evaluate(async () => {
    const reader = transport.incomingUnidirectionalStreams.getReader();
    let ended = 0;
    const ends: Promise<unknown>[] = [];
    for (let index = 0; index < 150; index++) {
      const { value } = await reader.read();
      ends.push(new Response(value as BodyInit).arrayBuffer().then(() => ended++));
    }
    await Promise.all(ends);
    return ended;
  });
  const open = async (index: number) => {
    const writer = (await connection.openUnidirectional()).getWriter();
    await writer.write(Uint8Array.of(index));
    return writer;
  };
  // The page allows about 100 at a time: the rest waits for those to end.
  const first: WritableStreamDefaultWriter<Uint8Array>[] = [];
  while (first.length < 90) first.push(await open(first.length));
  const rest = Promise.all(Array.from({ length: 60 }, (_, index) => open(90 + index)));
  for (const writer of first) await writer.close();
  for (const writer of await within(rest, "the other streams", 10_000)) await writer.close();
  t.equal(await within(receiving, "ends in the page", 10_000), 150);
});

session("survive streams that the page aborts", async (t, page, connection) => {
  await page.evaluate(async () => {
    const writer = (await transport.createUnidirectionalStream()).getWriter();
    await writer.write(Uint8Array.of(7));
    (globalThis as unknown as { aborted: unknown }).aborted = writer;
  });
  const readable = await within(connection.acceptUnidirectional(), "stream");
  const reader = readable!.getReader();
  t.same([...(await within(reader.read(), "first byte")).value!], [7]);
  await page.evaluate(async () => {
    const scope = globalThis as unknown as { aborted: WritableStreamDefaultWriter };
    await scope.aborted.abort();
    // And some before their first byte.
    for (let index = 0; index < 8; index++) {
      await (await transport.createUnidirectionalStream()).abort();
    }
  });
  await t.rejects(within(reader.read(), "reset"), { name: "ConnectionReset" });
  await page.evaluate(() => transport.datagrams.writable.getWriter().write(Uint8Array.of(1)));
  t.same([...(await within(connection.readDatagram(), "datagram afterwards"))!], [1]);
});

session("report the page's close with code and reason", async (t, page, connection) => {
  const seen = await page.evaluate(async () => {
    transport.close({ closeCode: 77, reason: "bis später" });
    return await transport.closed;
  });
  t.match(seen, { closeCode: 77, reason: "bis später" });
  t.same(await within(connection.closed, "closed", 1_000), {
    code: 77,
    reason: "bis später",
    clean: true,
  });
});

session("report the server's close with code and reason", async (t, page, connection) => {
  const seen = page.evaluate(() => transport.closed);
  connection.close(4_000_000_000, "Ende");
  t.match(await within(seen, "closed in the page", 2_000), {
    closeCode: 4_000_000_000,
    reason: "Ende",
  });
});

session("notice a page that is gone", async (t, page, connection) => {
  await page.close();
  // One page in twenty goes without a packet, and only the idle timeout tells.
  const info = await within(connection.closed, "closed", 5_000);
  t.equal(info.code, 0);
});

t.test("QuicListener and Chromium make a refusal a failure in the page", async (t) => {
  const page = await browser.newPage();
  const refused = listener.stats.refusedByGate;
  t.match(await connect(page, "/elsewhere"), /^failed: /);
  t.equal(requests.at(-1)?.path, "/elsewhere");
  t.equal(listener.stats.refusedByGate, refused + 1);
  await page.close();
});

t.test("QuicListener and Chromium never broke the protocol together", (t) => {
  t.equal(listener.stats.violations, 0);
  t.end();
});
