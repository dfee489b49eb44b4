/**
 * TicketStore: the single-use tickets with which a page's session opens a transport. A ticket is
 * 256 random bits, lives `TICKET_LIFETIME_MS` and is kept as its hash; the store is bounded and
 * drops the oldest.
 */

import { hashSecret, isSecret, newSecret } from "./access_token.ts";

/** How long a page has from fetching a ticket to the hello that uses it. */
export const TICKET_LIFETIME_MS = 30_000;
/** Tickets at once: far above what honest pages hold within 30 s. */
export const MAX_TICKETS = 1024;

interface Ticket {
  readonly browserSessionId: string;
  readonly expiresUs: number;
}

/** Tickets that were given out and not yet used. */
export class TicketStore {
  // In order of issue, which with one lifetime for all is the order of expiry.
  readonly #tickets = new Map<string, Ticket>();

  /** Tickets held, expired ones included until they are swept. */
  get size(): number {
    return this.#tickets.size;
  }

  /** A new ticket for a browser session. */
  issue(browserSessionId: string, nowUs: number): string {
    this.#sweep(nowUs);
    const ticket = newSecret();
    const expiresUs = nowUs + TICKET_LIFETIME_MS * 1000;
    this.#tickets.set(hashSecret(ticket).toHex(), { browserSessionId, expiresUs });
    return ticket;
  }

  /** Uses up `ticket`; the browser session it was for, or undefined. */
  redeem(ticket: string, nowUs: number): string | undefined {
    if (!isSecret(ticket)) return undefined;
    const key = hashSecret(ticket).toHex();
    const found = this.#tickets.get(key);
    this.#tickets.delete(key);
    return found !== undefined && found.expiresUs > nowUs ? found.browserSessionId : undefined;
  }

  #sweep(nowUs: number): void {
    for (const [key, ticket] of this.#tickets) {
      if (ticket.expiresUs > nowUs && this.#tickets.size < MAX_TICKETS) return;
      this.#tickets.delete(key);
    }
  }
}
