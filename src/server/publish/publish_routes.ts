/**
 * Publish routes: what an admin and the dashboard may do with what others publish: end it, and take the
 * permission away with it. Its producer is told, and nobody waits for it to come back.
 */

import type { Hono } from "hono";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import type { Environment } from "../pages/page_answers.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import type { PublishedStreams } from "./published_streams.ts";

const END_ROUTE = "/api/published/:id/end";
const endBody = z.strictObject({ forbid: z.boolean().optional() });

/** What the routes need. */
export interface PublishRoutesOptions extends Pick<RouteTools, "authorize"> {
  readonly published: Pick<PublishedStreams, "end" | "get">;
  /** Nobody of that browser may publish any more. */
  readonly forbid: (owner: string) => void;
  readonly log: Logger;
}

/** Adds the routes to `app`. */
export function addPublishRoutes(app: Hono<Environment>, options: PublishRoutesOptions): void {
  const { published, authorize, forbid, log } = options;
  app.post(END_ROUTE, async (context) => {
    const session = authorize(context, `POST ${END_ROUTE}`);
    const body = await readBody(context.req.raw, endBody);
    const id = context.req.param("id");
    const owner = published.get(Number(id))?.owner.owner;
    if (!/^\d{1,2}$/.test(id) || !published.end(Number(id))) {
      throw new Refusal(404, "not_found", { message: "Cannot find that published stream" });
    }
    if (body.forbid === true && owner !== undefined) forbid(owner);
    log.info("Published stream ended by an admin", { stream: id, by: session?.id ?? "dashboard" });
    return new Response(null, { status: 204 });
  });
}
