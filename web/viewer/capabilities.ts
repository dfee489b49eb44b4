/**
 * Capabilities: what a browser must have before the viewer begins, so that a person reads what is
 * missing instead of meeting an error later.
 */

import type { MissingFeature } from "./viewer_state.ts";

/** The first thing that is missing, or undefined when all is there. */
export function missingFeature(
  scope: Readonly<Record<string, unknown>>,
): MissingFeature | undefined {
  if (scope["isSecureContext"] !== true) return "secure_context";
  if (typeof scope["WebTransport"] !== "function") return "webtransport";
  if (typeof scope["VideoDecoder"] !== "function") return "webcodecs";
  if (typeof scope["OffscreenCanvas"] !== "function") return "canvas";
  return undefined;
}
