/**
 * WhipSession: one publisher that came by WHIP, in the server process: between its peer of the gateway
 * and its published stream. It trusts nothing of what it is told; a publisher that is refused for long
 * is ended, since WHIP has no words for it, and the log says why.
 */

import type { Clock } from "../../core/clock.ts";
import { ProtocolError } from "../../core/errors.ts";
import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayKindName } from "../../gateway/gateway_message.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import {
  parsePublisherFrame,
  parsePublisherSound,
  PUBLISHER_HEADER_BYTES,
} from "../../gateway/publisher_media.ts";
import type { Producer, ProducerReport } from "./producer.ts";
import type { Publication } from "./published_streams.ts";

/** Refused without a break for this long, it is ended. */
const REFUSED_US = 3_000_000;
/** Frame rates that a description names; what comes is near one of them. */
const FRAME_RATES = [10, 15, 24, 30, 48, 60, 90, 120, 144, 240] as const;
const FIRST_FPS = 30;
/** States in a row, one a second, before another frame rate is believed. */
const STATES_TO_CHANGE = 3;
const ENCODER = "publisher";

type WhipState = Extract<GatewayControl, { type: "whip_state" }>;

/** What a session is made of. */
export interface WhipSessionOptions {
  /** Name of the stream. */
  readonly name: string;
  readonly peer: GatewayPeer;
  readonly clock: Clock;
  readonly hostTimeUs: (nowUs: number) => number | undefined;
  /** Whether it may still publish; asked once a second. */
  readonly isAllowed: () => boolean;
  /** It is over; called once. */
  readonly onEnded: (reason: string) => void;
}

/** One publisher. */
export class WhipSession implements Producer {
  readonly via = "whip";
  /** The gateway holds them. */
  readonly bufferBytes = 0;
  readonly #options: WhipSessionOptions;
  #publication: Publication | undefined;
  #state: WhipState | undefined;
  /** Our clock less the gateway's; what took the shortest way through the pipe is the truest. */
  #offsetUs = Infinity;
  #fps = FIRST_FPS;
  #framesSince = 0;
  #statesApart = 0;
  #refusedUs: number | undefined;
  #isEnded = false;

  constructor(options: WhipSessionOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Begins to take what its peer sends. */
  publish(publication: Publication, hasSound: boolean): void {
    this.#publication = publication;
    if (this.#isEnded) return publication.close(true);
    this.#describe(hasSound);
  }

  /** A message of its peer; it is valid only during the call. */
  onMessage(kind: GatewayKindName, bytes: Uint8Array): void {
    try {
      if (kind === "frame_in") this.#onFrame(bytes);
      else if (kind === "sound_in") this.#onSound(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end(error.message);
    }
  }

  onState(state: WhipState): void {
    const hadSound = this.#state?.hasSound;
    this.#state = state;
    if (!this.#options.isAllowed()) return this.end("The permission to publish was withdrawn");
    const frames = this.#framesSince;
    this.#framesSince = 0;
    const fps = nearest(frames);
    this.#statesApart = frames > 0 && fps !== this.#fps ? this.#statesApart + 1 : 0;
    const isOther = this.#statesApart >= STATES_TO_CHANGE;
    if (isOther) this.#fps = fps;
    if (isOther || hadSound !== state.hasSound) this.#describe(state.hasSound);
  }

  /** Ends it; with `isOver` nobody waits for it to come back. Idempotent. */
  end(reason: string, isOver = false): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.peer.close(reason);
    this.#publication?.close(isOver);
    this.#options.onEnded(reason);
  }

  onKeyframeWanted(): void {
    if (!this.#isEnded) this.#options.peer.sendControl({ type: "whip_keyframe" });
  }

  /** A program that publishes has a rate of its own, below the limit that its answer named. */
  onRate(): void {}

  onChange(): void {}

  onReplaced(why: "replaced" | "ended" | "shutdown"): void {
    this.end(why === "replaced" ? "Another publisher took its place" : "The stream was ended");
  }

  report(): ProducerReport {
    const state = this.#state;
    if (state === undefined) return {};
    const { unitsDamaged, packetsLost, packetsRecovered } = state;
    return { framesDropped: unitsDamaged, fps: this.#fps, packetsLost, packetsRecovered };
  }

  #describe(hasSound: boolean): void {
    this.#publication?.describe({ fps: this.#fps, encoder: ENCODER, hasSound });
  }

  #onFrame(bytes: Uint8Array): void {
    const { frameId, isKeyframe, captureUs, sentUs } = parsePublisherFrame(bytes);
    this.#framesSince++;
    const isTaken = this.#publication?.frame({
      frameId,
      referenceDistance: isKeyframe ? 0 : 1,
      captureTimeUs: this.#hostTime(captureUs, sentUs),
      payload: bytes.subarray(PUBLISHER_HEADER_BYTES),
    });
    if (isTaken !== false) this.#refusedUs = undefined;
    else this.#onRefused();
  }

  #onSound(bytes: Uint8Array): void {
    const { frameId, channels, frameUs, captureUs, sentUs } = parsePublisherSound(bytes);
    this.#publication?.sound({
      ...{ frameId, channels, frameUs },
      captureTimeUs: this.#hostTime(captureUs, sentUs),
      payload: bytes.subarray(PUBLISHER_HEADER_BYTES),
    });
  }

  #hostTime(captureUs: number, sentUs: number): number | undefined {
    const { clock, hostTimeUs } = this.#options;
    this.#offsetUs = Math.min(this.#offsetUs, clock.nowUs() - sentUs);
    const hostUs = hostTimeUs(captureUs + this.#offsetUs);
    return hostUs === undefined ? undefined : hostUs % 2 ** 32;
  }

  #onRefused(): void {
    const nowUs = this.#options.clock.nowUs();
    this.#refusedUs ??= nowUs;
    if (nowUs - this.#refusedUs < REFUSED_US) return;
    this.end(this.#publication?.stream.reason || "Its pictures cannot be shown");
  }
}

function nearest(fps: number): number {
  return FRAME_RATES.reduce((best, rate) =>
    Math.abs(rate - fps) < Math.abs(best - fps) ? rate : best
  );
}
