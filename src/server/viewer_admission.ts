/**
 * ViewerAdmission: from connections that a listener accepts to sessions that run, of viewers and of
 * producers. Each connection is on its own: what it does wrong ends it and nothing else.
 */

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { CheckpointName } from "../memory/memory_checkpoint.ts";
import { handshake } from "../session/handshake.ts";
import type { ProducerHost } from "../session/producer_host.ts";
import { ProducerSession } from "../session/producer_session.ts";
import type { SessionHost } from "../session/session_host.ts";
import type { BrowserSession, SessionRegistry } from "../session/session_registry.ts";
import { SessionRights } from "../session/session_rights.ts";
import type { ShownSession } from "../session/shown_session.ts";
import type { TicketStore } from "../session/ticket_store.ts";
import { ViewerSession } from "../session/viewer_session.ts";
import type { IncomingConnection, Listener } from "../transport/connection.ts";

/** What admission needs of the server. */
export interface ViewerAdmissionOptions {
  readonly host: SessionHost;
  /** Who has streams for producers; absent where nobody can publish. */
  readonly producers?: ProducerHost | undefined;
  /** Those who watch without a session of ours. */
  readonly players?: (() => readonly ShownSession[]) | undefined;
  readonly registry: SessionRegistry;
  readonly tickets: TicketStore;
  readonly clock: Clock;
  /** Wall clock in milliseconds. */
  readonly nowMs: () => number;
  readonly newId: () => string;
  readonly log: Logger;
  /** Why nobody else can be let in, for people; undefined while somebody can. */
  readonly refusal?: () => string | undefined;
  /** Hears of the points at which memory is looked at; undefined costs nothing. */
  readonly checkpoint?: ((name: CheckpointName) => void) | undefined;
}

/** Takes no producer. */
const NO_PRODUCERS: ProducerHost = {
  publish: () => ({ reason: "capacity", message: "Nobody can publish on this host" }),
  hostTimeUs: (nowUs) => nowUs,
  bytesPerSecond: 1,
};

/** Counters of admission. */
export interface ViewerAdmissionStats {
  admitted: number;
  /** Handshakes that failed: no hello in time, a bad ticket, another version. */
  refused: number;
  /** Viewers turned away because the server is full, or has no such stream. */
  turnedAway: number;
}

/** Lets viewers in. */
export class ViewerAdmission {
  readonly #options: ViewerAdmissionOptions;
  readonly #sessions = new Set<ViewerSession>();
  readonly #producers = new Set<ProducerSession>();
  readonly #stats: ViewerAdmissionStats = { admitted: 0, refused: 0, turnedAway: 0 };
  #isClosed = false;

  constructor(options: ViewerAdmissionOptions) {
    this.#options = options;
  }

  get stats(): Readonly<ViewerAdmissionStats> {
    return this.#stats;
  }

  /** Sessions that run now. */
  get sessions(): ReadonlySet<ViewerSession> {
    return this.#sessions;
  }

  /** All who watch now, for those who show them. */
  get shown(): readonly ShownSession[] {
    return [...this.#sessions, ...this.#options.players?.() ?? []];
  }

  /** Sessions of producers that run now. */
  get producers(): ReadonlySet<ProducerSession> {
    return this.#producers;
  }

  /** Accepts until the listener is closed; never rejects. */
  async acceptAll(listener: Listener): Promise<void> {
    for (;;) {
      let connection: IncomingConnection | undefined;
      try {
        connection = await listener.accept();
      } catch (error) {
        this.#options.log.error("Cannot accept viewers any more", { message: String(error) });
        return;
      }
      if (connection === undefined) return;
      this.#serve(connection).catch((error: unknown) => {
        this.#stats.refused++;
        const message = error instanceof Error ? error.message : String(error);
        this.#options.log.info("Viewer refused", { from: connection.remoteAddress, message });
      });
    }
  }

  /** Sends a framed message to every viewer. */
  broadcast(framed: Uint8Array): void {
    for (const session of this.#sessions) session.send(framed);
  }

  /** Sends one to those who watch a stream; with `replaces` only the newest of that name counts. */
  tell(streamId: number, framed: Uint8Array, replaces?: string): void {
    for (const session of this.#sessions) {
      if (session.isWatching(streamId)) session.send(framed, replaces);
    }
  }

  /** Raises what viewers hold down on the device of a stream. */
  releaseInput(streamId: number): void {
    for (const session of this.#sessions) session.releaseInput(streamId);
  }

  /** Ends all sessions, telling the viewers to come back; lets nobody in any more. */
  close(): void {
    this.#isClosed = true;
    for (const session of [...this.#sessions, ...this.#producers]) {
      session.end("shutdown", "The server ends", true);
    }
  }

  async #serve(connection: IncomingConnection): Promise<void> {
    const { registry, host, clock, log, newId, checkpoint } = this.#options;
    const joined: { session?: ViewerSession | ProducerSession } = {};
    const { control, browserSession, stream, follows, publish } = await handshake(connection, {
      redeem: (ticket) => this.#redeem(ticket),
      onBroken: (why) => joined.session?.end("quit", why, true),
    });
    connection.markAuthenticated();
    const { id: browserSessionId } = browserSession;
    const id = newId();
    // Of a session that was revoked meanwhile nothing is left; it ends below.
    const rights = registry.rights(browserSessionId) ?? new SessionRights("viewer");
    if (publish !== undefined) {
      const wish = publish;
      const shared = { id, browserSessionId, rights, connection, control, clock, log };
      const make = (producers: ProducerHost) => {
        return joined.session = new ProducerSession({ ...shared, wish, host: producers });
      };
      return await this.#serveProducer(browserSession, make);
    }
    const session = new ViewerSession({
      ...{ id, browserSessionId, rights, stream, connection, control, host, clock, log },
    });
    joined.session = session;
    if (this.#isClosed) return session.end("shutdown", "The server ends", true);
    if (this.#isRevoked(browserSession)) {
      return session.end("kicked", "Access was withdrawn", false);
    }
    if (session.refusal !== undefined) {
      this.#stats.turnedAway++;
      return session.end("unknown_stream", session.refusal, false);
    }
    const refusal = this.#options.refusal?.();
    if (refusal !== undefined || !registry.admit(session, follows)) {
      this.#stats.turnedAway++;
      return session.end("capacity", refusal ?? "All places are taken", true);
    }
    this.#stats.admitted++;
    this.#sessions.add(session);
    checkpoint?.("session_open");
    log.info("Viewer joined", { session: id, role: rights.role, from: connection.remoteAddress });
    const reason = await session.run();
    this.#sessions.delete(session);
    registry.leave(session);
    checkpoint?.("session_close");
    log.info("Viewer left", { session: id, reason });
  }

  async #serveProducer(
    browserSession: BrowserSession,
    make: (producers: ProducerHost) => ProducerSession,
  ): Promise<void> {
    const { producers = NO_PRODUCERS, registry, log } = this.#options;
    const session = make(producers);
    if (this.#isClosed) return session.end("shutdown", "The server ends", true);
    if (this.#isRevoked(browserSession)) {
      return session.end("kicked", "Access was withdrawn", false);
    }
    const refusal = this.#options.refusal?.();
    if (refusal !== undefined) {
      this.#stats.turnedAway++;
      return session.end("capacity", refusal, true);
    }
    registry.watch(session);
    this.#producers.add(session);
    const from = session.remoteAddress;
    log.info("Producer joined", { session: session.id, from });
    const reason = await session.run();
    this.#producers.delete(session);
    registry.leave(session);
    log.info("Producer left", { session: session.id, reason });
  }

  #redeem(ticket: string): BrowserSession | undefined {
    const { tickets, registry, clock, nowMs } = this.#options;
    const id = tickets.redeem(ticket, clock.nowUs());
    return id === undefined ? undefined : registry.byId(id, nowMs());
  }

  /** The session may have been revoked between its ticket and now. */
  #isRevoked(session: BrowserSession): boolean {
    return this.#options.registry.byId(session.id, this.#options.nowMs()) === undefined;
  }
}
