/**
 * SessionFeature: one capability of a session beside picture and input, such as sound or files. The
 * session gives it the messages, datagrams and streams that are its own, after the tables of
 * permissions.ts were asked; a ProtocolError of it ends the session and nothing else.
 */

import { ProtocolError } from "../core/errors.ts";
import type { MediaSenderStats } from "../pipeline/sender_report.ts";
import type { IncomingConnection } from "../transport/connection.ts";
import type { ClientMessage, EndReason, Role } from "../wire/control.ts";
import type { DatagramClass } from "../wire/packet.ts";
import type { Permission } from "../wire/permission.ts";
import { OPEN_GATE } from "./input_gate.ts";
import type { InputGate } from "./input_gate.ts";
import type { SessionRights } from "./session_rights.ts";

/** How a stream goes to a session: what is known of the path that all share. */
export interface FeatureFeed {
  /** Counters of the sender, once the viewer played. */
  readonly stats: MediaSenderStats | undefined;
  /** The path is gone for now: what is sent would come late, and before the picture. */
  readonly isSilent: boolean;
  /** Bytes that went to the viewer beside the picture: the path carries them too. */
  noteOther(bytes: number, nowUs: number): void;
}

/** A session, as its features see it. */
export interface FeatureSession {
  readonly id: string;
  readonly browserSessionId: string;
  readonly role: Role;
  readonly connection: IncomingConnection;
  /** The stream that it watches; undefined while it watches none. */
  readonly streamId: number | undefined;
  /** What it may do, with who hears of changes; the same for all sessions of its browser. */
  readonly rights: SessionRights;
  /** How a stream goes to it, once it was played. */
  feed(streamId: number): FeatureFeed | undefined;
  /** True while packets of a stream go to it. */
  isWatching(streamId: number): boolean;
  /** Asked each time: what a session may do can change while it runs. */
  may(permission: Permission): boolean;
  /** Queues a framed server message; with `replaces` only the newest of that name is kept. */
  send(framed: Uint8Array, replaces?: string): void;
  /** Raises what it holds down on the device of a stream. */
  releaseInput(streamId: number): void;
  nowUs(): number;
  end(reason: EndReason, message: string, retry: boolean): void;
}

/** A stream that the viewer opened, behind its first byte. */
export interface FeatureStream {
  /** What arrived together with the first byte, without it; may be empty. */
  readonly firstBytes: Uint8Array;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Our side of a bidirectional stream; undefined on one from the viewer to us. */
  readonly writable: WritableStream<Uint8Array> | undefined;
}

/** One capability of one session. */
export interface SessionFeature {
  /** Control messages that come here. */
  readonly messages: readonly ClientMessage["type"][];
  /** Datagrams that come here. */
  readonly datagrams?: readonly DatagramClass[];
  /** First bytes of the streams that come here. */
  readonly streams?: readonly number[];
  /** Stands between the session's input and the host's devices; at most one feature has one. */
  readonly inputGate?: InputGate;
  /** Takes a message of `messages`. Throws ProtocolError to end the session. */
  onMessage(message: ClientMessage, nowUs: number): void;
  /** Takes a datagram, valid only during the call; false when it is refused, and then counted. */
  onDatagram?(datagram: Uint8Array, nowUs: number): boolean;
  /** Takes a stream and owns it; resolves when that is over. Rejects with ProtocolError. */
  onStream?(preamble: number, stream: FeatureStream): Promise<void>;
  /** The session has begun: its welcome and greeting are queued. */
  onStart?(): void;
  /** The viewer began or ended to watch a stream. */
  onWatch?(): void;
  /** The session is over; called once. */
  close(): void;
}

/** Makes the capability of one session. */
export type SessionFeatureFactory = (session: FeatureSession) => SessionFeature;

/** The capabilities of one session, found by what they take. */
export class SessionFeatures {
  readonly #features: readonly SessionFeature[];
  readonly #byMessage = new Map<string, SessionFeature>();
  readonly #byDatagram = new Map<DatagramClass, SessionFeature>();
  readonly #byPreamble = new Map<number, SessionFeature>();

  constructor(factories: readonly SessionFeatureFactory[], session: FeatureSession) {
    this.#features = factories.map((make) => make(session));
    for (const feature of this.#features) {
      for (const type of feature.messages) this.#byMessage.set(type, feature);
      for (const name of feature.datagrams ?? []) this.#byDatagram.set(name, feature);
      for (const preamble of feature.streams ?? []) this.#byPreamble.set(preamble, feature);
    }
  }

  /** True when some stream of the viewer is one of theirs. */
  get takesStreams(): boolean {
    return this.#byPreamble.size > 0;
  }

  /** What stands between the session's input and the host's devices. */
  get inputGate(): InputGate {
    return this.#features.find(({ inputGate }) => inputGate !== undefined)?.inputGate ?? OPEN_GATE;
  }

  /** The viewer began or ended to watch a stream. */
  watched(): void {
    for (const feature of this.#features) feature.onWatch?.();
  }

  /** The session has begun. */
  start(): void {
    for (const feature of this.#features) feature.onStart?.();
  }

  /** Gives a message to its capability. Throws ProtocolError when there is none. */
  onMessage(message: ClientMessage, nowUs: number): void {
    const feature = this.#byMessage.get(message.type);
    if (feature === undefined) {
      const what = `Cannot accept ${message.type}: this host does not offer it`;
      throw new ProtocolError(what, { reason: "unexpected" });
    }
    feature.onMessage(message, nowUs);
  }

  /** Gives a datagram to its capability; false when it is refused. */
  onDatagram(name: DatagramClass, datagram: Uint8Array, nowUs: number): boolean {
    return this.#byDatagram.get(name)?.onDatagram?.(datagram, nowUs) ?? false;
  }

  /** Gives a stream to its capability; undefined when it is nobody's. */
  onStream(preamble: number, stream: FeatureStream): Promise<void> | undefined {
    return this.#byPreamble.get(preamble)?.onStream?.(preamble, stream);
  }

  /** The session is over. */
  close(): void {
    for (const feature of this.#features) feature.close();
  }
}
