/**
 * WorkerFeature: the worker's half of one capability of the viewer beside the picture: it takes the
 * messages of the host, the datagrams and the messages of the page that are its own.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { ClientMessage, Role, ServerMessage } from "../../../src/wire/control.ts";
import type { DatagramClass } from "../../../src/wire/packet.ts";
import type { ClockOffset } from "../../shared/clock_offset.ts";
import type { FrameSource } from "../receive/frame_source.ts";
import type { LinkConnection } from "../receive/viewer_link.ts";
import type { PageMessage, WorkerMessage } from "../worker_messages.ts";
import type { PastEvent } from "./past_event.ts";

/** What a capability has for the life of the worker. */
export interface WorkerFeatureContext {
  readonly clock: Clock;
  /** Sends to the page. */
  post(message: WorkerMessage, transfer?: Transferable[]): void;
}

/** A connection that is welcome, as capabilities see it. */
export interface FeatureLink
  extends Pick<LinkConnection, "openBidirectional" | "openUnidirectional"> {
  readonly role: Role;
  /** The connection's rung keeps order and loses nothing. */
  readonly isReliable?: boolean;
  /** The stream that is watched. */
  readonly streamId: number;
  /** Sends a control message. */
  send(message: ClientMessage): void;
  /** Opens the stream of input unless it is open. Never rejects. */
  openInput(): Promise<void>;
  /** Sends a datagram; false when it was dropped. */
  sendDatagram(bytes: Uint8Array): boolean;
  /** What the host says of its streams; another list when it says more. */
  readonly catalog: readonly StreamDescription[];
  /** Of the connection, for those who play streams of their own. */
  readonly clockOffset: ClockOffset;
  /** Where access units come from on a path that delivers those. */
  readonly frames?: FrameSource | undefined;
  /** Sends a feedback datagram. */
  sendFeedback(datagram: Uint8Array<ArrayBuffer>): void;
  /** Microseconds to add to the page's clock for the host's; undefined before it is known. */
  readonly offsetUs: number | undefined;
}

/** When a picture was shown, for what must keep pace with it. Microseconds. */
export interface PresentedPicture {
  /** Of the host's clock. */
  readonly captureTimeUs: number;
  /** Of the page's clock. */
  readonly presentedUs: number;
}

/** The worker's half of a capability. */
export interface WorkerFeature {
  /** Messages of the host that come here. */
  readonly serverMessages: readonly ServerMessage["type"][];
  /** Datagrams that come here. */
  readonly datagrams?: readonly DatagramClass[];
  /** Messages of the page that come here. */
  readonly pageMessages: readonly PageMessage["type"][];
  onServerMessage(message: ServerMessage): void;
  /** Takes a datagram, valid during the call. */
  onDatagram?(datagram: Uint8Array, nowUs: number): void;
  /** Takes a media datagram of a stream that is not the one that is watched; false: nobody's. */
  onMedia?(datagram: Uint8Array, streamId: number, nowUs: number): boolean;
  onPageMessage(message: PageMessage): void;
  /** A host let us in. Comes again with each connection. */
  onConnected?(link: FeatureLink): void;
  onDisconnected?(): void;
  /** A picture of the present was drawn. */
  onPresented?(picture: PresentedPicture): void;
  /** The past is shown instead, or no longer. */
  onPast?(event: PastEvent): void;
}
