/**
 * File messages: what the page and the receive worker say to each other about files that are sent. Ids
 * are the page's own and outlive connections.
 */

import type { FileFailure } from "../../../src/wire/file_transfer_messages.ts";

/** What the viewer may do with files of the host. */
export interface FileRights {
  readonly upload: boolean;
  readonly download: boolean;
  readonly maxBytes: number;
}

/** Where a file that is sent stands. */
export type SendState =
  /** Others go first. */
  | "queued"
  /** Without a connection it waits for the next. */
  | "offline"
  | "sending"
  | "paused"
  /** Paused by the host's user. */
  | "held"
  /** The host looks whether all of it came. */
  | "checking"
  | "done"
  | "failed";

/** Why a file was not sent: the host's reason, or one of this side. */
export type SendFailure = FileFailure | "unreadable" | "not_loaded";

/** From the page. */
export type FileCommand =
  | { readonly do: "send"; readonly id: number; readonly file: File }
  | { readonly do: "pause"; readonly id: number; readonly isPaused: boolean }
  | { readonly do: "cancel"; readonly id: number }
  /** Sends one again that failed. */
  | { readonly do: "retry"; readonly id: number };

/** To the page. */
export type FileEvent =
  | { readonly event: "rights"; readonly rights: FileRights }
  | {
    readonly event: "sent";
    readonly id: number;
    readonly state: SendState;
    /** Bytes that are in the host's file. */
    readonly written: number;
    /** What it is called there, once it is whole. */
    readonly name?: string;
    readonly reason?: SendFailure;
  };
