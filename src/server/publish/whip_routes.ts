/**
 * WHIP routes (RFC 9725): `POST /<stream>/whip` publishes a stream of that name, for programs with the
 * token to publish and for pages of sessions that may; `DELETE` of the address that it got ends it.
 */

import type { Hono } from "hono";
import { MAX_STREAM_NAME } from "../../wire/codec.ts";
import { cleanName } from "../displays/displays.ts";
import type { Environment } from "../pages/page_answers.ts";
import { Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { addSdpExchange, TOKEN_OWNER } from "../pages/sdp_exchange.ts";
import type { StreamToken } from "../stream_token.ts";
import type { WhipPublishers } from "./whip_publishers.ts";

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
  const { publishers, personName, mayPublish } = options;
  addSdpExchange(app, {
    ...options,
    use: "whip",
    verb: "publish",
    mayUse: mayPublish,
    check: (stream) => void nameOf(stream),
    open: async ({ stream, sdp, owner, remoteAddress }) => {
      const name = nameOf(stream);
      const isProgram = owner === TOKEN_OWNER;
      const answer = await publishers.open({
        ...{ name, sdp, owner, remoteAddress },
        by: isProgram ? name : personName(owner) || name,
        isAllowed: () => isProgram || mayPublish(owner),
      });
      return { sdp: answer.sdp, stream: name, secret: answer.id };
    },
    end: (stream, id, owner) => {
      return publishers.ownerOf(id) === owner && publishers.end(nameOf(stream), id);
    },
  });
}

/** The name that a stream gets. Throws Refusal. */
function nameOf(given: string): string {
  const name = given.length > MAX_STREAM_NAME ? "" : cleanName(given);
  if (name !== "") return name;
  throw new Refusal(400, "bad_name", {
    message: "Cannot publish under a name that nobody can read",
  });
}
