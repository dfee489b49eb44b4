/**
 * HostWebRtc: watching by WebRTC as a capability of a host: players by WHEP, and viewers of ours whose
 * network blocks our own UDP. One gateway process for all of them, which is not started before somebody
 * comes.
 */

import type { Hono } from "hono";
import hyperid from "hyperid";
import type { ShownSession } from "../../session/shown_session.ts";
import type { Listener } from "../../transport/connection.ts";
import type { HostFeature, HostFeatureContext, OfferedRung } from "../host_feature.ts";
import type { Environment } from "../pages/page_answers.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { StateDirectory } from "../state_directory.ts";
import type { Stream } from "../streams/stream.ts";
import { StreamToken } from "../stream_token.ts";
import { RtcSessionRung } from "./rtc_session_rung.ts";
import { WebRtcGateway } from "./webrtc_gateway.ts";
import { profileOf, WhepPlayers } from "./whep_players.ts";
import { addWhepRoutes } from "./whep_routes.ts";

/** WebRTC on one host. */
export class HostWebRtc implements HostFeature {
  readonly name = "webrtc";
  readonly #context: HostFeatureContext;
  readonly #gateway: WebRtcGateway | undefined;
  readonly #players: WhepPlayers | undefined;
  readonly #viewers: RtcSessionRung | undefined;
  /** Streams of people: who watches one that has ended need not wait for it. */
  readonly #published = new WeakSet<Stream>();
  #token: StreamToken | undefined;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    const { config, gateways, registry, clock, log } = context;
    if (config.webrtc === "off") return;
    const gateway = new WebRtcGateway({
      ...{ config, gateways },
      followSound: (sink, streamId) => context.followSound(sink, streamId),
    });
    this.#gateway = gateway;
    this.#players = new WhepPlayers({
      ...{ gateway, registry, clock, log, nowMs: Date.now },
      newId: hyperid({ urlSafe: true }),
      isOffered: (stream) => !this.#published.has(stream) || this.#isPublished(stream),
      refusal: () => context.refusal(),
    });
    const viewers = this.#viewers = new RtcSessionRung({
      gateway,
      settings: () => {
        const stream = context.streams().all[0]!;
        return { settings: stream.senderSettings, profileIdc: profileOf(stream) };
      },
    });
    context.ledger.watch("ipc", () => ({
      currentBytes: viewers.heldBytes,
      live: viewers.connections,
    }));
  }

  get listener(): Listener | undefined {
    return this.#viewers?.listener;
  }

  get rung(): OfferedRung | undefined {
    return this.#viewers?.rung;
  }

  get players(): Iterable<ShownSession> {
    return this.#players?.all ?? [];
  }

  /** Where the token to watch can be read; empty without WebRTC. */
  get tokenPath(): string {
    return this.#token?.path ?? "";
  }

  async open(): Promise<void> {
    if (this.#gateway === undefined) return;
    const state = await StateDirectory.open(this.#context.stateFolder);
    this.#token = await StreamToken.open(state, "watch");
  }

  addRoutes(app: Hono<Environment>, tools: RouteTools): void {
    if (this.#players === undefined) return;
    this.#viewers?.addRoutes(app, tools);
    addWhepRoutes(app, {
      ...tools,
      players: this.#players,
      token: () => this.#token,
      findStream: (name) => this.#findStream(name),
      nowUs: () => this.#context.clock.nowUs(),
    });
  }

  report(): Record<string, unknown> | undefined {
    const gateway = this.#gateway;
    if (gateway === undefined) return undefined;
    return {
      process: gateway.process.stats,
      sessions: gateway.sessions.size,
      ...gateway.stats,
      streams: gateway.streamStats ?? null,
      players: { now: this.#players?.size ?? 0, ...this.#players?.stats },
      viewers: this.#viewers?.connections ?? 0,
    };
  }

  #findStream(nameOrId: string): Stream | undefined {
    const streams = this.#context.streams();
    const stream = streams.find(nameOrId);
    if (stream === undefined || !streams.isOffered(stream.id)) return undefined;
    if (this.#isPublished(stream)) this.#published.add(stream);
    return stream;
  }

  #isPublished(stream: Stream): boolean {
    return this.#context.published().offered.some((published) => published.stream === stream);
  }

  async close(): Promise<void> {
    this.#players?.close();
    await this.#viewers?.close();
    this.#gateway?.close();
  }
}
