/**
 * FaultRelay: one port number that stands for a host towards browsers: UDP through links that harm
 * it, TCP as it is or over links of its own. It is what `bench network` and the end-to-end tests put
 * between the real server and a real browser, where the kernel cannot do it.
 */

import { TcpForwarder, type TcpLinks } from "./tcp_forwarder.ts";
import { type RelayedPacket, type RelayLinks, UdpRelay, type UdpRelayStats } from "./udp_relay.ts";

/** Ports tried before giving up: one that is free for UDP may be taken for TCP. */
const PORT_TRIES = 16;
const LOOPBACK = "127.0.0.1";

/** Both sides of one port number. */
export class FaultRelay {
  readonly #udp: UdpRelay;
  readonly #tcp: TcpForwarder;

  /** Binds a free port on both sides; `onDownPacket` gets every packet of the host. */
  static listen(links: RelayLinks, onDownPacket?: (packet: RelayedPacket) => void): FaultRelay {
    for (let tries = 1;; tries++) {
      const tcp = new TcpForwarder(LOOPBACK, 0);
      try {
        const options = { hostname: LOOPBACK, port: tcp.port, links };
        const udp = new UdpRelay({
          ...options,
          ...(onDownPacket === undefined ? {} : { onDownPacket }),
        });
        return new FaultRelay(tcp, udp);
      } catch (error) {
        void tcp.close();
        if (tries >= PORT_TRIES) throw error;
      }
    }
  }

  private constructor(tcp: TcpForwarder, udp: UdpRelay) {
    this.#tcp = tcp;
    this.#udp = udp;
  }

  /** The port number of both sides. */
  get port(): number {
    return this.#udp.port;
  }

  /** Counts of the harmed side. */
  get stats(): Readonly<UdpRelayStats> {
    return this.#udp.stats;
  }

  /** Names the host behind it. */
  forwardTo(port: number): void {
    this.#udp.forwardTo(LOOPBACK, port);
    this.#tcp.forwardTo(LOOPBACK, port);
  }

  /** `url` of the host as browsers reach it through the relay. */
  urlOf(url: string): string {
    const through = new URL(url);
    through.hostname = LOOPBACK;
    through.port = String(this.port);
    return through.href;
  }

  /** From now on packets go through `links`. */
  setLinks(links: RelayLinks): void {
    this.#udp.setLinks(links);
  }

  /** From now on bytes of TCP go over `links`; see TcpForwarder. */
  setTcpLinks(links: TcpLinks): void {
    this.#tcp.setLinks(links);
  }

  /** Gives every client a new address towards the host. */
  rebind(): void {
    this.#udp.rebind();
  }

  /** Closes everything. */
  async close(): Promise<void> {
    await Promise.all([this.#udp.close(), this.#tcp.close()]);
  }
}
