/**
 * RtcGate: the worker's door to WebRTC, which is a bundle of its own: loaded with the first dial, so
 * that who comes over QUIC loads none of it.
 */

import { TransportError } from "../../../src/core/errors.ts";
import type { RtcEvent, RtcRequest } from "../../transport/rtc_messages.ts";
import { pageClock } from "../../shared/page_clock.ts";
import type { FramedConnection, FrameSource } from "./frame_source.ts";

/** Where the bundle lies, beside that of the worker. */
const BUNDLE = "rtc_receiver.js";

type ReceiverModule = typeof import("./rtc_receiver.ts");
type Receiver = InstanceType<ReceiverModule["RtcReceiver"]>;

/** Opens connections over WebRTC. */
export class RtcGate {
  readonly #post: (request: RtcRequest) => void;
  #receiver: Promise<Receiver> | undefined;

  /** `post` reaches the page, which opens the peer connections. */
  constructor(post: (request: RtcRequest) => void) {
    this.#post = post;
  }

  /** Dials by way of `path` on the page's host. Rejects with TransportError. */
  async dial(path: string): Promise<FramedConnection> {
    this.#receiver ??= this.#load();
    let receiver: Receiver;
    try {
      receiver = await this.#receiver;
    } catch (cause) {
      this.#receiver = undefined;
      const message = "Cannot load what WebRTC takes";
      throw new TransportError(message, { reason: "unavailable", cause });
    }
    return await receiver.dial(path);
  }

  /** Takes what the page says of them. */
  onEvent(event: RtcEvent): void {
    this.#receiver?.then((receiver) => receiver.onEvent(event), () => {});
  }

  async #load(): Promise<Receiver> {
    const url = new URL(BUNDLE, self.location.href).href;
    const { RtcReceiver } = await import(url) as ReceiverModule;
    return new RtcReceiver({ clock: pageClock, post: this.#post });
  }
}

/** Where a connection's access units come from; undefined for one that carries packets. */
export function framesOf(connection: object): FrameSource | undefined {
  return "frames" in connection ? (connection as FramedConnection).frames : undefined;
}
