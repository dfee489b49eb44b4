import t from "tap";
import { type RelayedPacket, UdpRelay } from "../../../../bench/relay/udp_relay.ts";
import { LinkModel, type LinkOptions } from "../../../../bench/simulator/link_model.ts";

const HOSTNAME = "127.0.0.1";

/** A socket that notes what comes and from where. */
class Peer {
  readonly socket = Deno.listenDatagram({ transport: "udp", hostname: HOSTNAME, port: 0 });
  readonly received: { id: number; port: number }[] = [];
  readonly #reading = this.#read();

  get port(): number {
    return (this.socket.addr as Deno.NetAddr).port;
  }

  async send(id: number, port: number): Promise<void> {
    await this.socket.send(Uint8Array.of(id >> 8, id & 255), {
      transport: "udp",
      hostname: HOSTNAME,
      port,
    });
  }

  async until(count: number): Promise<void> {
    for (let tries = 0; this.received.length < count && tries < 1000; tries++) await pause(5);
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for (;;) {
      const packet = await this.socket.receive(new Uint8Array(2048)).catch(() => undefined);
      if (packet === undefined) return;
      const [bytes, from] = packet;
      this.received.push({ id: bytes[0]! << 8 | bytes[1]!, port: (from as Deno.NetAddr).port });
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function linksOf(down: LinkOptions, up: LinkOptions, seed = 1) {
  return {
    down: new LinkModel(down, { seed, name: "down" }),
    up: new LinkModel(up, { seed, name: "up" }),
  };
}

async function setUp(
  t: { teardown(close: () => Promise<void>): void },
  links: ReturnType<typeof linksOf>,
) {
  const packets: RelayedPacket[] = [];
  const onDownPacket = (packet: RelayedPacket) => packets.push(packet);
  const relay = new UdpRelay({ hostname: HOSTNAME, port: 0, links, onDownPacket });
  const [client, server] = [new Peer(), new Peer()];
  relay.forwardTo(HOSTNAME, server.port);
  t.teardown(async () => {
    await Promise.all([relay.close(), client.close(), server.close()]);
  });
  return { relay, client, server, packets };
}

t.test("packets pass in both directions, each client from a port of its own", async (t) => {
  const { relay, client, server, packets } = await setUp(
    t,
    linksOf({ delayUs: 2000 }, { delayUs: 1000 }),
  );
  const other = new Peer();
  t.teardown(() => other.close());
  await client.send(1, relay.port);
  await other.send(2, relay.port);
  await server.until(2);
  t.same(server.received.map(({ id }) => id).toSorted(), [1, 2]);
  const portOf = (id: number) => server.received.find((packet) => packet.id === id)!.port;
  t.not(portOf(1), portOf(2));
  await server.send(3, portOf(1));
  await server.send(4, portOf(2));
  await Promise.all([client.until(1), other.until(1)]);
  t.same([client.received, other.received], [[{ id: 3, port: relay.port }], [{
    id: 4,
    port: relay.port,
  }]]);
  t.same(packets.map(({ bytes, outcome }) => ({ bytes, outcome })), [
    { bytes: 2, outcome: "delivered" },
    { bytes: 2, outcome: "delivered" },
  ]);
  t.match(relay.stats, { up: { packets: 2, delivered: 2 }, down: { packets: 2, delivered: 2 } });
});

t.test("the same seed loses the same packets, another one others", async (t) => {
  const arrivals = async (seed: number) => {
    const lossy: LinkOptions = { delayUs: 0, losses: [{ kind: "independent", rate: 0.3 }] };
    const { relay, client, server } = await setUp(t, linksOf({ delayUs: 0 }, lossy, seed));
    for (let id = 0; id < 200; id++) await client.send(id, relay.port);
    while (relay.stats.up.packets < 200) await pause(1);
    await server.until(200 - relay.stats.up.lost);
    t.equal(server.received.length + relay.stats.up.lost, 200, "each arrives or is counted");
    return server.received.map(({ id }) => id).toSorted((a, b) => a - b);
  };
  const first = await arrivals(7);
  t.ok(first.length > 100 && first.length < 180, `${first.length} of 200 arrive`);
  t.same(await arrivals(7), first);
  t.notSame(await arrivals(8), first);
});

t.test("a copy arrives for a packet that the link doubles", async (t) => {
  const { relay, client, server } = await setUp(
    t,
    linksOf({ delayUs: 0 }, { delayUs: 0, duplicateShare: 1 }),
  );
  await client.send(5, relay.port);
  await server.until(2);
  t.same(server.received.map(({ id }) => id), [5, 5]);
  t.match(relay.stats.up, { packets: 1, duplicated: 1, delivered: 2 });
});

t.test("links that are set later start their time then", async (t) => {
  const { relay, client, server } = await setUp(t, linksOf({ delayUs: 0 }, { delayUs: 0 }));
  await client.send(1, relay.port);
  await server.until(1);
  await pause(30);
  // Half a minute of nothing: it holds from now on, and not since the relay began.
  const hole = { kind: "blackhole", fromUs: 0, toUs: 30_000_000 } as const;
  relay.setLinks(linksOf({ delayUs: 0 }, { delayUs: 0, losses: [hole] }));
  await client.send(2, relay.port);
  while (relay.stats.up.packets < 2) await pause(1);
  t.equal(relay.stats.up.lost, 1);
  relay.setLinks(linksOf({ delayUs: 0 }, { delayUs: 0 }));
  await client.send(3, relay.port);
  await server.until(2);
  t.same(server.received.map(({ id }) => id), [1, 3]);
});

t.test("a full queue at the bottleneck drops", async (t) => {
  const narrow: LinkOptions = { delayUs: 0, rates: [{ fromUs: 0, bps: 8000 }], queueBytes: 200 };
  const { relay, client } = await setUp(t, linksOf({ delayUs: 0 }, narrow));
  for (let id = 0; id < 20; id++) await client.send(id, relay.port);
  while (relay.stats.up.packets < 20) await pause(1);
  const { queueFull, lost } = relay.stats.up;
  t.ok(queueFull >= 15, `${queueFull} of 20 found it full`);
  t.equal(lost, 0);
});

t.test("after a rebind the server sees a new address, and the old one is gone", async (t) => {
  const { relay, client, server } = await setUp(t, linksOf({ delayUs: 0 }, { delayUs: 0 }));
  await client.send(1, relay.port);
  await server.until(1);
  relay.rebind();
  await client.send(2, relay.port);
  await server.until(2);
  const [before, after] = server.received.map(({ port }) => port);
  t.not(before, after);
  await server.send(3, before!);
  await server.send(4, after!);
  await client.until(1);
  await pause(20);
  t.same(client.received.map(({ id }) => id), [4]);
  t.equal(relay.stats.rebinds, 1);
});

t.test("closing ends it with packets on their way", async (t) => {
  const slow: LinkOptions = { delayUs: 60_000_000 };
  const { relay, client, server } = await setUp(t, linksOf(slow, slow));
  await client.send(1, relay.port);
  while (relay.stats.up.packets < 1) await pause(1);
  await relay.close();
  t.same(server.received, []);
});
