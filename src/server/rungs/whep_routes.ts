/**
 * WHEP routes (draft-ietf-wish-whep): `POST /<stream>/whep` plays a stream in any player of WebRTC, for
 * programs with the token to watch and for pages of sessions; `DELETE` of the address that it got ends
 * it.
 */

import type { Hono } from "hono";
import type { Environment } from "../pages/page_answers.ts";
import { Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { addSdpExchange, TOKEN_OWNER } from "../pages/sdp_exchange.ts";
import type { StreamToken } from "../stream_token.ts";
import type { Stream } from "../streams/stream.ts";
import type { WhepPlayers } from "./whep_players.ts";

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
  const { players, findStream } = options;
  const streamOf = (nameOrId: string): Stream => {
    const stream = findStream(nameOrId);
    if (stream !== undefined) return stream;
    throw new Refusal(404, "no_stream", { message: "Cannot find a stream of that name" });
  };
  addSdpExchange(app, {
    ...options,
    use: "whep",
    verb: "watch",
    mayUse: () => true,
    check: (nameOrId) => checkCodec(streamOf(nameOrId)),
    open: async ({ stream: nameOrId, sdp, owner, remoteAddress }) => {
      const stream = streamOf(nameOrId);
      const browserSessionId = owner === TOKEN_OWNER ? undefined : owner;
      const answer = await players.open({ stream, sdp, remoteAddress, browserSessionId });
      return { ...answer, stream: stream.name };
    },
    end: (nameOrId, secret, owner) => players.end(streamOf(nameOrId), secret, owner),
  });
}

/** Only H.264 is cut into packets of RTP; a stream that never ran is taken to be that. */
function checkCodec(stream: Stream): void {
  const codec = stream.description?.codec;
  if (codec === undefined || /^avc[13]\./i.test(codec)) return;
  throw new Refusal(406, "wrong_codec", {
    message: `Cannot play a stream of ${codec} by WHEP: only H.264 can be`,
  });
}
