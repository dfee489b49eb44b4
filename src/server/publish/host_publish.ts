/**
 * HostPublish: what people publish on a host, as a capability of it: gives sessions of producers their
 * streams, tells viewers of them, and ends them when an admin says so.
 */

import type { Hono } from "hono";
import type { EncodedFrame } from "../../wire/frame.ts";
import type {
  ProducerHost,
  ProducerStream,
  PublishDenial,
  PublishState,
  RateWish,
  SessionProducer,
} from "../../session/producer_host.ts";
import { encodeServerMessage } from "../../wire/control.ts";
import type { EndReason, ServerMessage } from "../../wire/control.ts";
import type { PublishWish } from "../../wire/publish_messages.ts";
import type { HostFeature, HostFeatureContext } from "../host_feature.ts";
import type { Environment } from "../pages/page_answers.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { addPublishRoutes } from "./publish_routes.ts";
import { ProducerSound } from "./producer_sound.ts";
import type { Producer, ProducerReport } from "./producer.ts";
import { PublishedStreams } from "./published_streams.ts";
import type { Publication, PublishRefusalReason } from "./published_streams.ts";

/** Rates and frame rates that a producer may have, of what a display has. */
const FPS_FACTOR = 2;
/** What goes with the pictures: repairs, headers, sound. */
const OVERHEAD = 2;
const MAX_FPS = 480;
const MAX_REASON = 256;

const END_REASONS: Readonly<Record<PublishRefusalReason, EndReason>> = {
  off: "capacity",
  full: "capacity",
  too_often: "capacity",
  bad_name: "forbidden",
  name_taken: "forbidden",
};

/** What is published on one host. */
export class HostPublish implements HostFeature, ProducerHost {
  readonly name = "publish";
  readonly published: PublishedStreams;
  readonly #context: HostFeatureContext;

  constructor(context: HostFeatureContext) {
    this.#context = context;
    const { config, clock, log } = context;
    const { maxPublished, publishKeep, maxSize, fps, bitrate, replay } = config;
    const replays = replay.ms > 0;
    this.published = new PublishedStreams({
      max: maxPublished,
      limits: {
        ...{ maxWidth: maxSize.width, maxHeight: maxSize.height },
        maxFps: Math.min(MAX_FPS, FPS_FACTOR * fps),
        maxBitrateBps: bitrate * 1000,
      },
      keepMs: publishKeep.ms,
      streams: () => context.streams(),
      // All together hold no more than the replay of one display.
      makeReplay: replays
        ? (id, onSegmentDue) => context.replays().make(id, onSegmentDue, maxPublished)
        : undefined,
      ...{ clock, log },
      hostTimeUs: (nowUs) => context.hostTimeUs(nowUs),
      onChanged: () => this.#tellAll(),
      onReused: (streamId) => context.replays().get(streamId)?.forget(),
      onEnded: (streamId) => void context.recordings().stop(streamId),
    });
    context.ledger.watch("reorder", () => {
      const producers = this.published.offered.flatMap(({ producer }) => producer ?? []);
      const currentBytes = producers.reduce((sum, { bufferBytes }) => sum + bufferBytes, 0);
      return { currentBytes, live: producers.length };
    });
  }

  get bytesPerSecond(): number {
    return OVERHEAD * this.#context.config.bitrate * 1000 / 8;
  }

  hostTimeUs(nowUs: number): number | undefined {
    return this.#context.hostTimeUs(nowUs);
  }

  publish(wish: PublishWish, session: SessionProducer): ProducerStream | PublishDenial {
    const { name, kind, key } = wish;
    const owner = session.browserSessionId;
    const by = this.#context.personName(owner);
    const opened = this.published.open({ name, kind, key, owner, by }, producerOf(session));
    if ("refused" in opened) {
      return { reason: END_REASONS[opened.refused], message: opened.message };
    }
    return new SessionStream(opened);
  }

  addRoutes(app: Hono<Environment>, { authorize }: RouteTools): void {
    const { published } = this;
    const { log, registry } = this.#context;
    const forbid = (owner: string) => {
      // Who publishes with a token has no session: the token is the permission.
      const permissions = registry.rights(owner)?.permissions ?? [];
      registry.grant(owner, { permissions: permissions.filter((one) => one !== "publish") });
    };
    addPublishRoutes(app, { published, authorize, forbid, log });
  }

  greeting(): Uint8Array[] {
    const list = this.#list(false);
    return list.streams.length === 0 ? [] : [encodeServerMessage(list)];
  }

  report(): Record<string, unknown> {
    return { ...this.published.stats, max: this.published.max, streams: this.rows() };
  }

  /** What there is to tell of each stream that lives. */
  rows() {
    return this.published.offered.map((stream) => {
      const { id, name, phase, owner, viewers, isWanted, reason, stats, rate, producer } = stream;
      return {
        ...{ streamId: id, name, phase, by: owner.by, kind: owner.kind, viewers, isWanted, reason },
        via: producer?.via ?? "",
        ...stats,
        rate: rate ?? null,
        producer: producer?.report() ?? null,
      };
    });
  }

  close(): void {
    this.published.close();
  }

  #list(isNews: boolean): Extract<ServerMessage, { type: "published_list" }> {
    const streams = this.published.offered.map(({ id, owner, phase }) => {
      return { streamId: id, kind: owner.kind, by: owner.by, isLive: phase === "live" };
    });
    return { type: "published_list", isNews, streams };
  }

  #tellAll(): void {
    const { broadcast, streams } = this.#context;
    broadcast(encodeServerMessage(streams().listMessage));
    broadcast(encodeServerMessage(this.#list(true)));
  }
}

/** The stream of a session. */
class SessionStream implements ProducerStream {
  readonly #publication: Publication;
  readonly #sound: ProducerSound;

  constructor(publication: Publication) {
    this.#publication = publication;
    this.#sound = new ProducerSound(publication);
  }

  get streamId(): number {
    return this.#publication.stream.id;
  }

  get rate(): RateWish | undefined {
    return this.#publication.stream.rate;
  }

  get state(): PublishState {
    const { id, name, isTaking, viewers, isWanted, reason, limits } = this.#publication.stream;
    return {
      ...{ streamId: id, name, viewers, isWanted, ...limits },
      state: isTaking ? "live" : reason === "" ? "waiting" : "refused",
      reason: reason.slice(0, MAX_REASON),
    };
  }

  describe(start: Parameters<ProducerStream["describe"]>[0]): void {
    this.#publication.describe(start);
  }

  frame(frame: EncodedFrame): boolean {
    return this.#publication.frame(frame);
  }

  sound(datagram: Uint8Array): boolean {
    return this.#sound.push(datagram);
  }

  close(isOver: boolean): void {
    this.#publication.close(isOver);
  }
}

/** A session as the producer of a stream. */
function producerOf(session: SessionProducer): Producer {
  return {
    via: session.via,
    get bufferBytes() {
      return session.bufferBytes;
    },
    onKeyframeWanted: () => session.onKeyframeWanted(),
    onRate: (rate) => session.onRate(rate),
    onChange: () => session.onChange(),
    onReplaced: (why) => session.onReplaced(why),
    report: (): ProducerReport => ({
      score: session.said?.score,
      framesDropped: session.said?.framesDropped,
      fps: session.said?.fps,
      processingUs: session.said?.processingUs,
      ...session.path,
    }),
  };
}
