import t, { type Test } from "tap";
import { ConfigError, TransportError } from "../../../../src/core/errors.ts";
import type { LogFields } from "../../../../src/core/log.ts";
import { makeCertificate } from "../../../../src/server/certificates.ts";
import { QuicListener } from "../../../../src/transport/quic/quic_listener.ts";
import type { QuicLimits } from "../../../../src/transport/quic/quic_limits.ts";
import { QuicClient } from "../../../quic_client.ts";

const makePair = () =>
  makeCertificate(["localhost", "127.0.0.1"], {
    nowMs: Date.now(),
    lifetimeMs: 13 * 86_400_000,
  });
const certificate = await makePair();
const { certChainPem } = certificate;

interface Running {
  readonly listener: QuicListener;
  readonly lines: string[];
  connect(pem?: string): Promise<QuicClient>;
}

/** Runs `body` with a listener of its own. */
function withListener(
  behaviour: string,
  limits: Partial<QuicLimits>,
  body: (t: Test, running: Running) => Promise<void>,
): void {
  t.test(`QuicListener ${behaviour}`, { timeout: 20_000 }, async (t) => {
    const lines: string[] = [];
    const write = (message: string, fields?: LogFields) =>
      lines.push(`${message} ${JSON.stringify(fields)}`);
    const listener = QuicListener.listen({
      hostname: "127.0.0.1",
      port: 0,
      certificate,
      gate: () => 200,
      log: { error: write, warn: write, info: write, debug: write },
      limits: { closeGraceMs: 200, ...limits },
    });
    const connect = (pem = certChainPem) =>
      QuicClient.connect({ port: listener.port, certChainPem: pem });
    try {
      await body(t, { listener, lines, connect });
    } finally {
      await listener.close();
    }
  });
}

withListener("takes a new certificate while sessions go on", {}, async (t, running) => {
  const { listener, connect } = running;
  const old = await connect();
  const oldServer = (await listener.accept())!;
  const next = await makePair();
  listener.rotateCertificate(next);
  await t.rejects(connect(), { name: "TransportError" }, "the old certificate is not shown");
  const fresh = await connect(next.certChainPem);
  const freshServer = (await listener.accept())!;
  for (const [client, server] of [[old, oldServer], [fresh, freshServer]] as const) {
    client.sendDatagram(Uint8Array.of(1));
    t.same([...(await server.readDatagram())!], [1]);
    client.close(0, "");
  }
});

withListener("keeps its certificate when the new one cannot be used", {}, async (t, running) => {
  const { listener, connect } = running;
  const broken = { certChainPem: "no PEM", privateKeyPem: "no PEM" };
  t.throws(() => listener.rotateCertificate(broken), { name: "ConfigError", reason: "bad_value" });
  t.throws(() => listener.rotateCertificate(broken), ConfigError);
  const client = await connect();
  t.ok(await listener.accept());
  client.close(0, "");
});

withListener("gives places back to peers that authenticate", {
  unauthenticatedPerPrefixMax: 2,
}, async (t, running) => {
  const { listener, connect } = running;
  const clients = [await connect(), await connect()];
  t.equal(listener.unauthenticatedConnections, 2);
  await t.rejects(connect(), { name: "TransportError" });
  t.equal(listener.stats.refusedByLimit, 1);
  const first = (await listener.accept())!;
  first.markAuthenticated();
  first.markAuthenticated();
  t.equal(listener.unauthenticatedConnections, 1);
  clients.push(await connect());
  t.equal(listener.connections, 3);
  clients[1]!.close(0, "");
  await (await listener.accept())!.closed;
  t.equal(listener.unauthenticatedConnections, 1, "a closed session gives its place back too");
});

withListener("refuses connections beyond its limit", { connectionsMax: 2 }, async (t, running) => {
  const { listener, connect } = running;
  for (let index = 0; index < 2; index++) {
    await connect();
    (await listener.accept())!.markAuthenticated();
  }
  await t.rejects(connect(), { name: "TransportError" });
  t.equal(listener.stats.refusedByLimit, 1);
});

withListener("counts and bounds what a session sends", {
  outstandingDatagramsMax: 4,
}, async (t, running) => {
  const client = await running.connect();
  const server = (await running.listener.accept())!;
  const results = Array.from({ length: 10 }, () => server.sendDatagram(Uint8Array.of(1)));
  t.same(results, [true, true, true, true, ...new Array(6).fill(false)]);
  t.equal(server.stats.datagramsDropped, 6);
  await client.readDatagram();
  t.equal(server.sendDatagram(Uint8Array.of(2)), true, "what has gone out makes room");
});

withListener("bounds the wait for a stream that the peer does not allow", {
  openTimeoutMs: 100,
  pendingOpensMax: 2,
}, async (t, running) => {
  await running.connect();
  const server = (await running.listener.accept())!;
  const open: WritableStreamDefaultWriter<Uint8Array>[] = [];
  // The client of the tests allows 256 streams, of which our control stream is one.
  for (let index = 0; index < 255; index++) {
    const writer = (await server.openUnidirectional()).getWriter();
    writer.closed.catch(() => {});
    open.push(writer);
  }
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => server.openUnidirectional()));
  const reasons = outcomes.map((one) => one.status === "rejected" ? one.reason.reason : "opened");
  t.same(reasons, ["timeout", "timeout", "unavailable"]);
  t.equal(open.length, 255);
});

withListener("closes its sessions and lets accept go", {}, async (t, running) => {
  const { listener, connect } = running;
  const client = await connect();
  const server = (await listener.accept())!;
  const waiting = listener.accept();
  await Promise.all([listener.close(), listener.close()]);
  t.equal(await waiting, undefined);
  t.equal(await listener.accept(), undefined);
  t.match(await server.closed, { code: 0, reason: "Server closes", clean: true });
  t.match(await client.closed, { code: 0, reason: "Server closes", clean: true });
  t.equal(listener.connections, 0);
});

withListener("gives out streams that came before anybody asked", {}, async (t, running) => {
  const client = await running.connect();
  const server = (await running.listener.accept())!;
  const writer = (await client.openUnidirectional()).getWriter();
  await writer.write(Uint8Array.of(5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const reader = (await server.acceptUnidirectional())!.getReader();
  t.same([...(await reader.read()).value!], [5]);
});

t.test("QuicListener.listen refuses a port that is taken, and a bad certificate", (t) => {
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const options = { hostname: "127.0.0.1", certificate, gate: () => 200 };
  t.throws(() => QuicListener.listen({ ...options, port }), TransportError);
  const bad = { certChainPem: "", privateKeyPem: "" };
  t.throws(() => QuicListener.listen({ ...options, port: 0, certificate: bad }), ConfigError);
  socket.close();
  t.end();
});
