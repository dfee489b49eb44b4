/**
 * RtcDialler: the worker's half of a WebRTC rung: has the page open the peer connection, takes over its
 * data channels and makes a Connection of them. One connection is opened at a time by each caller; one
 * that is given up is ended on the page as well.
 */

import { TransportError } from "../../src/core/errors.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { MuxConnection } from "../../src/transport/mux/mux_connection.ts";
import { RtcChannel } from "./rtc_channel.ts";
import type { MessagePath, RtcEvent, RtcRequest } from "./rtc_messages.ts";
import { PortPath } from "./rtc_port.ts";

/** Longest wait for open data channels: signalling, ICE, DTLS and SCTP take six round trips. */
export const RTC_DIAL_TIMEOUT_MS = 8_000;

/** What a dialler works with. */
export interface RtcDiallerParts {
  /** Sends to the page. */
  readonly post: (request: RtcRequest) => void;
}

interface Dial {
  readonly resolve: (connection: Connection) => void;
  readonly reject: (error: TransportError) => void;
  readonly label: string;
  timer: ReturnType<typeof setTimeout> | undefined;
  channel: RtcChannel | undefined;
}

/** Opens connections with the page's help. */
export class RtcDialler {
  readonly #parts: RtcDiallerParts;
  readonly #dials = new Map<number, Dial>();
  #lastId = 0;

  constructor(parts: RtcDiallerParts) {
    this.#parts = parts;
  }

  /** Id of the newest dial, which the page names in the options of its transform. */
  get newestId(): number {
    return this.#lastId;
  }

  /** Opens a connection by way of `path` on the page's host. Rejects with TransportError. */
  dial(path: string): Promise<Connection> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const message = `Cannot open a WebRTC connection within ${RTC_DIAL_TIMEOUT_MS} ms`;
        this.#fail(id, new TransportError(message, { reason: "timeout" }));
      }, RTC_DIAL_TIMEOUT_MS);
      this.#dials.set(id, { resolve, reject, label: path, timer, channel: undefined });
      this.#parts.post({ name: "dial", id, path });
    });
  }

  /** Takes what the page says. */
  onEvent(event: RtcEvent): void {
    if (event.name === "frames") return;
    if (event.name === "channels") return this.#open(event);
    const { id } = event;
    if (event.name === "gone") return this.#dials.get(id)?.channel?.end(event.reason);
    this.#fail(id, new TransportError(event.message, { reason: event.reason }));
  }

  #open({ id, messages, datagrams }: Extract<RtcEvent, { name: "channels" }>): void {
    const dial = this.#dials.get(id);
    const paths = { messages: pathOf(messages), datagrams: pathOf(datagrams) };
    if (dial === undefined) {
      // Given up meanwhile.
      paths.messages.close();
      paths.datagrams.close();
      return;
    }
    const channel = new RtcChannel(paths, {
      label: dial.label,
      onClose: () => this.#ended(id),
    });
    dial.channel = channel;
    const opened = () => {
      const isOpen = paths.messages.readyState === "open" && paths.datagrams.readyState === "open";
      if (!isOpen || dial.timer === undefined) return;
      clearTimeout(dial.timer);
      dial.timer = undefined;
      dial.resolve(new MuxConnection(channel, { side: "client", transport: "webrtc" }));
    };
    paths.messages.onopen = opened;
    paths.datagrams.onopen = opened;
    opened();
  }

  /** The channels are closed: of a dial that was not ready, the end of it. */
  #ended(id: number): void {
    this.#fail(id, new TransportError("The data channels closed", { reason: "closed" }));
  }

  #fail(id: number, error: TransportError): void {
    const dial = this.#dials.get(id);
    if (dial === undefined) return;
    this.#dials.delete(id);
    clearTimeout(dial.timer);
    this.#parts.post({ name: "close", id });
    dial.reject(error);
    dial.channel?.end(error.message);
  }
}

function pathOf(channel: MessagePath | MessagePort): MessagePath {
  if ("postMessage" in channel) return new PortPath(channel);
  channel.binaryType = "arraybuffer";
  return channel;
}
