/**
 * Access tokens: secrets of 256 bits and the links that carry them. A link is good for one session;
 * only hashes are kept, and a secret is compared with every open link in constant time. At most
 * `MAX_LINKS` links are open at once, the oldest goes first.
 */

import { createHash } from "node:crypto";
import { constantTimeEqual, utf8 } from "../core/bytes.ts";
import type { Role } from "../wire/control.ts";
import type { Permission } from "../wire/permission.ts";

/** Bytes of a secret: beyond guessing at any rate that a network allows. */
const SECRET_BYTES = 32;
/** Characters of a secret as base64url. */
export const SECRET_CHARACTERS = 43;
/** Open links at once: two on the terminal and what a party of players asks for. */
export const MAX_LINKS = 16;

const SECRET_FORM = /^[A-Za-z0-9_-]{43}$/;

/** A fresh secret of 256 random bits as 43 base64url characters. */
export function newSecret(): string {
  return crypto.getRandomValues(new Uint8Array(SECRET_BYTES)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

/** SHA-256 of a secret; what is stored in its place. */
export function hashSecret(secret: string): Uint8Array {
  return createHash("sha256").update(utf8(secret)).digest();
}

/** True when `text` has the form of a secret. */
export function isSecret(text: string): boolean {
  return SECRET_FORM.test(text);
}

/** A link that was used up. */
export interface UsedLink {
  readonly role: Role;
  /** Absent: those that its role has where it is used. */
  readonly permissions?: readonly Permission[];
  /** Printed links are replaced on the terminal, links made through the API are not. */
  readonly origin: LinkOrigin;
}

/** Where a link was handed out. */
export type LinkOrigin = "terminal" | "api";

interface Link extends UsedLink {
  readonly hash: Uint8Array;
  /** Microseconds; undefined for links that last as long as the program. */
  readonly expiresUs: number | undefined;
}

/** How a link is opened. */
export interface LinkOptions {
  readonly origin: LinkOrigin;
  readonly permissions?: readonly Permission[] | undefined;
  /** Microseconds; without it the link lasts as long as the program. */
  readonly expiresUs?: number;
}

/** The open links. */
export class LinkStore {
  #links: Link[] = [];

  /** Open links. */
  get size(): number {
    return this.#links.length;
  }

  /** Opens a link for `role` and returns its secret; with `expiresUs` it ends by itself. */
  open(role: Role, options: LinkOptions): string {
    const secret = newSecret();
    // Links of the terminal last: a guest with the right to invite must not push them out.
    if (this.#links.length >= MAX_LINKS) {
      const oldest = this.#links.findIndex((link) => link.origin === "api");
      this.#links.splice(Math.max(0, oldest), 1);
    }
    const { origin, expiresUs, permissions } = options;
    const chosen = permissions === undefined ? {} : { permissions };
    this.#links.push({ hash: hashSecret(secret), role, ...chosen, origin, expiresUs });
    return secret;
  }

  /** Uses up the link of `secret`; undefined when there is none, it was used or it expired. */
  redeem(secret: string, nowUs: number): UsedLink | undefined {
    this.#links = this.#links.filter((link) =>
      link.expiresUs === undefined || link.expiresUs > nowUs
    );
    const hash = hashSecret(secret);
    let found: Link | undefined;
    for (const link of this.#links) {
      if (constantTimeEqual(link.hash, hash)) found = link;
    }
    if (found === undefined) return undefined;
    this.#links = this.#links.filter((link) => link !== found);
    const { role, permissions, origin } = found;
    return { role, ...permissions === undefined ? {} : { permissions }, origin };
  }
}
