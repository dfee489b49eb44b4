/**
 * ViewerState: what the viewer is doing, as people see it. One union for the keeper that moves
 * through it and the screens that show it; nothing else tells them apart.
 */

import type { EndReason, StreamName } from "../../src/wire/control.ts";

/** Why the viewer is not allowed in. */
export type RefusalCause =
  /** No secret, a used one, or a session that is over. */
  | "link"
  /** The page came from an address that the host does not answer to. */
  | "origin";

/** Why a running session is on hold. */
export type ReconnectCause =
  /** The path to the host is gone. */
  | "network"
  /** The host is there, and starts its picture anew. */
  | "stream";

/** What is missing in this browser. */
export type MissingFeature = "secure_context" | "transport" | "webcodecs" | "canvas" | "codec";

/** The viewer's state. */
export type ViewerState =
  | { readonly name: "connecting"; readonly attempt: number }
  /** `failure` is empty, or why the host has no picture, in the host's words. */
  | { readonly name: "waiting"; readonly failure: string }
  | { readonly name: "playing" }
  | {
    readonly name: "reconnecting";
    readonly cause: ReconnectCause;
    readonly attempt: number;
    readonly failure: string;
  }
  | { readonly name: "refused"; readonly cause: RefusalCause }
  | {
    readonly name: "ended";
    readonly reason: EndReason;
    readonly message: string;
    /** What the host has instead of the stream that was asked for. */
    readonly streams?: readonly StreamName[];
  }
  | { readonly name: "unsupported"; readonly missing: MissingFeature; readonly detail: string };
