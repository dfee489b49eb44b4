/**
 * ProducerView: what a publishing page shows, as data: one state for people, and what belongs to it.
 * Pure: the page draws it, tests read it.
 */

import type { CaptureProblem, SourceKind } from "./source_kind.ts";
import type { LiveFigures, PublishState } from "./producer_figures.ts";
import type { LinkState } from "./publish_keeper.ts";
import type { Choices } from "./saved_choices.ts";

/** What a browser must have to publish. */
export type MissingPart = "secure_context" | "capture" | "encoder" | "transport" | "worker";

/** What the page is doing, in one word. */
export type ProducerPhase =
  | "unsupported"
  | "idle"
  | "asking"
  | "denied"
  | "error"
  | "ready"
  | "connecting"
  | "live"
  | "reconnecting"
  | "ended"
  | "refused";

/** A device that people can pick. */
export interface DeviceChoice {
  readonly id: string;
  readonly label: string;
}

/** All that is shown; `S` is the browser's class of streams. */
export interface ProducerView<S = unknown> {
  readonly missing: MissingPart | undefined;
  readonly isOpening: boolean;
  readonly problem: CaptureProblem | undefined;
  /** What else went wrong, in words. */
  readonly failure: string;
  readonly link: LinkState;
  readonly choices: Choices;
  /** What is captured now. */
  readonly stream: S | undefined;
  readonly hasSourceSound: boolean;
  readonly canSendSound: boolean;
  readonly microphone: "off" | "asking" | "on" | CaptureProblem;
  readonly cameras: readonly DeviceChoice[];
  readonly microphones: readonly DeviceChoice[];
  /** Kinds whose source is kept: going back to them asks nobody. */
  readonly kept: readonly SourceKind[];
  /** Streams that are kept and not used: devices that are on for it. */
  readonly keptUnused: number;
  readonly host: PublishState | undefined;
  readonly figures: LiveFigures | undefined;
  /** What people should know and need do nothing about; empty for nothing. */
  readonly notice: string;
}

/** The state in one word. */
export function phaseOf(view: ProducerView): ProducerPhase {
  if (view.missing !== undefined) return "unsupported";
  const { name } = view.link;
  if (name === "connecting" || name === "live" || name === "reconnecting") return name;
  if (view.isOpening) return "asking";
  if (view.failure !== "") return "error";
  if (view.problem !== undefined) return view.problem === "denied" ? "denied" : "error";
  if (name === "refused") return "refused";
  if (name === "ended") return "ended";
  return view.stream === undefined ? "idle" : "ready";
}

/** The first part that is missing in a browser, or undefined. */
export function missingPart(
  scope: Readonly<Record<string, unknown>>,
  mediaDevices: Readonly<Record<string, unknown>> | undefined,
): MissingPart | undefined {
  if (scope["isSecureContext"] !== true) return "secure_context";
  if (typeof mediaDevices?.["getUserMedia"] !== "function") return "capture";
  const hasEncoder = typeof scope["VideoEncoder"] === "function" &&
    typeof scope["VideoFrame"] === "function";
  if (!hasEncoder) return "encoder";
  if (typeof scope["Worker"] !== "function") return "worker";
  const hasTransport = typeof scope["WebTransport"] === "function" ||
    typeof scope["WebSocket"] === "function";
  return hasTransport ? undefined : "transport";
}

/** What a state is called, and what can be done about it. */
export interface PhaseText {
  readonly title: string;
  readonly text: string;
}

const MISSING_TEXTS: Readonly<Record<MissingPart, string>> = {
  secure_context: "Browsers capture only on pages that came over HTTPS, or from this machine.",
  capture: "This browser has no way to capture a screen or a camera.",
  encoder: "This browser has no video encoder (WebCodecs). A current Chrome, Edge or Safari does.",
  worker: "This browser runs no workers.",
  transport: "This browser has neither WebTransport nor WebSocket.",
};

const PROBLEM_TEXTS: Readonly<Record<CaptureProblem, string>> = {
  denied: "The browser was not allowed to capture. Choose again, or allow it in the address bar.",
  no_device: "There is no such device. Plug one in or pick another one.",
  busy: "Another program uses it, or the system does not allow the browser to capture.",
  failed: "The browser could not capture it.",
};

/** The words of a view. */
export function phaseText(view: ProducerView): PhaseText {
  const { link, choices } = view;
  const message = "message" in link ? link.message : "";
  switch (phaseOf(view)) {
    case "unsupported":
      return { title: "This browser cannot publish", text: MISSING_TEXTS[view.missing!] };
    case "asking":
      return { title: "Waiting for you", text: "Pick what to share in the browser's own window." };
    case "denied":
      return { title: "Nothing is shared", text: PROBLEM_TEXTS.denied };
    case "error": {
      const text = view.problem === undefined ? view.failure : PROBLEM_TEXTS[view.problem];
      return { title: "That did not work", text };
    }
    case "connecting":
      return { title: "Connecting", text: "The picture goes out in a moment." };
    case "reconnecting":
      return { title: "Reconnecting", text: "Viewers see the last picture until you are back." };
    case "live":
      return { title: "Live", text: view.host?.reason ?? "" };
    case "refused":
      return { title: "The host refused", text: message };
    case "ended":
      return { title: "Ended", text: message };
    case "ready":
      return { title: "Ready", text: "Only you see this preview until you start." };
    case "idle":
      return choices.isLive
        ? { title: "You were live", text: "Choose the source again to go on with the same stream." }
        : { title: "Nothing is shared yet", text: "Choose a source; you see it here first." };
  }
}

/** A bitrate for people. */
export function bitrateText(bps: number): string {
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bps / 1000)} kbit/s`;
}
