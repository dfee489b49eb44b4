/**
 * SessionRegistry: who may come in and who is in. A browser session is what a link's secret turns
 * into: a cookie with a role, kept as a hash, bounded in number and age. A live session is one open
 * transport of it; revoking the first ends the second at once.
 */

import type { EndReason, Role } from "../wire/control.ts";
import type { Permission } from "../wire/permission.ts";
import { hashSecret, isSecret, newSecret } from "./access_token.ts";
import { SessionRights, usualPermissions } from "./session_rights.ts";
import type { GrantChange } from "./session_rights.ts";

/** Browser sessions at once; the one unused for longest makes room. */
export const MAX_BROWSER_SESSIONS = 256;
/** Sessions that may share the place of one that they follow, until that one ends a moment later. */
export const FOLLOWERS_MAX = 4;
/** How long an unused browser session lasts: a working week with a long night in between. */
export const BROWSER_SESSION_LIFETIME_MS = 7 * 24 * 3600 * 1000;

/** A page that redeemed a link. Times are milliseconds of the wall clock: they outlive a restart. */
export interface BrowserSession {
  /** Public name of the session, not a secret. */
  readonly id: string;
  readonly role: Role;
  /** What it may do; absent in what was stored before there were permissions. */
  readonly permissions?: readonly Permission[] | undefined;
  /** What the person wants to be called; absent until then. */
  readonly name?: string | undefined;
  readonly createdMs: number;
  readonly expiresMs: number;
}

/** What is written to disk of a browser session. */
export interface StoredSession extends BrowserSession {
  /** SHA-256 of the cookie, as hex. */
  readonly cookieHash: string;
}

/** An open transport, as the registry sees it. */
export interface LiveSession {
  readonly id: string;
  readonly browserSessionId: string;
  readonly role: Role;
  /** Ends it, telling the viewer why; idempotent. */
  end(reason: EndReason, message: string, retry: boolean): void;
}

/** What a registry is made of. */
export interface SessionRegistryOptions {
  readonly maxLive: number;
  readonly newId: () => string;
  /** Hears of each change of the browser sessions, to store them. */
  readonly onChange?: () => void;
  /** Permissions of a role for which nobody chose others; default: the usual ones. */
  readonly permissionsOf?: (role: Role) => readonly Permission[];
}

/** All sessions of one server. */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  // By hash of the cookie, least recently renewed first.
  readonly #browser = new Map<string, StoredSession>();
  readonly #live = new Map<string, LiveSession>();
  /** Those that are let in beyond the places, by the id of the one whose place each takes. */
  readonly #followers = new Map<string, LiveSession>();
  /** Those that take no place of a viewer. */
  readonly #others = new Map<string, LiveSession>();
  /** By id of the browser session: one for all of its transports. */
  readonly #rights = new Map<string, SessionRights>();

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
  }

  /** Open transports. */
  get liveCount(): number {
    return this.#live.size;
  }

  /** Every open transport, those that take no place as well. */
  live(): IterableIterator<LiveSession> {
    return [...this.#live.values(), ...this.#others.values()].values();
  }

  /** Browser sessions as they are stored. */
  stored(): StoredSession[] {
    return [...this.#browser.values()];
  }

  /** Takes in what an earlier run stored; expired ones are left out. */
  restore(sessions: readonly StoredSession[], nowMs: number): void {
    for (const session of sessions.slice(-MAX_BROWSER_SESSIONS)) {
      if (session.expiresMs > nowMs) this.#keep(session);
    }
  }

  /** A new browser session; the cookie is the only copy of its secret. */
  create(
    role: Role,
    nowMs: number,
    permissions = this.permissionsOf(role),
  ): { session: BrowserSession; cookie: string } {
    this.#makeRoom(nowMs);
    const cookie = newSecret();
    const session: StoredSession = {
      id: this.#options.newId(),
      role,
      permissions,
      createdMs: nowMs,
      expiresMs: nowMs + BROWSER_SESSION_LIFETIME_MS,
      cookieHash: hashSecret(cookie).toHex(),
    };
    this.#keep(session);
    this.#options.onChange?.();
    return { session, cookie };
  }

  /** The browser session of a cookie, or undefined. */
  find(cookie: string | undefined, nowMs: number): BrowserSession | undefined {
    if (cookie === undefined || !isSecret(cookie)) return undefined;
    const session = this.#browser.get(hashSecret(cookie).toHex());
    return session !== undefined && session.expiresMs > nowMs ? session : undefined;
  }

  /** The browser session named `id`, or undefined. */
  byId(id: string, nowMs: number): BrowserSession | undefined {
    for (const session of this.#browser.values()) {
      if (session.id === id && session.expiresMs > nowMs) return session;
    }
    return undefined;
  }

  /** What a browser session may do: the same object for as long as there is that session. */
  rights(id: string): SessionRights | undefined {
    return this.#rights.get(id);
  }

  /** Permissions of a role for which nobody chose others. */
  permissionsOf(role: Role): readonly Permission[] {
    return (this.#options.permissionsOf ?? usualPermissions)(role);
  }

  /** Changes what a browser session may do, at once; false when there is none. */
  grant(id: string, change: GrantChange): boolean {
    const rights = this.#rights.get(id);
    if (rights === undefined) return false;
    // Stored first: whoever hears of it finds the new role everywhere.
    const { role = rights.role, permissions = rights.permissions } = change;
    this.#update(id, { role, permissions });
    rights.change(change);
    return true;
  }

  /** Gives the person of a browser session a name; false when there is no such session. */
  rename(id: string, name: string): boolean {
    return this.#update(id, { name });
  }

  /** Gives a browser session in use its full lifetime again. */
  renew(id: string, nowMs: number): void {
    this.#update(id, { expiresMs: nowMs + BROWSER_SESSION_LIFETIME_MS });
  }

  /** Forgets a browser session and ends its transports, saying why; false when there is none. */
  revoke(id: string, message = "Access was withdrawn"): boolean {
    const found = [...this.#browser.values()].find((session) => session.id === id);
    if (found === undefined) return false;
    this.#forget(found);
    this.#endLiveOf(id, message);
    this.#options.onChange?.();
    return true;
  }

  /**
   * Counts an open transport; false when the server is full. One that follows another of its browser
   * may share its place until that one ends.
   */
  admit(session: LiveSession, follows?: string): boolean {
    const isFull = this.#live.size - this.#followers.size >= this.#options.maxLive;
    if (isFull) {
      if (follows === undefined || !this.#canFollow(session, follows)) return false;
      this.#followers.set(follows, session);
    }
    this.#live.set(session.id, session);
    return true;
  }

  /** Takes in an open transport that has limits of its own and no place of a viewer. */
  watch(session: LiveSession): void {
    this.#others.set(session.id, session);
  }

  /** One place is never for more than two. */
  #canFollow(session: LiveSession, id: string): boolean {
    const followed = this.#live.get(id);
    if (followed === undefined || this.#followers.has(id)) return false;
    if (this.#followers.size >= FOLLOWERS_MAX) return false;
    const isFollower = [...this.#followers.values()].includes(followed);
    return !isFollower && followed.browserSessionId === session.browserSessionId;
  }

  /** Forgets an open transport. */
  leave(session: LiveSession): void {
    this.#live.delete(session.id);
    this.#others.delete(session.id);
    // Its place is the follower's now, or that of a follower is free again.
    this.#followers.delete(session.id);
    for (const [id, follower] of this.#followers) {
      if (follower === session) this.#followers.delete(id);
    }
  }

  #keep(session: StoredSession): void {
    const { id, role, permissions = this.permissionsOf(role) } = session;
    this.#browser.set(session.cookieHash, session);
    this.#rights.set(id, new SessionRights(role, permissions));
  }

  #forget({ id, cookieHash }: StoredSession): void {
    this.#browser.delete(cookieHash);
    this.#rights.delete(id);
  }

  /** Puts a browser session, changed, behind all others; false when there is none. */
  #update(id: string, change: Partial<StoredSession>): boolean {
    for (const session of this.#browser.values()) {
      if (session.id !== id) continue;
      this.#browser.delete(session.cookieHash);
      this.#browser.set(session.cookieHash, { ...session, ...change });
      this.#options.onChange?.();
      return true;
    }
    return false;
  }

  #makeRoom(nowMs: number): void {
    for (const session of this.#browser.values()) {
      const isFull = this.#browser.size >= MAX_BROWSER_SESSIONS;
      if (session.expiresMs > nowMs && !isFull) continue;
      this.#forget(session);
      this.#endLiveOf(session.id, "Too many sessions were opened");
    }
  }

  #endLiveOf(browserSessionId: string, message: string): void {
    for (const live of this.live()) {
      if (live.browserSessionId === browserSessionId) live.end("kicked", message, false);
    }
  }
}
