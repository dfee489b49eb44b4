/**
 * Capabilities: what a browser must have before the viewer begins, so that a person reads what is
 * missing instead of meeting an error later. Which ways to the host it has is found by trying them.
 */

import { unknownTransport } from "./transport/rung_plan.ts";
import type { MissingFeature } from "./viewer_state.ts";

/** The names of a browser. */
type BrowserScope = Readonly<Record<string, unknown>>;

/** The first thing that is missing, or undefined when all is there. */
export function missingFeature(scope: BrowserScope): MissingFeature | undefined {
  if (scope["isSecureContext"] !== true) return "secure_context";
  if (typeof scope["VideoDecoder"] !== "function") return "webcodecs";
  if (typeof scope["OffscreenCanvas"] !== "function") return "canvas";
  return undefined;
}

/** Why the viewer cannot begin: with the way to the host that was asked for, if any. */
export function obstacleOf(
  scope: object,
  transport: string | undefined,
): { readonly missing: MissingFeature; readonly detail: string } | undefined {
  const missing = missingFeature(scope as BrowserScope);
  if (missing !== undefined) return { missing, detail: "" };
  const detail = unknownTransport(transport);
  return detail === undefined ? undefined : { missing: "transport", detail };
}
