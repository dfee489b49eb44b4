/**
 * gateway_cost: what a gateway process costs: datagrams through a MuxConnection into the process and
 * another one back, and encoded frames over the link and back, as processor time of both processes and
 * as time until they are back. A way back and forth is two crossings; figures are of both.
 *
 * deno run -A bench/micro/gateway_cost.ts [seconds]
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { GatewayChannel } from "../../src/gateway/gateway_channel.ts";
import { programCommandLine } from "../../src/gateway/gateway_command_line.ts";
import type { GatewayLink } from "../../src/gateway/gateway_link.ts";
import { GatewayProcess } from "../../src/gateway/gateway_process.ts";
import { MuxConnection } from "../../src/transport/mux/mux_connection.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";

/** What is sent: how large, and how many a second; 0 is as many as go. */
export interface GatewayLoad {
  readonly name: string;
  readonly kind: "datagram" | "frame";
  readonly bytes: number;
  readonly perSecond: number;
}

/** A stream of 20 Mbit/s in datagrams, as much as goes, and frames of 60 a second. */
export const GATEWAY_LOADS: readonly GatewayLoad[] = [
  { name: "datagrams, 20 Mbit/s", kind: "datagram", bytes: 8_192, perSecond: 305 },
  { name: "datagrams, all that go", kind: "datagram", bytes: 8_192, perSecond: 0 },
  { name: "frames, 20 Mbit/s", kind: "frame", bytes: 41_667, perSecond: 60 },
  { name: "frames, all that go", kind: "frame", bytes: 41_667, perSecond: 0 },
];

/** What it costs. */
export interface GatewayCost {
  /** There and back. */
  readonly roundTrip: Distribution;
  readonly perSecond: number;
  /** Processor time for each, of the server's and of the gateway process, microseconds. */
  readonly serverUs: number;
  readonly gatewayUs: number;
}

const CHILD = fileURLToPath(new URL("gateway_cost_child.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));
/** Kernel ticks of /proc/PID/stat. */
const TICK_US = 10_000;
/** What is due is sent in turns, as frames come. */
const TURN_MS = 1_000 / 60;
/** As many as go: this many are on their way at once. */
const AT_ONCE = 16;

/** Measures each load for `seconds`. */
export async function measureGateway(
  loads: readonly GatewayLoad[],
  seconds: number,
): Promise<Record<string, GatewayCost>> {
  const gateway = new GatewayProcess({
    name: "gateway_cost",
    command: () => programCommandLine(CHILD, { flags: [`--config=${CONFIG}`] }),
    log: silentLogger,
    clock: monotonicClock,
    started: () => ({
      message: (_kind, payload) => {
        onFrame(payload);
        return true;
      },
    }),
  });
  let onFrame = (_payload: Uint8Array): void => {};
  try {
    const link = await gateway.link();
    const path = await openPath(link, (take) => onFrame = take);
    const costs: Record<string, GatewayCost> = {};
    for (const load of loads) {
      const { pid } = gateway.stats;
      await run(load, { path, seconds: Math.min(1, seconds), pid: pid! });
      costs[load.name] = await run(load, { path, seconds, pid: pid! });
    }
    return costs;
  } finally {
    await gateway.close();
  }
}

/** How units go and come back. */
interface Path {
  send(load: GatewayLoad, bytes: Uint8Array): boolean;
  /** Hears of each unit that is back. */
  back(take: (bytes: Uint8Array) => void): void;
}

function openPath(link: GatewayLink, onFrames: (take: (bytes: Uint8Array) => void) => void): Path {
  const [out, back] = [0, 1].map(() => {
    const peer = link.openPeer({ type: "open_echo", remoteAddress: "bench" }, {})!;
    const channel = new GatewayChannel(peer, { remoteAddress: "bench" });
    return new MuxConnection(channel, { side: "server", transport: "loopback" });
  });
  let take = (_bytes: Uint8Array): void => {};
  onFrames((bytes) => take(bytes));
  const read = async () => {
    for (;;) {
      const datagram = await back!.readDatagram();
      if (datagram === undefined) return;
      take(datagram);
    }
  };
  void read();
  return {
    send: ({ kind }, bytes) =>
      kind === "datagram" ? out!.sendDatagram(bytes) : link.root.send("frame_out", bytes),
    back: (given) => take = given,
  };
}

async function run(
  load: GatewayLoad,
  { path, seconds, pid }: { path: Path; seconds: number; pid: number },
): Promise<GatewayCost> {
  const bytes = new Uint8Array(load.bytes);
  const view = new DataView(bytes.buffer);
  const roundTripUs: number[] = [];
  let underWay = 0;
  const isPaced = load.perSecond > 0;
  const send = () => {
    view.setFloat64(0, performance.now());
    if (path.send(load, bytes)) underWay++;
  };
  path.back((back) => {
    underWay--;
    const sentMs = new DataView(back.buffer, back.byteOffset).getFloat64(0);
    roundTripUs.push((performance.now() - sentMs) * 1_000);
    if (!isPaced && performance.now() < endMs) send();
  });
  const startMs = performance.now();
  const endMs = startMs + seconds * 1_000;
  const startUs = { server: serverUs(), gateway: gatewayUs(pid) };
  let due = 0;
  if (!isPaced) { while (underWay < AT_ONCE) send(); }
  while (performance.now() < endMs) {
    for (; isPaced && due < (performance.now() - startMs) / 1_000 * load.perSecond; due++) send();
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
  for (let tries = 0; underWay > 0 && tries < 500; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const count = Math.max(1, roundTripUs.length);
  return {
    roundTrip: distributionOf(roundTripUs, "us"),
    perSecond: Math.round(count / seconds),
    serverUs: (serverUs() - startUs.server) / count,
    gatewayUs: (gatewayUs(pid) - startUs.gateway) / count,
  };
}

function serverUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function gatewayUs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

if (import.meta.main) {
  const costs = await measureGateway(GATEWAY_LOADS, Number(Deno.args[0] ?? 5));
  for (const [name, { roundTrip, perSecond, serverUs, gatewayUs }] of Object.entries(costs)) {
    const [p50, p99] = [roundTrip.p50, roundTrip.p99].map((us) => Math.round(us ?? NaN));
    console.log(
      `${name.padEnd(24)} ${perSecond}/s, there and back p50 ${p50} p99 ${p99} us, ` +
        `processor ${serverUs.toFixed(0)} us here, ${gatewayUs.toFixed(0)} us there`,
    );
  }
  Deno.exit(0);
}
