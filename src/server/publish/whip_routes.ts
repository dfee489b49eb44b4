/**
 * WHIP routes (RFC 9725): `POST /<stream>/whip` publishes a stream of that name, for programs with the
 * token to publish and for pages of sessions that may; `DELETE` of the address that it got ends it. There
 * is no trickle: an offer has what it has, and the answer all our candidates.
 */

import type { Hono } from "hono";
import type { StreamToken } from "../stream_token.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { tooOften } from "../pages/page_answers.ts";
import { checkOrigin, readText, Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { cleanName } from "../displays/displays.ts";
import { MAX_STREAM_NAME } from "../../wire/codec.ts";
import type { WhipPublishers } from "./whip_publishers.ts";

/** Largest offer. */
export const MAX_OFFER_BYTES = 64 * 1024;
const CONTENT_TYPE = "application/sdp";
/** A route that every session may call: who calls this one must have the permission besides. */
const ANY_SESSION = "POST /api/ticket";
/** Owner of what programs with the token publish. */
const TOKEN_OWNER = "token";

/** What the routes need. */
export interface WhipRoutesOptions {
  readonly publishers: WhipPublishers;
  /** Knows the token to publish. */
  readonly token: () => Pick<StreamToken, "accepts"> | undefined;
  readonly personName: (browserSessionId: string) => string;
  /** Whether a session may publish now. */
  readonly mayPublish: (browserSessionId: string) => boolean;
  readonly nowUs: () => number;
}

/** Adds the routes of WHIP. */
export function addWhipRoutes(
  app: Hono<Environment>,
  options: WhipRoutesOptions & RouteTools,
): void {
  const routes = new WhipRoutes(options);
  app.options("/:stream/whip", (context) => routes.preflight(context));
  app.options("/:stream/whip/:id", (context) => routes.preflight(context));
  app.post("/:stream/whip", (context) => routes.publish(context));
  app.delete("/:stream/whip/:id", (context) => routes.end(context));
  const refuse = (context: RouteContext) => {
    throw new Refusal(405, "bad_method", { message: `Cannot ${context.req.method} this` });
  };
  app.all("/:stream/whip", refuse);
  app.all("/:stream/whip/:id", refuse);
}

/** The handlers. */
class WhipRoutes {
  readonly #options: WhipRoutesOptions & RouteTools;

  constructor(options: WhipRoutesOptions & RouteTools) {
    this.#options = options;
  }

  /** What a page of another origin asks before it publishes; only origins that are allowed may. */
  preflight(context: RouteContext): Response {
    const headers = this.#shareHeaders(context);
    headers.set("accept-post", CONTENT_TYPE);
    headers.set("access-control-allow-methods", "POST, DELETE, OPTIONS");
    headers.set("access-control-allow-headers", "authorization, content-type");
    headers.set("access-control-max-age", "600");
    return new Response(null, { status: 204, headers });
  }

  async publish(context: RouteContext): Promise<Response> {
    const { publishers, personName } = this.#options;
    const headers = this.#shareHeaders(context);
    const owner = this.#authorize(context);
    const name = this.#name(context);
    const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== CONTENT_TYPE) {
      throw new Refusal(415, "bad_content_type", {
        message: `Cannot accept content of type "${type ?? "none"}": expected ${CONTENT_TYPE}`,
      });
    }
    const sdp = await readText(context.req.raw, MAX_OFFER_BYTES);
    const answer = await publishers.open({
      ...{ name, sdp, owner, remoteAddress: context.env.remoteAddress },
      by: owner === TOKEN_OWNER ? name : personName(owner) || name,
      isAllowed: () => owner === TOKEN_OWNER || this.#options.mayPublish(owner),
    });
    headers.set("content-type", CONTENT_TYPE);
    headers.set("cache-control", "no-store");
    headers.set("location", `/${encodeURIComponent(name)}/whip/${answer.id}`);
    return new Response(answer.sdp, { status: 201, headers });
  }

  end(context: RouteContext): Response {
    const { publishers } = this.#options;
    const headers = this.#shareHeaders(context);
    const owner = this.#authorize(context);
    const id = context.req.param("id") ?? "";
    const isOwn = publishers.ownerOf(id) === owner;
    if (!isOwn || !publishers.end(this.#name(context), id)) {
      throw new Refusal(404, "not_found", { message: "Cannot find that publisher" });
    }
    return new Response(null, { status: 200, headers });
  }

  /** Who asks: the token's, or a session that may publish. Throws Refusal. */
  #authorize(context: RouteContext): string {
    const { guesses, token, authorize, hosts, host, mayPublish, nowUs } = this.#options;
    const authorization = context.req.header("authorization");
    const { remoteAddress } = context.env;
    if (!guesses.has(remoteAddress, nowUs())) throw tooOften();
    if (token()?.accepts(authorization) === true) return TOKEN_OWNER;
    if (authorization !== undefined) {
      guesses.take(remoteAddress, nowUs());
      throw new Refusal(401, "bad_token", { message: "Cannot publish with that token" });
    }
    const session = authorize(context, ANY_SESSION);
    // Cookies go with requests of pages that are not ours.
    checkOrigin(context.req.raw, hosts, host(context));
    if (session !== undefined && mayPublish(session.id)) return session.id;
    throw new Refusal(403, "forbidden_role", { message: "Cannot publish without the permission" });
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

  #name(context: RouteContext): string {
    const given = context.req.param("stream") ?? "";
    const name = given.length > MAX_STREAM_NAME ? "" : cleanName(given);
    if (name !== "") return name;
    throw new Refusal(400, "bad_name", {
      message: "Cannot publish under a name that nobody can read",
    });
  }
}
