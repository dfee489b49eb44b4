/**
 * quic_congestion: what QUIC's own congestion control does to datagrams on a bad path, for each value
 * that the runtime offers: a raw sender of 8 Mbit/s in 60 frames a second, which reacts to nothing,
 * through the fault relay. It is why src/transport/quic/quic_listener.ts asks for "low-latency".
 *
 * deno run -A --unstable-net bench/micro/quic_congestion.ts [path,...] [seed]
 */

import { monotonicClock } from "../../src/core/clock.ts";
import { makeCertificate } from "../../src/server/certificates.ts";
import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { UdpRelay } from "../relay/udp_relay.ts";
import { LinkModel, type LinkOptions } from "../simulator/link_model.ts";

/** Controllers of the runtime, by the names that it has for Cubic and BBR. */
export const QUIC_CONTROLLERS = ["default", "low-latency"] as const;
/** One of them. */
export type QuicController = (typeof QUIC_CONTROLLERS)[number];

const SECOND_US = 1_000_000;
const DELAY_US = 20_000;
const FRAME_US = SECOND_US / 60;
/** Under what is left after QUIC thinks that larger packets vanish: at most 1,162 bytes then. */
const DATAGRAM_BYTES = 1_130;
const FULL_BPS = 8_000_000;
/** How long what is on its way may take after the last packet. */
const DRAIN_MS = 1_500;
/** A datagram is fresh when it took at most three times the way. */
const FRESH_US = 3 * DELAY_US;

/** A path and what is sent over it. */
interface PathCase {
  readonly down: Omit<LinkOptions, "delayUs">;
  /** The way back; like `down` when it is cut, else clean. */
  readonly up?: Omit<LinkOptions, "delayUs">;
  readonly seconds: number;
  /** What the sender sends at a time; a full rate without it, one datagram in 100 ms for 0. */
  readonly rateBps?: (timeUs: number) => number;
  /** Datagrams in one go at this time, as a keyframe is. */
  readonly burst?: { readonly atUs: number; readonly datagrams: number };
  /** Delivery from here on is what matters: the end of a hole, the step of a rate. */
  readonly watchFromUs?: number;
}

const WIDE = [{ fromUs: 0, bps: 20_000_000 }];
const STEPS = [
  ...WIDE,
  { fromUs: 8 * SECOND_US, bps: 4_000_000 },
  { fromUs: 16 * SECOND_US, bps: 20_000_000 },
];
const HOLE = {
  losses: [{ kind: "blackhole", fromUs: 6 * SECOND_US, toUs: 7 * SECOND_US }],
} as const;
const KEYFRAME_DATAGRAMS = 100;
/** A still screen for 12 s, then a keyframe and motion. */
const STILL = {
  seconds: 17,
  rateBps: (timeUs: number) => timeUs > 2 * SECOND_US && timeUs < 14 * SECOND_US ? 0 : FULL_BPS,
  burst: { atUs: 14 * SECOND_US, datagrams: KEYFRAME_DATAGRAMS },
  watchFromUs: 14 * SECOND_US,
};

const PATHS: Readonly<Record<string, PathCase>> = {
  // Longer than 10 s, after which BBR stops for a moment to look for a shorter round trip.
  clean: { down: { rates: WIDE }, seconds: 35 },
  random_2: { down: { losses: [{ kind: "independent", rate: 0.02 }] }, seconds: 15 },
  bursts_2: { down: { losses: [{ kind: "bursts", rate: 0.02, meanBurst: 3 }] }, seconds: 15 },
  random_5: { down: { losses: [{ kind: "independent", rate: 0.05 }] }, seconds: 15 },
  // A controller above reacts 300 ms after the step.
  steps: {
    down: { rates: STEPS },
    seconds: 22,
    rateBps: (timeUs) => timeUs > 8.3 * SECOND_US && timeUs < 17 * SECOND_US ? 3_200_000 : FULL_BPS,
    watchFromUs: 10 * SECOND_US,
  },
  hole: { down: HOLE, up: HOLE, seconds: 12, watchFromUs: 7 * SECOND_US },
  idle: { ...STILL, down: { rates: WIDE } },
  idle_random_2: {
    ...STILL,
    down: { rates: WIDE, losses: [{ kind: "independent", rate: 0.02 }] },
  },
  start: {
    down: { rates: WIDE },
    seconds: 4,
    burst: { atUs: 0, datagrams: KEYFRAME_DATAGRAMS },
    watchFromUs: 0,
  },
};

/** What one controller did on one path. */
export interface PathResult {
  readonly sent: number;
  readonly received: number;
  /** Share of the packets on the link that it lost or found no room for. */
  readonly linkLossShare: number;
  /** One way, in milliseconds, of what arrived. */
  readonly delay: Distribution;
  /** The same of what was sent in the last part, with what is missing counted as the drain time. */
  readonly watched: Distribution | undefined;
  /** From the start of the last part until something fresh arrives. */
  readonly freshAfterMs: number | undefined;
  /** From a burst to its last datagram that arrived. */
  readonly burstMs: number | undefined;
  /** Most datagrams that QUIC had not taken yet. */
  readonly waitingMax: number;
}

/** Sends over one path with one controller. */
export async function measurePath(
  name: string,
  controller: QuicController,
  seed: number,
): Promise<PathResult> {
  const path = PATHS[name];
  if (path === undefined) throw new RangeError(`Cannot measure path "${name}"`);
  await using pair = await QuicPair.open(controller, seed);
  pair.relay.setLinks({
    down: new LinkModel({ ...path.down, delayUs: DELAY_US }, { seed, name: "down" }),
    up: new LinkModel({ ...path.up, delayUs: DELAY_US }, { seed, name: "up" }),
  });
  const startUs = monotonicClock.nowUs();
  const burst = await send(pair, path, startUs);
  await sleep(DRAIN_MS);
  return resultOf(pair, path, { startUs, burst });
}

/** Sends frames until the time is up; gives the sequence numbers of the burst. */
async function send(
  pair: QuicPair,
  path: PathCase,
  startUs: number,
): Promise<{ first: number; end: number }> {
  const burst = { first: 0, end: 0 };
  let isBurstDue = path.burst !== undefined;
  for (let frame = 0;; frame++) {
    const waitMs = (startUs + frame * FRAME_US - monotonicClock.nowUs()) / 1000;
    if (waitMs > 0) await sleep(waitMs);
    const timeUs = monotonicClock.nowUs() - startUs;
    if (timeUs > path.seconds * SECOND_US) return burst;
    if (isBurstDue && timeUs >= path.burst!.atUs) {
      isBurstDue = false;
      burst.first = pair.sentUs.length;
      for (let index = 0; index < path.burst!.datagrams; index++) pair.send();
      burst.end = pair.sentUs.length;
    }
    const bps = path.rateBps?.(timeUs) ?? FULL_BPS;
    const datagrams = bps === 0 ? Number(frame % 6 === 0) : bps / 60 / 8 / DATAGRAM_BYTES;
    for (let index = 0; index < Math.round(datagrams); index++) pair.send();
  }
}

function resultOf(
  pair: QuicPair,
  path: PathCase,
  { startUs, burst }: { startUs: number; burst: { first: number; end: number } },
): PathResult {
  const { sentUs, arrivedUs, relay } = pair;
  const delayMs = (index: number) => (arrivedUs[index]! - sentUs[index]!) / 1000;
  const arrived = [...sentUs.keys()].filter((index) => arrivedUs[index] !== undefined);
  const fromUs = path.watchFromUs === undefined ? undefined : startUs + path.watchFromUs;
  const fresh = arrived.filter((index) => sentUs[index]! >= (fromUs ?? 0))
    .filter((index) => delayMs(index) * 1000 <= FRESH_US)
    .map((index) => arrivedUs[index]!);
  const watched = [...sentUs.keys()].filter((index) => sentUs[index]! >= (fromUs ?? Infinity));
  const burstArrivals = arrived.filter((index) => index >= burst.first && index < burst.end)
    .map((index) => arrivedUs[index]!);
  const { packets, lost, queueFull } = relay.stats.down;
  return {
    sent: sentUs.length,
    received: arrived.length,
    linkLossShare: (lost + queueFull) / packets,
    delay: distributionOf(arrived.map(delayMs), "ms"),
    watched: fromUs === undefined ? undefined : distributionOf(
      watched.map((index) => arrivedUs[index] === undefined ? DRAIN_MS : delayMs(index)),
      "ms",
    ),
    freshAfterMs: fromUs === undefined || fresh.length === 0
      ? undefined
      : (Math.min(...fresh) - fromUs) / 1000,
    burstMs: burstArrivals.length === 0
      ? undefined
      : (Math.max(...burstArrivals) - sentUs[burst.first]!) / 1000,
    waitingMax: pair.waitingMax,
  };
}

/** Two ends of a raw QUIC connection through a relay. */
class QuicPair implements AsyncDisposable {
  readonly relay: UdpRelay;
  /** By sequence number. */
  readonly sentUs: number[] = [];
  readonly arrivedUs: (number | undefined)[] = [];
  waitingMax = 0;
  readonly #endpoint: Deno.QuicEndpoint;
  readonly #server: Deno.QuicConn;
  readonly #client: Deno.QuicConn;
  readonly #datagram = new Uint8Array(DATAGRAM_BYTES);
  readonly #view = new DataView(this.#datagram.buffer);
  #waiting = 0;
  readonly #onSettled = (): void => {
    this.#waiting--;
  };

  static async open(congestionControl: QuicController, seed: number): Promise<QuicPair> {
    const certificate = await makeCertificate(["localhost"], {
      nowMs: Date.now(),
      lifetimeMs: 86_400_000,
    });
    const clean = () => new LinkModel({ delayUs: DELAY_US }, { seed, name: "clean" });
    const hostname = "127.0.0.1";
    const relay = new UdpRelay({ hostname, port: 0, links: { down: clean(), up: clean() } });
    const endpoint = new Deno.QuicEndpoint({ hostname, port: 0 });
    const listener = endpoint.listen({
      cert: certificate.certChainPem,
      key: certificate.privateKeyPem,
      alpnProtocols: ["bench"],
      congestionControl,
    });
    relay.forwardTo(hostname, endpoint.addr.port);
    const [server, client] = await Promise.all([
      listener.incoming().then((incoming) => incoming.accept()),
      Deno.connectQuic({
        hostname,
        port: relay.port,
        serverName: "localhost",
        caCerts: [certificate.certChainPem],
        alpnProtocols: ["bench"],
      }),
    ]);
    return new QuicPair(relay, endpoint, { server, client });
  }

  private constructor(
    relay: UdpRelay,
    endpoint: Deno.QuicEndpoint,
    ends: { server: Deno.QuicConn; client: Deno.QuicConn },
  ) {
    this.relay = relay;
    this.#endpoint = endpoint;
    this.#server = ends.server;
    this.#client = ends.client;
    for (const end of [this.#server, this.#client]) end.closed.catch(() => {});
    this.#receive().catch(() => {});
  }

  send(): void {
    this.#view.setUint32(0, this.sentUs.length);
    this.sentUs.push(monotonicClock.nowUs());
    this.#waiting++;
    this.waitingMax = Math.max(this.waitingMax, this.#waiting);
    this.#server.sendDatagram(this.#datagram).then(this.#onSettled, this.#onSettled);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close({ closeCode: 0, reason: "" });
    this.#server.close({ closeCode: 0, reason: "" });
    this.#endpoint.close();
    await this.relay.close();
  }

  async #receive(): Promise<void> {
    for (;;) {
      const bytes = await this.#client.readDatagram();
      const sequence = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      this.arrivedUs[sequence] ??= monotonicClock.nowUs();
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(args: readonly string[]): Promise<void> {
  const names = args[0] === undefined ? Object.keys(PATHS) : args[0].split(",");
  const seed = Number(args[1] ?? 1);
  for (const name of names) {
    for (const controller of QUIC_CONTROLLERS) {
      const result = await measurePath(name, controller, seed);
      const { delay, watched } = result;
      console.log(JSON.stringify({
        path: name,
        controller,
        delivered: result.received / result.sent,
        linkLoss: result.linkLossShare,
        delayMs: `p50 ${delay.p50} p99 ${delay.p99}`,
        watchedMs: watched === undefined ? undefined : `p50 ${watched.p50} p99 ${watched.p99}`,
        freshAfterMs: result.freshAfterMs,
        burstMs: result.burstMs,
        waitingMax: result.waitingMax,
      }));
    }
  }
}

if (import.meta.main) {
  await main(Deno.args);
  // A collected endpoint gives its port back, a closed one keeps the runtime alive.
  Deno.exit(0);
}
