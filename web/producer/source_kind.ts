/**
 * Source kind: what people can publish from a page, and why it could not be had. Pure.
 */

import type { PublishKind } from "../../src/wire/publish_messages.ts";

/** What people can publish. */
export type SourceKind = Exclude<PublishKind, "feed">;

/** The kinds in the order in which they are offered. */
export const SOURCE_KINDS: readonly SourceKind[] = ["screen", "window", "tab", "camera"];

/** Why a source could not be had. */
export type CaptureProblem = "denied" | "no_device" | "busy" | "failed";

/** The problem that an error of the browser stands for. */
export function captureProblem(error: unknown): CaptureProblem {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError" || name === "AbortError") {
    return "denied";
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") return "no_device";
  return name === "NotReadableError" ? "busy" : "failed";
}
