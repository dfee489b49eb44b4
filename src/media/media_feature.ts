/**
 * MediaFeature: one capability of the media process beside capture and encode, such as sound or the
 * clipboard. It gets the commands that are its own; what it throws is reported and ends nothing.
 */

import type { MediaOutput } from "../../ffi/mod.ts";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { MediaMessage } from "../ipc/media_message.ts";

/** What a feature is given. */
export interface MediaFeatureContext {
  /** Where native threads write their records. */
  readonly output: MediaOutput;
  /** Tells the server process; a full output drops the message. */
  post(message: MediaMessage): void;
  /** Says something in the server's log. */
  log(level: "error" | "warn" | "info", message: string): void;
}

/** One capability. */
export interface MediaFeature {
  /** Commands that come here. */
  readonly commands: readonly MediaCommand["type"][];
  /** Takes a command of `commands`. */
  handle(command: MediaCommand): void;
  /** About once a second. */
  onSecond?(nowUs: number): void;
  /** Ends its threads and frees what it holds; bounded by the end of the process. */
  close?(): Promise<void> | void;
}
