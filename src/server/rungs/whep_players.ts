/**
 * WhepPlayers: the players of WHEP that watch now: lets them in as viewers are let in, gives each its
 * answer, and knows each by the secret in its address. At most as many as viewers, and some for each
 * network.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { newSecret } from "../../session/access_token.ts";
import type { SessionRegistry } from "../../session/session_registry.ts";
import { Refusal } from "../pages/request_guard.ts";
import { TOKEN_OWNER } from "../pages/sdp_exchange.ts";
import type { Stream } from "../streams/stream.ts";
import type { WebRtcGateway } from "./webrtc_gateway.ts";
import { WhepPlayer } from "./whep_player.ts";

/** What a player that is turned away is told to wait. */
const RETRY_SECONDS = 5;

/** Somebody who may watch. */
export interface WhepOffer {
  readonly stream: Stream;
  readonly sdp: string;
  readonly remoteAddress: string;
  /** A browser session, or undefined for who showed the token. */
  readonly browserSessionId: string | undefined;
}

/** A player that was answered. */
export interface WhepAnswer {
  readonly secret: string;
  readonly sdp: string;
}

/** What it is made of. */
export interface WhepPlayersOptions {
  readonly gateway: WebRtcGateway;
  readonly registry: SessionRegistry;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly newId: () => string;
  /** False once a stream is no longer to be watched, as what somebody published. */
  readonly isOffered: (stream: Stream) => boolean;
  /** Why nobody else can be let in; undefined while somebody can. */
  readonly refusal: () => string | undefined;
  readonly log: Logger;
}

/** How often streams that are no longer offered are looked for, while there are players. */
const CHECK_MS = 1000;

/** All players. */
export class WhepPlayers {
  readonly stats = { opened: 0, refused: 0, ended: 0 };
  readonly #options: WhepPlayersOptions;
  readonly #players = new Map<string, WhepPlayer>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(options: WhepPlayersOptions) {
    this.#options = options;
  }

  /** Those that watch now. */
  get all(): Iterable<WhepPlayer> {
    return this.#players.values();
  }

  get size(): number {
    return this.#players.size;
  }

  /** Answers an offer. Rejects with Refusal. */
  async open(offer: WhepOffer): Promise<WhepAnswer> {
    let player: WhepPlayer | undefined;
    try {
      player = this.#admit(offer);
      const sdp = await this.#answer(player, offer);
      this.stats.opened++;
      const { log } = this.#options;
      const { id, stream, remoteAddress } = player;
      log.info("Player joined", { session: id, stream: stream.id, from: remoteAddress });
      return { secret: player.secret, sdp };
    } catch (error) {
      this.stats.refused++;
      player?.end("quit", "It could not be answered");
      throw error;
    }
  }

  /** Ends the player with that secret; false when `owner` has none of that stream. */
  end(stream: Stream, secret: string, owner: string): boolean {
    const player = this.#players.get(secret);
    if (player === undefined || player.stream !== stream || player.owner !== owner) return false;
    player.end("quit", "The player ended it");
    return true;
  }

  close(): void {
    for (const player of [...this.#players.values()]) player.end("shutdown", "The host ends");
  }

  /** Takes a place among the viewers, which is given back with the player's end. Throws Refusal. */
  #admit({ stream, browserSessionId, remoteAddress }: WhepOffer): WhepPlayer {
    const { registry, clock, newId, nowMs, refusal } = this.#options;
    const why = refusal();
    if (why !== undefined) throw this.#full(why);
    // Whoever showed the token is a person of its own, so that one can be kicked and not all.
    const own = browserSessionId === undefined
      ? registry.create("viewer", nowMs(), []).session.id
      : undefined;
    const player = new WhepPlayer({
      ...{ id: newId(), browserSessionId: browserSessionId ?? own ?? "", stream, remoteAddress },
      ...{ owner: browserSessionId ?? TOKEN_OWNER, secret: newSecret() },
      nowUs: () => clock.nowUs(),
    });
    const isAdmitted = registry.admit(player);
    void player.ended.then((reason) => this.#forget(player, { own, reason }));
    if (!isAdmitted) {
      player.end("capacity", "All places are taken");
      throw this.#full("All places are taken");
    }
    this.#players.set(player.secret, player);
    this.#timer ??= setInterval(() => this.#check(), CHECK_MS);
    return player;
  }

  async #answer(player: WhepPlayer, { stream, sdp, remoteAddress }: WhepOffer): Promise<string> {
    const { gateway } = this.#options;
    const settings = stream.senderSettings;
    const profileIdc = profileOf(stream);
    const session = await gateway.open({ sdp, remoteAddress, use: "player", profileIdc, settings })
      .catch((error: unknown) => {
        throw this.#full(error instanceof Error ? error.message : String(error));
      });
    void player.ended.then((reason) => session.close(reason));
    const answer = await gateway.answerOf(session).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      throw new Refusal(400, "bad_offer", { message: `Cannot answer this offer: ${message}` });
    });
    if (!answer.hasVideo) {
      throw new Refusal(406, "no_common_codec", {
        message: "Cannot send what this player offers: it needs H.264 with packetization-mode=1",
      });
    }
    if (!player.play(session)) throw this.#full("Too many watch this stream");
    return answer.sdp;
  }

  #forget(player: WhepPlayer, { own, reason }: { own: string | undefined; reason: string }): void {
    const { registry, log } = this.#options;
    registry.leave(player);
    if (own !== undefined) registry.revoke(own);
    if (!this.#players.delete(player.secret)) return;
    if (this.#players.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.stats.ended++;
    log.info("Player left", { session: player.id, reason });
  }

  #check(): void {
    for (const player of [...this.#players.values()]) {
      if (!this.#options.isOffered(player.stream)) player.end("quit", "The stream ended");
    }
  }

  #full(message: string): Refusal {
    return new Refusal(503, "capacity", {
      message: `Cannot let another player in: ${message}`,
      retryAfterSeconds: RETRY_SECONDS,
    });
  }
}

/** The profile of a stream's H.264; 0 while it is not known. */
export function profileOf(stream: Pick<Stream, "description">): number {
  const match = /^avc[13]\.([0-9a-f]{2})/i.exec(stream.description?.codec ?? "");
  return match === null ? 0 : Number.parseInt(match[1] ?? "0", 16);
}
