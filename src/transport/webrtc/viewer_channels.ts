/**
 * ViewerChannels: the two data channels of a viewer of ours, passed on to the server process and back:
 * messages of its mux connection, and datagrams. Bounded both ways: what the server sends counts as
 * taken when the channel has sent it; a viewer that fills the pipe is ended.
 */

import { Buffer } from "node:buffer";
import type { RTCDataChannel } from "werift";
import type { GatewayKindName } from "../../gateway/gateway_message.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";

/** Their labels, as docs/WIRE.md has them. */
export const MESSAGES_LABEL = "messages";
export const DATAGRAMS_LABEL = "datagrams";
/** Datagrams beyond this much in their channel are dropped: they would come too late. */
const DATAGRAM_BYTES_MAX = 32_768;

/** What they need of the session. */
export interface ViewerChannelsOptions {
  readonly peer: Pick<GatewayPeer, "send" | "consumed">;
  /** Ends the session. */
  readonly end: (reason: string) => void;
}

/** The channel as it is used here. */
export type ViewerChannel = Pick<
  RTCDataChannel,
  "label" | "onMessage" | "stateChanged" | "bufferedAmount" | "bufferedAmountLow" | "send"
>;

/** The channels of one session. */
export class ViewerChannels {
  readonly #options: ViewerChannelsOptions;
  #messages: ViewerChannel | undefined;
  #datagrams: ViewerChannel | undefined;
  /** Bytes of messages that were given to the channel and are not yet told as taken. */
  #handedBytes = 0;

  constructor(options: ViewerChannelsOptions) {
    this.#options = options;
  }

  /** Takes over a channel that the viewer opened; a second one of a label, or another, ends it. */
  add(channel: ViewerChannel): void {
    const { label } = channel;
    if (label === MESSAGES_LABEL && this.#messages === undefined) {
      this.#messages = channel;
      channel.bufferedAmountLow.subscribe(() => this.#settle());
      channel.onMessage.subscribe((bytes) => this.#pass("mux", bytes));
    } else if (label === DATAGRAMS_LABEL && this.#datagrams === undefined) {
      this.#datagrams = channel;
      channel.onMessage.subscribe((bytes) => this.#pass("datagram", bytes));
    } else return this.#options.end("A data channel that nobody needs");
    channel.stateChanged.subscribe((state) => {
      if (state === "closed" || state === "closing") this.#options.end("A data channel closed");
    });
  }

  /** Takes a message of the server process; false when it is told as taken later. */
  take(kind: GatewayKindName, payload: Uint8Array): boolean {
    if (kind === "datagram") {
      const channel = this.#datagrams;
      const hasRoom = (channel?.bufferedAmount ?? Infinity) <= DATAGRAM_BYTES_MAX;
      if (channel !== undefined && hasRoom) this.#send(channel, payload);
      return true;
    }
    const channel = this.#messages;
    if (kind !== "mux" || channel === undefined) return true;
    this.#handedBytes += payload.byteLength;
    this.#send(channel, payload);
    this.#settle();
    return false;
  }

  /** Tells what has left since the last time. */
  #settle(): void {
    const waiting = this.#messages?.bufferedAmount ?? 0;
    const left = this.#handedBytes - waiting;
    if (left <= 0) return;
    this.#handedBytes = waiting;
    this.#options.peer.consumed(left);
  }

  #pass(kind: "mux" | "datagram", bytes: string | Uint8Array): void {
    if (typeof bytes === "string") return this.#options.end("Text on a data channel");
    const isPassed = this.#options.peer.send(kind, bytes);
    if (!isPassed && kind === "mux") this.#options.end("It sends faster than the host takes");
  }

  #send(channel: ViewerChannel, payload: Uint8Array): void {
    try {
      // The payload is the link's own buffer.
      channel.send(Buffer.from(payload));
    } catch (error) {
      this.#options.end(error instanceof Error ? error.message : String(error));
    }
  }
}
