/** Runs the transport conformance suite against QuicListener, with a client written apart. */

import t from "tap";
import { makeCertificate } from "../../src/server/certificates.ts";
import { QuicListener } from "../../src/transport/quic/quic_listener.ts";
import { QuicClient, RefusedError } from "../quic_client.ts";
import { transportSuite, within } from "./transport_suite.ts";

const CYCLES = 1_000;
const IDLE_TIMEOUT_MS = 1_500;
/** Largest buffer of QUIC here: 1.25 MB at the receiver, 10 MB at the sender. */
const STREAM_BUFFER_BYTES_MAX = 13_000_000;

const certificate = await makeCertificate(["localhost", "127.0.0.1"], {
  nowMs: Date.now(),
  lifetimeMs: 13 * 86_400_000,
});
const { certChainPem } = certificate;
const listener = QuicListener.listen({
  hostname: "127.0.0.1",
  port: 0,
  certificate,
  gate: ({ path }) => path === "/" ? 200 : 404,
  limits: { idleTimeoutMs: IDLE_TIMEOUT_MS, keepAliveIntervalMs: 300 },
});
const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
t.teardown(async () => {
  await listener.close();
  endpoint.close();
});

async function createPair(ownEndpoint?: Deno.QuicEndpoint) {
  const [client, server] = await Promise.all([
    QuicClient.connect({ port: listener.port, certChainPem, endpoint: ownEndpoint ?? endpoint }),
    within(listener.accept(), "session"),
  ]);
  return { client, server: server! };
}

transportSuite({
  name: "QuicConnection",
  unreadDatagramsMax: 512,
  streamBufferBytesMax: STREAM_BUFFER_BYTES_MAX,
  severTimeoutMs: 2 * IDLE_TIMEOUT_MS,
  createPair: async () => {
    const pair = await createPair();
    return {
      ...pair,
      // The QUIC connection dies with an error of its own, not by a close of the session.
      sever: () => pair.client.conn.close({ closeCode: 0x102, reason: "internal error" }),
      dispose: async () => {
        pair.client.close(0, "");
        await within(pair.server.closed, "closed");
      },
    };
  },
});

t.test("QuicListener answers a status of the gate before a session exists", async (t) => {
  const refused = listener.stats.refusedByGate;
  const connecting = QuicClient.connect({ port: listener.port, certChainPem, path: "/no" });
  await t.rejects(connecting, new RefusedError(404));
  t.equal(listener.stats.refusedByGate, refused + 1);
});

t.test(`QuicListener opens and closes ${CYCLES} sessions without growth`, async (t) => {
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const cycle = async (index: number) => {
    const { client, server } = await createPair();
    (index % 2 === 0 ? client : server).close(index, "");
    await within(Promise.all([client.closed, server.closed]), `end of session ${index}`);
  };
  for (let index = 0; index < 100; index++) await cycle(index);
  const before = descriptors();
  for (let index = 100; index < CYCLES; index++) await cycle(index);
  t.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`);
  for (let tries = 0; tries < 100 && listener.connections > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.equal(listener.connections, 0, "connections");
  t.equal(listener.unauthenticatedConnections, 0, "places");
});
