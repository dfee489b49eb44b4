/**
 * MediaReader: a viewer's receiving half without a browser, for tests and benches: the datagrams of a
 * connection go through a MediaReceiver, feedback goes back. A host sends nothing for long to a viewer
 * that says nothing. It owns one timer, which ends with the connection.
 */

import { MediaReceiver } from "../src/pipeline/media_receiver.ts";
import type { ReceivedFrame } from "../src/pipeline/media_receiver.ts";
import type { Connection } from "../src/transport/connection.ts";
import { datagramClass } from "../src/wire/packet.ts";

/** Who hears what arrives. */
export interface MediaReaderHandlers {
  /** A frame that can be decoded; its payload is valid during the call. */
  frame?(frame: ReceivedFrame): void;
  /** A media datagram, before it is taken. */
  media?(datagram: Uint8Array): void;
  /** A datagram of another class. */
  other?(datagram: Uint8Array): void;
}

/** Reads one stream off one connection. */
export class MediaReader {
  readonly receiver: MediaReceiver;
  /** Settles when the connection is over. */
  readonly ended: Promise<void>;
  readonly #connection: Pick<Connection, "readDatagram" | "sendDatagram">;
  readonly #handlers: MediaReaderHandlers;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Begins at once. */
  constructor(
    connection: Pick<Connection, "readDatagram" | "sendDatagram">,
    handlers: MediaReaderHandlers = {},
    streamId = 0,
  ) {
    this.#connection = connection;
    this.#handlers = handlers;
    this.receiver = new MediaReceiver({ streamId });
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    for (;;) {
      const datagram = await this.#connection.readDatagram();
      if (datagram === undefined) break;
      if (datagramClass(datagram) === "media") {
        this.#handlers.media?.(datagram);
        this.receiver.push(datagram, nowUs());
        this.#pump();
      } else this.#handlers.other?.(datagram);
    }
    clearTimeout(this.#timer);
  }

  #pump(): void {
    for (;;) {
      const frame = this.receiver.pull(nowUs());
      if (frame === undefined) break;
      this.#handlers.frame?.(frame);
    }
    const feedback = this.receiver.pullFeedback(nowUs());
    if (feedback !== undefined) this.#connection.sendDatagram(feedback);
    clearTimeout(this.#timer);
    const { deadline } = this.receiver;
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => this.#pump(), Math.max(0, (deadline - nowUs()) / 1000));
  }
}

function nowUs(): number {
  return Math.round(performance.now() * 1000);
}
