/**
 * RouteTools: what the routes of a capability use of the page server: who asks, and how often wrong
 * secrets may be tried. Types only.
 */

import type { BrowserSession } from "../../session/session_registry.ts";
import type { AllowedHosts } from "./allowed_hosts.ts";
import type { RouteContext } from "./page_answers.ts";
import type { PrefixLimit } from "./prefix_limit.ts";

/** What a route may ask. */
export interface RouteTools {
  /** Origins and hosts that are ours; a route outside of /api checks the origin itself. */
  readonly hosts: AllowedHosts;
  /** Who guesses at one secret guesses at all of them: `has` before, `take` for a wrong one. */
  readonly guesses: PrefixLimit;
  /** The caller's session, if any. Throws Refusal unless the caller may call `route`. */
  authorize(context: RouteContext, route?: string): BrowserSession | undefined;
  /** True while a request that is being answered would still be allowed. */
  mayStill(context: RouteContext, route: string): boolean;
  /** The Host header of a request. */
  host(context: RouteContext): string;
}
