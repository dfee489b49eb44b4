/**
 * SessionClient: the viewer's side of the host's API: the link's secret becomes a session, the
 * session a ticket for each connection. Every answer is an outcome; nothing here throws or retries.
 */

import { ProtocolError } from "../../src/core/errors.ts";
import { MAX_STREAM_NAME } from "../../src/wire/codec.ts";
import { connectInfoSchema } from "./connect_info.ts";
import type { ConnectInfo } from "./connect_info.ts";

/** Longest wait for an answer of the API. */
const REQUEST_TIMEOUT_MS = 5000;

/** What asking for a connection led to. */
export type SessionOutcome =
  | { readonly kind: "ready"; readonly info: ConnectInfo }
  /** No session and no good secret: asking again is of no use. */
  | { readonly kind: "refused"; readonly cause: "link" | "origin" }
  /** Not now: no answer, or a host that is busy. */
  | { readonly kind: "unreachable"; readonly message: string };

/** Makes an API request; `fetch`, or a test's own. */
export type Requester = (path: string, init: RequestInit) => Promise<Response>;

/** Asks the host for connections. */
export class SessionClient {
  readonly #request: Requester;
  #secret: string | undefined;

  /** `secret` is the link's, when the page was opened with one. */
  constructor(secret: string | undefined, request: Requester = (path, init) => fetch(path, init)) {
    this.#secret = secret;
    this.#request = request;
  }

  /**
   * Turns the secret, or after that the session cookie, into what a connection needs. `stream` is the
   * name or id of the display that is wanted, so that the host can begin with it.
   */
  async open(stream?: string): Promise<SessionOutcome> {
    const wanted = stream === undefined ? {} : { stream: stream.slice(0, MAX_STREAM_NAME) };
    if (this.#secret === undefined) return await this.#post("/api/ticket", wanted);
    const outcome = await this.#post("/api/session", { secret: this.#secret, ...wanted });
    if (outcome.kind === "unreachable") return outcome;
    this.#secret = undefined;
    if (outcome.kind === "ready") return outcome;
    // A link that was used in this very browser has left a session behind.
    const ticket = await this.#post("/api/ticket", wanted);
    return ticket.kind === "ready" ? ticket : outcome;
  }

  async #post(path: string, body: Readonly<Record<string, string>>): Promise<SessionOutcome> {
    try {
      const response = await this.#request(path, {
        method: "POST",
        credentials: "same-origin",
        cache: "no-store",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (response.ok) {
        return { kind: "ready", info: connectInfoSchema(await response.json(), "answer") };
      }
      await response.body?.cancel();
      // 400: the secret is no secret at all, as in a link that was copied in part.
      if (response.status === 401 || response.status === 400) {
        return { kind: "refused", cause: "link" };
      }
      if (response.status === 403) return { kind: "refused", cause: "origin" };
      return { kind: "unreachable", message: `The host answered ${response.status}` };
    } catch (error) {
      const message = error instanceof ProtocolError
        ? "The host speaks another version"
        : "The host does not answer";
      return { kind: "unreachable", message };
    }
  }
}
