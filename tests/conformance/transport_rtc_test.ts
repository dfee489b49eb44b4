/**
 * Runs the transport conformance suite over the WebRTC rung: a peer connection with data channels, a
 * real gateway process, and the server's side of it with its route.
 */

import { Hono } from "hono";
import process from "node:process";
import { fileURLToPath } from "node:url";
import t from "tap";
import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { MemoryLedger } from "../../src/memory/memory_ledger.ts";
import { defaultConfig } from "../../src/server/config/config.ts";
import { HostGateways } from "../../src/server/gateways/host_gateways.ts";
import type { Environment } from "../../src/server/pages/page_answers.ts";
import type { SenderSettings } from "../../src/session/session_host.ts";
import type { RouteTools } from "../../src/server/pages/route_tools.ts";
import { RTC_PATH, RtcSessionRung } from "../../src/server/rungs/rtc_session_rung.ts";
import { WebRtcGateway } from "../../src/server/rungs/webrtc_gateway.ts";
import { MUX_LIMITS } from "../../src/transport/mux/mux_limits.ts";
import { dialRtc } from "../rtc_client.ts";
import { transportSuite, within } from "./transport_suite.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const gateways = new HostGateways({
  ...{ log: silentLogger, clock: monotonicClock, ledger: new MemoryLedger(), root },
});
const gateway = new WebRtcGateway({
  ...{ config: defaultConfig({}), gateways, followSound: () => undefined },
});
const EXIT_MS = 1_000;
const SETTINGS: SenderSettings = {
  limits: { startBps: 10_000_000, minBps: 500_000, maxBps: 20_000_000 },
  ...{ controller: "delta", videoBpsMax: 20_000_000, frameIntervalUs: 16_667 },
};
const rung = new RtcSessionRung({
  gateway,
  settings: () => ({ settings: SETTINGS, profileIdc: 66 }),
});
const app = new Hono<Environment>();
rung.addRoutes(app, { authorize: () => undefined } as unknown as RouteTools);
t.teardown(async () => {
  await rung.close();
  gateway.close();
  await gateways.close();
  // The client's library keeps something of closed connections that would keep this process; tap has
  // written its last line by then and set the exit code.
  setTimeout(() => process.exit(), EXIT_MS);
});
await within(gateway.process.link(), "gateway", 30_000);

async function post(sdp: string): Promise<string> {
  const answer = await app.request(RTC_PATH, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sdp }),
  }, { remoteAddress: "127.0.0.1" } as unknown as Environment["Bindings"]);
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()).sdp;
}

transportSuite({
  name: "WebRTC rung",
  unreadDatagramsMax: MUX_LIMITS.unreadDatagramsMax,
  streamBufferBytesMax: MUX_LIMITS.streamWindowBytes + 2 * 65_536,
  severTimeoutMs: 8_000,
  skip: {
    "carries an empty datagram": "werift sends no empty message",
    "drops the oldest datagrams when nobody reads": "SCTP may drop some of a burst before",
    "notices that the path is gone": "takes 4 s of silence, as the death in mid-stream does",
  },
  // Each is a message of SCTP, at both ends in this test.
  smallWrites: 300,
  // Each takes keys and certificates of DTLS, which are this process's work as well.
  cycles: 4,
  descriptors: () => [...Deno.readDirSync(`/proc/${gateway.process.stats.pid}/fd`)].length,
  left: () => ({ sessions: gateway.sessions.size, peers: gateway.process.stats.peers }),
  createPair: async () => {
    const accepting = rung.listener.accept();
    const client = await within(dialRtc(post), "client", 15_000);
    const server = await within(accepting, "server");
    server!.markAuthenticated();
    return {
      client: client.connection,
      server: server!,
      sever: client.sever,
      dispose: async () => {
        client.connection.close(0, "");
        await within(server!.closed, "closed", 10_000);
        await client.close();
      },
    };
  },
});
