/**
 * Clipboard texts: what people read about the clipboard: what came of sending and copying, and which
 * ways are open. Pure functions.
 */

import type { ClipboardFailure, ClipboardType } from "../../../src/wire/clipboard.ts";
import type { OfferOutcome, ShareRights } from "./clipboard_messages.ts";

const TYPE_WORDS: Readonly<Record<ClipboardType, string>> = {
  text: "text",
  png: "a picture",
  html: "formatted text",
};

type Limits = ReadonlyMap<ClipboardType, number>;

/** What the host copied, such as "text and a picture". */
export function typesText(types: readonly ClipboardType[]): string {
  return types.map((type) => TYPE_WORDS[type]).join(" and ");
}

/** What came of sending the clipboard. */
export function outcomeText(outcome: OfferOutcome, limits: Limits): string {
  switch (outcome) {
    case "owned":
      return "Sent: paste it on the host";
    case "same":
      return "The host has it already";
    case "nothing":
      return "The clipboard has nothing that the host takes";
    case "too_large":
      return `Too large: the host takes ${limitsText(limits)}`;
    case "not_allowed":
      return "The host does not take this";
    case "timeout":
    case "failed":
      return "The host did not take the clipboard";
  }
}

/** Why what the host copied did not come. */
export function failureText(failure: ClipboardFailure | undefined, limits: Limits): string {
  switch (failure) {
    case "too_large":
      return `Too large: the host sends ${limitsText(limits)}`;
    case "gone":
      return "Something newer was copied on the host";
    case "timeout":
    case "refused":
      return "The program on the host did not give what it copied";
    case "not_allowed":
      return "The host does not send its clipboard";
    case "bad_content":
      return "What the host copied is not what it says";
    case undefined:
      return "The browser did not take it: click the picture and try again";
  }
}

/** Which ways are open, for the toolbar. */
export function rightsText({ toViewer, toHost, reason }: ShareRights): string {
  if (reason !== "") return "Clipboard: the host has none";
  if (toViewer && toHost) return "Clipboard: both ways";
  if (toViewer) return "Clipboard: from the host";
  return toHost ? "Clipboard: to the host" : "Clipboard: off";
}

/** Sizes as people read them, such as "text up to 1 MB and a picture up to 16 MB". */
export function limitsText(limits: Limits): string {
  return [...limits].map(([type, bytes]) => `${TYPE_WORDS[type]} up to ${sizeText(bytes)}`)
    .join(" and ");
}

function sizeText(bytes: number): string {
  const [unit, name] = bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${Math.round(bytes / unit * 10) / 10} ${name}`;
}
