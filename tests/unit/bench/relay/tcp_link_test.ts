/** Tests of bench/relay/tcp_link.ts: order stays, a lost segment is late and not gone. */

import t from "tap";
import { TcpForwarder } from "../../../../bench/relay/tcp_forwarder.ts";
import { SEGMENT_BYTES, TcpLink } from "../../../../bench/relay/tcp_link.ts";
import { LinkModel, type LinkOptions } from "../../../../bench/simulator/link_model.ts";

const ROUND_TRIP_US = 20_000;

function linkOf(options: Partial<LinkOptions> = {}): TcpLink {
  const model = new LinkModel({ delayUs: 10_000, ...options }, { seed: 1, name: "down" });
  return new TcpLink(model, ROUND_TRIP_US);
}

t.test("TcpLink delays by the path and by its rate", (t) => {
  const link = linkOf();
  t.equal(link.push(SEGMENT_BYTES, 5_000_000), 5_010_000, "its time begins with the first segment");
  t.equal(link.push(SEGMENT_BYTES, 5_003_000), 5_013_000);
  const narrow = linkOf({ rates: [{ fromUs: 0, bps: 1_000_000 }] });
  const first = narrow.push(SEGMENT_BYTES, 0);
  const second = narrow.push(SEGMENT_BYTES, 0);
  t.ok(second - first > SEGMENT_BYTES * 8 && second > 20_000, `${first} us, ${second} us`);
  t.end();
});

t.test("TcpLink lets a lost segment hold up those behind it for a round trip", (t) => {
  const link = linkOf({ losses: [{ kind: "blackhole", fromUs: 1_000, toUs: 2_000 }] });
  t.equal(link.push(100, 0), 10_000);
  t.equal(link.push(100, 1_500), 1_500 + 10_000 + ROUND_TRIP_US);
  t.equal(link.push(100, 2_500), 1_500 + 10_000 + ROUND_TRIP_US, "order is kept");
  t.equal(link.push(100, 40_000), 50_000);
  t.equal(link.repeated, 1);
  t.end();
});

t.test("TcpForwarder with links carries every byte, late", async (t) => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoing = (async () => {
    const connection = await server.accept();
    await connection.readable.pipeTo(connection.writable).catch(() => {});
  })();
  const forwarder = new TcpForwarder("127.0.0.1", 0);
  forwarder.forwardTo("127.0.0.1", server.addr.port);
  const losses = [{ kind: "independent", rate: 0.1 } as const];
  forwarder.setLinks({ down: linkOf({ losses }), up: linkOf() });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: forwarder.port });
  const sent = new Uint8Array(300_000).map((_value, index) => index * 7);
  const startMs = performance.now();
  const writing = connection.writable.getWriter().write(sent);
  const received = new Uint8Array(sent.length);
  let bytes = 0;
  for await (const part of connection.readable) {
    received.set(part, bytes);
    bytes += part.byteLength;
    if (bytes >= sent.length) break;
  }
  await writing;
  t.ok(received.every((value, index) => value === sent[index]), "in their order");
  t.ok(performance.now() - startMs >= 20, "not before the path's delay");
  await forwarder.close();
  await echoing;
  server.close();
});
