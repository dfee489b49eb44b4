/**
 * WhipPublishers: who publishes by WHIP now: takes an offer to the gateway, gives the publisher its
 * stream when it can be answered, and knows each by the secret in its address. One publisher for each
 * name, a few for each network; a name is free again as soon as its publisher is gone.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayLink } from "../../gateway/gateway_link.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { newSecret } from "../../session/access_token.ts";
import { addressPrefix } from "../../transport/address_prefix.ts";
import { Refusal } from "../pages/request_guard.ts";
import type { PublishedStreams } from "./published_streams.ts";
import { WhipSession } from "./whip_session.ts";

/** HTTP status of each refusal. */
const REFUSAL_STATUS = { name_taken: 409, bad_name: 400, off: 403, full: 429, too_often: 429 };

/** Sessions of one /24 or /64 at once, those that are being answered included. */
const MAX_PER_PREFIX = 8;
/** How long a gateway may take for an answer, its start included. */
const ANSWER_MS = 20_000;
const RETRY_SECONDS = 5;

type Answer = Extract<GatewayControl, { type: "whip_answer" | "whip_refusal" }>;

/** What an offer comes with. */
export interface WhipOffer {
  readonly name: string;
  readonly sdp: string;
  readonly remoteAddress: string;
  /** Who publishes: a browser session, or the token. */
  readonly owner: string;
  /** For people. */
  readonly by: string;
  readonly isAllowed: () => boolean;
}

/** A publisher that was answered. */
export interface WhipAnswer {
  readonly id: string;
  readonly sdp: string;
}

/** What it is made of. */
export interface WhipPublishersOptions {
  readonly published: PublishedStreams;
  /** The gateway that speaks WebRTC, started when there is none. */
  readonly link: () => Promise<GatewayLink>;
  readonly clock: Clock;
  readonly hostTimeUs: (nowUs: number) => number | undefined;
  readonly log: Logger;
}

/** All publishers of WHIP. */
export class WhipPublishers {
  readonly stats = { opened: 0, refused: 0, ended: 0 };
  readonly #options: WhipPublishersOptions;
  readonly #sessions = new Map<string, { session: WhipSession; prefix: string; owner: string }>();
  /** Names of publishers, and of those that are being answered. */
  readonly #names = new Set<string>();
  readonly #answering = new Map<string, number>();

  constructor(options: WhipPublishersOptions) {
    this.#options = options;
  }

  /** Publishers now. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Answers an offer. Rejects with Refusal. */
  async open(offer: WhipOffer): Promise<WhipAnswer> {
    const folded = offer.name.toLowerCase();
    const prefix = addressPrefix(offer.remoteAddress);
    try {
      this.#admit(folded, prefix);
    } catch (error) {
      this.stats.refused++;
      this.#logRefusal(offer, error);
      throw error;
    }
    this.#names.add(folded);
    this.#answering.set(prefix, (this.#answering.get(prefix) ?? 0) + 1);
    try {
      return await this.#answer(offer, { folded, prefix });
    } catch (error) {
      this.#names.delete(folded);
      this.stats.refused++;
      throw error;
    } finally {
      const left = (this.#answering.get(prefix) ?? 1) - 1;
      if (left > 0) this.#answering.set(prefix, left);
      else this.#answering.delete(prefix);
    }
  }

  /** Ends the publisher with that address; false when there is none of that name. */
  end(name: string, id: string): boolean {
    const found = this.#sessions.get(id);
    if (found === undefined || found.session.name.toLowerCase() !== name.toLowerCase()) {
      return false;
    }
    found.session.end("The publisher ended it", true);
    return true;
  }

  /** Whose the publisher with that address is. */
  ownerOf(id: string): string | undefined {
    return this.#sessions.get(id)?.owner;
  }

  close(): void {
    for (const { session } of [...this.#sessions.values()]) session.end("The host ends", true);
  }

  #admit(folded: string, prefix: string): void {
    if (this.#names.has(folded)) {
      throw new Refusal(409, "name_taken", {
        message: "Cannot publish under a name that somebody publishes under",
      });
    }
    const { published } = this.#options;
    const isFull = this.#names.size >= published.max;
    let count = this.#answering.get(prefix) ?? 0;
    for (const session of this.#sessions.values()) if (session.prefix === prefix) count++;
    if (published.max === 0) {
      throw new Refusal(403, "off", { message: "Cannot publish on this host: it is off" });
    }
    if (isFull || count >= MAX_PER_PREFIX) {
      throw new Refusal(429, "full", {
        message: "Cannot take another publisher now",
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
  }

  async #answer(
    offer: WhipOffer,
    { folded, prefix }: { folded: string; prefix: string },
  ): Promise<WhipAnswer> {
    const id = newSecret();
    const { answer, peer, session } = await this.#ask(offer, id);
    if (answer.type === "whip_refusal") {
      const error = new Refusal(answer.status, "bad_offer", { message: answer.reason });
      this.#logRefusal(offer, error);
      throw error;
    }
    const { published, log } = this.#options;
    const { owner, by, name } = offer;
    const opened = published.open(
      { owner: `whip ${owner}`, key: folded, kind: "feed", by, name, isExact: true },
      session,
    );
    if ("refused" in opened) {
      peer.close(opened.message);
      const status = REFUSAL_STATUS[opened.refused];
      throw new Refusal(status, opened.refused, { message: opened.message });
    }
    this.#sessions.set(id, { session, prefix, owner });
    session.publish(opened, false);
    // It may have ended while it was answered.
    if (session.isEnded) this.#onEnded(id, { name, reason: "Ended at once" });
    this.stats.opened++;
    log.info("Publisher answered", { name, by, remoteAddress: offer.remoteAddress });
    return { id, sdp: answer.sdp };
  }

  /** Gives an offer to the gateway; the peer is ended when there is no answer in time. */
  async #ask(
    offer: WhipOffer,
    id: string,
  ): Promise<{ answer: Answer; peer: GatewayPeer; session: WhipSession }> {
    const { link, clock, hostTimeUs, published } = this.#options;
    const { name, isAllowed } = offer;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const timer = setTimeout(() => reject(unavailable("Cannot answer in time")), ANSWER_MS);
    let peer: GatewayPeer | undefined;
    let session: WhipSession | undefined;
    try {
      peer = (await link()).openPeer({
        type: "whip_offer",
        sdp: offer.sdp,
        bitrateBps: published.limits.maxBitrateBps,
      }, {
        message: (kind, bytes) => {
          session?.onMessage(kind, bytes);
          return true;
        },
        control: (message) => {
          if (message.type === "whip_answer" || message.type === "whip_refusal") resolve(message);
          else if (message.type === "whip_state") session?.onState(message);
        },
        ended: (reason) => {
          reject(unavailable(reason));
          session?.end(reason);
        },
      });
      if (peer === undefined) throw unavailable("Cannot take another peer");
      session = new WhipSession({
        ...{ name, peer, clock, hostTimeUs, isAllowed },
        onEnded: (reason) => this.#onEnded(id, { name, reason }),
      });
      return { answer: await promise, peer, session };
    } catch (error) {
      peer?.close("No answer");
      throw error instanceof Refusal ? error : unavailable(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Programs show little of what they are answered: the log has it. */
  #logRefusal({ name, remoteAddress }: WhipOffer, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#options.log.info("Publisher refused", { name, remoteAddress, why });
  }

  #onEnded(id: string, { name, reason }: { name: string; reason: string }): void {
    if (!this.#sessions.delete(id)) return;
    this.#names.delete(name.toLowerCase());
    this.stats.ended++;
    this.#options.log.info("Publisher ended", { name, reason });
  }
}

function unavailable(message: string): Refusal {
  return new Refusal(503, "unavailable", { message, retryAfterSeconds: RETRY_SECONDS });
}
