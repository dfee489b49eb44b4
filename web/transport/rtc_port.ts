/**
 * RtcPort: a data channel of the page for its worker, where the browser cannot hand the channel itself
 * over. The page's end passes messages on; the worker's end looks like the channel. What waits is
 * counted until the channel has sent it, so that bounds on `bufferedAmount` hold across the port.
 */

import type { MessagePath, PortWord } from "./rtc_messages.ts";

/** Sent bytes are told in portions of about this many. */
const DRAIN_BYTES = 16_384;

/** Passes the messages of `channel` on to `port` and back until either ends. */
export function joinPort(channel: MessagePath, port: MessagePort): void {
  const say = (word: PortWord, transfer: Transferable[] = []) => port.postMessage(word, transfer);
  let handedBytes = 0;
  let toldBytes = 0;
  const tell = () => {
    const drainedBytes = handedBytes - channel.bufferedAmount - toldBytes;
    if (drainedBytes <= 0) return;
    toldBytes += drainedBytes;
    say({ drainedBytes });
  };
  channel.bufferedAmountLowThreshold = DRAIN_BYTES;
  channel.onbufferedamountlow = tell;
  channel.onopen = () => say({ isOpen: true });
  channel.onmessage = ({ data }) => say({ bytes: data }, [data]);
  channel.onclose = () => {
    say({ isClosed: true });
    port.close();
  };
  port.onmessage = ({ data }: MessageEvent<PortWord>) => {
    if ("bytes" in data) {
      handedBytes += data.bytes.byteLength;
      try {
        channel.send(new Uint8Array(data.bytes));
      } catch {
        // It is closing; `onclose` follows.
      }
      if (channel.bufferedAmount <= DRAIN_BYTES) tell();
    } else if ("isClosed" in data) channel.close();
  };
  if (channel.readyState === "open") say({ isOpen: true });
}

/** The worker's end of a port that `joinPort` serves. */
export class PortPath implements MessagePath {
  readonly #port: MessagePort;
  #bufferedBytes = 0;
  #state: "connecting" | "open" | "closed" = "connecting";

  bufferedAmountLowThreshold = 0;
  onopen: MessagePath["onopen"] = null;
  onmessage: MessagePath["onmessage"] = null;
  onbufferedamountlow: MessagePath["onbufferedamountlow"] = null;
  onclose: MessagePath["onclose"] = null;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<PortWord>) => this.#take(data);
  }

  get readyState(): string {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#bufferedBytes;
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#state === "closed") return;
    const copy = bytes.slice().buffer;
    this.#bufferedBytes += bytes.byteLength;
    this.#port.postMessage({ bytes: copy } satisfies PortWord, [copy]);
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#port.postMessage({ isClosed: true } satisfies PortWord);
  }

  #take(word: PortWord): void {
    if ("bytes" in word) {
      this.onmessage?.(new MessageEvent("message", { data: word.bytes }));
    } else if ("drainedBytes" in word) {
      const before = this.#bufferedBytes;
      this.#bufferedBytes = Math.max(0, before - word.drainedBytes);
      const threshold = this.bufferedAmountLowThreshold;
      const isLow = before > threshold && this.#bufferedBytes <= threshold;
      if (isLow) this.onbufferedamountlow?.(new Event("bufferedamountlow"));
    } else if ("isOpen" in word) {
      if (this.#state !== "connecting") return;
      this.#state = "open";
      this.onopen?.(new Event("open"));
    } else {
      this.#state = "closed";
      this.#port.close();
      this.onclose?.(new Event("close"));
    }
  }
}
