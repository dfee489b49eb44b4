/**
 * Dashboard routes: the token becomes a cookie, the cookie the stream of events and the right to end
 * sessions. They pass the guards and the permission table as every route does.
 */

import type { Hono } from "hono";
import { getCookie } from "hono/cookie";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import { isSecret } from "../../session/access_token.ts";
import type { LiveSession, SessionRegistry } from "../../session/session_registry.ts";
import { PERMISSIONS } from "../../wire/permission.ts";
import { ROLES } from "../../wire/people_messages.ts";
import { ADMIN_COOKIE_LIFETIME_MS } from "./admin_token.ts";
import type { AdminAccess } from "./admin_token.ts";
import { MAX_READERS } from "./dashboard_feed.ts";
import type { DashboardFeed } from "./dashboard_feed.ts";
import { tooOften } from "../pages/page_answers.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import type { PrefixLimit } from "../pages/prefix_limit.ts";
import { readBody, Refusal } from "../pages/request_guard.ts";

/** What a viewer reads who was sent away. */
export const KICK_MESSAGE = "The host ended your session";
const KICK_ROUTE = "/api/sessions/:id/kick";
const RIGHTS_ROUTE = "/api/sessions/:id/rights";
const READERS_RETRY_SECONDS = 10;

/** What the routes of the dashboard need. */
export interface DashboardRoutesOptions {
  readonly admin: AdminAccess;
  readonly adminCookieName: string;
  readonly isSecure: boolean;
  readonly registry: SessionRegistry;
  readonly dashboard: Pick<DashboardFeed, "subscribe">;
  /** Wrong secrets by network. */
  readonly guesses: PrefixLimit;
  /** Throws Refusal unless the caller may call `route`; default: the one of the request. */
  readonly authorize: (context: RouteContext, route?: string) => unknown;
  readonly nowUs: () => number;
  readonly nowMs: () => number;
  readonly log: Logger;
  /** Resolves when the sessions are on disk as they are now; never rejects. */
  readonly stored: () => Promise<void>;
}

const secretBody = z.strictObject({ secret: z.string().refine(isSecret, "not a secret") });
const emptyBody = z.strictObject({});
const rightsBody = z.strictObject({
  role: z.enum(ROLES),
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length),
});

/** Adds the routes to `app`. */
export function addDashboardRoutes(app: Hono<Environment>, options: DashboardRoutesOptions): void {
  app.post("/api/admin/session", (context) => signIn(context, options));
  app.delete("/api/admin/session", (context) => signOut(context, options));
  app.get("/api/dashboard/events", (context) => openEvents(context, options));
  app.post(KICK_ROUTE, (context) => kick(context, options));
  app.post(RIGHTS_ROUTE, (context) => changeRights(context, options));
}

async function signIn(context: RouteContext, options: DashboardRoutesOptions): Promise<Response> {
  const { admin, guesses, nowUs, nowMs, authorize, log } = options;
  authorize(context);
  const { secret } = await readBody(context.req.raw, secretBody);
  const { remoteAddress } = context.env;
  if (!guesses.has(remoteAddress, nowUs())) throw tooOften();
  if (!admin.accepts(secret)) {
    guesses.take(remoteAddress, nowUs());
    throw new Refusal(401, "bad_token", { message: "Cannot open the dashboard with this token" });
  }
  log.info("Dashboard signed in", { remoteAddress });
  return new Response(null, {
    status: 204,
    headers: { "set-cookie": cookieText(options, admin.signIn(nowMs())) },
  });
}

async function signOut(context: RouteContext, options: DashboardRoutesOptions): Promise<Response> {
  const { admin, adminCookieName, nowMs, authorize } = options;
  authorize(context);
  await readBody(context.req.raw, emptyBody);
  admin.signOut(getCookie(context, adminCookieName) ?? "", nowMs());
  return new Response(null, { status: 204, headers: { "set-cookie": cookieText(options, "") } });
}

function openEvents(context: RouteContext, options: DashboardRoutesOptions): Response {
  const { admin, adminCookieName, dashboard, nowMs, authorize } = options;
  authorize(context);
  // No transform: compression would hold events back.
  const headers = {
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
  };
  if (context.req.method === "HEAD") return new Response(null, { headers });
  const cookie = getCookie(context, adminCookieName);
  const stream = dashboard.subscribe({
    lastEventId: context.req.header("last-event-id"),
    isAllowed: () => admin.isAdmin(cookie, nowMs()),
  });
  if (stream === undefined) {
    throw new Refusal(503, "too_many_dashboards", {
      message: `Cannot show more than ${MAX_READERS} dashboards at once`,
      retryAfterSeconds: READERS_RETRY_SECONDS,
    });
  }
  return new Response(stream, { headers });
}

/** Ends a session for good: its browser needs another link, whatever it still holds. */
async function kick(context: RouteContext, options: DashboardRoutesOptions): Promise<Response> {
  const { registry, authorize, stored, log } = options;
  authorize(context, `POST ${KICK_ROUTE}`);
  await readBody(context.req.raw, emptyBody);
  const live = liveSession(context, registry);
  registry.revoke(live.browserSessionId, KICK_MESSAGE);
  await stored();
  log.info("Session ended from the dashboard", { session: live.id, role: live.role });
  return new Response(null, { status: 204 });
}

/** Changes what the person of a session may do, in all tabs of that browser. */
async function changeRights(
  context: RouteContext,
  options: DashboardRoutesOptions,
): Promise<Response> {
  const { registry, authorize, stored, log } = options;
  authorize(context, `POST ${RIGHTS_ROUTE}`);
  const { role, permissions } = await readBody(context.req.raw, rightsBody);
  const live = liveSession(context, registry);
  registry.grant(live.browserSessionId, { role, permissions });
  await stored();
  log.info("Rights changed from the dashboard", {
    ...{ session: live.id, role, rights: permissions.join(",") },
  });
  return new Response(null, { status: 204 });
}

/** The session that an address names. Throws Refusal. */
function liveSession(context: RouteContext, registry: SessionRegistry): LiveSession {
  const id = context.req.param("id");
  const live = [...registry.live()].find((session) => session.id === id);
  if (live !== undefined && registry.rights(live.browserSessionId) !== undefined) return live;
  throw new Refusal(404, "not_found", { message: "Cannot find that session" });
}

/** The header of a cookie; an empty value takes it away. */
function cookieText(options: DashboardRoutesOptions, value: string): string {
  const { adminCookieName, isSecure } = options;
  const seconds = value === "" ? 0 : Math.round(ADMIN_COOKIE_LIFETIME_MS / 1000);
  const secure = isSecure ? "; Secure" : "";
  return `${adminCookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; ` +
    `Max-Age=${seconds}${secure}`;
}
