/**
 * WhepPlayer: one player of WHEP as the rest of the host sees it: somebody who counts as a viewer, has
 * a row in the dashboard and can be kicked there. It is fed with a stream from its answer on, and ends
 * with its transport, its DELETE or its right to watch, whichever comes first.
 */

import { newSessionStats } from "../../session/viewer_session_stats.ts";
import { SessionRights } from "../../session/session_rights.ts";
import type { ShownFeed, ShownSession } from "../../session/shown_session.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { ConnectionStats } from "../../transport/connection.ts";
import type { EndReason } from "../../wire/control.ts";
import type { Stream } from "../streams/stream.ts";
import type { WebRtcFrames } from "./webrtc_frames.ts";
import type { WebRtcSession } from "./webrtc_session.ts";

/** What a player is made of. */
export interface WhepPlayerOptions {
  readonly id: string;
  /** The browser session that stands for it. */
  readonly browserSessionId: string;
  /** Who may end it by its address: a browser session, or the token. */
  readonly owner: string;
  /** Secret in its address. */
  readonly secret: string;
  readonly stream: Stream;
  readonly remoteAddress: string;
  readonly nowUs: () => number;
}

/** One player. */
export class WhepPlayer implements ShownSession {
  readonly role = "viewer";
  readonly rights = new SessionRights("viewer", []);
  readonly stats = newSessionStats();
  readonly inputStats = {
    ...{
      records: 0,
      motions: 0,
      motionsStale: 0,
      recordsIgnored: 0,
      recordsDropped: 0,
      silences: 0,
    },
  };
  readonly queuedControlBytes = 0;
  readonly #options: WhepPlayerOptions;
  readonly #startedUs: number;
  readonly #ended = Promise.withResolvers<string>();
  #session: WebRtcSession | undefined;
  #frames: WebRtcFrames | undefined;
  #detach: (() => void) | undefined;
  #keyframeRequests = 0;
  #isEnded = false;

  constructor(options: WhepPlayerOptions) {
    this.#options = options;
    this.#startedUs = options.nowUs();
  }

  get id(): string {
    return this.#options.id;
  }

  get browserSessionId(): string {
    return this.#options.browserSessionId;
  }

  get owner(): string {
    return this.#options.owner;
  }

  get secret(): string {
    return this.#options.secret;
  }

  get stream(): Stream {
    return this.#options.stream;
  }

  readonly transport = "webrtc";

  get remoteAddress(): string {
    return this.#session?.remoteAddress || this.#options.remoteAddress;
  }

  get connectedSeconds(): number {
    return (this.#options.nowUs() - this.#startedUs) / 1e6;
  }

  /** Why it ended; never rejects. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  get streamIds(): readonly number[] {
    return this.#frames === undefined ? [] : [this.stream.id];
  }

  get streamId(): number | undefined {
    return this.#frames === undefined ? undefined : this.stream.id;
  }

  get sent(): MediaSenderStats | undefined {
    return this.#frames?.stats;
  }

  get connectionStats(): Readonly<ConnectionStats> {
    const { packetsSent = 0, bytesSent = 0 } = this.#session?.path ?? {};
    return {
      ...{ datagramsSent: packetsSent, datagramsReceived: 0, datagramsDropped: 0 },
      ...{ datagramsDroppedUnread: 0, bytesSent, bytesReceived: 0 },
    };
  }

  feed(streamId: number): ShownFeed | undefined {
    if (this.#frames === undefined || streamId !== this.stream.id) return undefined;
    const isPlaying = !this.#isEnded;
    return { isPlaying, keyframeRequests: this.#keyframeRequests, stats: this.#frames.stats };
  }

  /** Begins with the stream; false when the stream has no room, and the player is over. */
  play(session: WebRtcSession): boolean {
    this.#session = session;
    void session.ended.then((reason) => this.#finish(reason));
    const frames = session.openFrames(this.stream.id, () => {
      this.#keyframeRequests++;
      this.stream.requestKeyframe("damage");
    });
    this.#frames = frames;
    this.#detach = this.stream.attach(frames, () => {});
    if (this.#detach === undefined) this.#finish("The stream has no room");
    return this.#detach !== undefined;
  }

  end(_reason: EndReason, message: string): void {
    this.#finish(message);
  }

  #finish(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#detach?.();
    this.#frames?.close();
    this.#session?.close(reason);
    this.#ended.resolve(reason);
  }
}
