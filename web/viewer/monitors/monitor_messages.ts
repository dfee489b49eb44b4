/**
 * Monitor messages of the page and its worker: the words of the control stream, handed through as they
 * are. Types only.
 */

import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";

/** What the host says of its screens, and of streams that people publish. */
export type MonitorEvent = Extract<
  ServerMessage,
  { type: "monitor_list" | "display_resized" | "published_list" }
>;

/** What a viewer wants of a screen. */
export type MonitorCommand = Extract<ClientMessage, { type: "resize_display" }>;
