/**
 * Routes: pages and API on the TCP side. Every request passes the guard, every API route a row of
 * the permission table; a route without a row answers 403. Links, sessions and tickets are the
 * session layer's: here they only become JSON, cookies and status codes.
 */

import { Hono } from "hono";
import { getCookie } from "hono/cookie";
import * as z from "zod";
import type { Logger } from "../../core/log.ts";
import type { MetricFamily } from "../../metrics/metric_registry.ts";
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from "../../metrics/prometheus_text.ts";
import { isSecret } from "../../session/access_token.ts";
import type { LinkStore, UsedLink } from "../../session/access_token.ts";
import { mayCallRoute } from "../../session/permissions.ts";
import type { BrowserSession, SessionRegistry } from "../../session/session_registry.ts";
import { isAtLeast } from "../../session/session_rights.ts";
import type { SessionRights } from "../../session/session_rights.ts";
import { TICKET_LIFETIME_MS } from "../../session/ticket_store.ts";
import type { TicketStore } from "../../session/ticket_store.ts";
import { MAX_STREAM_NAME } from "../../wire/codec.ts";
import { ROLES } from "../../wire/control.ts";
import type { Role } from "../../wire/control.ts";
import { PERMISSIONS } from "../../wire/permission.ts";
import type { Permission } from "../../wire/permission.ts";
import type { AdminAccess } from "../dashboard/admin_token.ts";
import type { AllowedHosts } from "./allowed_hosts.ts";
import { addClipRoutes } from "../timeline/clip_routes.ts";
import { addDashboardRoutes } from "../dashboard/dashboard_routes.ts";
import { addFileRoutes } from "../files/file_routes.ts";
import type { FileRoutesOptions } from "../files/file_routes.ts";
import type { DashboardFeed } from "../dashboard/dashboard_feed.ts";
import type { MetricsToken } from "../metrics/metrics_token.ts";
import { answerError, serveFile, setHeaders, tooOften } from "./page_answers.ts";
import type { Environment, RouteContext } from "./page_answers.ts";
import { PrefixLimit } from "./prefix_limit.ts";
import type { RouteTools } from "./route_tools.ts";
import { checkHost, checkOrigin, readBody, Refusal } from "./request_guard.ts";
import { addRecordingControlRoutes } from "../timeline/recording_control_routes.ts";
import type { RecordingControlOptions } from "../timeline/recording_control_routes.ts";
import { addRecordingFiles } from "../timeline/recording_files.ts";
import type { RecordingFilesOptions } from "../timeline/recording_files.ts";
import { addReplayRoutes } from "../timeline/replay_routes.ts";
import type { ReplayRoutesOptions } from "../timeline/replay_routes.ts";
import { codeRows } from "../start_text.ts";
import type { StaticFiles } from "./static_files.ts";

/** How long a link that a player made stays open. */
export const API_LINK_LIFETIME_MS = 3600 * 1000;
/** Wrong secrets per prefix: ten, then one in six seconds. */
const GUESS_LIMIT = { perSecond: 1 / 6, burst: 10 };
/** Changing requests per prefix: an office of viewers that reconnect at once, again and again. */
const CHANGE_LIMIT = { perSecond: 100, burst: 200 };

/** Where and how a page opens its transport. */
export interface TransportInfo {
  readonly url: string;
  /** Base64 SHA-256 of the certificates it may meet; empty when browsers trust the certificate. */
  readonly certificateHashes: readonly string[];
}

/** What the routes need of the server. */
export interface RoutesOptions
  extends
    Pick<ReplayRoutesOptions, "replays" | "findStream" | "hostTimeUs">,
    Pick<RecordingControlOptions, "recordings">,
    Pick<RecordingFilesOptions, "delivery">,
    Pick<FileRoutesOptions, "fileHost"> {
  readonly hosts: AllowedHosts;
  readonly files: StaticFiles;
  readonly links: LinkStore;
  readonly tickets: TicketStore;
  readonly registry: SessionRegistry;
  /** Name of the session cookie; cookies do not tell ports apart, so it holds the port. */
  readonly cookieName: string;
  readonly isSecure: boolean;
  readonly machineName: string;
  readonly nowUs: () => number;
  readonly nowMs: () => number;
  /** The transport for a page that reached us under a Host header. */
  readonly transport: (host: string) => TransportInfo;
  readonly health: () => { isHealthy: boolean; stream: string };
  readonly stats: () => Record<string, unknown>;
  readonly metrics: () => MetricFamily[];
  /** Knows the token of those who read the metrics. */
  readonly metricsToken: Pick<MetricsToken, "accepts">;
  /** Knows the token of the dashboard, and its cookies. */
  readonly admin: AdminAccess;
  /** Name of the cookie of the dashboard. */
  readonly adminCookieName: string;
  readonly dashboard: Pick<DashboardFeed, "subscribe">;
  readonly onLinkUsed: (link: UsedLink) => void;
  /** Resolves when the sessions are on disk as they are now; never rejects. */
  readonly stored: () => Promise<void>;
  /**
   * A page will open its transport in a moment: what takes time can begin. Gives the id of the stream
   * that it names, or of the usual one.
   */
  readonly onTicket: (stream: string | undefined) => number;
  /** Ways to a session beside `transport`, by their names. */
  readonly rungs: () => Readonly<Record<string, { readonly path: string }>>;
  /** Adds the routes of capabilities. */
  readonly addRoutes: (app: Hono<Environment>, tools: RouteTools) => void;
  readonly log: Logger;
}

/** Name or id of the stream that a page will ask for. */
const wantedStream = z.string().max(MAX_STREAM_NAME).optional();
const secretBody = z.strictObject({
  secret: z.string().refine(isSecret, "not a secret"),
  stream: wantedStream,
});
const linkBody = z.strictObject({
  role: z.enum(ROLES),
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length).optional(),
});
const ticketBody = z.strictObject({ stream: wantedStream });
const endBody = z.strictObject({ sessionId: z.string().min(1).max(64).optional() });

/** The application: `fetch(request, { remoteAddress })` answers every request. */
export function makeRoutes(options: RoutesOptions): Hono<Environment> {
  const app = new Hono<Environment>();
  const api = new Api(options);
  app.onError((error) => answerError(error, options.log));
  app.use(async (context, next) => {
    const host = checkHost(context.req.raw, options.hosts);
    await next();
    setHeaders(context.res.headers, options.transport(host).url);
  });
  app.use("/api/*", async (context, next) => {
    checkOrigin(context.req.raw, options.hosts, api.host(context));
    api.limit(context);
    await next();
    const { headers } = context.res;
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  });
  app.use("/recordings/*", async (context, next) => {
    checkOrigin(context.req.raw, options.hosts, api.host(context));
    await next();
  });
  app.post("/api/session", (context) => api.openSession(context));
  app.delete("/api/session", (context) => api.endSession(context));
  app.post("/api/ticket", (context) => api.issueTicket(context));
  app.post("/api/links", (context) => api.openLink(context));
  app.get("/api/stats", (context) => api.stats(context));
  app.get("/api/health", (context) => api.health(context));
  app.get("/metrics", (context) => api.metrics(context));
  const tools: RouteTools = {
    hosts: options.hosts,
    guesses: api.guesses,
    authorize: (context, route) => api.authorize(context, route),
    mayStill: (context, route) => api.mayStill(context, route),
    host: (context) => api.host(context),
  };
  addDashboardRoutes(app, { ...options, ...tools });
  addReplayRoutes(app, { ...options, ...tools });
  addRecordingFiles(app, { ...options, ...tools });
  addFileRoutes(app, { ...options, ...tools });
  addClipRoutes(app, { ...options, ...tools });
  addRecordingControlRoutes(app, { ...options, ...tools });
  options.addRoutes(app, tools);
  app.all("/api/*", (context) => {
    const isKnown = app.routes.some((route) => {
      return route.path === context.req.path && route.method !== "ALL";
    });
    throw isKnown
      ? new Refusal(405, "bad_method", { message: `Cannot ${context.req.method} this` })
      : new Refusal(404, "not_found", { message: "Cannot find that route" });
  });
  app.get("*", (context) => serveFile(context, options.files));
  app.all("*", (context) => {
    throw new Refusal(405, "bad_method", { message: `Cannot ${context.req.method} a page` });
  });
  return app;
}

/** The API's handlers. */
class Api {
  /** Who guesses at one secret guesses at all of them. */
  readonly guesses = new PrefixLimit(GUESS_LIMIT);
  readonly #options: RoutesOptions;
  readonly #changes = new PrefixLimit(CHANGE_LIMIT);

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  host(context: RouteContext): string {
    return context.req.header("host") ?? new URL(context.req.url).host;
  }

  limit(context: RouteContext): void {
    if (context.req.method === "GET") return;
    const { remoteAddress } = context.env;
    if (!this.#changes.take(remoteAddress, this.#options.nowUs())) throw tooOften();
  }

  async openSession(context: RouteContext): Promise<Response> {
    this.authorize(context);
    const { links, registry, nowUs, nowMs, onLinkUsed } = this.#options;
    const { secret, stream } = await readBody(context.req.raw, secretBody);
    const { remoteAddress } = context.env;
    if (!this.guesses.has(remoteAddress, nowUs())) throw tooOften();
    const link = links.redeem(secret, nowUs());
    if (link === undefined) {
      this.guesses.take(remoteAddress, nowUs());
      throw new Refusal(401, "bad_secret", {
        message: "Cannot open this link: it was used before or is not valid any more",
      });
    }
    const { session, cookie } = registry.create(link.role, nowMs(), link.permissions);
    this.#options.log.info("Link used", { session: session.id, role: link.role, remoteAddress });
    onLinkUsed(link);
    // The link works once: a host that dies now must know the session that it was used for.
    await this.#options.stored();
    const response = Response.json(this.#connectInfo(context, session, stream), { status: 201 });
    response.headers.set("set-cookie", this.#cookie(cookie));
    return response;
  }

  async issueTicket(context: RouteContext): Promise<Response> {
    const session = this.#session(context);
    const { stream } = await readBody(context.req.raw, ticketBody);
    this.#options.registry.renew(session.id, this.#options.nowMs());
    return Response.json(this.#connectInfo(context, session, stream));
  }

  async openLink(context: RouteContext): Promise<Response> {
    const session = this.#session(context);
    const { links, registry, nowUs, nowMs } = this.#options;
    const { role, permissions = registry.permissionsOf(role) } = await readBody(
      context.req.raw,
      linkBody,
    );
    const refusal = cannotInvite(registry.rights(session.id), { role, permissions });
    if (refusal !== undefined) throw new Refusal(403, "forbidden_role", { message: refusal });
    const expiresUs = nowUs() + API_LINK_LIFETIME_MS * 1000;
    const secret = links.open(role, { origin: "api", permissions, expiresUs });
    const expiresMs = nowMs() + API_LINK_LIFETIME_MS;
    const path = `/#s=${secret}`;
    // The origin that the page is known by, which was checked: it makes the link a whole one.
    const code = codeRows(`${context.req.header("origin")}${path}`);
    return Response.json({ role, permissions, path, expiresMs, code }, { status: 201 });
  }

  async endSession(context: RouteContext): Promise<Response> {
    const session = this.#session(context);
    const { sessionId } = await readBody(context.req.raw, endBody);
    const target = sessionId ?? session.id;
    if (target !== session.id && session.role !== "admin") {
      throw new Refusal(403, "forbidden_role", { message: "Cannot end another session" });
    }
    if (!this.#options.registry.revoke(target)) {
      throw new Refusal(404, "not_found", { message: "Cannot find that session" });
    }
    // A host that dies now must not come back with what was withdrawn.
    await this.#options.stored();
    this.#options.log.info("Session revoked", { session: target, by: session.id });
    return new Response(null, { status: 204 });
  }

  stats(context: RouteContext): Response {
    this.authorize(context);
    return Response.json(this.#options.stats());
  }

  /** Metrics as text, or as JSON where that is asked for. */
  metrics(context: RouteContext): Response {
    const { metricsToken, nowUs } = this.#options;
    const { remoteAddress } = context.env;
    if (!this.guesses.has(remoteAddress, nowUs())) throw tooOften();
    const authorization = context.req.header("authorization");
    const caller = metricsToken.accepts(authorization) ? "scraper" : "anonymous";
    if (!mayCallRoute(caller, "GET /metrics")) {
      if (authorization !== undefined) this.guesses.take(remoteAddress, nowUs());
      throw new Refusal(401, "bad_token", { message: "Cannot show metrics without their token" });
    }
    const families = this.#options.metrics();
    const headers = { "cache-control": "no-store" };
    const wantsJson = context.req.header("accept")?.includes("application/json") === true;
    if (wantsJson) return Response.json({ metrics: families }, { headers });
    const type = { ...headers, "content-type": PROMETHEUS_CONTENT_TYPE };
    return new Response(prometheusText(families), { headers: type });
  }

  health(context: RouteContext): Response {
    this.authorize(context);
    const { isHealthy, stream } = this.#options.health();
    const status = isHealthy ? "ok" : "failing";
    return Response.json({ status, stream }, { status: isHealthy ? 200 : 503 });
  }

  /** The caller's session. Throws Refusal when there is none or it may not call this route. */
  #session(context: RouteContext): BrowserSession {
    const session = this.authorize(context);
    if (session !== undefined) return session;
    throw new Refusal(401, "no_session", { message: "Cannot do this without a session" });
  }

  /** True while a request that is being answered would still be allowed. */
  mayStill(context: RouteContext, route: string): boolean {
    const { cookieName, registry, nowMs } = this.#options;
    const session = registry.find(getCookie(context, cookieName), nowMs());
    return this.#mayCall(session, route) ||
      (mayCallRoute("dashboard", route) && this.isAdmin(context));
  }

  /** The caller's session, if any. Throws Refusal unless the caller may call `route`. */
  authorize(context: RouteContext, route = routeOf(context)): BrowserSession | undefined {
    const { cookieName, registry, nowMs } = this.#options;
    const session = registry.find(getCookie(context, cookieName), nowMs());
    if (this.#mayCall(session, route)) return session;
    if (mayCallRoute("dashboard", route) && this.isAdmin(context)) return session;
    if (session === undefined) {
      throw new Refusal(401, "no_session", { message: "Cannot do this without a session" });
    }
    throw new Refusal(403, "forbidden_role", { message: `Cannot do this as a ${session.role}` });
  }

  /** True when its role or one of its permissions opens a route. */
  #mayCall(session: BrowserSession | undefined, route: string): boolean {
    if (session === undefined) return mayCallRoute("anonymous", route);
    const { permissions = [] } = this.#options.registry.rights(session.id) ?? {};
    return [session.role, ...permissions].some((caller) => mayCallRoute(caller, route));
  }

  /** True for a page that showed the token of the dashboard. */
  isAdmin(context: RouteContext): boolean {
    const { admin, adminCookieName, nowMs } = this.#options;
    return admin.isAdmin(getCookie(context, adminCookieName), nowMs());
  }

  #connectInfo(
    context: RouteContext,
    session: BrowserSession,
    stream: string | undefined,
  ): Record<string, unknown> {
    const { tickets, machineName, transport, rungs, nowUs, nowMs, onTicket } = this.#options;
    return {
      ticket: tickets.issue(session.id, nowUs()),
      ticketExpiresMs: nowMs() + TICKET_LIFETIME_MS,
      role: session.role,
      webTransport: transport(this.host(context)),
      transports: rungs(),
      streamId: onTicket(stream),
      name: machineName,
    };
  }

  #cookie(value: string): string {
    const { cookieName, isSecure } = this.#options;
    const lifetime = "Max-Age=604800";
    const secure = isSecure ? "; Secure" : "";
    return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; ${lifetime}${secure}`;
  }
}

/** Why a session cannot make a link: nobody gives away more than they have. */
function cannotInvite(
  own: SessionRights | undefined,
  { role, permissions }: { role: Role; permissions: readonly Permission[] },
): string | undefined {
  if (own === undefined || !isAtLeast(own.role, role)) {
    return `Cannot invite a${role === "admin" ? "n" : ""} ${role}`;
  }
  const lacks = own.role === "admin" ? undefined : permissions.find((bit) => !own.may(bit));
  return lacks === undefined ? undefined : `Cannot give away ${lacks} without having it`;
}

/** The route as the permission table names it. */
function routeOf(context: RouteContext): string {
  const { method, path } = context.req;
  return `${method === "HEAD" ? "GET" : method} ${path}`;
}
