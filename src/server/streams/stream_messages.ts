/**
 * Stream messages: what viewers are told of a stream, in the words of the control stream: what it is,
 * what it is doing, and the pointer's image. Plain functions of what is known.
 */

import { BT601_LIMITED } from "../../wire/codec.ts";
import type { StreamDescription } from "../../wire/codec.ts";
import type { ServerMessage } from "../../wire/control.ts";
import type { EncoderFacts } from "./rate_follower.ts";

/** What a stream is doing, as viewers are told. */
export type StreamState = Extract<ServerMessage, { type: "stream_state" }>["state"];

/** What the media process says of a stream that runs. */
export interface StreamFacts extends EncoderFacts {
  /** Size of the encoded pictures. */
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly encoder: string;
  /** How it is captured. */
  readonly capture: string;
  /** RFC 6381 codec string. */
  readonly codec: string;
  /** Default: those of the software path. */
  readonly colorSpace?: StreamDescription["colorSpace"];
}

/** A pointer's image as the media process reports it. */
export type CursorFacts = Omit<Extract<ServerMessage, { type: "cursor" }>, "type" | "streamId">;

/** What of a stream is set before it runs. */
export interface StreamIdentity {
  readonly id: number;
  readonly name: string;
  readonly bitrateBps: number;
}

/** What a decoder must know of a stream. */
export function describeStream(
  { id, name, bitrateBps }: StreamIdentity,
  facts: StreamFacts,
): StreamDescription {
  return {
    id,
    name,
    kind: "video",
    codec: facts.codec,
    codedWidth: facts.width,
    codedHeight: facts.height,
    ...facts.screenWidth === facts.width && facts.screenHeight === facts.height
      ? {}
      : { sourceWidth: facts.screenWidth, sourceHeight: facts.screenHeight },
    colorSpace: facts.colorSpace ?? BT601_LIMITED,
    optimizeForLatency: true,
    framerate: facts.fps,
    bitrateBps,
    encoder: facts.encoder,
  };
}

/** The pointer's image; the facts may hold more than the message may. */
export function cursorMessage(streamId: number, cursor: CursorFacts): ServerMessage {
  const { serial, visible, width, height, hotspotX, hotspotY, shrunk = 1, rgba } = cursor;
  const image = { serial, visible, width, height, hotspotX, hotspotY, rgba };
  return { type: "cursor", streamId, ...image, ...(shrunk === 1 ? {} : { shrunk }) };
}
