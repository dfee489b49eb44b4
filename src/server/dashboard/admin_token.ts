/**
 * AdminAccess: who may open the dashboard. The token lives in the state directory as that of the
 * metrics does; a page that shows it gets a cookie which proves it for a while. Cookies are signed,
 * not stored: they outlive a restart, and another token ends them all.
 */

import { createHmac } from "node:crypto";
import { constantTimeEqual, utf8 } from "../../core/bytes.ts";
import { hashSecret, isSecret, newSecret } from "../../session/access_token.ts";
import type { StateDirectory } from "../state_directory.ts";

/** File in the state directory. */
export const ADMIN_TOKEN_FILE = "admin-token";
/** How long a cookie is good: a working day and the evening after it. */
export const ADMIN_COOKIE_LIFETIME_MS = 12 * 3600 * 1000;
/** Cookies that were signed out and have not expired; the oldest is forgotten first. */
const MAX_SIGNED_OUT = 64;

const COOKIE_FORM = /^(\d{1,16})\.([\w-]{43})\.([\w-]{43})$/;

/** Knows the token and the cookies that follow from it. */
export class AdminAccess {
  /** Where the token can be read. */
  readonly path: string;
  readonly #hash: Uint8Array;
  /** Cookies that ended before their time. */
  readonly #signedOut = new Set<string>();

  private constructor(path: string, token: string) {
    this.path = path;
    this.#hash = hashSecret(token);
  }

  /** Reads the token, or makes one where there is none or a damaged one. */
  static async open(state: StateDirectory): Promise<AdminAccess> {
    return new AdminAccess(`${state.path}/${ADMIN_TOKEN_FILE}`, await readAdminToken(state));
  }

  /** True for the token; takes as long for any other text of its form. */
  accepts(secret: string): boolean {
    return isSecret(secret) && constantTimeEqual(hashSecret(secret), this.#hash);
  }

  /** A cookie for somebody who showed the token. */
  signIn(nowMs: number): string {
    const expiresMs = Math.round(nowMs + ADMIN_COOKIE_LIFETIME_MS);
    const signed = `${expiresMs}.${newSecret()}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** True for a cookie that was given out for this token and has not ended. */
  isAdmin(cookie: string | undefined, nowMs: number): boolean {
    const match = COOKIE_FORM.exec(cookie ?? "");
    if (match === null) return false;
    const [, expires = "", nonce = "", signature = ""] = match;
    const expected = this.#sign(`${expires}.${nonce}`);
    const isOurs = constantTimeEqual(utf8(signature), utf8(expected));
    return isOurs && Number(expires) > nowMs && !this.#signedOut.has(nonce);
  }

  /** Ends a cookie of this token before its time. */
  signOut(cookie: string, nowMs: number): void {
    if (!this.isAdmin(cookie, nowMs)) return;
    for (const oldest of this.#signedOut) {
      if (this.#signedOut.size < MAX_SIGNED_OUT) break;
      this.#signedOut.delete(oldest);
    }
    this.#signedOut.add(cookie.split(".")[1] ?? "");
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#hash).update(`admin ${text}`).digest("base64url");
  }
}

/** The token of a state directory, made where there is none or a damaged one. */
export async function readAdminToken(state: StateDirectory): Promise<string> {
  const stored = (await state.read(ADMIN_TOKEN_FILE))?.trim() ?? "";
  if (isSecret(stored)) return stored;
  const token = newSecret();
  await state.write(ADMIN_TOKEN_FILE, `${token}\n`);
  return token;
}
