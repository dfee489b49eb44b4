/**
 * RtcMessages: what the worker and its page say to each other of WebRTC connections, which only a page
 * can open. Types only; both come from the same build.
 */

import type { TransportError } from "../../src/core/errors.ts";

/** A data channel as both ends use it: the browser's own, or one behind a port. */
export interface MessagePath {
  readonly readyState: string;
  binaryType?: string;
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<ArrayBuffer>) => void) | null;
  onbufferedamountlow: ((event: Event) => void) | null;
  onclose: ((event: Event) => void) | null;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** The browser's encoded frame, as far as it is used. */
export interface EncodedUnit {
  readonly data: ArrayBuffer;
}

/** From the worker to the page. */
export type RtcRequest =
  /** Opens a connection; `path` is where the page's own host takes offers. */
  | { readonly name: "dial"; readonly id: number; readonly path: string }
  /** Ends one. */
  | { readonly name: "close"; readonly id: number };

/** From the page to the worker. */
export type RtcEvent =
  /** The channels of a connection that is being opened: ours to use, or behind ports. */
  | {
    readonly name: "channels";
    readonly id: number;
    readonly messages: MessagePath | MessagePort;
    readonly datagrams: MessagePath | MessagePort;
  }
  /** The frames of one, where the browser does not bring them to the worker itself. */
  | {
    readonly name: "frames";
    readonly id: number;
    readonly readable: ReadableStream<EncodedUnit>;
  }
  /** It cannot be opened. */
  | {
    readonly name: "failed";
    readonly id: number;
    readonly reason: TransportError["reason"];
    readonly message: string;
  }
  /** Its path is gone. */
  | { readonly name: "gone"; readonly id: number; readonly reason: string };

/** What a port carries between a page that has the data channel and the worker that uses it. */
export type PortWord =
  /** Either way: a message. */
  | { readonly bytes: ArrayBuffer }
  /** From the page: the channel is open. */
  | { readonly isOpen: true }
  /** From the page: so many bytes more have left. */
  | { readonly drainedBytes: number }
  /** Either way: the channel is closed. */
  | { readonly isClosed: true };
