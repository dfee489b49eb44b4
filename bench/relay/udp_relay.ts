/**
 * UdpRelay: a UDP port that stands between clients and one server, as a bad network would: what
 * passes goes through a link in each direction, which says when it comes out, twice, or never. Every
 * client gets an upstream socket of its own, as behind a NAT, and `rebind` gives it a new one. It
 * reads as fast as it can, so that nothing is lost that the links did not decide to lose; what its
 * own limits drop is counted apart.
 */

import { monotonicClock } from "../../src/core/clock.ts";
import {
  type LinkModel,
  type LinkOutcome,
  PACKET_OVERHEAD_BYTES,
} from "../simulator/link_model.ts";
import { DeliveryQueue } from "./delivery_queue.ts";

/** One link for each direction. Their time starts when the relay gets them. */
export interface RelayLinks {
  /** From the server to the clients. */
  readonly down: LinkModel;
  /** From the clients to the server. */
  readonly up: LinkModel;
}

/** One packet from the server, as the relay saw it. */
export interface RelayedPacket {
  /** Since the links were set. */
  readonly timeUs: number;
  readonly bytes: number;
  readonly outcome: LinkOutcome;
  /** How long it waits at the bottleneck. */
  readonly queueDelayUs: number;
}

/** Counts of one direction. */
export interface DirectionStats {
  packets: number;
  bytes: number;
  /** Packets that the link lost. */
  lost: number;
  /** Packets that found the link's queue full. */
  queueFull: number;
  /** Copies beyond the first. */
  duplicated: number;
  /** Packets that came out; copies count. */
  delivered: number;
  deliveredBytes: number;
  /** Packets that the relay itself dropped: too many waited, or a socket failed. */
  refused: number;
}

/** Counts of a relay. */
export interface UdpRelayStats {
  readonly down: DirectionStats;
  readonly up: DirectionStats;
  rebinds: number;
  /** Most microseconds by which a packet left later than its link said, since links were set. */
  latenessUsMax: number;
  /** Packets that left more than `LATE_US` after their time. */
  late: number;
}

/** How to relay. */
export interface UdpRelayOptions {
  readonly hostname: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly links: RelayLinks;
  /** Gets every packet of the server when it enters the link. */
  readonly onDownPacket?: (packet: RelayedPacket) => void;
}

/** Addresses that may send to it; more are ignored. */
const CLIENTS_MAX = 64;
const PACKET_BYTES_MAX = 2_048;
/** Packets leave up to this early, because timers have a grain of 1 ms. */
const EARLY_US = 300;
/** Later than this counts as late: the grain, and one more for a machine that is busy. */
const LATE_US = 3_000;
/** A link counts the headers of QUIC itself, which are part of what the relay sees. */
const QUIC_BYTES = PACKET_OVERHEAD_BYTES - 28;

type Direction = keyof RelayLinks;

/** A client and the socket that stands for it towards the server. */
interface Client {
  readonly address: Deno.NetAddr;
  upstream: Deno.DatagramConn;
}

function emptyStats(): DirectionStats {
  return {
    packets: 0,
    bytes: 0,
    lost: 0,
    queueFull: 0,
    duplicated: 0,
    delivered: 0,
    deliveredBytes: 0,
    refused: 0,
  };
}

/** A port with a network behind it. */
export class UdpRelay {
  readonly stats: UdpRelayStats = {
    down: emptyStats(),
    up: emptyStats(),
    rebinds: 0,
    latenessUsMax: 0,
    late: 0,
  };

  readonly #socket: Deno.DatagramConn;
  readonly #clients = new Map<string, Client>();
  readonly #queue = new DeliveryQueue();
  readonly #readers = new Set<Promise<void>>();
  readonly #onDownPacket: UdpRelayOptions["onDownPacket"];
  #links: RelayLinks;
  #linksSetUs = monotonicClock.nowUs();
  #server: Deno.NetAddr | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;
  #isClosed = false;

  /** Binds the port; packets of clients are dropped until `forwardTo` names the server. */
  constructor(options: UdpRelayOptions) {
    const { hostname, port } = options;
    this.#links = options.links;
    this.#onDownPacket = options.onDownPacket;
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    this.#read(this.#socket, (bytes, from) => this.#fromClient(bytes, from));
  }

  /** The port that clients send to. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Names the server. */
  forwardTo(hostname: string, port: number): void {
    this.#server = { transport: "udp", hostname, port };
  }

  /** From now on packets go through `links`; those on their way stay there. */
  setLinks(links: RelayLinks): void {
    this.#links = links;
    this.#linksSetUs = monotonicClock.nowUs();
    this.stats.latenessUsMax = 0;
  }

  /** Every client goes on from a new address, as after a NAT forgot it; the old one is gone. */
  rebind(): void {
    for (const client of this.#clients.values()) {
      client.upstream.close();
      client.upstream = this.#openUpstream(client.address);
    }
    this.stats.rebinds++;
  }

  /** Closes every socket and drops what is on its way. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      clearTimeout(this.#timer);
      this.#queue.clear();
      this.#socket.close();
      for (const { upstream } of this.#clients.values()) upstream.close();
    }
    await Promise.all(this.#readers);
  }

  #read(
    socket: Deno.DatagramConn,
    take: (bytes: Uint8Array, from: Deno.NetAddr) => void,
  ): void {
    const reader = this.#readAll(socket, take).finally(() => this.#readers.delete(reader));
    this.#readers.add(reader);
  }

  async #readAll(
    socket: Deno.DatagramConn,
    take: (bytes: Uint8Array, from: Deno.NetAddr) => void,
  ): Promise<void> {
    for (;;) {
      try {
        const [bytes, from] = await socket.receive(new Uint8Array(PACKET_BYTES_MAX));
        take(bytes, from as Deno.NetAddr);
      } catch (error) {
        // A peer that is gone answers with ICMP, which shows as an error of the next call.
        if (!(error instanceof Deno.errors.ConnectionRefused)) return;
      }
    }
  }

  #fromClient(bytes: Uint8Array, from: Deno.NetAddr): void {
    const key = `${from.hostname}:${from.port}`;
    let client = this.#clients.get(key);
    if (client === undefined) {
      if (this.#clients.size >= CLIENTS_MAX || this.#server === undefined || this.#isClosed) return;
      client = { address: from, upstream: this.#openUpstream(from) };
      this.#clients.set(key, client);
    }
    const known = client;
    this.#pass("up", bytes, (packet) => {
      if (this.#server !== undefined) this.#send(known.upstream, packet, this.#server, "up");
    });
  }

  #openUpstream(address: Deno.NetAddr): Deno.DatagramConn {
    const upstream = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
    const toClient = (packet: Uint8Array) => this.#send(this.#socket, packet, address, "down");
    this.#read(upstream, (bytes) => this.#pass("down", bytes, toClient));
    return upstream;
  }

  #pass(direction: Direction, bytes: Uint8Array, sendPacket: (bytes: Uint8Array) => void): void {
    if (this.#isClosed) return;
    const nowUs = monotonicClock.nowUs();
    const timeUs = nowUs - this.#linksSetUs;
    const link = this.#links[direction];
    const stats = this.stats[direction];
    stats.packets++;
    stats.bytes += bytes.byteLength;
    const outcome = link.push(Math.max(0, bytes.byteLength - QUIC_BYTES), timeUs);
    if (outcome === "lost") stats.lost++;
    else if (outcome === "queue_full") stats.queueFull++;
    else stats.duplicated += link.deliveries.length - 1;
    for (const deliveryUs of link.deliveries) {
      const delivery = { timeUs: deliveryUs + this.#linksSetUs, bytes, send: sendPacket };
      if (!this.#queue.push(delivery)) stats.refused++;
    }
    if (direction === "down") {
      const { queueDelayUs } = link;
      this.#onDownPacket?.({ timeUs, bytes: bytes.byteLength, outcome, queueDelayUs });
    }
    this.#arm(nowUs);
  }

  #send(
    socket: Deno.DatagramConn,
    bytes: Uint8Array,
    to: Deno.NetAddr,
    direction: Direction,
  ): void {
    const stats = this.stats[direction];
    stats.delivered++;
    stats.deliveredBytes += bytes.byteLength;
    // A socket that a rebind closed loses what was on its way to it, as a NAT does.
    socket.send(bytes, to).catch(() => stats.refused++);
  }

  #arm(nowUs: number): void {
    const { deadline } = this.#queue;
    if (deadline === undefined || deadline >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = deadline;
    const waitMs = Math.max(0, Math.floor((deadline - nowUs) / 1000));
    this.#timer = setTimeout(() => this.#deliver(), waitMs);
  }

  #deliver(): void {
    this.#timerUs = Infinity;
    const nowUs = monotonicClock.nowUs();
    for (;;) {
      const delivery = this.#queue.pull(nowUs + EARLY_US);
      if (delivery === undefined) break;
      const latenessUs = nowUs - delivery.timeUs;
      this.stats.latenessUsMax = Math.max(this.stats.latenessUsMax, latenessUs);
      if (latenessUs > LATE_US) this.stats.late++;
      delivery.send(delivery.bytes);
    }
    this.#arm(nowUs);
  }
}
