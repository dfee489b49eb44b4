/**
 * ProducerLink: one connection of a publishing page to the host: hello with the wish to publish, the
 * control stream both ways, clock probes, and datagrams: pictures and sound out, feedback in. It hands
 * messages on as they come; messages that the network does not take are bounded, then the link ends.
 */

import type { Clock } from "../../src/core/clock.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import type { CloseInfo, Connection } from "../../src/transport/connection.ts";
import { encodeClientMessage, WIRE_VERSION } from "../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../src/wire/control.ts";
import { parseFeedback } from "../../src/wire/feedback.ts";
import type { Feedback } from "../../src/wire/feedback.ts";
import { datagramClass } from "../../src/wire/packet.ts";
import { encodeProbeRequest, parseProbeReply } from "../../src/wire/probe.ts";
import type { PublishWish } from "../../src/wire/publish_messages.ts";
import { BoundedWriter } from "../shared/bounded_writer.ts";
import { readControl } from "../shared/control_reader.ts";
import { ClockOffset } from "../shared/clock_offset.ts";

/** Probes at the start, so that the offset is good before the first picture leaves. */
const FIRST_PROBES = 8;
const FIRST_PROBE_INTERVAL_MS = 20;
const PROBE_INTERVAL_MS = 500;
/** Without a word of the host for so long the path counts as dead: four probes were not answered. */
export const SILENCE_MS = 2000;
/** A timer that is this late means that this page stood still: answers may wait to be read. */
const STALL_MS = 100;
/** Close code of a producer that found a protocol error. */
const CLOSE_PROTOCOL = 2;

/** What a link needs of a connection. */
export type LinkConnection = Pick<
  Connection,
  "closed" | "openBidirectional" | "sendDatagram" | "readDatagram" | "close"
>;

/** Who hears what arrives. */
export interface ProducerLinkHandlers {
  message(message: ServerMessage): void;
  feedback(feedback: Feedback, nowUs: number): void;
  /** The connection is over; called once. */
  closed(info: CloseInfo): void;
}

/** A connection in use. */
export class ProducerLink {
  readonly #connection: LinkConnection;
  readonly #clock: Clock;
  readonly #handlers: ProducerLinkHandlers;
  readonly #offset = new ClockOffset();
  #control: BoundedWriter | undefined;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #probeId = 0;
  #heardUs: number;
  #probeDueUs = Infinity;

  /** Takes over an open connection; call `start` to begin. */
  constructor(connection: LinkConnection, clock: Clock, handlers: ProducerLinkHandlers) {
    this.#connection = connection;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#heardUs = clock.nowUs();
  }

  /** Host clock minus page clock, microseconds; undefined before the first answer. */
  get offsetUs(): number | undefined {
    return this.#offset.offsetUs;
  }

  /** Mean of the last round trips. */
  get rttUs(): number | undefined {
    return this.#offset.rtt?.meanUs;
  }

  /** Says hello and begins to read. Rejects with TransportError. */
  async start(ticket: string, wish: PublishWish): Promise<void> {
    const stream = await this.#connection.openBidirectional();
    this.#control = new BoundedWriter(stream.writable, () => this.#stalled());
    this.send({ type: "hello", version: WIRE_VERSION, ticket, publish: wish });
    const reading = this.#readControl(stream.readable);
    this.#readDatagrams();
    this.#probe();
    this.#connection.closed.then(async (info) => {
      clearTimeout(this.#probeTimer);
      // The host's last message says more than the close that follows it.
      await reading;
      this.#handlers.closed(info);
    });
  }

  /** Sends a control message. */
  send(message: ClientMessage): void {
    this.#control?.write(encodeClientMessage(message));
  }

  /** Ends the connection; idempotent. */
  close(code: number, reason: string): void {
    clearTimeout(this.#probeTimer);
    this.#connection.close(code, reason);
  }

  #probe(): void {
    const nowUs = this.#clock.nowUs();
    const lateUs = nowUs - this.#probeDueUs;
    if (lateUs > STALL_MS * 1000) this.#heardUs += lateUs;
    if (nowUs - this.#heardUs > SILENCE_MS * 1000) {
      return this.close(0, "The host does not answer");
    }
    const id = this.#probeId++;
    this.#connection.sendDatagram(encodeProbeRequest({ id, viewerSendUs: nowUs }));
    const wait = id < FIRST_PROBES ? FIRST_PROBE_INTERVAL_MS : PROBE_INTERVAL_MS;
    this.#probeDueUs = nowUs + wait * 1000;
    this.#probeTimer = setTimeout(() => this.#probe(), wait);
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
      try {
        const kind = datagramClass(datagram);
        if (kind === "feedback") this.#handlers.feedback(parseFeedback(datagram), nowUs);
        else if (kind === "probe") this.#offset.push(parseProbeReply(datagram), nowUs);
      } catch (error) {
        // A datagram that breaks the format is worth nothing, and no reason to stop.
        if (!(error instanceof ProtocolError)) throw error;
      }
    }
  }

  #stalled(): void {
    this.close(0, "The path takes no more data");
  }
}
