/**
 * WHEP routes (draft-ietf-wish-whep): `POST /<stream>/whep` plays a stream in any player of WebRTC, for
 * programs with the token to watch and for pages of sessions; `DELETE` of the address that it got ends
 * it. There is no trickle: the answer has all our candidates, and those of an offer are not needed.
 */

import type { Hono } from "hono";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { tooOften } from "../pages/page_answers.ts";
import { checkOrigin, readText, Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import type { StreamToken } from "../stream_token.ts";
import type { Stream } from "../streams/stream.ts";
import { TOKEN_OWNER } from "./whep_players.ts";
import type { WhepPlayers } from "./whep_players.ts";

/** Largest offer. */
export const MAX_OFFER_BYTES = 64 * 1024;
const CONTENT_TYPE = "application/sdp";
/** Row of the permission table: who may have a ticket may watch. */
const WATCH_ROUTE = "POST /api/ticket";
const COLLECTION = "/:stream/whep";
const ONE = "/:stream/whep/:id";

/** What the routes need. */
export interface WhepRoutesOptions {
  readonly players: WhepPlayers;
  /** Knows the token to watch. */
  readonly token: () => Pick<StreamToken, "accepts"> | undefined;
  /** The stream of a name or id. */
  readonly findStream: (nameOrId: string) => Stream | undefined;
  readonly nowUs: () => number;
}

/** Adds the routes of WHEP. */
export function addWhepRoutes(
  app: Hono<Environment>,
  options: WhepRoutesOptions & RouteTools,
): void {
  const routes = new WhepRoutes(options);
  app.options(COLLECTION, (context) => routes.preflight(context));
  app.options(ONE, (context) => routes.preflight(context));
  app.post(COLLECTION, (context) => routes.play(context));
  app.delete(ONE, (context) => routes.end(context));
  app.all(COLLECTION, (context) => routes.refuse(context, "POST, OPTIONS"));
  app.all(ONE, (context) => routes.refuse(context, "DELETE, OPTIONS"));
}

/** The handlers. */
class WhepRoutes {
  readonly #options: WhepRoutesOptions & RouteTools;

  constructor(options: WhepRoutesOptions & RouteTools) {
    this.#options = options;
  }

  /** What a page of another origin asks before it plays; only origins that are allowed may. */
  preflight(context: RouteContext): Response {
    const headers = this.#shareHeaders(context);
    headers.set("accept-post", CONTENT_TYPE);
    headers.set("access-control-allow-methods", "POST, DELETE, OPTIONS");
    headers.set("access-control-allow-headers", "authorization, content-type");
    headers.set("access-control-max-age", "600");
    return new Response(null, { status: 204, headers });
  }

  async play(context: RouteContext): Promise<Response> {
    const headers = this.#shareHeaders(context);
    return await this.#shared(headers, async () => {
      const owner = this.#authorize(context);
      const stream = this.#stream(context);
      checkCodec(stream);
      const type = context.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
      if (type !== CONTENT_TYPE) {
        throw new Refusal(415, "bad_content_type", {
          message: `Cannot accept content of type "${type ?? "none"}": expected ${CONTENT_TYPE}`,
        });
      }
      const sdp = await readText(context.req.raw, MAX_OFFER_BYTES);
      const { secret, sdp: answer } = await this.#options.players.open({
        ...{ stream, sdp, remoteAddress: context.env.remoteAddress },
        browserSessionId: owner === TOKEN_OWNER ? undefined : owner,
      });
      headers.set("content-type", CONTENT_TYPE);
      headers.set("location", `/${encodeURIComponent(stream.name)}/whep/${secret}`);
      return new Response(answer, { status: 201, headers });
    });
  }

  async end(context: RouteContext): Promise<Response> {
    const headers = this.#shareHeaders(context);
    return await this.#shared(headers, () => {
      const owner = this.#authorize(context);
      const stream = this.#stream(context);
      if (!this.#options.players.end(stream, context.req.param("id") ?? "", owner)) {
        throw new Refusal(404, "not_found", { message: "Cannot find that player" });
      }
      return Promise.resolve(new Response(null, { status: 200, headers }));
    });
  }

  /** Another method, such as the PATCH of a player that would send candidates later. */
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

  /** Who asks: the token's, or a session. Throws Refusal. */
  #authorize(context: RouteContext): string {
    const { guesses, token, authorize, hosts, host, nowUs } = this.#options;
    const authorization = context.req.header("authorization");
    const { remoteAddress } = context.env;
    if (!guesses.has(remoteAddress, nowUs())) throw tooOften();
    if (token()?.accepts(authorization) === true) return TOKEN_OWNER;
    if (authorization !== undefined) {
      guesses.take(remoteAddress, nowUs());
      throw new Refusal(401, "bad_token", { message: "Cannot watch with that token" });
    }
    const session = authorize(context, WATCH_ROUTE);
    // Cookies go with requests of pages that are not ours.
    checkOrigin(context.req.raw, hosts, host(context));
    if (session !== undefined) return session.id;
    throw new Refusal(401, "no_session", { message: "Cannot watch without a token or a session" });
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

  #stream(context: RouteContext): Stream {
    const name = context.req.param("stream") ?? "";
    const stream = this.#options.findStream(name);
    if (stream !== undefined) return stream;
    throw new Refusal(404, "no_stream", { message: "Cannot find a stream of that name" });
  }
}

/** Only H.264 is cut into packets of RTP; a stream that never ran is taken to be that. */
function checkCodec(stream: Stream): void {
  const codec = stream.description?.codec;
  if (codec === undefined || /^avc[13]\./i.test(codec)) return;
  throw new Refusal(406, "wrong_codec", {
    message: `Cannot play a stream of ${codec} by WHEP: only H.264 can be`,
  });
}

function withHeaders(response: Response, headers: Headers): Response {
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}
