import t from "tap";
import { FaultRelay } from "../../../../bench/relay/fault_relay.ts";
import { LinkModel } from "../../../../bench/simulator/link_model.ts";

function cleanLinks() {
  const origin = { seed: 1, name: "clean" };
  return { down: new LinkModel({ delayUs: 0 }, origin), up: new LinkModel({ delayUs: 0 }, origin) };
}

t.test("TCP and UDP of one port number reach the host", async (t) => {
  const relay = FaultRelay.listen(cleanLinks());
  t.teardown(() => relay.close());
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return new Response(`${request.headers.get("host")} ${new URL(request.url).pathname}`);
  });
  t.teardown(() => server.shutdown());
  const socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: server.addr.port,
  });
  t.teardown(() => socket.close());
  relay.forwardTo(server.addr.port);

  const url = relay.urlOf(`http://localhost:${server.addr.port}/a/page#s=1`);
  t.equal(url, `http://127.0.0.1:${relay.port}/a/page#s=1`);
  const response = await fetch(url);
  t.equal(await response.text(), `127.0.0.1:${relay.port} /a/page`, "the Host header is kept");

  const client = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  t.teardown(() => client.close());
  const to = { transport: "udp", hostname: "127.0.0.1", port: relay.port } as const;
  await client.send(Uint8Array.of(7), to);
  const [bytes, from] = await socket.receive();
  t.same(bytes, Uint8Array.of(7));
  await socket.send(Uint8Array.of(8), from);
  t.same((await client.receive())[0], Uint8Array.of(8));
  t.match(relay.stats, { up: { delivered: 1 }, down: { delivered: 1 } });
});

t.test("a host that is not there refuses the page, and closing ends open connections", async (t) => {
  const relay = FaultRelay.listen(cleanLinks());
  const early = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
  t.equal(await early.read(new Uint8Array(1)), null, "no host is named yet");
  early.close();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  relay.forwardTo(listener.addr.port);
  const held = await Deno.connect({ hostname: "127.0.0.1", port: relay.port });
  await held.write(Uint8Array.of(1));
  const far = await listener.accept();
  t.equal(await far.read(new Uint8Array(1)), 1);
  await relay.close();
  t.equal(await held.read(new Uint8Array(1)).catch(() => null), null);
  for (const connection of [held, far, listener]) connection.close();
});
