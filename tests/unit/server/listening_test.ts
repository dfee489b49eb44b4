import t from "tap";
import type { Test } from "tap";
import { silentLogger } from "../../../src/core/log.ts";
import {
  ANNOUNCE_AGE_MS,
  makeCertificate,
  ROTATE_AGE_MS,
} from "../../../src/server/certificates.ts";
import { defaultConfig } from "../../../src/server/config/config.ts";
import type { ServerConfig } from "../../../src/server/config/config.ts";
import { Listening } from "../../../src/server/listening.ts";
import { StateDirectory } from "../../../src/server/state_directory.ts";
import { QuicClient } from "../../quic_client.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Certificates made half a day before or after an age of 5 or 6 days are valid now. */
const STARTED_MS = Date.now() - 5.5 * DAY_MS;

interface Rig {
  readonly listening: Listening;
  readonly state: StateDirectory;
  nowMs: number;
}

async function open(t: Test, changes: Partial<ServerConfig> = {}): Promise<Rig> {
  const path = await Deno.makeTempDir({ prefix: "wavry-test-" });
  const state = await StateDirectory.open(path);
  const rig = { state, nowMs: STARTED_MS } as { -readonly [K in keyof Rig]: Rig[K] };
  const listening = await Listening.open({
    config: defaultConfig({ port: 0, ...changes }),
    state,
    machineName: "desk",
    handler: (_request, remoteAddress) => new Response(remoteAddress),
    gate: () => 200,
    nowMs: () => rig.nowMs,
    log: silentLogger,
  });
  rig.listening = listening;
  t.teardown(async () => {
    await listening.close();
    await Deno.remove(path, { recursive: true });
  });
  return rig;
}

async function pinned({ state }: Rig): Promise<string> {
  return JSON.parse(await state.read("quic-certificates.json") ?? "")[0].certChainPem;
}

/** True when a client that trusts only `certChainPem` gets a session. */
async function takes(port: number, certChainPem: string): Promise<boolean> {
  try {
    const client = await QuicClient.connect({ port, certChainPem, origin: "https://a" });
    client.close(0, "");
    await client.closed;
    return true;
  } catch {
    return false;
  }
}

t.test("Listening serves pages and sessions on one port number", async (t) => {
  const rig = await open(t);
  const { listening } = rig;
  t.notOk(listening.isSecure, "plain HTTP on the loopback");
  t.equal(listening.port, listening.listener.port);
  const page = await fetch(`http://127.0.0.1:${listening.port}/`);
  t.equal(await page.text(), "127.0.0.1");
  t.ok(await takes(listening.port, await pinned(rig)));
  t.equal(listening.certificateHashes.length, 1);
  t.equal(listening.pageFingerprint, undefined);
});

t.test("Listening rotates its certificate under open connections", async (t) => {
  const rig = await open(t);
  const { listening } = rig;
  const old = await pinned(rig);
  const staying = await QuicClient.connect({ port: listening.port, certChainPem: old, origin: "" });
  rig.nowMs += ANNOUNCE_AGE_MS;
  await listening.refreshCertificates();
  t.equal(listening.certificateHashes.length, 2, "announced");
  t.ok(await takes(listening.port, old));
  rig.nowMs += ROTATE_AGE_MS - ANNOUNCE_AGE_MS;
  await listening.refreshCertificates();
  const fresh = await pinned(rig);
  t.not(fresh, old);
  t.ok(await takes(listening.port, fresh), "new connections get the new one");
  t.notOk(await takes(listening.port, old));
  let isClosed = false;
  staying.closed.then(() => isClosed = true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.notOk(isClosed, "the open connection stays");
  staying.close(0, "");
});

t.test("Listening serves HTTPS off the loopback, with one certificate for a year", async (t) => {
  const rig = await open(t, { listen: "0.0.0.0" });
  const { listening } = rig;
  t.ok(listening.isSecure);
  t.match(listening.pageFingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  const { certChainPem } = JSON.parse(await rig.state.read("page-certificate.json") ?? "")[0];
  const client = Deno.createHttpClient({ caCerts: [certChainPem] });
  const page = await fetch(`https://localhost:${listening.port}/`, { client });
  t.equal(await page.text(), "127.0.0.1");
  client.close();
  t.equal(listening.certificateHashes.length, 1, "sessions pin their own certificate");
});

t.test("Listening takes up a certificate file that changed", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
  t.teardown(() => Deno.remove(folder, { recursive: true }));
  const files = { tlsCert: `${folder}/c.pem`, tlsKey: `${folder}/k.pem` };
  const write = async () => {
    const made = await makeCertificate(["localhost"], { nowMs: Date.now(), lifetimeMs: DAY_MS });
    await Deno.writeTextFile(files.tlsCert, made.certChainPem);
    await Deno.writeTextFile(files.tlsKey, made.privateKeyPem);
    return made.certChainPem;
  };
  const first = await write();
  const { listening } = await open(t, files);
  const { port } = listening;
  const get = async (certChainPem: string) => {
    const client = Deno.createHttpClient({ caCerts: [certChainPem] });
    try {
      return await (await fetch(`https://localhost:${port}/`, { client })).text();
    } catch {
      return "refused";
    } finally {
      client.close();
    }
  };
  t.same(listening.certificateHashes, [], "browsers trust it: nothing to pin");
  t.equal(await get(first), "127.0.0.1");
  const second = await write();
  await listening.refreshCertificates();
  t.equal(listening.port, port);
  t.same([await get(first), await get(second)], ["refused", "127.0.0.1"]);
  t.same([await takes(port, first), await takes(port, second)], [false, true]);
  await Deno.writeTextFile(files.tlsCert, "broken");
  await t.rejects(listening.refreshCertificates(), { name: "ConfigError" });
  t.equal(await get(second), "127.0.0.1", "the last good one stays");
});

t.test("Listening names a port that is taken", async (t) => {
  const tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  t.teardown(() => tcp.close());
  const { port } = tcp.addr as Deno.NetAddr;
  await t.rejects(open(t, { port }), {
    name: "TransportError",
    message: `Cannot listen on TCP port ${port} of "127.0.0.1": another program uses it; ` +
      "--port picks another one",
  });
  const udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  t.teardown(() => udp.close());
  const udpPort = (udp.addr as Deno.NetAddr).port;
  await t.rejects(open(t, { port: udpPort }), {
    name: "TransportError",
    message: new RegExp(`^Cannot listen on UDP port ${udpPort} of "127.0.0.1"`),
  });
});
