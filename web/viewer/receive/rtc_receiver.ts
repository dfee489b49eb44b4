/**
 * RtcReceiver: the worker's half of WebRTC connections: joins the data channels and the encoded frames
 * that the page's receivers hand out. The entry of a bundle of its own; one source of frames for each
 * connection that is open.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { EncodedUnit, RtcEvent, RtcRequest } from "../../transport/rtc_messages.ts";
import { RtcDialler } from "../../transport/rtc_dial.ts";
import { RtcFrames } from "./rtc_frames.ts";
import type { FramedConnection } from "./frame_source.ts";

/** What a receiver works with. */
export interface RtcReceiverParts {
  readonly clock: Clock;
  readonly post: (request: RtcRequest) => void;
}

/** The browser's event, as far as it is used. */
interface TransformEvent extends Event {
  readonly transformer: {
    readonly readable: ReadableStream<EncodedUnit>;
    readonly options: { readonly rtcId?: number } | undefined;
  };
}

/** Opens connections, and takes their frames. */
export class RtcReceiver {
  readonly #parts: RtcReceiverParts;
  readonly #dialler: RtcDialler;
  readonly #frames = new Map<number, RtcFrames>();

  constructor(parts: RtcReceiverParts) {
    this.#parts = parts;
    this.#dialler = new RtcDialler({ post: parts.post });
    addEventListener("rtctransform", (event) => {
      const { readable, options } = (event as TransformEvent).transformer;
      void this.#frames.get(options?.rtcId ?? 0)?.read(readable);
    });
  }

  /** Dials by way of `path`. Rejects with TransportError. */
  async dial(path: string): Promise<FramedConnection> {
    const dialling = this.#dialler.dial(path);
    const id = this.#dialler.newestId;
    const frames = new RtcFrames(this.#parts.clock);
    this.#frames.set(id, frames);
    try {
      const connection = await dialling;
      connection.closed.then(() => this.#frames.delete(id));
      return Object.assign(connection, { frames });
    } catch (error) {
      this.#frames.delete(id);
      throw error;
    }
  }

  /** Takes what the page says. */
  onEvent(event: RtcEvent): void {
    if (event.name === "frames") void this.#frames.get(event.id)?.read(event.readable);
    else this.#dialler.onEvent(event);
  }
}
