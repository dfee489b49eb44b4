/**
 * ViewerLink: one connection to the host, on the receiving side of the fold: dial, hello, the control
 * stream, the input stream, datagrams and clock probes. It hands messages and media datagrams on as
 * they come; input that the network does not take is bounded, then the link ends.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { ProtocolError } from "../../../src/core/errors.ts";
import { MAX_STREAM_NAME } from "../../../src/wire/codec.ts";
import { encodeClientMessage, WIRE_VERSION } from "../../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";
import { INPUT_STREAM_PREAMBLE } from "../../../src/wire/input.ts";
import { datagramClass } from "../../../src/wire/packet.ts";
import type { DatagramClass } from "../../../src/wire/packet.ts";
import { encodeProbeRequest, parseProbeReply } from "../../../src/wire/probe.ts";
import type { ProbeReply } from "../../../src/wire/probe.ts";
import { BoundedWriter } from "../../shared/bounded_writer.ts";
import { readControl } from "../../shared/control_reader.ts";
import type { Connection } from "../../../src/transport/connection.ts";

/** Probes at the start, so that the offset is good within the first second. */
const FIRST_PROBES = 8;
const FIRST_PROBE_INTERVAL_MS = 40;
const PROBE_INTERVAL_MS = 1000;
/** Records that may wait for the stream of input: a browser opens one within a moment. */
const EARLY_RECORDS_MAX = 1024;
/** Close code of a viewer that found a protocol error, and of one that leaves. */
const CLOSE_PROTOCOL = 2;

/** What a link needs of a connection. */
export type LinkConnection =
  & Pick<
    Connection,
    | "closed"
    | "openBidirectional"
    | "openUnidirectional"
    | "sendDatagram"
    | "readDatagram"
    | "close"
  >
  & Partial<Pick<Connection, "transport">>;

/** How a connection ended. */
export type LinkClose = Awaited<LinkConnection["closed"]>;

/** Who hears what arrives. */
export interface LinkHandlers {
  message(message: ServerMessage): void;
  media(datagram: Uint8Array, nowUs: number): void;
  probe(reply: ProbeReply, nowUs: number): void;
  /** Datagrams of capabilities beside the picture. */
  other(name: DatagramClass, datagram: Uint8Array, nowUs: number): void;
  /** The connection is over; called once. */
  closed(info: LinkClose): void;
}

/** A connection in use. */
export class ViewerLink {
  readonly #connection: LinkConnection;
  readonly #clock: Clock;
  readonly #handlers: LinkHandlers;
  #control: BoundedWriter | undefined;
  #input: BoundedWriter | undefined;
  #opening: Promise<void> | undefined;
  /** Records that were sent while the stream of input was being opened: each has its number. */
  #early: Uint8Array[] = [];
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #probeId = 0;
  #heardUs: number;

  /** Takes over an open connection; call `start` to begin. */
  constructor(connection: LinkConnection, clock: Clock, handlers: LinkHandlers) {
    this.#connection = connection;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#heardUs = clock.nowUs();
  }

  /** When the host last said something. */
  get heardUs(): number {
    return this.#heardUs;
  }

  /**
   * Says hello, naming a stream or none and the session whose place it takes, and begins to read.
   * Rejects with TransportError.
   */
  async start(ticket: string, wanted?: string, follows?: string): Promise<void> {
    const stream = await this.#connection.openBidirectional();
    this.#control = new BoundedWriter(stream.writable, () => this.#stalled());
    const named = wanted === undefined ? {} : { stream: wanted.slice(0, MAX_STREAM_NAME) };
    const following = follows === undefined ? {} : { follows };
    this.send({ type: "hello", version: WIRE_VERSION, ticket, ...named, ...following });
    const reading = this.#readControl(stream.readable);
    this.#readDatagrams();
    this.#connection.closed.then(async (info) => {
      clearTimeout(this.#probeTimer);
      // The host's last message says more than the close that follows it.
      await reading;
      this.#handlers.closed(info);
    });
  }

  /** For capabilities that open streams of their own. */
  get connection(): LinkConnection {
    return this.#connection;
  }

  /** Sends a control message. */
  send(message: ClientMessage): void {
    this.#control?.write(encodeClientMessage(message));
  }

  /**
   * Opens the input stream, once; without one the link ends. Records wait until `after`. Never rejects.
   */
  openInput(after?: Promise<void>): Promise<void> {
    this.#opening ??= this.#openInput(after).catch(() => this.close(0, "No input stream"));
    return this.#opening;
  }

  /** Sends an input record; false before `openInput`. */
  sendRecord(record: Uint8Array): boolean {
    if (this.#input !== undefined) this.#input.write(record);
    else if (this.#opening !== undefined && this.#early.length < EARLY_RECORDS_MAX) {
      this.#early.push(record);
    }
    return this.#opening !== undefined;
  }

  /** No record follows: the host lets go of what is held when it has read them all. */
  endInput(): void {
    this.#input?.end();
    this.#input = undefined;
  }

  /** Sends a pointer datagram. */
  sendPointer(datagram: Uint8Array): void {
    this.#connection.sendDatagram(datagram);
  }

  /** Sends a feedback datagram. */
  sendFeedback(datagram: Uint8Array): void {
    this.#connection.sendDatagram(datagram);
  }

  /** Begins to measure round trip and clock offset. */
  startProbes(): void {
    const probe = () => {
      const wait = this.#probeId < FIRST_PROBES ? FIRST_PROBE_INTERVAL_MS : PROBE_INTERVAL_MS;
      this.probe();
      this.#probeTimer = setTimeout(probe, wait);
    };
    probe();
  }

  /** Measures once more, which the host answers at once. */
  probe(): void {
    const viewerSendUs = this.#clock.nowUs();
    this.#connection.sendDatagram(encodeProbeRequest({ id: this.#probeId++, viewerSendUs }));
  }

  /** Ends the connection; idempotent. */
  close(code: number, reason: string): void {
    clearTimeout(this.#probeTimer);
    this.#connection.close(code, reason);
  }

  async #openInput(after: Promise<void> | undefined): Promise<void> {
    await after;
    const stream = await this.#connection.openUnidirectional();
    this.#input = new BoundedWriter(stream, () => this.#stalled());
    this.#input.write(Uint8Array.of(INPUT_STREAM_PREAMBLE));
    for (const record of this.#early.splice(0)) this.#input.write(record);
  }

  #readControl(readable: ReadableStream<Uint8Array>): Promise<void> {
    return readControl(readable, {
      heard: () => this.#heardUs = this.#clock.nowUs(),
      message: (message) => this.#handlers.message(message),
      broken: (reason) => this.close(CLOSE_PROTOCOL, reason),
    });
  }

  async #readDatagrams(): Promise<void> {
    for (;;) {
      const datagram = await this.#connection.readDatagram();
      if (datagram === undefined) return;
      const nowUs = this.#clock.nowUs();
      this.#heardUs = nowUs;
      const kind = datagramClass(datagram);
      if (kind === "media") this.#handlers.media(datagram, nowUs);
      else if (kind === "probe") this.#takeProbe(datagram, nowUs);
      else if (kind !== undefined) this.#handlers.other(kind, datagram, nowUs);
    }
  }

  #takeProbe(datagram: Uint8Array, nowUs: number): void {
    try {
      this.#handlers.probe(parseProbeReply(datagram), nowUs);
    } catch (error) {
      // A datagram that breaks the format is worth nothing, and no reason to stop.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  #stalled(): void {
    this.close(0, "The path takes no more data");
  }
}
