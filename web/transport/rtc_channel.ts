/**
 * RtcChannel: a pair of data channels as a MuxChannel: one that is reliable and in order for messages,
 * one that is neither for datagrams. The browser bounds nothing that is sent, so that datagrams beyond
 * `DATAGRAM_BUFFER_BYTES_MAX` are dropped here; messages are bounded by the connection on top.
 */

import type { MuxChannel, MuxHandlers } from "../../src/transport/mux/mux_channel.ts";
import type { MessagePath } from "./rtc_messages.ts";

/** Largest datagram: it goes into one packet of SCTP over DTLS on a path of 1,200 bytes. */
export const RTC_DATAGRAM_BYTES_MAX = 1_100;
/** Datagrams that wait in the browser; motion that is later than that is stale. */
const DATAGRAM_BUFFER_BYTES_MAX = 32_768;
const LOW_BYTES = 65_536;
/** Messages before `start`, which follows the opening of the channels at once. */
const EARLY_MESSAGES_MAX = 16;
/** A host answers a probe each second: one that says nothing for so long is gone. */
export const RTC_SILENCE_MS = 4_000;
const WATCH_MS = 500;

/** Two data channels of one connection. */
export class RtcChannel implements MuxChannel {
  readonly remoteAddress: string;
  readonly maxDatagramSize = RTC_DATAGRAM_BYTES_MAX;
  readonly #messages: MessagePath;
  readonly #datagrams: MessagePath;
  readonly #onClose: () => void;
  #handlers: MuxHandlers | undefined;
  #early: ArrayBuffer[] = [];
  #isClosed = false;
  #watch: ReturnType<typeof setInterval> | undefined;
  #silentMs = 0;

  /** Takes over both; `onClose` hears when they are of no more use, and ends what they belong to. */
  constructor(
    paths: { readonly messages: MessagePath; readonly datagrams: MessagePath },
    options: { readonly label: string; readonly onClose: () => void },
  ) {
    this.remoteAddress = options.label;
    this.#messages = paths.messages;
    this.#datagrams = paths.datagrams;
    this.#onClose = options.onClose;
    const { messages, datagrams } = paths;
    messages.bufferedAmountLowThreshold = LOW_BYTES;
    messages.onmessage = ({ data }) => {
      this.#silentMs = 0;
      if (this.#handlers !== undefined) this.#handlers.message(new Uint8Array(data));
      else if (this.#early.length < EARLY_MESSAGES_MAX) this.#early.push(data);
      else this.end("Too much came before the connection");
    };
    messages.onbufferedamountlow = () => this.#handlers?.drained();
    messages.onclose = () => this.end("The data channel closed");
    datagrams.onmessage = ({ data }) => {
      this.#silentMs = 0;
      this.#handlers?.datagram(new Uint8Array(data));
    };
    datagrams.onclose = () => this.end("The data channel closed");
  }

  get bufferedBytes(): number {
    return this.#messages.bufferedAmount;
  }

  send(message: Uint8Array): void {
    this.#sendOn(this.#messages, message);
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#datagrams.bufferedAmount > DATAGRAM_BUFFER_BYTES_MAX) return false;
    return this.#sendOn(this.#datagrams, bytes);
  }

  start(handlers: MuxHandlers): void {
    this.#handlers = handlers;
    for (const data of this.#early.splice(0)) handlers.message(new Uint8Array(data));
    // Counted in turns of its own: a page that slept has not listened for as long.
    this.#watch = setInterval(() => {
      this.#silentMs += WATCH_MS;
      if (this.#silentMs >= RTC_SILENCE_MS) this.end("The host is silent");
    }, WATCH_MS);
  }

  close(): void {
    this.end("Closed");
  }

  /** The path is gone: tells the connection once, and lets go of both channels. */
  end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#watch);
    this.#handlers?.closed(reason);
    this.#messages.close();
    this.#datagrams.close();
    this.#onClose();
  }

  #sendOn(path: MessagePath, bytes: Uint8Array): boolean {
    if (this.#isClosed || path.readyState !== "open") return false;
    try {
      // Data channels copy what they are given.
      path.send(bytes as Uint8Array<ArrayBuffer>);
      return true;
    } catch {
      // Between its end and the event that tells of it.
      return false;
    }
  }
}
