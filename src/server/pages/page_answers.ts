/**
 * Page answers: what every answer of the TCP side has in common: the security headers, the form of
 * refusals and faults, and the built files with their validators.
 */

import type { Context } from "hono";
import type { Logger } from "../../core/log.ts";
import { Refusal } from "./request_guard.ts";
import type { StaticFiles } from "./static_files.ts";

const RETRY_AFTER_SECONDS = 6;

/** What the page server tells of a request. */
export interface Bindings {
  /** IP address of the peer. */
  readonly remoteAddress: string;
  /** Settles when the answer has left this process, or never will; absent where nobody knows. */
  readonly sent?: () => Promise<unknown>;
}

/** The environment of all routes. */
export type Environment = { Bindings: Bindings };
/** A request on its way through the routes. */
export type RouteContext = Context<Environment>;

/** The refusal of who asks too often. */
export function tooOften(): Refusal {
  return new Refusal(429, "too_often", {
    message: "Cannot accept that many requests: try again later",
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

/** The answer to what a route threw. */
export function answerError(error: Error, log: Logger): Response {
  if (error instanceof Refusal) {
    const response = error.toResponse();
    setHeaders(response.headers, undefined);
    return response;
  }
  log.error("Cannot answer a request", { message: error.message });
  const refusal = new Refusal(500, "internal", {
    message: "Cannot answer: a fault of this server",
  });
  return refusal.toResponse();
}

/** A built file; throws Refusal when there is none of that name. */
export function serveFile(context: RouteContext, files: StaticFiles): Response {
  const { path } = context.req;
  const file = files.find(path);
  if (file === undefined) {
    // The page of a folder names its files relative to itself.
    if (files.find(`${path}/`) !== undefined) return context.redirect(`${path}/`, 308);
    throw new Refusal(404, "not_found", { message: "Cannot find that page" });
  }
  // Names do not change with contents, so every use asks whether the copy is still good.
  const headers = { "etag": file.etag, "cache-control": "no-cache" };
  const known = context.req.header("if-none-match")?.split(",").map((tag) => tag.trim());
  if (known?.includes(file.etag)) return new Response(null, { status: 304, headers });
  return new Response(file.bytes, { headers: { ...headers, "content-type": file.contentType } });
}

/** Security headers of every answer; `transportUrl` is what a page may connect to besides us. */
export function setHeaders(headers: Headers, transportUrl: string | undefined): void {
  // A policy cannot name an IPv6 address; a page that was opened by it has it as 'self'.
  const isNameable = transportUrl !== undefined && !transportUrl.includes("[");
  const transport = isNameable ? ` ${new URL(transportUrl).origin}` : "";
  headers.set(
    "content-security-policy",
    // The FEC kernel of the receiving worker is WebAssembly; nothing else may be compiled at run time.
    `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'${transport}; ` +
      "img-src 'self' data: blob:; " +
      "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("x-content-type-options", "nosniff");
  headers.set("x-frame-options", "DENY");
  headers.set("referrer-policy", "no-referrer");
}
