/**
 * ProducerHost: what the session of a producer may ask of the server around it: a stream of its
 * own, and what becomes of what it gives. It sees no viewer, no other stream and no process.
 */

import type { EncodedFrame } from "../wire/frame.ts";
import type { ClientMessage, EndReason, ServerMessage } from "../wire/control.ts";
import type { PublishWish } from "../wire/publish_messages.ts";

/** What a producer says of the pictures that follow. */
export type PublishStart = Omit<Extract<ClientMessage, { type: "publish_start" }>, "type">;
/** How a producer does, as it says. */
export type PublishStats = Omit<Extract<ClientMessage, { type: "publish_stats" }>, "type">;
/** How it is with its stream. */
export type PublishState = Omit<Extract<ServerMessage, { type: "publish_state" }>, "type">;
/** What viewers' paths carry. */
export type RateWish = Omit<Extract<ServerMessage, { type: "rate_wish" }>, "type">;

/** A session of a producer, as the server sees it. */
export interface SessionProducer {
  readonly browserSessionId: string;
  /** How its bytes travel. */
  readonly via: string;
  /** Bytes that it holds of packets and frames. */
  readonly bufferBytes: number;
  /** What it last said of itself. */
  readonly said: PublishStats | undefined;
  /** Packets that never came, and those that repairs brought back. */
  readonly path: { readonly packetsLost: number; readonly packetsRecovered: number };
  onKeyframeWanted(): void;
  onRate(rate: RateWish): void;
  /** What `ProducerStream.state` says has changed. */
  onChange(): void;
  /** The stream is not its own any more. */
  onReplaced(why: "replaced" | "ended" | "shutdown"): void;
}

/** The stream of a producer. */
export interface ProducerStream {
  readonly streamId: number;
  readonly state: PublishState;
  /** What should be encoded; undefined until somebody said. */
  readonly rate: RateWish | undefined;
  describe(start: PublishStart): void;
  /** Takes a frame at once; false for one that is of no use. */
  frame(frame: EncodedFrame): boolean;
  /** Takes an audio datagram at once; false for one that is refused. Throws ProtocolError. */
  sound(datagram: Uint8Array): boolean;
  /** The producer is gone; with `isOver` nobody waits for it. */
  close(isOver: boolean): void;
}

/** Why there is no stream for a producer. */
export interface PublishDenial {
  readonly reason: EndReason;
  readonly message: string;
}

/** The server around a producer's session. */
export interface ProducerHost {
  publish(wish: PublishWish, producer: SessionProducer): ProducerStream | PublishDenial;
  /** The clock of capture times for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined;
  /** A producer's datagrams a second, in bytes, and at once. */
  readonly bytesPerSecond: number;
}
