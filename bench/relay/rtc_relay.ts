/**
 * RtcRelay: puts a bad network under the WebRTC connections of a page: what its offers and the host's
 * answers say of addresses is taken out or replaced by those of a UDP relay, one for each connection.
 */

import type { Page } from "playwright-core";
import { type RelayLinks, UdpRelay } from "./udp_relay.ts";

const LOOPBACK = "127.0.0.1";
const CANDIDATE = /^a=candidate:\S+ \d+ udp \d+ (\S+) (\d+) typ host.*$/i;

/** The relays of a page's connections. */
export class RtcRelay {
  readonly #relays: UdpRelay[] = [];
  #links: RelayLinks;

  private constructor(links: RelayLinks) {
    this.#links = links;
  }

  /** Takes over the offers that `page` posts to `path`, a glob of addresses. */
  static async attach(page: Page, path: string, links: RelayLinks): Promise<RtcRelay> {
    const relay = new RtcRelay(links);
    await page.route(path, async (route) => {
      const { sdp } = route.request().postDataJSON() as { sdp: string };
      // Without addresses of the page the host answers to where packets come from: the relay.
      const response = await route.fetch({
        postData: JSON.stringify({ sdp: withoutAddresses(sdp) }),
      });
      if (!response.ok()) return await route.fulfill({ response });
      const answer = await response.json() as { sdp: string };
      await route.fulfill({ response, json: { ...answer, sdp: relay.#through(answer.sdp) } });
    });
    return relay;
  }

  /** From now on packets go through `links`. */
  setLinks(links: RelayLinks): void {
    this.#links = links;
    for (const relay of this.#relays) relay.setLinks(links);
  }

  /** Closes every relay. */
  async close(): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.close()));
  }

  /** The answer with one address: that of a new relay to the first one in it. */
  #through(sdp: string): string {
    const lines = sdp.split("\r\n");
    const found = lines.map((line) => CANDIDATE.exec(line)).find((match) => match !== null);
    const [first, hostname, port] = found ?? [];
    if (first === undefined) throw new Error("Cannot find an address in the host's answer");
    const relay = new UdpRelay({ hostname: LOOPBACK, port: 0, links: this.#links });
    relay.forwardTo(hostname!, Number(port));
    this.#relays.push(relay);
    const through = first.replace(` ${hostname} ${port} `, ` ${LOOPBACK} ${relay.port} `);
    return lines.flatMap((line) => line === first ? through : isAddress(line) ? [] : line)
      .join("\r\n");
  }
}

function withoutAddresses(sdp: string): string {
  return sdp.split("\r\n").filter((line) => !isAddress(line)).join("\r\n");
}

function isAddress(line: string): boolean {
  return line.startsWith("a=candidate:");
}
