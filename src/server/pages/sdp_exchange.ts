/**
 * SdpExchange: what WHIP and WHEP have in common: an offer is posted, the answer has an address, and
 * `DELETE` of that ends it. Who asks is a program with a token or a page of a session; pages of other
 * origins are heard only where they are allowed. There is no trickle: an answer has all candidates.
 */

import type { Hono } from "hono";
import type { StreamToken } from "../stream_token.ts";
import type { Environment, RouteContext } from "./page_answers.ts";
import { tooOften } from "./page_answers.ts";
import { checkOrigin, readText, Refusal } from "./request_guard.ts";
import type { RouteTools } from "./route_tools.ts";

/** Largest offer. */
export const MAX_OFFER_BYTES = 64 * 1024;
/** Owner of what programs with the token open. */
export const TOKEN_OWNER = "token";
const CONTENT_TYPE = "application/sdp";
/** A row of the permission table: every session may call it. */
const ANY_SESSION = "POST /api/ticket";

/** An offer, and who makes it. */
export interface SdpOffer {
  /** What the address names. */
  readonly stream: string;
  readonly sdp: string;
  /** A browser session, or `TOKEN_OWNER`. */
  readonly owner: string;
  readonly remoteAddress: string;
}

/** What an offer gets. */
export interface SdpAnswer {
  readonly sdp: string;
  /** Name of the stream, as the address of the answer has it. */
  readonly stream: string;
  /** The secret in that address. */
  readonly secret: string;
}

/** What one use of it is. */
export interface SdpExchangeOptions {
  /** Last part of its addresses. */
  readonly use: "whip" | "whep";
  /** What cannot be done without a proof, such as "publish". */
  readonly verb: string;
  readonly token: () => Pick<StreamToken, "accepts"> | undefined;
  /** Whether a session may do it, given that it is one. */
  readonly mayUse: (browserSessionId: string) => boolean;
  /** What is wrong with an address; looked at before a body is read. Throws Refusal. */
  readonly check: (stream: string) => void;
  /** Rejects with Refusal. */
  readonly open: (offer: SdpOffer) => Promise<SdpAnswer>;
  /** Ends what an address names; false when there is none of that owner. */
  readonly end: (stream: string, secret: string, owner: string) => boolean;
  readonly nowUs: () => number;
}

/** Adds the routes of one use. */
export function addSdpExchange(
  app: Hono<Environment>,
  options: SdpExchangeOptions & RouteTools,
): void {
  const exchange = new SdpExchange(options);
  const collection = `/:stream/${options.use}`;
  const one = `${collection}/:id`;
  app.options(collection, (context) => exchange.preflight(context));
  app.options(one, (context) => exchange.preflight(context));
  app.post(collection, (context) => exchange.open(context));
  app.delete(one, (context) => exchange.end(context));
  app.all(collection, (context) => exchange.refuse(context, "POST, OPTIONS"));
  app.all(one, (context) => exchange.refuse(context, "DELETE, OPTIONS"));
}

/** The handlers. */
class SdpExchange {
  readonly #options: SdpExchangeOptions & RouteTools;

  constructor(options: SdpExchangeOptions & RouteTools) {
    this.#options = options;
  }

  /** What a page of another origin asks before; only origins that are allowed may. */
  preflight(context: RouteContext): Response {
    const headers = this.#shareHeaders(context);
    headers.set("accept-post", CONTENT_TYPE);
    headers.set("access-control-allow-methods", "POST, DELETE, OPTIONS");
    headers.set("access-control-allow-headers", "authorization, content-type");
    headers.set("access-control-max-age", "600");
    return new Response(null, { status: 204, headers });
  }

  async open(context: RouteContext): Promise<Response> {
    const headers = this.#shareHeaders(context);
    return await this.#shared(headers, async () => {
      const { check, open, use } = this.#options;
      const owner = this.#authorize(context);
      const stream = context.req.param("stream") ?? "";
      check(stream);
      const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      if (type !== CONTENT_TYPE) {
        throw new Refusal(415, "bad_content_type", {
          message: `Cannot accept content of type "${type ?? "none"}": expected ${CONTENT_TYPE}`,
        });
      }
      const sdp = await readText(context.req.raw, MAX_OFFER_BYTES);
      const answer = await open({
        ...{ stream, sdp, owner, remoteAddress: context.env.remoteAddress },
      });
      headers.set("content-type", CONTENT_TYPE);
      headers.set("location", `/${encodeURIComponent(answer.stream)}/${use}/${answer.secret}`);
      return new Response(answer.sdp, { status: 201, headers });
    });
  }

  async end(context: RouteContext): Promise<Response> {
    const headers = this.#shareHeaders(context);
    return await this.#shared(headers, () => {
      const owner = this.#authorize(context);
      const { stream = "", id = "" } = context.req.param() as { stream?: string; id?: string };
      if (!this.#options.end(stream, id, owner)) {
        throw new Refusal(404, "not_found", { message: "Cannot find a session of that address" });
      }
      return Promise.resolve(new Response(null, { status: 200, headers }));
    });
  }

  /** Another method, such as the PATCH of somebody who would send candidates later. */
  refuse(context: RouteContext, allow: string): Response {
    const headers = this.#shareHeaders(context);
    const refusal = new Refusal(405, "bad_method", {
      message: `Cannot ${context.req.method} this`,
    });
    const response = withHeaders(refusal.toResponse(), headers);
    response.headers.set("allow", allow);
    return response;
  }

  /** A refusal is for the page to read as well: it gets the headers that let it. */
  async #shared(headers: Headers, answer: () => Promise<Response>): Promise<Response> {
    headers.set("cache-control", "no-store");
    try {
      return await answer();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const response = withHeaders(error.toResponse(), headers);
      if (error.status === 401) response.headers.set("www-authenticate", "Bearer");
      return response;
    }
  }

  /** Who asks: the token's, or a session that may. Throws Refusal. */
  #authorize(context: RouteContext): string {
    const { guesses, token, authorize, hosts, host, mayUse, verb, nowUs } = this.#options;
    const authorization = context.req.header("authorization");
    const { remoteAddress } = context.env;
    if (!guesses.has(remoteAddress, nowUs())) throw tooOften();
    if (token()?.accepts(authorization) === true) return TOKEN_OWNER;
    if (authorization !== undefined) {
      guesses.take(remoteAddress, nowUs());
      throw new Refusal(401, "bad_token", { message: `Cannot ${verb} with that token` });
    }
    const session = authorize(context, ANY_SESSION);
    // Cookies go with requests of pages that are not ours.
    checkOrigin(context.req.raw, hosts, host(context));
    if (session !== undefined && mayUse(session.id)) return session.id;
    throw new Refusal(403, "forbidden_role", { message: `Cannot ${verb} without the permission` });
  }

  /** For pages of other origins; one that is not allowed is refused at once. */
  #shareHeaders(context: RouteContext): Headers {
    const { hosts, host } = this.#options;
    const headers = new Headers({ vary: "origin" });
    const origin = context.req.header("origin");
    if (origin === undefined) return headers;
    if (!hosts.isSameOrigin(origin, host(context))) {
      throw new Refusal(403, "foreign_origin", {
        message: `Cannot accept a request of origin "${origin}"`,
      });
    }
    headers.set("access-control-allow-origin", origin);
    headers.set("access-control-expose-headers", "location");
    return headers;
  }
}

function withHeaders(response: Response, headers: Headers): Response {
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}
