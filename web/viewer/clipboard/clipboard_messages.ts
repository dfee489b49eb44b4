/**
 * Clipboard messages: what the page and its worker say to each other about clipboards: the page has
 * the browser's clipboard, the worker the connection. Contents are handed over, not copied.
 */

import type { ClipboardFailure, ClipboardType } from "../../../src/wire/clipboard.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";

/** Content with its hash. */
export interface PageContent {
  readonly type: ClipboardType;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256. */
  readonly hash: Uint8Array<ArrayBuffer>;
}

/** From the page. */
export type ClipboardCommand =
  /** The browser's clipboard has this. */
  | {
    readonly kind: "offer";
    readonly serial: number;
    readonly items: { type: ClipboardType; bytes: number }[];
  }
  /** Content that the host asked for. */
  | { readonly kind: "content"; readonly serial: number; readonly content: PageContent }
  /** It cannot be had. */
  | { readonly kind: "refuse"; readonly serial: number; readonly type: ClipboardType }
  /** Asks for content of the host's offer. */
  | { readonly kind: "fetch"; readonly serial: number; readonly type: ClipboardType };

/** Messages of the host that go to the page as they are. */
export type ClipboardNews = Extract<ServerMessage, { type: `clipboard_${string}` }>;

/** From the worker. */
export type ClipboardReport =
  | { readonly kind: "news"; readonly news: ClipboardNews }
  /** What was fetched. */
  | { readonly kind: "content"; readonly serial: number; readonly content: PageContent }
  | {
    readonly kind: "failed";
    readonly serial: number;
    readonly type: ClipboardType;
    readonly failure: ClipboardFailure;
  };

/** Which ways are open, and why not. */
export interface ShareRights {
  readonly toViewer: boolean;
  readonly toHost: boolean;
  /** Why there is no clipboard; empty while there is one. */
  readonly reason: string;
}

/** What came of an offer: "same" when the host has it already. */
export type OfferOutcome =
  | Extract<ClipboardNews, { type: "clipboard_outcome" }>["outcome"]
  | "same"
  | "nothing"
  | "timeout";
